"""How a simulated grader mends masks: by outlines, or with a click, a key or a whole pocket."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core.annotate import Session, State
from mirage_core.annotate.pockets import pocket_at, relabel_pocket
from mirage_core.annotate.tidy import SPECK_UM2, Tidying, tidy
from mirage_core.annotate.tools import Brush, FillTool, Point, PolygonTool, Tool, ToolOptions
from mirage_core.benchmark.aids import Aid, Trust
from mirage_core.benchmark.effort import Act, Ledger
from mirage_core.benchmark.grader_hand import Hand
from mirage_core.benchmark.judging import Judge, Region
from mirage_core.benchmark.outlining import outline_of, path_length, through

Bool = NDArray[np.bool_]

_MOST_STROKES = 60
_SMALL_PX = 40
"""Regions up to this size are painted over, not outlined."""
_FALSE = 0.9
"""Share of a mark that must be false for it to be removed as a whole."""
_LACKING = 0.5
"""Share of a true pocket that must lack for it to be filled by a click."""
_FILL_STEPS = 3
_FILL_STEP_PX = 12.0
"""Pointer way by which Fill takes in more or less."""


class MaskHand(Hand):
    """Mends masks of a session with its tools.

    Parameters
    ----------
    session : Session
    judge : Judge
    ledger : Ledger
    trust : Trust
    widths_per_px : (float, float)
        Length of a row and of a column in widths of the tolerance.
    """

    def __init__(
        self,
        session: Session,
        judge: Judge,
        ledger: Ledger,
        trust: Trust,
        widths_per_px: tuple[float, float],
    ) -> None:
        super().__init__(session, judge, ledger, trust)
        self._widths = widths_per_px

    def mend(self, b: int, name: str) -> None:
        """Mend a class on a B-scan, the largest region of error first, until it is right."""
        self._tidy(b, name)
        for _ in range(_MOST_STROKES):
            regions = self._judge.regions(b, name)
            if not regions:
                return
            if not (self._pocket(b, name, regions[0]) or self._fill(b, name, regions[0])):
                self._draw(b, name, regions)

    # ------------------------------------------------------------------ strokes

    def _draw(self, b: int, name: str, regions: list[Region]) -> None:
        """Mend the largest region, with others of the same pocket where one outline is quicker."""
        region = regions[0]
        if region.size <= _SMALL_PX:
            self._paint(b, name, region)
            return
        inside = region.where
        if region.wanted:
            pocket = self._true_pocket(b, region)
            held = [r for r in regions if r.wanted == region.wanted and (r.where & pocket).any()]
            alone = sum(self._ledger.model.stroke(self._length(r.where)) for r in held)
            if self._ledger.model.stroke(self._length(pocket)) < alone:
                inside = pocket
        path = outline_of(inside)
        self._take(PolygonTool(), b, name, region.wanted)
        self._drag(path)
        self._ledger.stroke(path_length(path, self._widths))

    def _paint(self, b: int, name: str, region: Region) -> None:
        path = through(region.where)
        self._take(Brush(), b, name, region.wanted, radius_px=0.5)
        self._drag(path)
        self._ledger.stroke(path_length(path, self._widths))

    def _length(self, region: Bool) -> float:
        return path_length(outline_of(region), self._widths)

    def _true_pocket(self, b: int, region: Region) -> Bool:
        """Return the true pocket that a region of lacking marks belongs to."""
        parts, _ = ndimage.label(self._judge.true_labels(b) == region.wanted)
        part = np.bincount(parts[region.where]).argmax()
        return np.asarray(parts == part)

    # ------------------------------------------------------------------ aids

    def _fill(self, b: int, name: str, region: Region) -> bool:
        """Click into the region, dragging for more or less; return whether that mended it."""
        if not self._trust.worth(Aid.FILL, name):
            return False
        if region.wanted:
            pocket = self._true_pocket(b, region)
            # A click takes in what looks alike, not the rim of what is marked already.
            if (region.where & pocket).sum() < _LACKING * pocket.sum():
                return False
        before = self._judge.sight(b)
        middle = _deepest(region.where)
        self._take(FillTool(), b, name, region.wanted)
        self._draft = None
        self._runner.press(middle)
        if self._runner.busy:
            best = min(
                range(-_FILL_STEPS, _FILL_STEPS + 1),
                key=lambda step: (self._wrong_if(b, middle, step), abs(step)),
            )
            at = Point(middle.z, middle.x + best * _FILL_STEP_PX)
            self._runner.move(at)
            self._runner.release(at)
        self._ledger.click()
        after = self._judge.sight(b)
        helped = after.better_than(before)
        self._trust.learn(Aid.FILL, name, helped=helped)
        # What was filled too much or too little is mended from there, unless all is worse.
        self._undo_if_worse(before, after)
        return helped

    def _wrong_if(self, b: int, middle: Point, step: int) -> int:
        """Return how many px are wrong as shown when Fill is dragged so many steps."""
        self._runner.move(Point(middle.z, middle.x + step * _FILL_STEP_PX))
        shown = self._draft.mask if self._draft is not None else self._labels(b)
        return int((shown != self._judge.true_labels(b)).sum())

    def _pocket(self, b: int, name: str, region: Region) -> bool:
        """Delete a false pocket through all its B-scans; none of them may be finished."""
        if region.wanted or not self._trust.worth(Aid.POCKET, name):
            return False
        mark = self._mark(b, region)
        if region.where.sum() < _FALSE * mark.sum():
            return False
        at = _deepest(region.where)
        pocket = pocket_at(self._session.annotation.masks.labels, b, round(at.z), round(at.x))
        states = self._session.annotation.b_scan_states()
        if pocket is None or any(states[i] is State.APPROVED for i in pocket.b_scans):
            return False
        if len(pocket.b_scans) < 2:
            return False
        before = self._judge.sight(b)
        self._ledger.press(Act.OFFER)
        relabel_pocket(self._session, pocket, 0)
        self._ledger.press(Act.ANSWER)
        helped = self._judge.sight(b).better_than(before)
        self._trust.learn(Aid.POCKET, name, helped=helped)
        return helped

    def _tidy(self, b: int, name: str) -> None:
        """Remove specks and fill holes where there are several to draw over else."""
        value = self._judge.truth.classes[name]
        for action in (Tidying.REMOVE_SPECKS, Tidying.FILL_HOLES):
            structure = f"{name} {action}"
            regions = self._judge.regions(b, name)
            small = [r for r in regions if self._is_for(action, b, value, r)]
            if len(small) < 2 or not self._trust.worth(Aid.TIDY, structure):
                continue
            before = self._judge.sight(b)
            tidy(self._session, (b,), value, action)
            self._ledger.press(Act.TIDY)
            after = self._judge.sight(b)
            self._trust.learn(Aid.TIDY, structure, helped=after.better_than(before))
            self._undo_if_worse(before, after)

    def _is_for(self, action: Tidying, b: int, value: int, region: Region) -> bool:
        """Return whether a region is a hole of the class, or a speck of it."""
        if action is Tidying.FILL_HOLES:
            marks = self._labels(b) == value
            holes = ndimage.binary_fill_holes(marks) & ~marks
            return region.wanted == value and bool(holes[region.where].all())
        _, dz_mm, dx_mm = self._session.scan.spacing.as_mm()
        if dz_mm is None or dx_mm is None or region.wanted == value:
            return False
        return float(self._mark(b, region).sum()) * dz_mm * dx_mm * 1e6 < SPECK_UM2

    # ------------------------------------------------------------------ tools in hand

    def _labels(self, b: int) -> NDArray[np.uint8]:
        labels: NDArray[np.uint8] = self._session.annotation.masks.labels[b]
        return labels

    def _mark(self, b: int, region: Region) -> Bool:
        """Return the connected mark that a region of wrong marks is part of."""
        labels = self._labels(b)
        at = _deepest(region.where)
        z, x = round(at.z), round(at.x)
        parts, _ = ndimage.label(labels == labels[z, x])
        return np.asarray(parts == parts[z, x])

    def _take(self, tool: Tool, b: int, name: str, value: int, radius_px: float = 6.0) -> None:
        self._ledger.take(tool.name, name, value)
        self._runner.options = ToolOptions(mask_class=value, radius_px=radius_px)
        self._runner.take(tool)
        self._runner.go_to(b)

    def _drag(self, path: Sequence[Point]) -> None:
        super()._drag(path)
        # A lasso shorter than the tool takes for one would stay in hand.
        self._runner.finish()


def _deepest(region: Bool) -> Point:
    """Return the px of a region ``[z, x]`` that lies furthest from its border."""
    depth = ndimage.distance_transform_edt(np.pad(region, 1))[1:-1, 1:-1]
    z, x = np.unravel_index(int(depth.argmax()), region.shape)
    return Point(float(z), float(x))
