"""What a simulated grader begins with: an engine's result, or a truth made wrong on purpose."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate import Proposal
from mirage_core.benchmark.judging import Truth
from mirage_core.benchmark.truths import truth_of, truth_of_eye
from mirage_core.io import open_scan
from mirage_core.jobs.segment import segment_scan
from mirage_core.scan import Masks, Scan, Surfaces
from mirage_core.simulate import SimulatedEye, demo_eye
from tests.shared_data import ROOT

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]

BONN = ROOT / "data" / "bonn_amd" / "volume.npz"
EXPERT_HOURS, EXPERT_B_SCANS = 26, 145
_NEAR_BM = ("ILM", "EZ", "RPE", "BM")


@dataclass(frozen=True, eq=False)
class Case:
    """A scan, what the grader begins with, and the truth."""

    scan: Scan
    proposal: Proposal
    truth: Truth


@cache
def bonn(engine: str) -> Case:
    """Return the AMD volume with an expert's RPE and BM, as an engine leaves it."""
    scan = open_scan(BONN)
    truth = truth_of(scan, BONN, {"rpe": "RPE", "bm": "BM"})
    return Case(scan, segment_scan(scan, engine), truth)


def undrawn(case: Case) -> Case:
    """Return a case with none of its surfaces drawn."""
    names = tuple(case.truth.surfaces)
    shape = next(iter(case.truth.surfaces.values())).shape
    nothing = np.full((len(names), *shape), np.nan, np.float32)
    return Case(case.scan, _proposal(nothing, names), case.truth)


@cache
def built_in(engine: str) -> Case:
    """Return the built-in eye as an engine leaves it."""
    eye = _eye()
    proposal = segment_scan(eye.scan, engine)
    return Case(eye.scan, proposal, truth_of_eye(eye, proposal))


def surfaces_of(case: Case) -> Case:
    """Return the part of a case that is about surfaces."""
    return Case(case.scan, case.proposal, Truth(case.truth.surfaces))


def masks_of(case: Case) -> Case:
    """Return the part of a case that is about masks."""
    return Case(case.scan, case.proposal, Truth({}, case.truth.labels, case.truth.classes))


@cache
def _eye() -> SimulatedEye:
    return demo_eye()


def offset() -> Case:
    """Return the built-in eye with BM 6 px too deep everywhere, as by another convention."""
    eye = _eye()
    curves = _curves(eye)
    curves[_NEAR_BM.index("BM")] += 6
    return _surfaces_case(eye, curves, ("BM",))


def lesion_missed() -> Case:
    """Return the built-in eye with RPE and BM astray on 30 B-scans, most in the middle of them."""
    eye = _eye()
    curves = _curves(eye)
    bump = 9 * np.hanning(30)[:, None] * np.hanning(150)
    curves[_NEAR_BM.index("RPE") :, 10:40, 150:300] += bump.astype(np.float32)
    return _surfaces_case(eye, curves, ("RPE", "BM"))


def not_found() -> Case:
    """Return the built-in eye with a surface that no engine of ours draws: the CSI."""
    eye = _eye()
    return Case(eye.scan, _proposal(_curves(eye), _NEAR_BM), Truth({"CSI": eye.surfaces["CSI"]}))


def specks() -> Case:
    """Return the built-in eye with six false specks of IRF on every B-scan."""
    eye, labels = _eye(), _fluid(_eye())
    rng = np.random.default_rng(0)
    n, _, width = labels.shape
    for b in range(n):
        for x in rng.integers(20, width - 20, 6).tolist():
            _mark(labels, eye, b, x, (2, 1))
    return _masks_case(eye, labels)


def false_pocket() -> Case:
    """Return the built-in eye with a false pocket of IRF on twelve B-scans."""
    eye, labels = _eye(), _fluid(_eye())
    for b in range(5, 17):
        _mark(labels, eye, b, 60, (6, 15))
    return _masks_case(eye, labels)


def pockets_missed() -> Case:
    """Return the built-in eye with all its IRF and SRF missed."""
    eye, labels = _eye(), _fluid(_eye())
    labels[labels <= 2] = 0
    return _masks_case(eye, labels)


def _curves(eye: SimulatedEye) -> F32:
    return np.stack([eye.surfaces[name] for name in _NEAR_BM])


def _surfaces_case(eye: SimulatedEye, curves: F32, graded: tuple[str, ...]) -> Case:
    truth = Truth({name: eye.surfaces[name] for name in graded})
    return Case(eye.scan, _proposal(curves, _NEAR_BM), truth)


def _fluid(eye: SimulatedEye) -> U8:
    """Return the true IRF, SRF and PED."""
    return np.where(eye.masks.labels <= 3, eye.masks.labels, 0).astype(np.uint8)


def _mark(labels: U8, eye: SimulatedEye, b: int, x: int, half: tuple[int, int]) -> None:
    """Mark a box of IRF in the middle of the retina, where nothing is marked."""
    z = round(float(eye.surfaces["ILM"][b, x] + eye.surfaces["RPE"][b, x]) / 2)
    box = labels[b, z - half[0] : z + half[0] + 1, x - half[1] : x + half[1] + 1]
    box[box == 0] = 1


def _masks_case(eye: SimulatedEye, labels: U8) -> Case:
    proposal = _proposal(_curves(eye), _NEAR_BM, Masks(labels, eye.masks.scheme))
    return Case(eye.scan, proposal, Truth({}, _fluid(eye), {"IRF": 1, "SRF": 2, "PED": 3}))


def _proposal(curves: F32, names: tuple[str, ...], masks: Masks | None = None) -> Proposal:
    b_scans = tuple(range(curves.shape[1]))
    return Proposal(b_scans, Surfaces(curves, names), None, masks, "case", "What is begun with")
