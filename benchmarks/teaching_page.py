"""The table and the plot of benchmarks.teaching_curves, for docs/accuracy.md."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.accuracy_sets import segment
from benchmarks.page import put_part
from benchmarks.teaching_cases import bonn_curves, bonn_scan

PART = "teaching"
PICTURE = Path("images") / "teaching.svg"
_LEARNT = {"surface": ("RPE", "BM"), "lesion": ("IRF", "DRUSEN")}
"""What the curves are about; where B-scans of one count alone were taught, all is told."""
_COLORS = {"RPE": "#d55e00", "BM": "#0072b2", "IRF": "#d55e00", "DRUSEN": "#0072b2"}

Record = dict[str, Any]


def write_page(page: Path, records: Sequence[Record]) -> None:
    """Write the part of `page` between its marks, and the picture beside it."""
    picture = page.parent / PICTURE
    picture.parent.mkdir(exist_ok=True)
    draw(picture, records)
    put_part(page, PART, "\n".join(section(records)))


def section(records: Sequence[Record]) -> list[str]:
    """Return the lines of the part."""
    courses = list(dict.fromkeys(r["course"] for r in records))
    seconds = [r["cpu_seconds"] for r in records if r["n"] == 8]
    rows = [row for course in courses for row in _rows(course, records)]
    held = ", ".join(
        f"{course}: {_counted(r['held_out'], 'B-scan')} of {_counted(r['patients'], 'patient')}"
        for course, r in {r["course"]: r for r in records}.items()
    )
    return [
        "Written by `python -m benchmarks.teaching_curves --out DIR --write docs/accuracy.md`.",
        "The starter model, `few-shot` as in the window, taught with so many B-scans and measured",
        f"on others ({held}). Of bonn_amd those are more than three B-scans away",
        "from any taught with, but of the same eye. The mean over the seeds that were run (those",
        "of one seed have it alone in the brackets) and, in brackets, the",
        "least and the most; surfaces in px (mean absolute error), lesions as Dice. The last",
        "column is the error after over the error before, of all structures (below 1 is better).",
        "",
        f"![Held-out figures and the number of B-scans taught with]({PICTURE.as_posix()})",
        "",
        "| Taught with | B-scans | Structure | Before | After | Error after / before |",
        "|---|---|---|---|---|---|",
        *rows,
        "",
        f"Eight B-scans take {np.mean(seconds):.0f} s of one core, measuring included, without the",
        "second training that the window measures the gain with.",
        "",
        *_floor(),
    ]


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"


def _rows(course: str, records: Sequence[Record]) -> list[str]:
    rows = []
    for n in sorted({r["n"] for r in records if r["course"] == course}):
        mine = [r for r in records if r["course"] == course and r["n"] == n]
        ratios = [r["gain"]["ratio"]["value"] for r in mine]
        for kind, name in _structures([r for r in records if r["course"] == course]):
            before, after = (_values(mine, kind, name, when) for when in ("before", "after"))
            rows.append(
                f"| {course} | {n} | {name} | {np.mean(before):.3f} | {_spread(after)} "
                f"| {_spread(ratios)} |"
            )
    return rows


def _structures(records: Sequence[Record]) -> list[tuple[str, str]]:
    told = [(s["kind"], s["name"]) for s in records[0]["gain"]["structures"]]
    if _is_curve(records):
        return [(k, n) for k, names in _LEARNT.items() for n in names if (k, n) in told]
    return [(k, n) for k, n in told if k != "region"]


def _is_curve(records: Sequence[Record]) -> bool:
    return len({r["n"] for r in records}) > 1


def _values(records: Sequence[Record], kind: str, name: str, when: str) -> list[float]:
    return [
        float(s[when]["value"])
        for r in records
        for s in r["gain"]["structures"]
        if (s["kind"], s["name"]) == (kind, name)
    ]


def _spread(values: Sequence[float]) -> str:
    return f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def _floor() -> list[str]:
    """Return how much of the error on bonn_amd is the expert's own hand."""
    truth = bonn_curves()
    height = truth["BM"] - truth["RPE"]
    scan = bonn_scan()
    found = segment(np.stack([scan.b_scan(b) for b in range(scan.n_b_scans)]), scan.spacing)
    plain = found.surfaces["BM"] - found.surfaces["RPE"]
    ours = np.where(np.isfinite(height), plain, np.nan)
    steps = [float(np.nanmean(np.abs(np.diff(h, axis=0)))) for h in (height, ours)]
    hand = math.sqrt(max(steps[0] ** 2 - steps[1] ** 2, 0) / 2)
    return [
        "How much there is to gain on bonn_amd: from one B-scan to the next, 0.03 mm away, the",
        f"expert's height of RPE over BM changes by {steps[0]:.2f} px, the graph search's by "
        f"{steps[1]:.2f} px. If what",
        "the search follows is the eye's, and the rest the hand's and independent from B-scan to",
        f"B-scan, the hand alone is {hand:.2f} px in the height: an engine that is right",
        "everywhere would be wrong by that much.",
    ]


def draw(picture: Path, records: Sequence[Record]) -> None:
    """Draw held-out figures over the number of B-scans."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "mirage"
    from matplotlib import pyplot as plt

    every = {r["course"]: [x for x in records if x["course"] == r["course"]] for r in records}
    courses = [course for course, mine in every.items() if _is_curve(mine)]
    figure, axes = plt.subplots(
        1, len(courses), figsize=(3.6 * len(courses), 3.0), squeeze=False, layout="constrained"
    )
    for axis, course in zip(axes[0], courses, strict=True):
        mine = every[course]
        counts = sorted({r["n"] for r in mine})
        for kind, name in _structures(mine):
            color = _COLORS[name]
            after = [_values([r for r in mine if r["n"] == n], kind, name, "after") for n in counts]
            axis.axhline(np.mean(_values(mine, kind, name, "before")), color=color, ls="--", lw=1)
            axis.plot(counts, [np.mean(a) for a in after], "o-", color=color, ms=4, label=name)
            axis.fill_between(
                counts, [min(a) for a in after], [max(a) for a in after], color=color, alpha=0.15
            )
        axis.set_xscale("log", base=2)
        axis.set_xticks(counts, [str(n) for n in counts])
        axis.set_title(course, fontsize=9)
        axis.set_xlabel("B-scans taught with")
        axis.set_ylabel("Dice" if "kermany" in course else "mean abs. error, px")
        axis.set_ylim(bottom=0)
        axis.legend(fontsize=8, loc="lower right", title="dashed: before", title_fontsize=7)
    figure.savefig(picture, metadata={"Date": None})
    plt.close(figure)
