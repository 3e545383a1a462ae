"""How docs/grader.md is laid out: what is counted, the tables of cases, and what they come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.grader_cases import Case
from mirage_core.benchmark.aids import Aid
from mirage_core.benchmark.compare_aids import compare_aids
from mirage_core.benchmark.effort import Act, Report, Seconds
from mirage_core.benchmark.judging import Tolerance

Found = Mapping[frozenset[Aid], Report]

NONE: frozenset[Aid] = frozenset()
HEAD = [
    "| Aids | Interactions a B-scan | Strokes | Clicks | Offers and answers | Tidied | Undone "
    "| Seconds a B-scan |",
    "|---|---|---|---|---|---|---|---|",
]


def header() -> list[str]:
    """Return what is counted, and how time is modelled."""
    s = Seconds()
    return [
        "# What aids save a grader",
        "",
        "Written by `python -m benchmarks.grader --write docs/grader.md`; no number here is typed",
        "by hand. The grader is simulated (`mirage benchmark grader`): it corrects an engine's",
        "result with the real tools on a real session, in the order of the queue, until every",
        "B-scan meets the tolerance: surfaces within 2 px of the truth but in 2 % of the columns,",
        "masks with a Dice of 0.95.",
        "",
        "## What is counted",
        "",
        "One interaction is one deliberate act: a stroke (pen, lasso or brush over one span or",
        "region of error, the worst first), a click (each one of Pull, Snap and Fill), a key that",
        "asks for an offer (O, I, K), a key that answers it (A, R), a key that tidies, an undo.",
        "Looking at a B-scan and taking a tool count as time only. Errors of a surface are mended",
        "by one stroke where drawing on over what is right is quicker than a new stroke. Strokes",
        "follow the truth exactly: no person draws so well, and every aid is measured against",
        "that.",
        "",
        "Aids are used as a sensible person would. An offer is judged on the B-scan looked at, and",
        "rejected unless there is less to mend. Interpolation and corrections are asked for the",
        "structure that is wrong. An aid that failed twice more often than it paid on a structure",
        "is left alone there, and everywhere after four times. The truth is used to judge what is",
        "shown and to draw where the boundary runs, never to foresee what an aid will do.",
        "",
        "## Time",
        "",
        "Keystroke-level model (Card, Moran & Newell, CACM 23(7), 1980): a key",
        f"{s.key} s, pointing {s.point} s, making up one's mind {s.decide} s, a button pressed or",
        f"released {s.button} s. Drawing: the steering law (Accot & Zhai, CHI 1997), by which it",
        "takes as long as the path is long in units of its width, here 4 px of depth. Assumed, not",
        f"measured: {s.steer} s for each such unit, two decisions to judge a B-scan, and",
        f"{s.wait:.0f} s until an offer is worked out. It is the time of a trained person who",
        "makes no mistake and never pauses: ratios say more than hours.",
        "",
    ]


@dataclass
class Chapter:
    """A part of the page: its lines, and the rows it adds to the summary."""

    lines: list[str] = field(default_factory=list)
    summary: list[str] = field(default_factory=list)

    def grade(self, title: str, case: Case, every: int = 1, wobble: int = 1) -> Found:
        """Add the section of one case; return what was found."""
        tolerance = Tolerance(wobble_columns=wobble)
        found = compare_aids(case.scan, case.proposal, case.truth, tolerance, every=every)
        alone, together = found[NONE], found[max(found, key=len)]
        best = min(list(found.items())[1:], key=lambda one: one[1].interactions.total())
        counts = alone.interactions.total(), together.interactions.total()
        ratio = counts[1] / max(counts[0], 1)
        times = together.seconds / alone.seconds
        self.summary.append(
            f"| {title} | {alone.per_b_scan:.2f} | {together.per_b_scan:.2f} | {ratio:.2f} "
            f"| {times:.2f} | {' '.join(best[0]) if len(best[0]) == 1 else 'all'} "
            f"| {best[1].per_b_scan:.2f} |"
        )
        self.lines += [
            f"### {title}",
            "",
            f"{alone.b_scans} B-scans; {', '.join(case.truth.names)}.",
            "",
            *table(found),
        ]
        return found


def table(found: Found) -> list[str]:
    """Return the table of one case."""
    rows = []
    for aids, r in found.items():
        word = "none" if not aids else "**all**" if len(aids) > 1 else next(iter(aids)).value
        n = r.interactions
        met = f" ({len(r.unmet)} not met)" if r.unmet else ""
        rows.append(
            f"| {word} | {r.per_b_scan:.2f}{met} | {n[Act.STROKE]} | {n[Act.CLICK]} "
            f"| {n[Act.OFFER] + n[Act.ANSWER]} | {n[Act.TIDY]} | {n[Act.UNDO]} "
            f"| {r.seconds_per_b_scan:.1f} |"
        )
    return [*HEAD, *rows, ""]


def in_short(rows: list[str]) -> list[str]:
    """Return the summary of all cases."""
    return [
        "## In short",
        "",
        "Interactions a B-scan without aids and with all of them, how many times as many, how",
        "many times the time, and the aid that takes the fewest interactions alone.",
        "",
        "| What is corrected | None | All | Ratio | Ratio of time | Best | Its interactions |",
        "|---|---|---|---|---|---|---|",
        *rows,
        "",
        "Aids pay where errors are alike: on many B-scans (another convention, a lesion that is",
        "missed, a false pocket) or many times on one (specks). They do not pay where every error",
        "is another one. An expert's curve is such a case: most of what is wrong is the hand's,",
        "narrow, and on the next B-scan elsewhere, so each error takes an act of its own, and a",
        "stroke is as good as any. A long stroke over several errors saves more there than any",
        "aid. With systematic errors aids save more time than acts, because a click or a key is",
        "quicker than a long stroke.",
        "",
    ]
