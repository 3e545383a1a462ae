"""How a simulated grader mends a surface: with the pen, or with clicks that the image completes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate import Session
from mirage_core.annotate.tools import Point, PullTool, SnapTool, SurfacePen, Tool, ToolOptions
from mirage_core.benchmark.aids import Aid, Trust
from mirage_core.benchmark.effort import Act, Ledger
from mirage_core.benchmark.grader_hand import Hand
from mirage_core.benchmark.judging import Judge
from mirage_core.engines.graph.live import LiveSolver

F32 = NDArray[np.float32]

_MOST_STROKES = 60
_FOLLOWS = 0.9
"""Share of a previewed span that must be right for a click to be set at its end."""


class SurfaceHand(Hand):
    """Mends surfaces of a session with its tools.

    Parameters
    ----------
    session : Session
    judge : Judge
    ledger : Ledger
    trust : Trust
    widths_per_column : float
        Length of a column in widths of the tolerance.
    """

    def __init__(
        self,
        session: Session,
        judge: Judge,
        ledger: Ledger,
        trust: Trust,
        widths_per_column: float,
    ) -> None:
        super().__init__(session, judge, ledger, trust)
        self._widths = widths_per_column
        self._solver = LiveSolver(session.scan.spacing)

    def mend(self, b: int, name: str) -> None:
        """Mend a surface on a B-scan, the worst span first, until it is right."""
        for _ in range(_MOST_STROKES):
            spans = self._judge.spans(b, name)
            if not spans:
                return
            span = self._grown(b, name, spans[0])
            if not (self._clicked(b, name, span) or self._judge.met(b, name)):
                spans = self._judge.spans(b, name)
                self._pen(b, name, self._grown(b, name, spans[0]))

    def _clicked(self, b: int, name: str, span: range) -> bool:
        """Try what clicks can do; return whether they mended what was to be mended."""
        drawing = self._ledger.model.stroke(self._widths * len(span))
        most = int(drawing / self._ledger.model.click)
        for aid, least, attempt in ((Aid.PULL, 1, self._pull), (Aid.SNAP, 2, self._snap)):
            # Clicks that take longer than drawing do not help.
            if most < least or not self._trust.worth(aid, name):
                continue
            before, acts = self._judge.sight(b), self._ledger.acts
            changed = attempt(b, name, span, most)
            after = self._judge.sight(b)
            helped = after.better_than(before)
            # It pays if it took no more acts than strokes would have been drawn.
            pays = helped and self._ledger.acts - acts <= before.needed - after.needed
            self._trust.learn(aid, name, helped=pays)
            if changed:
                self._undo_if_worse(before, after)
            if helped:
                return True
        return False

    def _grown(self, b: int, name: str, columns: NDArray[np.intp]) -> range:
        """Return a span from where the curve is nearly right to where it is so again."""
        away = np.nan_to_num(self._judge.away(b, name), nan=0.0)
        near = self._judge.tolerance.surface_px / 2
        first, last = int(columns[0]), int(columns[-1])
        while first > 0 and away[first - 1] > near:
            first -= 1
        while last + 1 < away.size and away[last + 1] > near:
            last += 1
        return range(first, last + 1)

    def _pen(self, b: int, name: str, span: range) -> None:
        """Draw the truth over a span, with the curve where the truth is not known."""
        truth, curve = self._judge.truth.surfaces[name][b], self._curve(b, name)
        depths = np.where(np.isfinite(truth), truth, curve)
        path = [Point(float(depths[x]), float(x)) for x in span if np.isfinite(depths[x])]
        self._take(SurfacePen(), b, name)
        self._drag(path)
        self._ledger.stroke(self._widths * len(span))

    def _pull(self, b: int, name: str, span: range, most: int) -> bool:
        """Click where the curve is furthest off, again while that brings it nearer."""
        self._take(PullTool(), b, name)
        left = 2 * len(span)
        for _ in range(most):
            away = np.nan_to_num(self._away_in(b, name, span), nan=0.0)
            off = int((away > self._judge.tolerance.surface_px).sum())
            # A person who sees that it does not follow goes on with the pen.
            if off == 0 or off > left / 2:
                break
            left = off
            self._click(b, name, span[int(away.argmax())])
        self._runner.finish()
        return True

    def _snap(self, b: int, name: str, span: range, most: int) -> bool:
        """Click along the boundary, each time as far ahead as the previewed curve follows it.

        Return False, with nothing changed, if that takes more clicks than are worth it.
        """
        known = np.flatnonzero(
            np.isfinite(self._judge.truth.surfaces[name][b, span.start : span.stop])
        )
        ends = span.start + int(known[0]), span.start + int(known[-1])
        self._take(SnapTool(), b, name)
        at = ends[0]
        self._click(b, name, at)
        for left in range(most - 1, 0, -1):
            if at >= ends[1]:
                break
            far = self._as_far_as_it_follows(b, name, at, ends[1])
            if (far - at) * left < ends[1] - at:
                break  # so it would take too many
            at = far
            self._click(b, name, at)
        if at < ends[1]:
            self._runner.cancel()
            self._ledger.press(Act.UNDO)
            return False
        self._runner.finish()
        return True

    def _as_far_as_it_follows(self, b: int, name: str, at: int, end: int) -> int:
        """Return the furthest column, by halving, to which the preview from `at` is right."""
        truth = self._judge.truth.surfaces[name][b]
        far = end
        while far - at > 2:
            if np.isfinite(truth[far]):
                self._runner.hover(Point(float(truth[far]), float(far)))
                away = self._away_in(b, name, range(at, far + 1))
                if np.mean(away <= self._judge.tolerance.surface_px) >= _FOLLOWS:
                    return far
            far = at + (far - at) // 2
        return min(at + 2, end)

    def _away_in(self, b: int, name: str, span: range) -> F32:
        """Return how far the surface is off as it is shown, the stroke in hand included."""
        curve = self._curve(b, name)
        if self._draft is not None and self._draft.b == b and self._runner.busy:
            curve = self._draft.curves[self._row(name)]
        return self._judge.away(b, name, curve)[span.start : span.stop]

    def _click(self, b: int, name: str, column: int) -> None:
        at = Point(float(self._judge.truth.surfaces[name][b, column]), float(column))
        self._runner.press(at)
        self._runner.release(at)
        self._ledger.click()

    def _take(self, tool: Tool, b: int, name: str) -> None:
        self._ledger.take(tool.name, name)
        self._runner.options = ToolOptions(surface=self._row(name), solve=self._solver)
        self._runner.take(tool)
        self._runner.go_to(b)

    def _row(self, name: str) -> int:
        return self._session.annotation.surfaces.index(name)

    def _curve(self, b: int, name: str) -> F32:
        curve: F32 = self._session.annotation.surfaces[name][b]
        return curve
