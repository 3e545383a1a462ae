"""A simulated grader: how many interactions a volume takes, with and without each aid.

It works on a real session with the real tools. It goes to B-scans in the order of the queue,
mends the worst error on each with one stroke or click at a time, and approves the B-scan when it
meets the tolerance. It knows the truth, and uses that as a person would: to judge what is shown and
to draw where the boundary runs, never to foresee what an aid will do.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from mirage_core.annotate import MASKS, Proposal, Session, State
from mirage_core.annotate.between import finished_around, interpolated
from mirage_core.annotate.queue import look_at_first
from mirage_core.benchmark.aids import Aid, Trust
from mirage_core.benchmark.effort import Act, Ledger, Report, Seconds
from mirage_core.benchmark.grader_masks import MaskHand
from mirage_core.benchmark.grader_surfaces import SurfaceHand
from mirage_core.benchmark.judging import Judge, Tolerance, Truth
from mirage_core.engines.graph.scale import working_scale
from mirage_core.engines.propagate import corrections, propagated
from mirage_core.engines.propagate_masks import mask_corrections

_ROUNDS = 3
_CORRECTIONS_REACH_UM = 250.0
_USUAL_GAP_UM = 120.0
"""Between B-scans where it is not known."""


class SimulatedGrader:
    """Corrects a session until it agrees with the truth.

    Parameters
    ----------
    session : Session
        With an engine's result; it is changed.
    truth : Truth
    b_scans : sequence of int
        Those to correct; by default all that carry a truth.
    aids : set of Aid
    tolerance, seconds
    """

    def __init__(
        self,
        session: Session,
        truth: Truth,
        b_scans: Sequence[int] | None = None,
        aids: frozenset[Aid] = frozenset(),
        tolerance: Tolerance | None = None,
        seconds: Seconds | None = None,
    ) -> None:
        self.session = session
        self._truth = truth
        self._b_scans = tuple(truth.b_scans() if b_scans is None else b_scans)
        self._left = set(self._b_scans)
        self._trust = Trust(aids)
        self._drawn_on: defaultdict[str, list[int]] = defaultdict(list)
        self._drawn_at_offer: Counter[str] = Counter()
        tolerance, model = tolerance or Tolerance(), seconds or Seconds()
        self._ledger = Ledger(len(self._b_scans), model)
        # For the length of strokes only; nothing is measured from it.
        scale = working_scale(session.scan.spacing, session.scan.shape[2])
        width_um = 2 * tolerance.surface_px * scale.axial_um
        row, column = scale.axial_um / width_um, scale.lateral_um / width_um
        self._reach = max(_CORRECTIONS_REACH_UM / (scale.gap_um or _USUAL_GAP_UM), 1.0)
        self._judge = Judge(
            session.annotation, truth, tolerance, int(model.worth_drawing_on / column)
        )
        hands = session, self._judge, self._ledger, self._trust
        self._surfaces = SurfaceHand(*hands, column)
        self._masks = MaskHand(*hands, (row, column))

    def run(self, report: Callable[[float], None] = lambda _fraction: None) -> Report:
        """Correct every B-scan; return what it took."""
        while self._left:
            b = self._order()[0]
            self._left.remove(b)
            self._correct(b)
            report(1 - len(self._left) / len(self._b_scans))
        found = self._ledger.report
        found.unmet = [
            (b, name)
            for b in self._b_scans
            for name in self._truth.names
            if not self._judge.met(b, name)
        ]
        return found

    def _order(self) -> list[int]:
        """Return the B-scans that are left, in the order of the queue."""
        queue = look_at_first(self.session.annotation, self.session.scan.quality)
        order = [b for b in queue if b in self._left]
        return [*order, *sorted(self._left - set(order))]

    def _correct(self, b: int) -> None:
        self._ledger.look()
        for name in self._truth.names:
            if not self._judge.met(b, name):
                self._offered(b, name)
        before = Counter(self._ledger.drawn)
        for _ in range(_ROUNDS):
            for name in self._truth.surfaces:
                self._surfaces.mend(b, name)
            for name in self._truth.classes:
                self._masks.mend(b, name)
            # A surface may have moved along with its neighbour.
            if not self._judge.needed(b):
                break
        for name in self._ledger.drawn - before:
            self._drawn_on[name].append(b)
        self.session.set_state((b,), State.APPROVED)

    def _offered(self, b: int, name: str) -> None:
        """Ask for offers of a structure that is wrong; accept what is better where it is seen."""
        drawn = self._drawn_on[name]
        # Who has drawn nothing since the last offer knows what the next one would be.
        if len(drawn) > self._drawn_at_offer[name] and self._in_reach(b, drawn):
            far = min(abs(b - other) for other in drawn)
            if self._trust.worth(Aid.PROPAGATE, name, far):
                self._drawn_at_offer[name] = len(drawn)
                self._answer(b, name, Aid.PROPAGATE, far, self._propagated(name))
        ends = finished_around(self.session.annotation, b)
        if ends is not None and not self._judge.met(b, name):
            far = ends[1] - ends[0]
            if self._trust.worth(Aid.INTERPOLATE, name, far):
                self._answer(b, name, Aid.INTERPOLATE, far, self._interpolated(name, *ends))

    def _in_reach(self, b: int, drawn: list[int]) -> bool:
        """Return whether corrections could reach a B-scan, by what the manual says of them."""
        return min(drawn) < b < max(drawn) or any(abs(b - at) <= self._reach for at in drawn)

    def _answer(self, b: int, name: str, aid: Aid, far: int, proposal: Proposal | None) -> None:
        """Look at an offer on B-scan `b` and on one more, then accept or reject it."""
        self._ledger.press(Act.OFFER)
        helped = False
        if proposal is not None:
            looked_at = (b, *(i for i in self._order() if i in proposal.b_scans))[:2]
            self._ledger.look(len(looked_at) - 1)
            before = self._judge.sight(*looked_at)
            taken = self.session.adopt(proposal) is not None
            helped = self._judge.sight(*looked_at).better_than(before)
            if taken and not helped:
                self.session.undo()  # it was only shown
            self._ledger.press(Act.ANSWER)
        self._trust.learn(aid, name, helped=helped, far=far)

    def _propagated(self, name: str) -> Proposal | None:
        scan, annotation = self.session.scan, self.session.annotation
        done, every = self.session.history.done, range(scan.n_b_scans)
        if name in self._truth.surfaces:
            mine = [c for c in corrections(annotation, done) if c.surface == name]
            return propagated(scan, annotation, mine, every)
        return propagated(scan, annotation, (), every, masks=mask_corrections(annotation, done))

    def _interpolated(self, name: str, b0: int, b1: int) -> Proposal | None:
        structure = name if name in self._truth.surfaces else MASKS
        try:
            return interpolated(self.session.scan, self.session.annotation, b0, b1, (structure,))
        except ValueError:  # it is not known on both: the program says so
            return None
