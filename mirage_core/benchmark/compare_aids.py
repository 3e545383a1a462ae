"""What each aid saves a simulated grader, on one scan with a truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mirage_core.annotate import Proposal, Session
from mirage_core.benchmark.aids import Aid, sets_for
from mirage_core.benchmark.effort import Report
from mirage_core.benchmark.grader import SimulatedGrader
from mirage_core.benchmark.judging import Tolerance, Truth
from mirage_core.scan import Scan


def compare_aids(
    scan: Scan,
    proposal: Proposal,
    truth: Truth,
    tolerance: Tolerance | None = None,
    *,
    every: int = 1,
    sets: Sequence[frozenset[Aid]] | None = None,
    report: Callable[[float], None] = lambda _fraction: None,
) -> Mapping[frozenset[Aid], Report]:
    """Let a grader correct an engine's result anew with each set of aids.

    Parameters
    ----------
    scan : Scan
    proposal : Proposal
        The engine's result.
    truth : Truth
    tolerance : Tolerance, optional
    every : int
        Only one of so many B-scans with a truth is corrected.
    sets : sequence of set of Aid, optional
        By default none, each that can help, all of those.
    report : callable
        Told the share that is done.

    Raises
    ------
    ValueError
        If there is no B-scan with a truth of every surface.
    """
    if sets is None:
        sets = sets_for(surfaces=bool(truth.surfaces), masks=bool(truth.classes))
    b_scans = truth.b_scans()[every // 2 :: every]
    found: dict[frozenset[Aid], Report] = {}
    for chosen in sets:
        session = Session(scan, author="simulated grader")
        session.adopt(proposal, overwrite=True)
        grader = SimulatedGrader(session, truth, b_scans, chosen, tolerance)

        def part_done(part: float, before: int = len(found)) -> None:
            report((before + part) / len(sets))

        found[chosen] = grader.run(part_done)
    return found
