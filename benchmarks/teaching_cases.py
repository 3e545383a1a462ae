"""B-scans that teaching is measured with: held out by distance, or by patient."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy_sets import NR206_LAYERS, NR206_SURFACES, nr206_b_scan
from benchmarks.grader_cases import BONN
from mirage_core.io import open_scan
from mirage_core.scan import FLUID_SCHEME, Scan
from mirage_core.training.finetune.labelled import (
    SURFACE_NAMES,
    LabelledBScan,
    TeachingData,
    empty_surfaces,
)
from mirage_core.training.starter.sources import KERMANY_LESIONS, kermany
from tests.shared_data import ROOT

DRAWN = ("RPE", "BM")
_BLOCK = 12
"""B-scans of bonn_amd in a row to teach with, then as many to hold back."""
_GAP = 3
"""B-scans at the borders between them that are neither."""

N_IN_A_WINDOW = 8

Offer = Callable[[int, int], tuple[LabelledBScan, ...]]
"""Gives so many B-scans to teach with, for a seed."""


@cache
def bonn_scan() -> Scan:
    """Return the AMD volume."""
    return open_scan(BONN)


@cache
def bonn_curves() -> dict[str, NDArray[np.float32]]:
    """Return an expert's RPE and BM ``[b, x]``, NaN where there is none."""
    with np.load(BONN) as data:
        return {"RPE": data["rpe"], "BM": data["bm"]}


@cache
def bonn_parts() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the annotated B-scans to teach with, and those held back: never within reach."""
    annotated = np.flatnonzero(np.isfinite(bonn_curves()["RPE"]).any(axis=1)).tolist()
    teach = [b for b in annotated if b // _BLOCK % 2 == 0]
    held = [b for b in annotated if all((b + d) // _BLOCK % 2 for d in range(-_GAP, _GAP + 1))]
    return tuple(teach), tuple(held)


def bonn_b_scan(b: int, part: str) -> LabelledBScan:
    """Return a B-scan with the expert's curves."""
    scan = bonn_scan()
    curves = empty_surfaces(scan.shape[2])
    for name, values in bonn_curves().items():
        curves[SURFACE_NAMES.index(name)] = values[b]
    return LabelledBScan(
        scan.b_scan(b),
        curves,
        patient="bonn_amd",
        scan="bonn_amd",
        b_scan=b,
        spacing=scan.spacing,
        part=part,
    )


def evenly(n: int, seed: int) -> tuple[LabelledBScan, ...]:
    """Return `n` evenly spaced B-scans of bonn_amd, others for every seed of three."""
    rows = bonn_parts()[0]
    places = [int((i + (seed % 3 + 0.5) / 3) * len(rows) / n) for i in range(n)]
    return tuple(bonn_b_scan(rows[place], "train") for place in places)


def as_in_a_window() -> TeachingData:
    """Return :data:`N_IN_A_WINDOW` of them, which do not say what they are to be used for."""
    return together(_in_part(b, "") for b in evenly(N_IN_A_WINDOW, 0))


def bonn_held_out(_seed: int = 0) -> tuple[LabelledBScan, ...]:
    """Return the B-scans of bonn_amd that are held back, whatever the seed."""
    return tuple(bonn_b_scan(b, "test") for b in bonn_parts()[1])


@cache
def _lesion_b_scans() -> tuple[LabelledBScan, ...]:
    """Return the B-scans of kermany_lesions of patients that the starter model never saw."""
    found = []
    for name, image, labels in kermany(ROOT / "data" / "kermany_lesions", held_out=True):
        found.append(
            LabelledBScan(
                image,
                empty_surfaces(image.shape[1]),
                labels,
                KERMANY_LESIONS,
                patient=name.split("-")[1],
                scan=name,
            )
        )
    return tuple(found)


def lesions_to_teach(lesions: tuple[str, ...]) -> Offer:
    """Return what offers B-scans of kermany_lesions that show `lesions` in turn."""

    def offer(n: int, seed: int) -> tuple[LabelledBScan, ...]:
        every = [b for b in _lesion_b_scans() if not _is_judged(b.patient)]
        order = np.random.default_rng(seed).permutation(len(every)).tolist()
        left = [every[i] for i in order]
        chosen: list[LabelledBScan] = []
        for i in range(n):
            wanted = FLUID_SCHEME.by_name(lesions[i % len(lesions)]).value
            # Each from another patient as long as there are any.
            left.sort(key=lambda b: (not (b.masks == wanted).any(), _n_of(chosen, b.patient)))
            chosen.append(left.pop(0))
        return tuple(_in_part(b, "train") for b in chosen)

    return offer


def lesions_held_out(_seed: int = 0) -> tuple[LabelledBScan, ...]:
    """Return the B-scans of kermany_lesions that teaching is judged by: other patients'."""
    return tuple(_in_part(b, "test") for b in _lesion_b_scans() if _is_judged(b.patient))


def one_normal(_n: int, seed: int) -> tuple[LabelledBScan, ...]:
    """Return one of the two normal B-scans of nr206."""
    return (_nr206(1 + seed % 2, "train"),)


def other_normal(seed: int) -> tuple[LabelledBScan, ...]:
    """Return the other one, which is of another eye."""
    return (_nr206(2 - seed % 2, "test"),)


def _nr206(number: int, part: str) -> LabelledBScan:
    """Return a B-scan of nr206; its layers end where the next one begins."""
    grey, labels = nr206_b_scan(number)
    curves = empty_surfaces(grey.shape[1])
    rows = np.arange(len(grey), dtype=np.float32)[:, None]
    for value, name in enumerate(NR206_SURFACES, start=1):
        last = value > len(NR206_LAYERS)
        inside = labels == (value - 1 if last else value)
        edge = (
            np.where(inside, rows + 1, -np.inf).max(axis=0)
            if last
            else np.where(inside, rows, np.inf).min(axis=0)
        )
        curves[SURFACE_NAMES.index(name)] = np.where(np.isfinite(edge), edge, np.nan)
    return LabelledBScan(grey, curves, patient=f"nr206 {number}", scan=f"nr206 {number}", part=part)


def together(*parts: Iterable[LabelledBScan]) -> TeachingData:
    """Return B-scans to teach with and those held back as the data of a run."""
    return TeachingData(tuple(b for part in parts for b in part))


def _is_judged(patient: str) -> bool:
    return hashlib.sha256(f"teaching:{patient}".encode()).digest()[0] % 2 == 0


def _n_of(chosen: list[LabelledBScan], patient: str) -> int:
    return sum(b.patient == patient for b in chosen)


def _in_part(b: LabelledBScan, part: str) -> LabelledBScan:
    return replace(b, part=part)
