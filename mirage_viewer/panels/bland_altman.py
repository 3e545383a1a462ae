"""Bland-Altman plot of the thickness that two have drawn, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QDialog, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from mirage_viewer.guard import guarded
from mirage_viewer.panels.widgets import Picker, label, row
from mirage_viewer.theme import current_colors, scaled, text_px

if TYPE_CHECKING:
    from mirage_core.measure.bland_altman import BlandAltman, Estimate
    from mirage_core.measure.thickness_agreement import ThicknessAgreement

_POINT_PX = 3.5
_TICKS = 5


@guarded
class BlandAltmanPlot(QWidget):
    """Differences over means, with bias and limits of agreement and their confidence."""

    def __init__(self) -> None:
        super().__init__()
        self.layer: ThicknessAgreement | None = None
        self.names = ("", "")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(scaled(360), scaled(240))
        self.setAccessibleName("Bland-Altman plot")

    def sizeHint(self) -> QSize:
        """Return the size it is drawn for."""
        return QSize(scaled(560), scaled(360))

    def show_layer(self, layer: ThicknessAgreement | None, names: tuple[str, str]) -> None:
        """Draw the analysis of a layer, None for nothing."""
        self.layer, self.names = layer, names
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw axes, lines, points and figures."""
        layer = self.layer
        if layer is None or not layer.analysis.n:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = self.font()
        font.setPixelSize(text_px() - 1)
        painter.setFont(font)
        _Drawing(painter, self.rect().toRectF(), layer.analysis, self.names).draw()


class BlandAltmanDialog(QDialog):
    """The plot in a window of its own, which follows what is compared.

    Signals
    -------
    save_requested()
    """

    save_requested = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Agreement of thickness")
        self._layers: tuple[ThicknessAgreement, ...] = ()
        self._names = ("", "")
        self.layer = Picker()
        self.layer.setToolTip("The layer whose thickness is compared")
        self.plot = BlandAltmanPlot()
        self.words, self.note = label(), label("", "small")
        self.note.setWordWrap(True)
        self.save = QPushButton("Save plots…")
        self.save.setToolTip("Of all layers, as PDF, PNG or SVG")
        close = QPushButton("Close")
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addLayout(row(label("Thickness", "muted"), self.layer, wide=self.layer))
        layout.addWidget(self.plot, 1)
        layout.addWidget(self.words)
        layout.addWidget(self.note)
        layout.addLayout(row(1, self.save, close))
        self.layer.activated.connect(lambda _: self._show())
        self.save.clicked.connect(self.save_requested)
        close.clicked.connect(self.close)

    def show_layers(
        self, layers: Sequence[ThicknessAgreement], names: tuple[str, str], why: str
    ) -> None:
        """Offer layers of a comparison; without any, `why` says why there is none."""
        chosen = self.layer.currentText()
        self._layers, self._names = tuple(layers), names
        self.layer.clear()
        self.layer.addItems([layer.title for layer in self._layers])
        self.layer.setCurrentIndex(max(self.layer.findText(chosen), 0) if layers else -1)
        self.layer.setEnabled(bool(layers))
        self.save.setEnabled(bool(layers))
        self._show()
        if not layers:
            self.words.setText(why)

    def _show(self) -> None:
        at = self.layer.currentIndex()
        layer = self._layers[at] if 0 <= at < len(self._layers) else None
        self.plot.show_layer(layer, self._names)
        self.words.setText("" if layer is None else _words(layer))
        self.note.setText("" if layer is None else _note(layer))


def _words(layer: ThicknessAgreement) -> str:
    found = layer.analysis
    pairs = f"{found.n} {layer.unit.value}{'' if found.n == 1 else 's'}"
    left_out = f" ({layer.n_left_out} left out: too little known)" if layer.n_left_out else ""
    bias = f"bias {signed(found.bias.value)} µm{_between(found.bias)}"
    if math.isnan(found.sd):
        return f"{pairs}{left_out}, {bias}. Limits of agreement need more."
    if found.proportional:
        slope = f"changes with thickness, by {signed(100 * found.slope.value)} %"
    else:
        slope = "does not clearly change with thickness"
    return f"{pairs}{left_out}, {bias}. The difference {slope}."


def _note(layer: ThicknessAgreement) -> str:
    from mirage_core.measure.figures import by_hand_words, unit_words

    return f"{by_hand_words(layer)}. {unit_words(layer)} In brackets and as bars: 95 % confidence."


def _between(estimate: Estimate) -> str:
    if math.isnan(estimate.low):
        return ""
    return f" ({signed(estimate.low)} to {signed(estimate.high)})"


def signed(value: float) -> str:
    """Return a figure with its sign."""
    text = f"{value:+.1f}".replace("-", "−")
    return "0.0" if text[1:] == "0.0" else text


class _Drawing:
    """One drawing of a plot: where things lie in it, and how they look."""

    def __init__(
        self, painter: QPainter, room: QRectF, found: BlandAltman, names: tuple[str, str]
    ) -> None:
        self.painter, self.found, self.names = painter, found, names
        self.colors = current_colors()
        self.metrics: QFontMetrics = painter.fontMetrics()
        line = self.metrics.height()
        self.lines = [
            (words, estimate, style)
            for words, estimate, style in (
                ("+1.96 SD", found.upper, Qt.PenStyle.DashLine),
                ("bias", found.bias, Qt.PenStyle.SolidLine),
                ("−1.96 SD", found.lower, Qt.PenStyle.DashLine),
            )
            if not math.isnan(estimate.value)
        ]
        heights = [0.0, *(float(d) for d in found.differences)]
        heights += [v for _, e, _ in self.lines for v in (e.low, e.value, e.high) if v == v]
        self.low, self.high = _spread(min(heights), max(heights), 0.08, 1.0)
        means = found.means
        self.left, self.right = _spread(float(means.min()), float(means.max()), 0.08, 5.0)
        ticks = _ticks(self.low, self.high)
        beside = max(self.metrics.horizontalAdvance(_tick_words(t)) for t in ticks)
        self.beside = self.metrics.horizontalAdvance("+1.96 SD +00.0") + 22
        self.area = QRectF(
            beside + 10, line + 8, room.width() - beside - self.beside - 12,
            room.height() - 3.4 * line - 10,
        )  # fmt: skip

    def x(self, mean: float) -> float:
        return self.area.left() + self.area.width() * (mean - self.left) / (self.right - self.left)

    def y(self, difference: float) -> float:
        share = (difference - self.low) / (self.high - self.low)
        return self.area.bottom() - self.area.height() * share

    def draw(self) -> None:
        self._axes()
        for words, estimate, style in self.lines:
            self._line(words, estimate, style)
        if self.found.proportional:
            self._slope()
        self.painter.setPen(Qt.PenStyle.NoPen)
        dot = QColor(self.colors.accent)
        dot.setAlpha(210)
        self.painter.setBrush(dot)
        for mean, difference in zip(self.found.means, self.found.differences, strict=True):
            self.painter.drawEllipse(
                QPointF(self.x(float(mean)), self.y(float(difference))), _POINT_PX, _POINT_PX
            )

    def _axes(self) -> None:
        painter, area, colors = self.painter, self.area, self.colors
        line = self.metrics.height()
        painter.setPen(QColor(colors.muted))
        first, second = self.names
        painter.drawText(QPointF(2, self.metrics.ascent()), f"{first} − {second}, µm")
        words = f"mean of {first} and {second}, µm"
        at = QRectF(area.left(), area.bottom() + line + 8, area.width(), line)
        painter.drawText(at, Qt.AlignmentFlag.AlignHCenter, words)
        for tick in _ticks(self.low, self.high):
            y = self.y(tick)
            strong = tick == 0
            painter.setPen(QPen(QColor(colors.muted if strong else colors.border), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(colors.muted))
            room = QRectF(0, y - line / 2, area.left() - 6, line)
            painter.drawText(room, Qt.AlignmentFlag.AlignRight, _tick_words(tick))
        for tick in _ticks(self.left, self.right):
            x = self.x(tick)
            painter.setPen(QPen(QColor(colors.border), 1))
            painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + 4))
            painter.setPen(QColor(colors.muted))
            room = QRectF(x - 40, area.bottom() + 5, 80, line)
            painter.drawText(room, Qt.AlignmentFlag.AlignHCenter, f"{tick:g}")

    def _line(self, words: str, estimate: Estimate, style: Qt.PenStyle) -> None:
        painter, area = self.painter, self.area
        y = self.y(estimate.value)
        painter.setPen(QPen(QColor(self.colors.warning), 1.6, style))
        painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        if not math.isnan(estimate.low):
            at, top, bottom = area.right() + 7, self.y(estimate.high), self.y(estimate.low)
            painter.setPen(QPen(QColor(self.colors.warning), 1.2))
            painter.drawLine(QPointF(at, top), QPointF(at, bottom))
            for end in (top, bottom):
                painter.drawLine(QPointF(at - 3, end), QPointF(at + 3, end))
        painter.setPen(QColor(self.colors.text))
        room = QRectF(
            area.right() + 15, y - self.metrics.height() / 2, self.beside, self.metrics.height()
        )
        text = f"{words} {signed(estimate.value)}"
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)

    def _slope(self) -> None:
        found = self.found
        middle = float(found.means.mean())
        ends = (float(found.means.min()), float(found.means.max()))
        points = [
            QPointF(self.x(m), self.y(found.bias.value + found.slope.value * (m - middle)))
            for m in ends
        ]
        self.painter.setPen(QPen(QColor(self.colors.accent), 1.4, Qt.PenStyle.DotLine))
        self.painter.drawLine(points[0], points[1])


def _spread(low: float, high: float, margin: float, least: float) -> tuple[float, float]:
    """Return a range with a margin, never narrower than `least`."""
    wider = max((high - low) * margin, (least - (high - low)) / 2)
    return low - wider, high + wider


def _ticks(low: float, high: float) -> list[float]:
    """Return round figures in a range, 0 among them where it lies in it."""
    rough = (high - low) / _TICKS
    step = 10.0 ** math.floor(math.log10(rough))
    step *= next(m for m in (1, 2, 5, 10) if step * m >= rough)
    first = math.ceil(low / step)
    return [i * step for i in range(first, math.floor(high / step) + 1)]


def _tick_words(tick: float) -> str:
    return f"{tick:g}".replace("-", "−")
