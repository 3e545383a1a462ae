"""Scale bars: a round length that fits, and how it is drawn over an image."""

from __future__ import annotations

import math
from dataclasses import dataclass

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QFont, QFontMetricsF, QPainter, QPainterPath, QPen

from mirage_viewer.canvas.colors import HALO, OVERLAY_TEXT


@dataclass(frozen=True, slots=True)
class ScaleBar:
    """A bar of `length_px` view pixels that stands for what `label` says."""

    length_px: float
    label: str


def round_length(longest: float) -> float:
    """Return the largest of 1, 2, 5 times a power of ten that is at most `longest`."""
    power = 10.0 ** math.floor(math.log10(longest))
    for step in (5.0, 2.0):
        if step * power <= longest * (1 + 1e-9):
            return step * power
    return power


def scale_bar(view_px_per_px: float, mm_per_px: float | None, longest_px: float) -> ScaleBar:
    """Return the bar for one axis.

    Parameters
    ----------
    view_px_per_px : float
        View pixels per image pixel along the axis.
    mm_per_px : float or None
        Spacing along the axis; with None the bar counts image pixels.
    longest_px : float
        Longest bar, in view pixels.
    """
    if mm_per_px is None:
        length = max(1.0, round_length(longest_px / view_px_per_px))
        return ScaleBar(length * view_px_per_px, f"{length:g} px")
    view_px_per_um = view_px_per_px / (mm_per_px * 1000.0)
    length = round_length(longest_px / view_px_per_um)
    label = f"{length / 1000:g} mm" if length >= 1000 else f"{length:g} µm"
    return ScaleBar(length * view_px_per_um, label)


def halo_text(painter: QPainter, baseline: QPointF, text: str, font: QFont) -> None:
    """Draw light `text` with a dark rim, readable on black and on white."""
    path = QPainterPath()
    path.addText(baseline, font, text)
    painter.strokePath(path, QPen(HALO, 3.0, Qt.SolidLine, Qt.RoundCap, Qt.RoundJoin))
    painter.fillPath(path, OVERLAY_TEXT)


def scale_bars_rect(view: QRectF, horizontal: ScaleBar, vertical: ScaleBar) -> QRectF:
    """Return where :func:`draw_scale_bars` draws, with its labels, in view coordinates."""
    width = horizontal.length_px + 110
    height = vertical.length_px + 50
    return QRectF(view.left(), view.bottom() - height, width, height)


def draw_scale_bars(
    painter: QPainter, view: QRectF, horizontal: ScaleBar, vertical: ScaleBar, font: QFont
) -> None:
    """Draw both bars as a corner at the lower left of `view` (view coordinates)."""
    corner = QPointF(view.left() + 14.5, view.bottom() - 14.5)
    top = QPointF(corner.x(), corner.y() - vertical.length_px)
    right = QPointF(corner.x() + horizontal.length_px, corner.y())
    painter.setRenderHint(QPainter.Antialiasing, True)
    for color, width in ((HALO, 4.0), (OVERLAY_TEXT, 1.6)):
        painter.setPen(QPen(color, width, Qt.SolidLine, Qt.SquareCap))
        painter.drawLine(top, corner)
        painter.drawLine(corner, right)
        painter.drawLine(top - QPointF(3, 0), top + QPointF(3, 0))
        painter.drawLine(right - QPointF(0, 3), right + QPointF(0, 3))
    ascent = QFontMetricsF(font).ascent()
    halo_text(painter, right + QPointF(8, ascent / 2 - 1), horizontal.label, font)
    halo_text(painter, top + QPointF(-4, -8), vertical.label, font)
