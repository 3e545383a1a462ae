"""A simulated grader: how many interactions a volume takes, with and without each aid.

It works on a real session with the real tools. It looks at B-scans in the order of the queue,
takes the worst span of each, mends it with one stroke or click at a time, and goes on when the
B-scan meets the tolerance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate import Session, ToolRunner
from mirage_core.annotate.queue import evenly_spaced
from mirage_core.annotate.tools import Point, PullTool, SurfacePen, ToolOptions
from mirage_core.engines.graph.live import LiveSolver
from mirage_core.engines.propagate import corrections, propagated

F32 = NDArray[np.float32]
Bool = NDArray[np.bool_]

_BRIDGE_COLUMNS = 24
"""Errors this near to each other are mended by one stroke."""
_MOST_PER_SURFACE = 60
_WORTH = 0.5
"""Share of a span's wrong columns that a click must put right to be kept."""


class Aid(StrEnum):
    """What helps the grader beyond the pen."""

    PULL = "pull"
    PROPAGATE = "propagate"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """When a surface counts as right on a B-scan.

    Attributes
    ----------
    surface_px : float
    columns : float
        Share of the columns with a truth that may be further off.
    wobble_columns : int
        Curves are compared as their running means over so many columns: what changes faster is
        the hand that drew the truth. 1 compares them as they are.
    """

    surface_px: float = 2.0
    columns: float = 0.02
    wobble_columns: int = 1


@dataclass(frozen=True, slots=True)
class Seconds:
    """How long a trained person needs, by the keystroke-level model.

    Card, Moran & Newell, "The keystroke-level model for user performance time with interactive
    systems", CACM 23(7), 1980: a key or button 0.2 s, pointing 1.1 s, making up one's mind 1.35 s,
    drawing 0.9 s a segment and 0.16 s a cm. That a B-scan is judged in two such decisions is an
    assumption, and so is its width on screen, 16 cm.
    """

    key: float = 0.2
    point: float = 1.1
    decide: float = 1.35
    segment: float = 0.9
    per_cm: float = 0.16
    b_scan_cm: float = 16.0

    def of(self, what: str, share: float = 0.0) -> float:
        """Return the seconds of an interaction; `share` of the B-scan's width is drawn over."""
        if what == "look":
            return self.key + 2 * self.decide
        if what == "pen":
            drawn = self.segment + self.per_cm * self.b_scan_cm * share
            return self.decide + self.point + drawn
        if what == "click":
            return self.decide + self.point + 2 * self.key
        if what == "undo":
            return self.decide + self.key
        return self.decide + 2 * self.key  # an offer: asked for, accepted


@dataclass
class Report:
    """What a simulated grader needed.

    Attributes
    ----------
    b_scans : int
    interactions : Counter
        Of each kind: ``pen``, ``click``, ``undo``, ``offer``; looking at a B-scan is none.
    seconds : float
        By :class:`Seconds`, looks included.
    unmet : list of (int, str)
        B-scans and surfaces given up on.
    """

    b_scans: int
    interactions: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    unmet: list[tuple[int, str]] = field(default_factory=list)

    @property
    def per_b_scan(self) -> float:
        """Interactions per B-scan."""
        return self.interactions.total() / max(self.b_scans, 1)


class SimulatedGrader:
    """Corrects a session until it agrees with the truth.

    Parameters
    ----------
    session : Session
        With an engine's result; it is changed.
    truth : mapping of str to float32 array ``[b, x]``
        True surfaces, px from the top; NaN where nothing is known.
    b_scans : sequence of int
        Those that carry a truth.
    aids : set of Aid
    tolerance, seconds
    """

    def __init__(
        self,
        session: Session,
        truth: Mapping[str, F32],
        b_scans: Sequence[int],
        aids: frozenset[Aid] = frozenset(),
        tolerance: Tolerance | None = None,
        seconds: Seconds | None = None,
    ) -> None:
        self.session = session
        self._truth = truth
        self._b_scans = tuple(b_scans)
        self._aids = aids
        self._tolerance = tolerance or Tolerance()
        self._seconds = seconds or Seconds()
        self._runner = ToolRunner(session)
        self._solver = LiveSolver(session.scan.spacing)
        self._report = Report(len(self._b_scans))

    def run(self, report: Callable[[float], None] = lambda _fraction: None) -> Report:
        """Correct every B-scan; return what it took."""
        outline = [self._b_scans[i] for i in evenly_spaced(len(self._b_scans))]
        rest = [b for b in self._b_scans if b not in outline]
        for i, b in enumerate((*outline, *rest)):
            self._spend("look", counted=False)
            corrected = [self._surface(b, name) for name in self._truth]
            if any(corrected) and Aid.PROPAGATE in self._aids and (i + 1) >= len(outline):
                self._propagate()
            report((i + 1) / len(self._b_scans))
        return self._report

    # ------------------------------------------------------------------ one surface

    def _surface(self, b: int, name: str) -> bool:
        """Mend a surface on a B-scan; return whether anything had to be done."""
        for turn in range(_MOST_PER_SURFACE):
            wrong = self._wrong(b, name)
            if not wrong.any():
                return turn > 0
            span, worst = self._worst_span(b, name, wrong)
            if not (Aid.PULL in self._aids and self._pull(b, name, span, worst)):
                self._pen(b, name, span)
        self._report.unmet.append((b, name))
        return True

    def _wrong(self, b: int, name: str) -> Bool:
        """Return the columns that are wrong, none where the surface meets the tolerance."""
        away = self._away(b, name)
        wrong = away > self._tolerance.surface_px
        known = np.isfinite(away)
        if wrong.sum() <= self._tolerance.columns * known.sum():
            return np.zeros_like(wrong)
        return wrong

    def _away(self, b: int, name: str) -> F32:
        """Return how far the surface is from the truth ``[x]``, px, NaN where nothing is known."""
        found = self.session.annotation.surfaces[name][b]
        truth = self._truth[name][b]
        # A surface that is missing is as wrong as can be.
        away = np.where(np.isfinite(truth) & ~np.isfinite(found), np.inf, found - truth)
        return np.abs(_running_mean(away, self._tolerance.wobble_columns))

    def _worst_span(self, b: int, name: str, wrong: Bool) -> tuple[slice, int]:
        """Return the span of errors near each other that is worst, and its worst column."""
        away = np.nan_to_num(self._away(b, name), nan=0.0, posinf=1e3)
        at = np.flatnonzero(wrong)
        groups = np.split(at, np.flatnonzero(np.diff(at) > _BRIDGE_COLUMNS) + 1)
        group = max(groups, key=lambda g: float(away[g].sum()))
        first, last = int(group[0]), int(group[-1])
        # The stroke begins and ends where the curve is nearly right.
        near = self._tolerance.surface_px / 2
        while first > 0 and away[first - 1] > near:
            first -= 1
        while last + 1 < away.size and away[last + 1] > near:
            last += 1
        return slice(first, last + 1), int(group[away[group].argmax()])

    def _pull(self, b: int, name: str, span: slice, worst: int) -> bool:
        """Click at the worst column; return whether that was worth it, taken back if not."""
        before = int((self._away(b, name) > self._tolerance.surface_px).sum())
        at = Point(float(self._truth[name][b][worst]), float(worst))
        self._take(PullTool(), b, name)
        self._runner.press(at)
        self._runner.release(at)
        self._runner.finish()
        self._spend("click")
        after = int((self._away(b, name) > self._tolerance.surface_px).sum())
        if before - after >= _WORTH * (span.stop - span.start):
            return True
        self.session.undo()
        self._spend("undo")
        return False

    def _pen(self, b: int, name: str, span: slice) -> None:
        """Draw the truth over a span, with the curve where the truth is not known."""
        curve = self.session.annotation.surfaces[name][b]
        depths = np.where(np.isfinite(self._truth[name][b]), self._truth[name][b], curve)
        columns = [x for x in range(span.start, span.stop) if np.isfinite(depths[x])]
        self._take(SurfacePen(), b, name)
        self._runner.press(Point(float(depths[columns[0]]), float(columns[0])))
        for x in columns[1:]:
            self._runner.move(Point(float(depths[x]), float(x)))
        self._runner.release(Point(float(depths[columns[-1]]), float(columns[-1])))
        self._spend("pen", (span.stop - span.start) / curve.size)

    def _propagate(self) -> None:
        """Ask for corrections to be offered to the B-scans still to come, and accept them."""
        session = self.session
        made = corrections(session.annotation, session.history.done)
        offered = propagated(session.scan, session.annotation, made, range(session.scan.n_b_scans))
        if offered is not None and session.adopt(offered) is not None:
            self._spend("offer")

    def _take(self, tool: SurfacePen | PullTool, b: int, name: str) -> None:
        row = self.session.annotation.surfaces.index(name)
        self._runner.options = ToolOptions(surface=row, solve=self._solver)
        self._runner.take(tool)
        self._runner.go_to(b)

    def _spend(self, what: str, share: float = 0.0, *, counted: bool = True) -> None:
        self._report.seconds += self._seconds.of(what, share)
        if counted:
            self._report.interactions[what] += 1


def _running_mean(values: F32, columns: int) -> F32:
    """Return the mean over a window of columns ``[x]`` of what is known in it."""
    if columns <= 1:
        return values
    known = np.isfinite(values)
    window = np.ones(columns)
    total = np.convolve(np.where(known, values, 0), window, "same")
    count = np.convolve(known.astype(float), window, "same")
    mean = np.divide(total, count, out=np.full(values.shape, np.nan), where=count > 0)
    # What is missing stays as wrong as can be.
    return np.where(known, mean, values).astype(np.float32)
