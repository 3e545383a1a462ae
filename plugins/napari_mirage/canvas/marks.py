"""What follows hand and eye over a B-scan: crosshair, brush ring, guides, the keys' pointer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from qtpy.QtGui import QColor
from vispy.scene import Node
from vispy.scene.visuals import Line, Markers

from mirage_core.annotate.tools.base import Guide
from mirage_viewer.canvas.colors import CROSSHAIR, GUIDE, NOT_WANTED, WANTED

F32 = NDArray[np.float32]

_RIM = (0.0, 0.0, 0.0, 0.7)
_KNOT_PX = 9.0
_STROKE_PX = 2.5
_DASH = 3
"""Points of a line that are drawn, and then left out, where it is dashed."""
_ROUND = np.linspace(0, 2 * np.pi, 65)
_KINDS = {"line": (GUIDE, 1.2), "with": (WANTED, _STROKE_PX), "against": (NOT_WANTED, _STROKE_PX)}


def rgba_of(color: QColor) -> tuple[float, float, float, float]:
    """Return `color` as vispy takes it."""
    return color.redF(), color.greenF(), color.blueF(), color.alphaF()


class CrosshairMark:
    """A horizontal and a vertical line through one pixel centre; ``z, x`` say where (px)."""

    def __init__(self, parent: Node, order: int) -> None:
        self._line = _line(parent, order, 1.0, rgba_of(CROSSHAIR))
        self.z = self.x = 0.0

    @property
    def visible(self) -> bool:
        """Whether it is drawn."""
        return bool(self._line.visible)

    def move_to(self, z: float, x: float, height: int, width: int) -> None:
        """Go through image point ``(z, x)`` px of an image of ``height × width``."""
        self.z, self.x = z, x
        ends = [[0, z + 0.5], [width, z + 0.5], [x + 0.5, 0], [x + 0.5, height]]
        self._line.set_data(pos=np.array(ends, np.float32), connect="segments")

    def set_visible(self, visible: bool) -> None:
        """Show or hide both lines."""
        self._line.visible = visible


class RingMark:
    """Outline of the brush, in image pixels; one that takes away has a minus in its middle."""

    def __init__(self, parent: Node, order: int) -> None:
        self._rim = _line(parent, order, 3.6, _RIM)
        self._ring = _line(parent, order + 1, 1.6, (1, 1, 1, 1))
        self._minus = False
        self.place_px: tuple[float, float, float, float] | None = None
        """Centre ``z, x`` and radii of rows and columns, px; None while it is hidden."""

    def set_look(self, color: QColor, minus: bool) -> None:
        """Draw it in `color`, with or without a minus."""
        self._ring.set_data(color=rgba_of(color))
        self._minus = minus

    def place(self, z: float, x: float, radius_z: float, radius_x: float) -> None:
        """Put the ring around image point ``(z, x)``; radii in px of each axis."""
        self.place_px = (z, x, radius_z, radius_x)
        points = np.empty((len(_ROUND) + 2, 2), np.float32)
        points[:-2, 0] = x + 0.5 + radius_x * np.cos(_ROUND)
        points[:-2, 1] = z + 0.5 + radius_z * np.sin(_ROUND)
        reach = 0.3 * radius_x
        points[-2:] = (x + 0.5 - reach, z + 0.5), (x + 0.5 + reach, z + 0.5)
        joined = np.ones(len(points) - 1, bool)
        joined[-2:] = False, self._minus
        for line in (self._rim, self._ring):
            line.set_data(pos=points, connect=joined)
            line.visible = True

    def hide(self) -> None:
        """Take it away."""
        if self.place_px is not None:
            self.place_px = None
            self._rim.visible = self._ring.visible = False


class GuideMarks:
    """Lines and knots of the stroke in hand; circles are the ring's business.

    What belongs to a region is green; what does not is orange and dashed, since colour alone
    must not tell them apart.
    """

    def __init__(self, parent: Node, order: int) -> None:
        self._rim = _line(parent, order, _STROKE_PX + 2, _RIM)
        self._lines = {
            kind: _line(parent, order + 1, width, rgba_of(color))
            for kind, (color, width) in _KINDS.items()
        }
        self._knots = Markers(parent=parent)
        self._knots.order = order + 2
        self._knots.set_gl_state("translucent", depth_test=False)
        self._knots.visible = False
        self.shown = 0
        """How many guides are shown."""

    def set_guides(self, guides: tuple[Guide, ...]) -> None:
        """Show `guides`."""
        wanted = [g for g in guides if g.kind != "circle" and len(g.points)]
        if not wanted and not self.shown:
            return
        self.shown = len(wanted)
        for kind, line in self._lines.items():
            _set_strips(line, [_xy(g) for g in wanted if g.kind == kind], dashed=kind == "against")
        _set_strips(self._rim, [_xy(g) for g in wanted if g.kind in ("with", "against")])
        knots = [_xy(g) for g in wanted if g.kind not in _KINDS]
        self._knots.visible = bool(knots)
        if knots:
            self._knots.set_data(
                pos=np.concatenate(knots),
                size=_KNOT_PX,
                face_color=rgba_of(GUIDE),
                edge_color=_RIM,
                edge_width=1.0,
            )


class PointerMark:
    """The pointer that keys move: a cross that is as large at every zoom."""

    def __init__(self, parent: Node, order: int) -> None:
        self._mark = Markers(parent=parent)
        self._mark.order = order
        self._mark.set_gl_state("translucent", depth_test=False)
        self._mark.visible = False

    @property
    def visible(self) -> bool:
        """Whether it is drawn."""
        return bool(self._mark.visible)

    def move_to(self, z: float, x: float) -> None:
        """Point at image point ``(z, x)`` px."""
        at = np.array([[x + 0.5, z + 0.5]], np.float32)
        self._mark.set_data(
            pos=at, size=15.0, symbol="x", face_color=rgba_of(GUIDE), edge_color=_RIM
        )
        self._mark.visible = True

    def hide(self) -> None:
        """Take it away."""
        self._mark.visible = False


def _line(
    parent: Node, order: int, width_px: float, color: tuple[float, float, float, float]
) -> Line:
    line = Line(
        np.zeros((2, 2), np.float32),
        color=color,
        width=width_px,
        method="gl",
        antialias=True,
        parent=parent,
    )
    line.order = order
    line.set_gl_state("translucent", depth_test=False)
    line.visible = False
    return line


def _xy(guide: Guide) -> F32:
    points = np.asarray(guide.points, np.float32)[:, ::-1] + np.float32(0.5)
    if len(points) == 1 and guide.kind in _KINDS:  # a dot is a line of hardly any length
        points = np.concatenate([points, points + np.float32([0.5, 0])])
    return points


def _set_strips(line: Line, strips: list[F32], *, dashed: bool = False) -> None:
    """Draw `strips`, each a line of its own."""
    line.visible = bool(strips)
    if not strips:
        return
    points = np.concatenate(strips)
    joined = np.ones(len(points), bool)
    joined[np.cumsum([len(s) for s in strips]) - 1] = False
    if dashed and len(points) > 2 * _DASH:
        joined &= np.arange(len(points)) // _DASH % 2 == 0
    line.set_data(pos=points, connect=joined[:-1])
