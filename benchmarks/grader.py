"""What aids save a simulated grader: ``python -m benchmarks.grader``.

With ``--write FILE`` the tables become that file (docs/grader.md); no number is typed by hand.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import grader_cases as cases
from benchmarks.grader_ceiling import LEARNT_FROM, Curves, Residuals
from benchmarks.grader_page import NONE, Chapter, Found, header, in_short
from mirage_core.benchmark.compare_aids import compare_aids
from mirage_core.benchmark.effort import Seconds
from mirage_core.benchmark.judging import Tolerance
from mirage_core.engines import GRAPH_ENGINE, STARTER_ENGINE, engine_names
from mirage_core.engines.graph.scale import working_scale


def on_bonn_amd() -> Chapter:
    """Return the sections on an expert's curves."""
    chapter = Chapter(["## An expert's curves: bonn_amd", ""])
    found = chapter.grade("bonn_amd, from the graph engine", cases.bonn(GRAPH_ENGINE))
    chapter.lines += total(found)
    if STARTER_ENGINE in engine_names():
        title = "bonn_amd, from the starter model, every 2nd B-scan"
        chapter.grade(title, cases.bonn(STARTER_ENGINE), 2)
    for wobble in (9, 17):
        title = f"bonn_amd, graph engine, curves averaged over {wobble} columns, every 2nd B-scan"
        chapter.grade(title, cases.bonn(GRAPH_ENGINE), 2, wobble)
    return chapter


def total(found: Found) -> list[str]:
    """Return the total, against the expert's hours and drawing all anew by the same model."""
    case = cases.undrawn(cases.bonn(GRAPH_ENGINE))
    anew = compare_aids(case.scan, case.proposal, case.truth, every=4, sets=[NONE])[NONE]
    alone, together = found[NONE], found[max(found, key=len)]
    n, expert_s = cases.EXPERT_B_SCANS, cases.EXPERT_HOURS * 3600
    hours = [r.seconds_per_b_scan * n / 3600 for r in (alone, together, anew)]
    share = alone.seconds_per_b_scan / anew.seconds_per_b_scan
    return [
        f"**Total for the {n} B-scans** by the time model: {hours[0]:.1f} h without aids, "
        f"{hours[1]:.1f} h with all; {hours[2]:.1f} h to draw both surfaces anew. The expert took "
        f"{cases.EXPERT_HOURS} h, {expert_s / n / 60:.0f} min a B-scan, with another program: "
        f"{cases.EXPERT_HOURS / hours[2]:.0f} times what the model says of drawing anew. If the "
        "model is as far off for correcting, the expert would need some "
        f"{cases.EXPERT_HOURS * share:.0f} h.",
        "",
    ]


def ceiling() -> Chapter:
    """Return the section on what aids could save on bonn_amd at best."""
    case = cases.bonn(GRAPH_ENGINE)
    residuals = Residuals(case)
    scale = working_scale(case.scan.spacing, case.scan.shape[2])
    per_column = scale.lateral_um / (2 * Tolerance().surface_px * scale.axial_um)
    bridge = int(Seconds().worth_drawing_on / per_column)
    found, rest = residuals.found, residuals.rest
    rows = [
        _left("what the graph engine found", residuals, found, bridge),
        _left("the same to the nearest px", residuals, residuals.whole(), bridge),
        _left(
            "each moved as a whole to where it fits best", residuals, residuals.own_offset(), bridge
        ),
        _left(
            "each bent by the parabola that fits best", residuals, residuals.own_parabola(), bridge
        ),
        _left("less the mean error of both neighbours", residuals, residuals.neighbours(), bridge),
        _left(
            f"less the error that {LEARNT_FROM} B-scans have in common, by column",
            residuals,
            residuals.profile(),
            bridge,
            rows=rest,
        ),
        _left(
            f"searched, to the nearest px, by a filter learnt from {LEARNT_FROM} B-scans",
            residuals,
            residuals.learnt(),
            bridge,
            rows=rest,
        ),
        _left("one stroke goes on over up to 24 columns that are right", residuals, found, 24),
        _left("one stroke for all that is wrong of a surface", residuals, found, 10_000),
        *(
            _left(f"curves averaged over {wobble} columns", residuals, found, bridge, wobble)
            for wobble in (9, 17, 33)
        ),
    ]
    shared = [
        f"| {name} | {100 * either:.0f} % | {100 * both:.0f} % | {100 * other:.0f} % |"
        for name, (either, both, other) in residuals.shared().items()
    ]
    return Chapter(
        [
            "## What is wrong on bonn_amd, and what any aid could save",
            "",
            "An aid saves strokes where one act mends several errors: of several columns,",
            "surfaces or B-scans. So many of the wrong columns are wrong alike elsewhere, to the",
            "same side:",
            "",
            "| Surface | On the B-scan before or after | On both | In the other surface |",
            "|---|---|---|---|",
            *shared,
            "",
            "Strokes a B-scan that are left, and columns that are wrong, if someone knew what no",
            "aid can know. Fewer errors may take more strokes, and more fewer, since one stroke",
            "goes on over those that lie near each other.",
            "",
            "| What is begun with | Strokes, RPE | BM | Columns wrong, RPE | BM |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _left(
    what: str,
    residuals: Residuals,
    curves: Curves,
    bridge: int,
    wobble: int = 1,
    rows: NDArray[np.intp] | None = None,
) -> str:
    left = residuals.left(curves, bridge, wobble, rows)
    strokes = " | ".join(f"{left.strokes[name]:.2f}" for name in ("RPE", "BM"))
    wrong = " | ".join(f"{100 * left.wrong[name]:.1f} %" for name in ("RPE", "BM"))
    return f"| {what} | {strokes} | {wrong} |"


def on_the_built_in_eye() -> Chapter:
    """Return the sections on the built-in eye as the graph engine leaves it."""
    case, chapter = cases.built_in(GRAPH_ENGINE), Chapter(["## The built-in eye (simulated)", ""])
    chapter.grade("Built-in eye, surfaces from the graph engine", cases.surfaces_of(case))
    chapter.grade("Built-in eye, masks from the graph engine", cases.masks_of(case))
    return chapter


def made_wrong() -> Chapter:
    """Return the sections on errors made on purpose, of the kinds that aids are for."""
    chapter = Chapter(
        [
            "## Errors of the kinds that aids are for",
            "",
            "The built-in eye's truth, made wrong on purpose.",
            "",
        ]
    )
    for title, make in (
        ("BM 6 px too deep everywhere, as by another convention", cases.offset),
        ("RPE and BM astray over a lesion on 30 B-scans", cases.lesion_missed),
        ("A surface that no engine draws: the CSI", cases.not_found),
        ("Six false specks of IRF on every B-scan", cases.specks),
        ("A false pocket of IRF on twelve B-scans", cases.false_pocket),
        ("All IRF and SRF missed", cases.pockets_missed),
    ):
        chapter.grade(title, make())
    return chapter


SECTIONS: Mapping[str, Callable[[], Chapter]] = {
    "bonn_amd": on_bonn_amd,
    "ceiling": ceiling,
    "built_in": on_the_built_in_eye,
    "made_wrong": made_wrong,
}


def main() -> int:
    """Print every section, and write the file if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="file to write, e.g. docs/grader.md")
    parser.add_argument("--only", nargs="*", choices=tuple(SECTIONS), default=tuple(SECTIONS))
    options = parser.parse_args()
    chapters = []
    for name in options.only:
        if name in ("bonn_amd", "ceiling") and not cases.BONN.exists():
            missing = "Not measured here: the scan does not lie beside."
            chapters.append(Chapter([f"## {name}", "", missing, ""]))
        else:
            chapters.append(SECTIONS[name]())
        print("\n".join(chapters[-1].lines), flush=True)
    summary = in_short([row for chapter in chapters for row in chapter.summary])
    print("\n".join(summary))
    parts = [*header(), *summary, *(line for chapter in chapters for line in chapter.lines)]
    if options.write:
        options.write.write_text("\n".join(parts).rstrip() + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
