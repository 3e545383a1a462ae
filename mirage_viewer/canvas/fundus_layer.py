"""FundusLayer: the map and the grid over the fundus, and the hand that moves the fovea."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from qtpy.QtCore import QPointF, QRectF
from qtpy.QtGui import QFont, QPainter

from mirage_viewer.canvas.fundus_figures import F64, FundusGrid, HeatMap
from mirage_viewer.canvas.fundus_items import HeatItem, paint_grid, paint_scale

_BEGINS_VIEW_PX = 3.0
"""From here on a press is a drag, not a click."""
_REACH_VIEW_PX = 9.0
_GRID_FONT = 0.92


class FundusLayer:
    """Map and grid of one fundus view.

    Parameters
    ----------
    to_view : callable
        From ``(row, col)`` px of the picture to the viewport.
    to_image : callable
        The way back.
    """

    def __init__(
        self,
        to_view: Callable[[float, float], QPointF],
        to_image: Callable[[QPointF], tuple[float, float]],
    ) -> None:
        self._to_view, self._to_image = to_view, to_image
        self.item = HeatItem()
        self._heat: HeatMap | None = None
        self._grid: FundusGrid | None = None
        self._area = QRectF()
        self._wanted = True
        self._pressed: QPointF | None = None
        self._held: F64 | None = None

    @property
    def map_shown(self) -> bool:
        """True while a map is seen."""
        return self.item.isVisible()

    @property
    def grid(self) -> FundusGrid | None:
        """The grid as it is seen, or None."""
        if self._grid is None or not self._wanted or self._area.isEmpty():
            return None
        return self._grid if self._held is None else replace(self._grid, centre_mm=self._held)

    @property
    def held(self) -> bool:
        """True from the press on the fovea to the release."""
        return self._pressed is not None

    def place(self, area: QRectF) -> None:
        """Lie over `area` of the scene; an empty one hides everything."""
        self._area = area
        self._show()

    def set_heat(self, heat: HeatMap | None) -> None:
        """Show a map, or none."""
        if heat is not self._heat:
            self._heat = heat
            self._show()

    def set_grid(self, grid: FundusGrid | None) -> None:
        """Show a grid, or none; while the fovea is held it stays under the hand."""
        self._grid = grid

    def set_look(self, colors: str, opacity: float) -> None:
        """Draw the map in these colours, 0..1 opaque."""
        self.item.colors = colors
        self.item.setOpacity(opacity)
        self._show()

    def set_visible(self, visible: bool) -> None:
        """Show or hide map and grid."""
        self._wanted = visible
        self._show()

    def clear(self) -> None:
        """Forget everything: another scan is shown."""
        self._heat = self._grid = self._pressed = self._held = None
        self.place(QRectF())

    def _show(self) -> None:
        shown = self._wanted and self._heat is not None and not self._area.isEmpty()
        if shown:
            self.item.set_heat(self._heat, self._area)
        self.item.setVisible(shown)

    # ------------------------------------------------------------------ the hand

    def over_fovea(self, at: QPointF) -> bool:
        """Return whether a press at `at` (viewport) takes hold of the fovea."""
        grid = self.grid
        if grid is None:
            return False
        middle = self._view(grid, grid.centre_mm)
        rim = self._view(grid, grid.centre_mm + np.array([grid.radii_mm[0], 0.0]))
        reach = max(_distance(middle, rim), _REACH_VIEW_PX)
        return _distance(middle, at) <= reach

    def press(self, at: QPointF) -> bool:
        """Take hold of the fovea if it is at `at`; return whether it is."""
        if self.over_fovea(at):
            self._pressed = QPointF(at)
        return self.held

    def drag(self, at: QPointF) -> F64 | None:
        """Return where the fovea goes, ``(x, y)`` mm; None while the press may be a click."""
        if self._pressed is None or self._grid is None:
            return None
        if self._held is None and _distance(self._pressed, at) < _BEGINS_VIEW_PX:
            return None
        self._held = self._grid.frame.to_mm(np.array(self._to_image(at)))
        return self._held

    def release(self) -> F64 | None:
        """Let the fovea go; return where it is now, None if it was only clicked on."""
        held, self._pressed, self._held = self._held, None, None
        if held is not None and self._grid is not None:
            self._grid = replace(self._grid, centre_mm=held)
        return held

    # ------------------------------------------------------------------ drawing

    def paint(self, painter: QPainter, view: QRectF, font: Callable[[float], QFont]) -> None:
        """Draw grid and scale in view coordinates."""
        grid = self.grid
        if grid is not None:
            held = self._held is not None
            paint_grid(painter, grid, lambda mm: self._view(grid, mm), font(_GRID_FONT), held)
        if self.map_shown and self._heat is not None:
            paint_scale(painter, view, self._heat, self.item.colors, font(1.0))

    def _view(self, grid: FundusGrid, place_mm: F64) -> QPointF:
        row, col = grid.frame.to_px(place_mm)
        return self._to_view(float(row), float(col))


def _distance(one: QPointF, other: QPointF) -> float:
    return float(np.hypot(one.x() - other.x(), one.y() - other.y()))
