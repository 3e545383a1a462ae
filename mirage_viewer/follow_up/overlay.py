"""OverlayView: the later fundus over the first, to be looked at and moved by hand."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, Qt, Signal
from qtpy.QtGui import QCursor, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPen
from qtpy.QtWidgets import QGraphicsItem, QGraphicsPathItem, QWidget

from mirage_core.measure.placing import moved
from mirage_viewer.canvas.contrast import auto_levels, grey_table
from mirage_viewer.canvas.image_view import ImageView
from mirage_viewer.canvas.items import GreyItem
from mirage_viewer.follow_up.pictures import Fundus
from mirage_viewer.follow_up.views import carried
from mirage_viewer.guard import guarded

F64 = NDArray[np.float64]

_SQUARES = 8
_COARSE = 10.0
_ARROWS = {
    Qt.Key.Key_Up: (-1.0, 0.0),
    Qt.Key.Key_Down: (1.0, 0.0),
    Qt.Key.Key_Left: (0.0, -1.0),
    Qt.Key.Key_Right: (0.0, 1.0),
}


class Mix(StrEnum):
    """How two pictures are seen together."""

    SQUARES = "Checkerboard"
    BLEND = "Blend"


@guarded
class OverlayView(ImageView):
    """Two pictures, the second moved by a drag or the arrow keys.

    Arrow keys move it by a pixel of the first, with Shift by ten, with Ctrl by a tenth; F shows
    one, then the other. Wheel zooms, middle button or Space and drag moves both.

    Signals
    -------
    placed(object, bool)
        The matrix as it is now, float64 ``[2, 3]``; True once the hand has let go.
    """

    placed = Signal(object, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(200, 160)
        self.setAccessibleName("Later visit over the first; arrow keys move it")
        self.matrix: F64 | None = None
        self._mm: tuple[float, float] | None = None
        self._why = ""
        self._mix, self._share = Mix.SQUARES, 0.5
        self._alone: int | None = None
        self._names = ("first", "later")
        self._held: QPointF | None = None
        self._below, self._above = GreyItem(), GreyItem()
        self._window = QGraphicsPathItem()
        self._window.setPen(QPen(Qt.PenStyle.NoPen))
        self._window.setFlag(QGraphicsItem.GraphicsItemFlag.ItemClipsChildrenToShape)
        self._above.setParentItem(self._window)
        self._window.setZValue(1)
        self.scene().addItem(self._below)
        self.scene().addItem(self._window)

    # ------------------------------------------------------------------ what is shown

    def show_pictures(self, first: Fundus, second: Fundus, names: tuple[str, str]) -> None:
        """Show two pictures, called `names`; :meth:`set_matrix` lays one over the other."""
        self._names, self._mm = names, first.mm_per_px
        for item, fundus in ((self._below, first), (self._above, second)):
            item.set_table(grey_table(*auto_levels(fundus.image)))
            item.set_grey(fundus.image)
        self.set_image_size(*first.image.shape, first.aspect)
        self._show_mix()

    def clear(self) -> None:
        """Show nothing: what was seen belongs to other visits."""
        self._mm, self._alone = None, None
        self.set_image_size(0, 0, 1.0)
        self.set_matrix(None)

    def set_matrix(self, matrix: F64 | None, why: str = "") -> None:
        """Lay the second over the first; None with the reason where it cannot be."""
        self.matrix, self._why = matrix, why
        if matrix is not None:
            self._above.setTransform(carried(matrix))
        self._show_mix()
        self.refresh_cursor()

    def set_mix(self, mix: Mix, share: float) -> None:
        """Show both as a checkerboard, or `share` (0..1) of the second over the first."""
        self._mix, self._share, self._alone = mix, share, None
        self._show_mix()

    def flicker(self) -> None:
        """Show one alone, then the other."""
        self._alone = 0 if self._alone == 1 else 1
        self._show_mix()

    @property
    def held(self) -> bool:
        """True while the second picture is in the hand."""
        return self._held is not None

    @property
    def alone(self) -> int | None:
        """Which picture is seen alone: 0 the first, 1 the later; None: both."""
        return self._alone

    def _show_mix(self) -> None:
        rows, cols = self.image_size
        self._below.setVisible(bool(rows) and self._alone != 1)
        self._window.setVisible(self.matrix is not None and self._alone != 0)
        squares = self._mix is Mix.SQUARES and self._alone is None
        blended = self._mix is Mix.BLEND and self._alone is None
        self._above.setOpacity(self._share if blended else 1.0)
        path = QPainterPath()
        step = max(rows, cols) / _SQUARES
        if squares and step > 0:
            for i in range(int(np.ceil(rows / step))):
                for j in range(i % 2, int(np.ceil(cols / step)), 2):
                    square = QRectF(j * step, i * step, step, step)
                    path.addRect(square.intersected(QRectF(0, 0, cols, rows)))
        else:
            path.addRect(QRectF(0, 0, cols, rows))
        self._window.setPath(path)
        self.viewport().update()

    def mm_per_px(self) -> tuple[float | None, float | None]:
        """Return the size of a pixel of the first picture."""
        return self._mm if self._mm is not None else (None, None)

    def paint_overlays(self, painter: QPainter, view: QRectF, exposed: QRectF) -> None:
        """Say which picture is seen, or why nothing can be moved."""
        super().paint_overlays(painter, view, exposed)
        if self.matrix is None:
            self.paint_message(painter, view, "", self._why)
        elif self._alone is not None:
            self.paint_note(painter, QPointF(10, 8), f"Only {self._names[self._alone]}")

    # ------------------------------------------------------------------ the hand

    def idle_cursor(self) -> QCursor | Qt.CursorShape:
        """Show that the picture can be taken hold of."""
        if self.matrix is None:
            return Qt.CursorShape.ArrowCursor
        held = self._held is not None
        return Qt.CursorShape.ClosedHandCursor if held else Qt.CursorShape.SizeAllCursor

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the second picture, or begin to move both."""
        if self.begin_pan(event) or self.matrix is None:
            return
        if event.button() == Qt.MouseButton.LeftButton:
            self._held = QPointF(event.position())
            self.refresh_cursor()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move the second picture with the hand."""
        if self.go_on_panning(event) or self._held is None or self.matrix is None:
            return
        before, now = self.to_image(self._held), self.to_image(event.position())
        self._held = QPointF(event.position())
        self._move(now[0] - before[0], now[1] - before[1], final=False)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let the second picture go."""
        if self.end_pan(event.button()) or self._held is None:
            return
        if event.button() == Qt.MouseButton.LeftButton:
            self._held = None
            self.refresh_cursor()
            if self.matrix is not None:
                self.placed.emit(self.matrix, True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the second picture by a pixel, or show one alone."""
        arrow = _ARROWS.get(event.key())
        if arrow is not None and self.matrix is not None:
            keys = event.modifiers()
            step = _COARSE if keys & Qt.KeyboardModifier.ShiftModifier else 1.0
            step = 1 / _COARSE if keys & Qt.KeyboardModifier.ControlModifier else step
            self._move(step * arrow[0], step * arrow[1], final=True)
            event.accept()
        elif event.key() == Qt.Key.Key_F and self.matrix is not None:
            self.flicker()
            event.accept()
        else:
            super().keyPressEvent(event)

    def _move(self, rows_px: float, cols_px: float, *, final: bool) -> None:
        assert self.matrix is not None
        self.set_matrix(moved(self.matrix, rows_px, cols_px))
        self.placed.emit(self.matrix, final)
