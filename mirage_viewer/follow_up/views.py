"""VisitView: one fundus picture with its map and its grid; several move together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, Qt, Signal
from qtpy.QtGui import QColor, QMouseEvent, QPainter, QPen, QTransform
from qtpy.QtWidgets import QGraphicsItem, QGraphicsRectItem, QWidget

from mirage_viewer.canvas.colors import CURRENT, HALO
from mirage_viewer.canvas.contrast import grey_table
from mirage_viewer.canvas.fundus_figures import FundusGrid, HeatMap
from mirage_viewer.canvas.fundus_layer import FundusLayer
from mirage_viewer.canvas.image_view import ImageView
from mirage_viewer.canvas.items import GreyItem
from mirage_viewer.follow_up.pictures import Fundus
from mirage_viewer.guard import guarded

F64 = NDArray[np.float64]

_OPACITY = 0.7
_POINT_VIEW_PX = 6.0
_DIMMED = QColor(12, 13, 16, 190)


def carried(matrix: F64) -> QTransform:
    """Return how the second picture lies on the first, scene to scene.

    Parameters
    ----------
    matrix : float64 array ``[2, 3]``
        ``(row, col, 1)`` px of the first to ``(row, col)`` px of the second.
    """
    back = np.linalg.inv(matrix[:, :2])
    row, col = -back @ matrix[:, 2]
    # In the scene a pixel's centre lies half a pixel further on than in the image.
    return QTransform(
        back[1, 1],
        back[0, 1],
        back[1, 0],
        back[0, 0],
        col + 0.5 - 0.5 * (back[1, 1] + back[1, 0]),
        row + 0.5 - 0.5 * (back[0, 1] + back[0, 0]),
    )


@guarded
class VisitView(ImageView):
    """A fundus picture, a map over it, the grid on top.

    Wheel zooms, middle button or Space and drag moves; the pointer's place is told.

    Signals
    -------
    pointed(object)
        ``(row, col)`` px of the picture, None when the pointer left.
    went(float, QPointF)
        Zoom, and which point of the scene is in the middle.
    """

    pointed = Signal(object)
    went = Signal(float, QPointF)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(150, 130)
        self._mm: tuple[float, float] | None = None
        self._why = ""
        self._point: tuple[float, float] | None = None
        self._following = False
        self._region: tuple[float, float, float, float] | None = None
        self._frame = QGraphicsRectItem()
        self._frame.setPen(QPen(Qt.PenStyle.NoPen))
        self._frame.setFlag(QGraphicsItem.GraphicsItemFlag.ItemClipsChildrenToShape)
        self._grey = GreyItem()
        self._grey.setParentItem(self._frame)
        self._grey.set_table(grey_table(0, 255))
        self.layer = FundusLayer(self.to_view, self.to_image)
        self.layer.item.setZValue(1)
        self.layer.item.setVisible(False)
        self.scene().addItem(self._frame)
        self.scene().addItem(self.layer.item)
        self.set_look("Viridis", _OPACITY)

    def set_look(self, colors: str, opacity: float) -> None:
        """Draw the map in these colours, 0..1 opaque."""
        self.layer.set_look(colors, opacity)
        self.viewport().update()

    def show_picture(
        self,
        fundus: Fundus,
        frame: Fundus | None = None,
        matrix: F64 | None = None,
    ) -> None:
        """Show a picture; with `matrix` in the frame of another, clipped to that."""
        frame = frame or fundus
        rows, cols = frame.image.shape
        self._mm = frame.mm_per_px
        self._frame.setVisible(True)
        self._frame.setRect(QRectF(0, 0, cols, rows))
        self._grey.set_grey(fundus.image)
        self._grey.setTransform(carried(matrix) if matrix is not None else QTransform())
        self.set_image_size(rows, cols, frame.aspect)

    def clear(self) -> None:
        """Show nothing: what was seen belongs to other visits."""
        self._mm, self._point = None, None
        self._frame.setVisible(False)
        self.set_region(None)
        self.set_image_size(0, 0, 1.0)
        self.show_map(None, None)

    def show_map(
        self,
        heat: HeatMap | None,
        grid: FundusGrid | None,
        why: str = "",
        area_px: tuple[float, float, float, float] | None = None,
    ) -> None:
        """Lay a map over the picture, or over ``(row, col, rows, cols)`` of it, and the grid."""
        rows, cols = self.image_size
        row, col, high, wide = area_px if area_px is not None else (0.0, 0.0, rows, cols)
        if area_px is not None:
            row, col = row + 0.5, col + 0.5
        self.layer.set_heat(heat)
        self.layer.set_grid(grid)
        self.layer.place(QRectF(col, row, wide, high))
        self._why = why
        self.viewport().update()

    def set_region(self, region_px: tuple[float, float, float, float] | None) -> None:
        """Say which part ``(row, col, rows, cols)`` is worth looking at; None: all of it."""
        if region_px != self._region:
            self._region = region_px
            if self._fitted:
                self.fit()

    def fit(self) -> None:
        """Show what is worth looking at as large as possible, now and after every resize."""
        super().fit()
        if self._region is None or not self.image_size[0]:
            return
        row, col, rows, cols = self._region
        size = self.viewport().size()
        zoom = min(size.width() / cols, size.height() / (rows * self.pixel_aspect))
        self._apply(zoom, QPointF(col + cols / 2, row + rows / 2))

    def show_point(self, point: tuple[float, float] | None) -> None:
        """Mark a place ``(row, col)`` px, or none."""
        if point != self._point:
            self._point = point
            self.viewport().update()

    def follow(self, zoom: float, center: QPointF) -> None:
        """Look where another view looks."""
        if self.image_size[0] and not self._following:
            self._following = True
            self._fitted = False
            self._apply(zoom, center)
            self._following = False

    def zoom_by(self, factor: float, anchor: QPointF | None = None) -> None:
        """See :meth:`ImageView.zoom_by`; the others follow."""
        super().zoom_by(factor, anchor)
        self._tell()

    def pan_by(self, dx: int, dy: int) -> None:
        """See :meth:`ImageView.pan_by`; the others follow."""
        super().pan_by(dx, dy)
        self._tell()

    def _tell(self) -> None:
        if not self._following:
            self.went.emit(self.zoom, self._center())

    def mm_per_px(self) -> tuple[float | None, float | None]:
        """Return the size of a pixel of the picture."""
        return self._mm if self._mm is not None else (None, None)

    def paint_overlays(self, painter: QPainter, view: QRectF, exposed: QRectF) -> None:
        """Draw grid, scale, place and scale bars."""
        self.layer.paint(painter, view, self.overlay_font)
        if self._point is not None:
            at = self.to_view(*self._point)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for color, width in ((HALO, 3.4), (CURRENT, 1.6)):
                painter.setPen(QPen(color, width))
                painter.drawEllipse(at, _POINT_VIEW_PX, _POINT_VIEW_PX)
        if self._why:
            painter.fillRect(view, _DIMMED)
            self.paint_message(painter, view, "", self._why)
        super().paint_overlays(painter, view, exposed)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to move the picture."""
        self.begin_pan(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move the picture, or tell the place."""
        if self.go_on_panning(event):
            return
        row, col = self.to_image(event.position())
        self.pointed.emit((row, col) if self.contains(row, col) else None)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End moving the picture."""
        self.end_pan(event.button())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show the whole picture again."""
        self.fit()
        self._tell()

    def leaveEvent(self, event: object) -> None:
        """Tell that the pointer left."""
        self.pointed.emit(None)
