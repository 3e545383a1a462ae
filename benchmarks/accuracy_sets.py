"""The sets with a truth: how each is read, segmented by an engine, and put into a table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.metrics import roc_auc_score

from mirage_core.engines import EngineInput, Prediction, make_engine
from mirage_core.engines.graph.layers import SURFACE_NAMES
from mirage_core.engines.propose import engine_input
from mirage_core.engines.strata.reading import NEAR_PX
from mirage_core.measure.agreement import (
    boundary_differences,
    dice,
    error_um,
    percentile_error,
    signed_error,
    unsigned_error,
    unsigned_error_per_b_scan,
)
from mirage_core.measure.calibration import calibration_error, rank_agreement
from mirage_core.scan import Scan, Spacing, Surfaces, layer_map
from mirage_core.simulate import HEALTHY, EyeParameters, SimulatedEye, demo_eye, simulate_eye
from mirage_core.training.starter.sources import KERMANY_LESIONS, kermany
from tests.shared_data import ROOT

DATA = ROOT / "data"
F = NDArray[np.floating]
U8 = NDArray[np.uint8]
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
BOUNDARY_HEAD = [
    "| Engine | Surface | Mean abs. error, px | µm | 95th percentile, px | Worst B-scan, px "
    "| Bias, px | A-scans |",
    "|---|---|---|---|---|---|---|---|",
]


def segment(b_scans: U8, spacing: Spacing | None = None, engine: str = "graph") -> Prediction:
    """Segment all of `b_scans`."""
    wanted = tuple(range(len(b_scans)))
    return make_engine(engine).segment(EngineInput(b_scans, wanted, spacing or Spacing()))


def segment_scan(scan: Scan, engine: str = "graph") -> Prediction:
    """Segment `scan` with all that is known of it."""
    return make_engine(engine).segment(engine_input(scan)[0])


def boundary_row(engine: str, name: str, found: F, truth: F, spacing: Spacing) -> str:
    """Return one row of the table of boundary errors; `found` and `truth` are ``[b, x]``."""
    mean = unsigned_error(found, truth)
    worst = np.nanmax(unsigned_error_per_b_scan(found, truth))
    return (
        f"| {engine} | {name} | {mean:.2f} | {error_um(mean, spacing):.1f} "
        f"| {percentile_error(found, truth):.2f} | {worst:.2f} "
        f"| {signed_error(found, truth):+.2f} | {boundary_differences(found, truth).size} |"
    )


def bonn_amd(engines: tuple[str, ...]) -> list[str]:
    """Return the section on the AMD volume with an expert's RPE and BM."""
    with np.load(DATA / "bonn_amd" / "volume.npz") as data:
        gap = float(np.abs(np.diff(data["start_mm"][:, 1])).mean())
        spacing = Spacing.from_mm(gap, float(data["scale_z_mm"]), float(data["scale_x_mm"]))
        volume, truth = data["volume"], {"RPE": data["rpe"], "BM": data["bm"]}
    annotated = int(np.isfinite(truth["RPE"]).any(axis=1).sum())
    rows, sure = [], []
    heights = {"the expert": truth["BM"] - truth["RPE"]}
    for engine in engines:
        prediction = segment(volume, spacing, engine)
        found = prediction.surfaces["BM"] - prediction.surfaces["RPE"]
        heights[engine] = np.where(np.isfinite(heights["the expert"]), found, np.nan)
        rows += [
            boundary_row(engine, name, prediction.surfaces[name], t, spacing)
            for name, t in truth.items()
        ]
        sure.append(confidence_row(engine, prediction, truth))
    return [
        "## bonn_amd: drusen, one expert",
        "",
        f"Whole volume segmented, compared on the {annotated} B-scans that carry the expert's",
        "curves, over all columns with both. The expert's RPE runs along the bright ridge of the",
        "band, BM along its lower edge: as ours do. Never trained on. Bars: RPE ≤ 0.9 px, BM ≤",
        "0.75 px, 95th percentile ≤ 2.5 px.",
        "",
        *BOUNDARY_HEAD,
        *rows,
        "",
        f"How much the truth allows: from one B-scan to the next, {gap:.2f} mm away, the height of",
        "the RPE over BM changes on average by "
        + ", ".join(f"{_step(h):.2f} px ({name})" for name, h in heights.items())
        + ".",
        "What one of them draws and the others do not see on the B-scan beside is the hand's, not",
        "the eye's; no engine follows it that has not learnt it.",
        "",
        f"A confidence says how likely a surface lies within {NEAR_PX} px of the truth; the",
        "calibration error is how far that is off. Rank correlation (Spearman) is of the doubt of",
        "B-scans with their true error: it tells whether the worst are looked at first. Bars: 0.05",
        "and 0.5.",
        "",
        "| Engine | Calibration error | Mean confidence | Within reach | Rank correlation "
        "| RPE alone | BM alone |",
        "|---|---|---|---|---|---|---|",
        *sure,
        "",
        "The weights of the starter model's confidence were fitted on simulated eyes alone. Which",
        "shares of the posterior they weigh was chosen with two looks at these figures.",
    ]


def _step(curves: F) -> float:
    """Return the mean absolute change of curves ``[b, x]`` from one B-scan to the next."""
    return float(np.nanmean(np.abs(np.diff(curves, axis=0))))


def confidence_row(engine: str, prediction: Prediction, truth: dict[str, F]) -> str:
    """Return how well the confidence in surfaces with a truth ``[b, x]`` tells their errors.

    Ranks are of all surfaces together, then of each alone.
    """
    confidence, away = [], []
    for name, curve in truth.items():
        away.append(np.abs(prediction.surfaces[name] - curve))
        found = prediction.confidence[prediction.surfaces.names.index(name)]
        confidence.append(np.where(np.isfinite(away[-1]), found, np.nan))
    sure, error = np.stack(confidence), np.stack(away)
    hit = error <= NEAR_PX
    known = np.isfinite(sure)
    annotated = known.any(axis=(0, 2))
    sure, error, hit, known = (x[:, annotated] for x in (sure, error, hit, known))
    ranks = [
        rank_agreement(1 - np.nanmean(c, axis=(0, 2)), np.nanmean(e, axis=(0, 2)))
        for c, e in [(sure, error), *((sure[[i]], error[[i]]) for i in range(len(sure)))]
    ]
    return (
        f"| {engine} | {calibration_error(sure, hit):.3f} | {sure[known].mean():.3f} "
        f"| {hit[known].mean():.3f} | " + " | ".join(f"{rank:.2f}" for rank in ranks) + " |"
    )


def nr206_b_scan(number: int) -> tuple[U8, U8]:
    """Return grey and layer labels ``[z, x]`` of one of the two normal B-scans."""
    folder = DATA / "nr206"
    grey = np.asarray(Image.open(folder / f"NORMAL{number}.png").convert("L"))
    return grey, np.asarray(Image.open(folder / f"NORMAL{number}_layers.png"))


def nr206_dice(prediction: Prediction, row: int, labels: U8) -> list[float]:
    """Return the Dice of the eight layers of B-scan `row`."""
    curves = np.stack([prediction.surfaces[name][row] for name in NR206_SURFACES])
    layers = layer_map(curves, labels.shape[0])
    return [dice(layers == i, labels == i) for i in range(1, len(NR206_LAYERS) + 1)]


def nr206(engines: tuple[str, ...]) -> list[str]:
    """Return the section on the two normal B-scans with eight layers."""
    tables = []
    for engine in engines:
        found = []
        for number in (1, 2):
            grey, labels = nr206_b_scan(number)
            found.append(nr206_dice(segment(grey[None], engine=engine), 0, labels))
        tables.append(np.array(found))
    rows = [
        f"| {layer} | {NR206_SURFACES[i]} to {NR206_SURFACES[i + 1]} | "
        + " | ".join(f"{t[0, i]:.3f} | {t[1, i]:.3f} | {t[:, i].mean():.3f}" for t in tables)
        + " |"
        for i, layer in enumerate(NR206_LAYERS)
    ]
    means = " | ".join(
        f"{t[0].mean():.3f} | {t[1].mean():.3f} | **{t.mean():.3f}**" for t in tables
    )
    heads = " | ".join(f"{e}, NORMAL1 | NORMAL2 | both" for e in engines)
    return [
        "## nr206: two normal B-scans, eight layers",
        "",
        "Each B-scan on its own, no spacing given, layers by the rule `rint(s) <= z`; Dice.",
        "nr206's OS is the bright ellipsoid band down to the dark line under it (our EZ to",
        "OS/RPE), its RPE all from there to Bruch's membrane. Never trained on. Bar: mean Dice ≥",
        "0.85.",
        "",
        f"| Layer | Our surfaces | {heads} |",
        "|---|---" + "|---" * 3 * len(engines) + "|",
        *rows,
        f"| **Mean of 8** | | {means} |",
    ]


def kermany_lesions(engines: tuple[str, ...]) -> list[str]:
    """Return the section on lesions outlined by hand, in patients never trained on."""
    b_scans = list(kermany(DATA / "kermany_lesions", held_out=True))
    rows = []
    for engine in engines:
        found = [segment(image[None], engine=engine) for _, image, _ in b_scans]
        for name in KERMANY_LESIONS:
            if name in found[0].engine.mask_classes:
                rows.append(lesion_row(engine, name, found, [truth for *_, truth in b_scans]))
    return [
        "## kermany_lesions: lesions outlined by hand",
        "",
        f"{len(b_scans)} cropped B-scans of CNV, DME and drusen of patients never trained on, each",
        "on its own and without spacing; pixels pooled over all. The outlines are coarse and not",
        "exhaustive. AUROC is of telling the B-scans with a lesion from those without, where an",
        "engine says how likely it is. Bars: Dice of IRF and SRF ≥ 0.60, of drusen ≥ 0.50, AUROC ≥",
        "0.90 each.",
        "",
        "| Engine | Lesion | B-scans with it | Dice | Precision | Recall | AUROC |",
        "|---|---|---|---|---|---|---|",
        *rows,
    ]


def lesion_row(engine: str, name: str, found: list[Prediction], truths: list[U8]) -> str:
    """Return the row of one lesion over B-scans segmented one by one."""
    value = found[0].masks.scheme.by_name(name).value
    pairs = [(p.masks.labels[0] == value, t == value) for p, t in zip(found, truths, strict=True)]
    hit, marked, true = (
        sum(int(x.sum()) for x in part)
        for part in ([f & t for f, t in pairs], [f for f, _ in pairs], [t for _, t in pairs])
    )
    present = [t.any() for _, t in pairs]
    auroc = "–"
    if found[0].presence is not None:
        at = found[0].engine.mask_classes.index(name)
        scores = [float(p.presence[at, 0]) for p in found if p.presence is not None]
        auroc = f"{roc_auc_score(present, scores):.3f}"
    return (
        f"| {engine} | {name} | {sum(present)} | {2 * hit / max(marked + true, 1):.3f} "
        f"| {hit / max(marked, 1):.3f} | {hit / max(true, 1):.3f} | {auroc} |"
    )


def healthy(engines: tuple[str, ...]) -> list[str]:
    """Return the section on how empty the masks are where there is no fluid."""
    with np.load(DATA / "healthy_volume" / "volume_slo.npz") as data:
        volume = data["volume"]
    rows = []
    for engine in engines:
        share = 100 * (segment(volume, engine=engine).masks.labels > 0).mean(axis=(1, 2))
        rows.append(
            f"| {engine} | {share.mean():.4f} % | {share.max():.3f} % | {int((share == 0).sum())} |"
        )
    return [
        "## healthy_volume: no fluid to find",
        "",
        f"{len(volume)} B-scans of a healthy macula; pixels marked as fluid or a lesion.",
        "",
        "| Engine | On average | Worst B-scan | Empty B-scans |",
        "|---|---|---|---|",
        *rows,
    ]


def simulated(engines: tuple[str, ...]) -> list[str]:
    """Return the section on simulated eyes, whose truth is exact."""
    eye = demo_eye()
    healthy_eye = simulate_eye(replace(EyeParameters(), pathology=HEALTHY), seed=2)
    lesion_free = ~(eye.masks.labels > 0).any(axis=1)
    found = {engine: segment_scan(eye.scan, engine) for engine in engines}
    masks = []
    for engine, prediction in found.items():
        for name in ("IRF", "SRF", "PED"):
            value = eye.masks.scheme.by_name(name).value
            overlap = dice(prediction.masks.labels == value, eye.masks.labels == value)
            masks.append(f"| {engine} | {name} | {overlap:.3f} |")
    plain = {engine: segment_scan(healthy_eye.scan, engine).surfaces for engine in engines}
    return [
        "## Simulated eyes (not a patient's)",
        "",
        "The built-in volume with drusen, PED, cysts and subretinal fluid. Cysts beside the pit",
        "swell its flanks, which misleads the graph engine there: A-scans without a lesion are",
        "shown apart. The starter model learnt from eyes that are simulated by other means.",
        "",
        *simulated_table(eye, {e: p.surfaces for e, p in found.items()}),
        "",
        "Its A-scans without a lesion:",
        "",
        *simulated_table(eye, {e: p.surfaces for e, p in found.items()}, lesion_free),
        "",
        "A healthy eye with the same settings (seed 2):",
        "",
        *simulated_table(healthy_eye, plain),
        "",
        "Fluid in the built-in volume:",
        "",
        "| Engine | Mask | Dice |",
        "|---|---|---|",
        *masks,
    ]


def simulated_table(
    eye: SimulatedEye, found: dict[str, Surfaces], where: NDArray[np.bool_] | None = None
) -> list[str]:
    """Return the table of boundary errors of an eye, over the A-scans `where` ``[b, x]``."""
    rows = []
    for engine, surfaces in found.items():
        for name in SURFACE_NAMES:
            truth = eye.surfaces[name]
            if where is not None:
                truth = np.where(where, truth, np.nan)
            rows.append(boundary_row(engine, name, surfaces[name], truth, eye.scan.spacing))
    return [*BOUNDARY_HEAD, *rows]
