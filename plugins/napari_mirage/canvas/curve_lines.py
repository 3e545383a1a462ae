"""CurveLines: a set of curves drawn with one call to the graphics card."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from vispy.scene import Node
from vispy.scene.visuals import Line

from mirage_viewer.canvas.surface_item import DASH_COLUMNS
from napari_mirage.canvas.curves import Segments, drawn_columns, segments

F32 = NDArray[np.float32]
Bool = NDArray[np.bool_]
RGB = tuple[int, int, int]


class CurveLines:
    """Curves ``[s, x]`` of one B-scan in colours of their own.

    Parameters
    ----------
    parent : vispy Node
        In whose pixels they are drawn; see :class:`napari_mirage.canvas.scene.Scene`.
    order : int
        Among what is drawn there.
    width_px, thick_px : float
        On screen; `thick_px` is that of the active curve.
    """

    def __init__(
        self, parent: Node, order: int, width_px: float = 1.6, thick_px: float = 3.0
    ) -> None:
        self._lines = tuple(
            Line(
                np.zeros((2, 2), np.float32),
                width=width,
                method="gl",
                antialias=True,
                parent=parent,
            )
            for width in (width_px, thick_px)
        )
        for line, above in zip(self._lines, (0, 1), strict=True):
            line.order = order + above
            line.set_gl_state("translucent", depth_test=False)
            line.visible = False
        self._colors: F32 = np.zeros((0, 4), np.float32)
        self._curves: F32 = np.zeros((0, 0), np.float32)
        self._dashed: Bool = np.zeros((0, 0), bool)
        self._shown: Bool = np.zeros(0, bool)
        self._active = -1

    @property
    def curves(self) -> F32:
        """The curves held, ``[s, x]`` px from the top. Read only."""
        return self._curves

    @property
    def shown(self) -> Bool:
        """Which of them are shown, ``[s]``."""
        return self._shown

    @property
    def visible(self) -> bool:
        """Whether anything of them is drawn."""
        return any(line.visible for line in self._lines)

    def set_colors(self, colors: list[RGB]) -> None:
        """Say what colour each curve has; they are forgotten, being others."""
        self._colors = np.array([(*c, 255) for c in colors], np.float32).reshape(-1, 4) / 255
        self._curves = np.zeros((len(colors), 0), np.float32)
        self._dashed = np.zeros((len(colors), 0), bool)
        self._shown = np.ones(len(colors), bool)
        self._draw()

    def set_curves(self, curves: F32, dashed: Bool) -> None:
        """Show `curves` ``[s, x]`` (px, NaN = gap), dashed where `dashed`."""
        self._curves, self._dashed = curves, dashed
        self._draw()

    def set_shown(self, shown: Bool) -> None:
        """Say which curves are shown, ``[s]``."""
        if not np.array_equal(shown, self._shown):
            self._shown = shown
            self._draw()

    def set_active(self, row: int) -> None:
        """Draw the curve in `row` thicker, above the others."""
        if row != self._active:
            self._active = row
            self._draw()

    def _draw(self) -> None:
        drawn = drawn_columns(self._curves, self._dashed, DASH_COLUMNS)
        drawn &= self._shown[:, None]
        active = np.arange(len(drawn)) == self._active
        for line, part in zip(self._lines, (~active, active), strict=True):
            rows = np.flatnonzero(part & drawn.any(axis=1))
            if rows.size == 0:
                line.visible = False
                continue
            line.visible = True
            self._give(line, segments(self._curves[rows], drawn[rows]), self._colors[rows])

    @staticmethod
    def _give(line: Line, found: Segments, colors: F32) -> None:
        line.set_data(pos=found.points, color=colors[found.rows], connect=found.pairs)
