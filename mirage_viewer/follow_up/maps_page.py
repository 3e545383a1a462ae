"""MapsPage: the first visit, the later one and the change, side by side; they move together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from mirage_viewer.canvas.color_maps import DIFFERENCE
from mirage_viewer.canvas.fundus_figures import HeatMap
from mirage_viewer.follow_up.views import VisitView
from mirage_viewer.follow_up.words import signed
from mirage_viewer.panels.widgets import ElidedLabel, column

if TYPE_CHECKING:
    from mirage_viewer.follow_up.pictures import Pictures

_CHANGE_OPACITY = 0.8
_GRID_MM = 3.6
_MAP_OPACITY = 0.65
Area = tuple[float, float, float, float]


class MapsPage(QWidget):
    """Three pictures, and the values where the pointer is."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.later, self.change = VisitView(), VisitView(), VisitView()
        self.titles = tuple(ElidedLabel("heading", 2) for _ in range(3))
        self.values = ElidedLabel("small", 2)
        self._pictures: Pictures | None = None
        self._what = ""
        views = QHBoxLayout()
        views.setSpacing(6)
        for title, view in zip(self.titles, self.views, strict=True):
            part = QWidget()
            holder = column(part, 3)
            holder.addWidget(title)
            holder.addWidget(view, 1)
            views.addWidget(part, 1)
        self.change.set_look(DIFFERENCE, _CHANGE_OPACITY)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addLayout(views, 1)
        layout.addWidget(self.values)
        for view in self.views:
            view.pointed.connect(self.point)
            for other in self.views:
                if other is not view:
                    view.went.connect(other.follow)

    @property
    def views(self) -> tuple[VisitView, VisitView, VisitView]:
        """The three pictures."""
        return self.first, self.later, self.change

    def show_pictures(self, pictures: Pictures | None, days: tuple[str, str], what: str) -> None:
        """Show two visits and their change; `what` names the map."""
        same = self._pictures is not None and pictures is not None
        self._pictures = pictures
        change = f"Change of {what}"
        if pictures is not None and pictures.change is not None:
            change += ": red is thicker"
        for title, words in zip(
            self.titles,
            (f"Baseline, {days[0]}", f"Later, {days[1]}", change),
            strict=True,
        ):
            title.setText(words if pictures is not None else "")
            title.setToolTip(title.text())
        self._what = f"{what}, in µm" if pictures is not None else ""
        self.values.setText(self._what)
        if pictures is None:
            for view in self.views:
                view.clear()
            return
        matrix = pictures.registration.matrix if pictures.registration is not None else None
        first, second = pictures.first, pictures.second
        self.first.show_picture(first.fundus)
        self.later.show_picture(second.fundus, first.fundus if matrix is not None else None, matrix)
        self.change.show_picture(first.fundus)
        self.first.show_map(first.heat, first.grid, first.why)
        self.later.show_map(second.heat, second.grid, second.why)
        self.change.show_map(pictures.change, pictures.change_grid, pictures.why, pictures.area_px)
        region = region_px(pictures)
        for view in self.views:
            together = view is not self.later or matrix is not None
            view.set_region(region if together else None)
            if not same:
                view.fit()

    def point(self, place: tuple[float, float] | None) -> None:
        """Tell what the three pictures show at a place of the first, and mark it in all."""
        pictures = self._pictures
        if pictures is None:
            return
        together = pictures.registration is not None
        for view in self.views:
            view.show_point(place if together else None)
        if place is None or not together:
            self.values.setText(self._what)
            return
        rows, cols = pictures.first.fundus.image.shape
        whole = (-0.5, -0.5, float(rows), float(cols))
        first, later = (
            _value(side.heat, place, whole) for side in (pictures.first, pictures.second)
        )
        change = _value(pictures.change, place, pictures.area_px)
        grown = "–" if change != change else f"{signed(change, 0)} µm"
        self.values.setText(f"Here: {_um(first)}, later {_um(later)}, change {grown}")


def region_px(pictures: Pictures) -> Area | None:
    """Return what is worth looking at first, ``(row, col, rows, cols)`` of the first picture.

    That is the grid with its letters, and the map beyond it; None where there is no grid.
    """
    grid, heat = pictures.first.grid, pictures.first.heat
    if grid is None:
        return None
    corners = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    around = grid.frame.to_px(grid.centre_mm + _GRID_MM * corners)
    low, high = around.min(axis=0), around.max(axis=0)
    size = np.array(pictures.first.fundus.image.shape, float)
    if heat is not None:
        cells = np.argwhere(np.isfinite(heat.values)) * (size / heat.values.shape)
        low, high = np.minimum(low, cells.min(axis=0)), np.maximum(high, cells.max(axis=0))
    low, high = np.maximum(low, 0.0), np.minimum(high, size)
    rows, cols = high - low
    return float(low[0]), float(low[1]), float(rows), float(cols)


def _value(heat: HeatMap | None, place: tuple[float, float], area: Area) -> float:
    """Return a map's value at a place, NaN where there is none; `area` is what it covers."""
    if heat is None or not area[2] or not area[3]:
        return math.nan
    rows, cols = heat.values.shape
    i = math.floor((place[0] - area[0]) / area[2] * rows)
    j = math.floor((place[1] - area[1]) / area[3] * cols)
    return float(heat.values[i, j]) if 0 <= i < rows and 0 <= j < cols else math.nan


def _um(value: float) -> str:
    return "–" if value != value else f"{value:.0f} µm"
