"""Masks carried to the next B-scan, against copying them unchanged.

Simulated eyes with IRF, SRF and PED whose B-scans moved along the beam and sideways; surfaces are
as wrong as an engine's. One B-scan in two carries its true masks and the other none. A class on a
B-scan is judged by its Dice against the true pieces that hang together with those carried; where
they end between the two B-scans, 1 for offering nothing and 0 for anything else.

``python -m benchmarks.carry_masks [number of eyes]``
"""

from __future__ import annotations

import sys
import time

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from benchmarks.report import Result, emit
from mirage_core.annotate import Annotation
from mirage_core.engines.propagate_masks import MaskCorrection, carried_masks
from mirage_core.simulate import (
    EyeParameters,
    Lesion,
    Pathology,
    SimulatedEye,
    VendorLook,
    simulate_eye,
)

GAPS_UM = (60, 120, 240)
EYES = 6
FIRST_SEED = 40
B_SCANS = 7
BAR = 1.2
_WAVE_PX, _JITTER_PX = 1.2, 0.7
_TOUCHING_PX = 2

Bool = NDArray[np.bool_]


def eye(gap_um: float, seed: int) -> SimulatedEye:
    """Return an eye with fluid whose B-scans lie `gap_um` apart."""
    rng = np.random.default_rng(seed)
    kinds = (Pathology.IRF, Pathology.SRF, Pathology.PED)
    parameters = EyeParameters(
        shape=(B_SCANS, 496, 512),
        field_mm=(B_SCANS * gap_um / 1000, 496 * 0.00387, 512 * 0.0115),
        vendor=list(VendorLook)[seed % 3],
        pathology=tuple(Lesion(kind, float(rng.uniform(0.35, 0.9))) for kind in kinds),
        motion_axial_um=25.0,
        motion_lateral_um=15.0,
    )
    return simulate_eye(parameters, seed)


def annotated(one: SimulatedEye, seed: int) -> Annotation:
    """Return its surfaces with the errors of an engine, and no masks."""
    rng = np.random.default_rng(seed)
    annotation = Annotation.for_scan(one.scan)
    for name, curves in zip(one.surfaces.names, one.surfaces.values, strict=True):
        wrong = np.zeros(curves.shape)
        for columns, size_px in ((20, _WAVE_PX), (2, _JITTER_PX)):
            noise = ndimage.gaussian_filter1d(rng.normal(size=curves.shape), columns, axis=1)
            wrong += noise * size_px / noise.std()
        annotation.surfaces.values[annotation.surfaces.index(name)] = curves + wrong
    return annotation


def meant(one: SimulatedEye, source: int, target: int, value: int) -> Bool:
    """Return the true pieces on `target` that hang together with those on `source`."""
    bm = one.surfaces["BM"]
    deeper = np.nan_to_num(bm[target] - bm[source])
    here = one.masks.labels[source] == value
    z, x = np.indices(here.shape)
    there = ndimage.map_coordinates(here.astype(np.float32), [z - deeper, x], order=1) > 0.5
    there = ndimage.binary_dilation(there, iterations=_TOUCHING_PX)
    parts, _ = ndimage.label(one.masks.labels[target] == value)
    return np.isin(parts, np.setdiff1d(parts[there], [0]))


def dice(a: Bool, b: Bool) -> float:
    both = np.count_nonzero(a) + np.count_nonzero(b)
    return 2 * np.count_nonzero(a & b) / both if both else 1.0


def measured(gap_um: int, eyes: int) -> tuple[float, float, float, int]:
    """Return the mean Dice of carrying and of copying, s per B-scan, and how many were judged."""
    ours, copied, seconds = [], [], []
    for seed in range(FIRST_SEED, FIRST_SEED + eyes):
        one = eye(gap_um, seed)
        annotation = annotated(one, seed)
        nothing = np.zeros_like(one.masks.labels[0])
        for source in range(0, B_SCANS - 1, 2):
            labels, target = one.masks.labels[source], source + 1
            began = time.perf_counter()
            correction = MaskCorrection(source, nothing, labels)
            found = carried_masks(one.scan, annotation, [correction], [target], gap_um)
            seconds.append(time.perf_counter() - began)
            carried = found.get(target, nothing)
            for value in np.setdiff1d(labels, [0]).tolist():
                truth = meant(one, source, target, value)
                ours.append(dice(carried == value, truth))
                copied.append(dice(labels == value, truth))
    return float(np.mean(ours)), float(np.mean(copied)), float(np.mean(seconds)), len(ours)


def main() -> int:
    eyes = int(sys.argv[1]) if len(sys.argv) > 1 else EYES
    for gap_um in GAPS_UM:
        ours, copied, seconds, n = measured(gap_um, eyes)
        ratio = ours / copied
        emit(
            Result(
                what=f"masks carried to a B-scan {gap_um} µm away ({n} classes on B-scans)",
                bar=f"≥ {BAR}×",
                ours=f"Dice {ours:.3f}, {seconds:.2f} s",
                peer_name="copied unchanged",
                peer=f"Dice {copied:.3f}",
                ratio=ratio,
                reached=ratio >= BAR,
            )
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
