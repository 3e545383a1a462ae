"""Accuracy of the graph engine on scans with a truth: ``python -m benchmarks.accuracy``.

With ``--write FILE`` the tables become that file (docs/accuracy.md); no number is typed by hand.
Sets that do not lie beside the checkout are left out, and said to be.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mirage_core.engines import EngineInput, Prediction, make_engine
from mirage_core.engines.graph.layers import SURFACE_NAMES
from mirage_core.engines.propose import engine_input
from mirage_core.measure.agreement import (
    boundary_differences,
    dice,
    error_um,
    percentile_error,
    signed_error,
    unsigned_error,
    unsigned_error_per_b_scan,
)
from mirage_core.scan import Scan, Spacing, Surfaces, layer_map
from mirage_core.simulate import HEALTHY, EyeParameters, SimulatedEye, demo_eye, simulate_eye
from tests.shared_data import ROOT

DATA = ROOT / "data"
NR206_LAYERS = ("NFL", "GCL+IPL", "INL", "OPL", "ONL", "ELM+IS", "OS", "RPE")
NR206_SURFACES = (
    "ILM",
    "RNFL/GCL",
    "IPL/INL",
    "INL/OPL",
    "OPL/ONL",
    "ELM",
    "EZ",
    "OS/RPE",
    "BM",
)
"""The surface that begins each nr206 layer, and the one that ends the last."""
KERMANY_FLUID = {1: "IRF", 3: "SRF"}
HEADER = """# Accuracy of the graph engine

Written by `python -m benchmarks.accuracy --write docs/accuracy.md`; no number here is typed by
hand. px are axial pixels. "Bias" is found less truth, positive when deeper. "Worst B-scan" is the
largest mean absolute error of a single B-scan. The engine has one set of parameters for all sets.
Found and true surfaces follow the same conventions: [where surfaces run](conventions.md).
"""


def segment(b_scans: NDArray[np.uint8], spacing: Spacing | None = None) -> Prediction:
    """Segment all of `b_scans` with the graph engine."""
    wanted = tuple(range(len(b_scans)))
    return make_engine("graph").segment(EngineInput(b_scans, wanted, spacing or Spacing()))


def segment_scan(scan: Scan) -> Prediction:
    """Segment `scan` with all that is known of it."""
    return make_engine("graph").segment(engine_input(scan)[0])


def boundary_row(
    name: str, found: NDArray[np.floating], truth: NDArray[np.floating], spacing: Spacing
) -> str:
    """Return one row of the table of boundary errors; `found` and `truth` are ``[b, x]``."""
    mean = unsigned_error(found, truth)
    worst = np.nanmax(unsigned_error_per_b_scan(found, truth))
    return (
        f"| {name} | {mean:.2f} | {error_um(mean, spacing):.1f} "
        f"| {percentile_error(found, truth):.2f} | {worst:.2f} "
        f"| {signed_error(found, truth):+.2f} | {boundary_differences(found, truth).size} |"
    )


BOUNDARY_HEAD = [
    "| Surface | Mean abs. error, px | µm | 95th percentile, px | Worst B-scan, px | Bias, px "
    "| A-scans |",
    "|---|---|---|---|---|---|---|",
]


def bonn_amd() -> list[str]:
    """Return the section on the AMD volume with an expert's RPE and BM."""
    with np.load(DATA / "bonn_amd" / "volume.npz") as data:
        gap = float(np.abs(np.diff(data["start_mm"][:, 1])).mean())
        spacing = Spacing.from_mm(gap, float(data["scale_z_mm"]), float(data["scale_x_mm"]))
        surfaces = segment(data["volume"], spacing).surfaces
        truth = {"RPE": data["rpe"], "BM": data["bm"]}
    annotated = int(np.isfinite(truth["RPE"]).any(axis=1).sum())
    rows = [boundary_row(name, surfaces[name], t, spacing) for name, t in truth.items()]
    return [
        "## bonn_amd: drusen, one expert",
        "",
        f"Whole volume segmented, compared on the {annotated} B-scans that carry the expert's",
        "curves, over all columns with both. The expert's RPE runs along the bright ridge of the",
        "band, BM along its lower edge: as ours do. Bars: RPE ≤ 1.3 px, BM ≤ 0.9 px, 95th",
        "percentile ≤ 4 px, no B-scan above 4 px.",
        "",
        *BOUNDARY_HEAD,
        *rows,
    ]


def nr206_b_scan(number: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return grey and layer labels ``[z, x]`` of one of the two normal B-scans."""
    folder = DATA / "nr206"
    grey = np.asarray(Image.open(folder / f"NORMAL{number}.png").convert("L"))
    return grey, np.asarray(Image.open(folder / f"NORMAL{number}_layers.png"))


def nr206_dice(prediction: Prediction, row: int, labels: NDArray[np.uint8]) -> list[float]:
    """Return the Dice of the eight layers of B-scan `row`."""
    curves = np.stack([prediction.surfaces[name][row] for name in NR206_SURFACES])
    layers = layer_map(curves, labels.shape[0])
    return [dice(layers == i, labels == i) for i in range(1, len(NR206_LAYERS) + 1)]


def nr206() -> list[str]:
    """Return the section on the two normal B-scans with eight layers."""
    table = []
    for number in (1, 2):
        grey, labels = nr206_b_scan(number)
        table.append(nr206_dice(segment(grey[None]), 0, labels))
    rows = []
    for i, layer in enumerate(NR206_LAYERS):
        values = " | ".join(f"{d[i]:.3f}" for d in table)
        rows.append(
            f"| {layer} | {NR206_SURFACES[i]} to {NR206_SURFACES[i + 1]} | {values} "
            f"| {np.mean([d[i] for d in table]):.3f} |"
        )
    means = " | ".join(f"{np.mean(d):.3f}" for d in table)
    return [
        "## nr206: two normal B-scans, eight layers",
        "",
        "Each B-scan on its own, no spacing given, layers by the rule `rint(s) <= z`. nr206's OS",
        "is the bright ellipsoid band down to the dark line under it (our EZ to OS/RPE), its RPE",
        "all from there to Bruch's membrane. Bar: mean Dice ≥ 0.80.",
        "",
        "| Layer | Our surfaces | Dice NORMAL1 | Dice NORMAL2 | Mean |",
        "|---|---|---|---|---|",
        *rows,
        f"| **Mean of 8** | | {means} | **{np.mean(table):.3f}** |",
    ]


def simulated() -> list[str]:
    """Return the section on simulated eyes, whose truth is exact."""
    eye, masks = demo_eye(), []
    prediction = segment_scan(eye.scan)
    for name in ("IRF", "SRF", "PED"):
        value = eye.masks.scheme.by_name(name).value
        overlap = dice(prediction.masks.labels == value, eye.masks.labels == value)
        masks.append(f"| {name} | {overlap:.3f} |")
    healthy_eye = simulate_eye(replace(EyeParameters(), pathology=HEALTHY), seed=2)
    lesion_free = ~(eye.masks.labels > 0).any(axis=1)
    return [
        "## Simulated eyes (not a patient's)",
        "",
        "The built-in volume with drusen, PED, cysts and subretinal fluid. Cysts beside the pit",
        "swell its flanks, which misleads the inner surfaces there: A-scans without a lesion are",
        "shown apart.",
        "",
        *simulated_table(eye, prediction.surfaces),
        "",
        "Its A-scans without a lesion:",
        "",
        *simulated_table(eye, prediction.surfaces, lesion_free),
        "",
        "A healthy eye with the same settings (seed 2):",
        "",
        *simulated_table(healthy_eye, segment_scan(healthy_eye.scan).surfaces),
        "",
        "Fluid in the built-in volume:",
        "",
        "| Candidate mask | Dice |",
        "|---|---|",
        *masks,
    ]


def simulated_table(
    eye: SimulatedEye, found: Surfaces, where: NDArray[np.bool_] | None = None
) -> list[str]:
    """Return the table of boundary errors of an eye, over the A-scans `where` ``[b, x]``."""
    rows = []
    for name in SURFACE_NAMES:
        truth = eye.surfaces[name]
        if where is not None:
            truth = np.where(where, truth, np.nan)
        rows.append(boundary_row(name, found[name], truth, eye.scan.spacing))
    return [*BOUNDARY_HEAD, *rows]


def kermany() -> list[str]:
    """Return the section on fluid in B-scans whose lesions were outlined by hand."""
    both: dict[str, list[int]] = {name: [0, 0, 0] for name in ("IRF", "SRF", "any fluid")}
    without: list[float] = []
    paths = [p for p in sorted((DATA / "kermany_lesions").glob("*.png")) if "_mask" not in p.name]
    for path in paths:
        grey = np.asarray(Image.open(path).convert("L"))
        truth = np.asarray(Image.open(path.with_name(f"{path.stem}_mask.png")))
        masks = segment(grey[None]).masks
        pairs = {
            name: (masks.labels[0] == masks.scheme.by_name(name).value, truth == value)
            for value, name in KERMANY_FLUID.items()
        }
        pairs["any fluid"] = (
            np.logical_or(*(p[0] for p in pairs.values())),
            np.logical_or(*(p[1] for p in pairs.values())),
        )
        for name, (found, true) in pairs.items():
            counts = (found & true).sum(), found.sum(), true.sum()
            both[name] = [a + int(c) for a, c in zip(both[name], counts, strict=True)]
        if not pairs["any fluid"][1].any():
            without.append(100 * float(pairs["any fluid"][0].mean()))
    rows = [
        f"| {name} | {2 * hit / max(found + true, 1):.3f} | {hit / max(found, 1):.3f} "
        f"| {hit / max(true, 1):.3f} |"
        for name, (hit, found, true) in both.items()
    ]
    return [
        "## kermany_lesions: candidate masks for fluid",
        "",
        f"{len(paths)} cropped B-scans of CNV, DME and drusen, each on its own and without",
        "spacing; pixels pooled over all. The polygons are coarse and not exhaustive. These masks",
        "are candidates for a grader to confirm, from darkness and shape alone. In the",
        f"{len(without)} B-scans without outlined fluid, {np.mean(without):.3f} % of the pixels",
        "are marked on average.",
        "",
        "| Class | Dice | Precision | Recall |",
        "|---|---|---|---|",
        *rows,
    ]


def healthy() -> list[str]:
    """Return the section on how empty the candidate masks are where there is no fluid."""
    with np.load(DATA / "healthy_volume" / "volume_slo.npz") as data:
        labels = segment(data["volume"]).masks.labels
    share = 100 * (labels > 0).mean(axis=(1, 2))
    return [
        "## healthy_volume: no fluid to find",
        "",
        f"{len(share)} B-scans of a healthy macula. Pixels marked as fluid: {share.mean():.4f} %",
        f"on average, {share.max():.3f} % in the worst B-scan; {int((share == 0).sum())} B-scans",
        "are empty.",
    ]


LIMITS = """## Known limits

- Confidence falls with contrast and shadow, not with every mistake: a wrong but sharp edge looks
  sure. Look at B-scans with a bridged detachment, a hyaloid on the retina or a hole first.
- Turbid cysts (as bright as the layers around them) and fluid in dim, noisy scans are missed;
  a healthy outer nuclear layer in such scans may be marked.
- Around cysts the inner surfaces may follow a cyst's wall, and beside a swollen pit the RNFL/GCL
  may leap to the IPL/INL.
- At the optic disc and outside the retina in general surfaces are drawn on as if there were layers;
  in a macular hole the overhanging edges cannot be drawn, and the space under them is marked as
  fluid.
- Where photoreceptors are lost or hardly seen, EZ and ELM may drop onto the RPE band.
- Nerve fibres that thicken steeply at the edge of a macular scan may be cut too thin; on circle
  scans the engine expects them thick.
- Where the retina is so bright that RPE and choroid lie in its shade, the RPE may be taken too
  high over part of the B-scan.
- Without spacing the search assumes 3.9 µm axial pixels and a 6 mm wide B-scan. Nothing is
  measured from that; it only sets what thickness is usual.
"""

SECTIONS: dict[str, Callable[[], list[str]]] = {
    "bonn_amd": bonn_amd,
    "nr206": nr206,
    "simulated": simulated,
    "kermany_lesions": kermany,
    "healthy_volume": healthy,
}


def main() -> int:
    """Print every section, and write the file if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="file to write, e.g. docs/accuracy.md")
    parser.add_argument("--only", nargs="*", choices=tuple(SECTIONS), default=tuple(SECTIONS))
    options = parser.parse_args()
    parts = [HEADER]
    for name in options.only:
        if name != "simulated" and not (DATA / name).exists():
            section = [f"## {name}", "", "Not measured here: the scans do not lie beside."]
        else:
            section = SECTIONS[name]()
        text = "\n".join(section) + "\n"
        print(text, flush=True)
        parts.append(text)
    if options.write:
        options.write.write_text("\n".join([*parts, LIMITS]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
