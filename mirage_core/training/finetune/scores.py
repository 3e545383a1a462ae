"""How right a model is on B-scans, structure by structure: sums that pool. Imports no torch.

Of every structure and B-scan a numerator and a denominator are kept, so that any choice of
B-scans, a bootstrap's for one, is scored without looking at a pixel again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from mirage_core.io.label_info import LabelInfo
from mirage_core.scan import FLUID_SCHEME
from mirage_core.training.finetune.labelled import SURFACE_NAMES, UNLABELLED, LabelledBScan

F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]
Kind = Literal["surface", "lesion", "region", "class"]

NEAR_PX = 1.5
"""Two graders' curves lie about as far apart."""


class Told(Protocol):
    """What a model says of a B-scan; see :class:`~.predict.Found`."""

    @property
    def curves(self) -> NDArray[np.float32]:
        """Surfaces ``[12, x]``."""
        ...

    @property
    def masks(self) -> U8:
        """Lesions ``[z, x]``."""
        ...

    @property
    def classes(self) -> U8 | None:
        """Classes ``[z, x]``."""
        ...


@dataclass(frozen=True)
class Structure:
    """Something that is scored: a surface by its error, all else by its overlap (Dice).

    Attributes
    ----------
    kind : str
    name : str
    """

    kind: Kind
    name: str


class Sums(NamedTuple):
    """Of one structure on one B-scan.

    Of a surface: sums over the A-scans both know of the absolute error in px, of the signed one,
    of those within reach, and their number; then that of A-scans the truth knows. Of all else:
    twice the overlap, and the sum of both sizes, in px; the others are 0.
    """

    above: float = 0.0
    signed: float = 0.0
    near: float = 0.0
    below: float = 0.0
    asked: float = 0.0


def structures(
    surfaces: Sequence[str], lesions: Sequence[str], info: LabelInfo | None
) -> tuple[Structure, ...]:
    """Return what is scored: surfaces, the regions between them, lesions, classes of label maps."""
    found = [Structure("surface", name) for name in surfaces]
    found += [Structure("region", f"{a} to {b}") for a, b in pairwise(surfaces)]
    found += [Structure("lesion", name) for name in lesions]
    if info is not None:
        invalid = info.containing(["invalid"])
        found += [
            Structure("class", label) for i, label in enumerate(info.labels) if i not in invalid
        ]
    return tuple(found)


def sums(what: Structure, found: Told, truth: LabelledBScan, info: LabelInfo | None = None) -> Sums:
    """Score one structure on one B-scan; nothing where the truth, or the model, tells nothing."""
    if what.kind == "surface":
        row = SURFACE_NAMES.index(what.name)
        return _surface(found.curves[row], truth.surfaces[row])
    if what.kind == "region":
        upper, lower = (SURFACE_NAMES.index(name) for name in what.name.split(" to "))
        return _region(found.curves[[upper, lower]], truth.surfaces[[upper, lower]])
    if what.kind == "lesion":
        if truth.masks is None or what.name not in truth.looked_for:
            return Sums()
        value = FLUID_SCHEME.by_name(what.name).value
        return _overlap(found.masks == value, truth.masks == value)
    if truth.classes is None or found.classes is None or info is None:
        return Sums()
    known = truth.classes != UNLABELLED
    for i in info.containing(["invalid"]):
        known &= truth.classes != i
    index = info.labels.index(what.name)
    return _overlap((found.classes == index) & known, (truth.classes == index) & known)


def score(what: Sequence[Structure], totals: F64) -> float:
    """Return one number, 0..1: the mean of Dice and, of surfaces, of A-scans within reach.

    Regions between surfaces are left out, as these say the same.

    Parameters
    ----------
    what : sequence of Structure
    totals : float64 array ``[structure, 5]``
        :class:`Sums` as rows.
    """
    shares = [
        total[2 if s.kind == "surface" else 0] / total[3]
        for s, total in zip(what, totals, strict=True)
        if s.kind != "region" and total[3]
    ]
    return float(np.mean(shares)) if shares else float("nan")


def _surface(found: NDArray[np.float32], truth: NDArray[np.float32]) -> Sums:
    pair = np.isfinite(found) & np.isfinite(truth)
    away = found[pair].astype(np.float64) - truth[pair].astype(np.float64)
    size = np.abs(away)
    near = (size <= NEAR_PX).sum()
    parts = (size.sum(), away.sum(), near, pair.sum(), np.isfinite(truth).sum())
    return Sums(*(float(part) for part in parts))


def _region(found: NDArray[np.float32], truth: NDArray[np.float32]) -> Sums:
    known = np.isfinite(found).all(axis=0) & np.isfinite(truth).all(axis=0)
    (top, bottom), (upper, lower) = found[:, known], truth[:, known]
    shared = np.clip(np.minimum(bottom, lower) - np.maximum(top, upper), 0, None).sum()
    size = np.clip(bottom - top, 0, None).sum() + np.clip(lower - upper, 0, None).sum()
    return Sums(2 * float(shared), below=float(size))


def _overlap(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> Sums:
    both = np.count_nonzero(found & truth)
    return Sums(2.0 * both, below=float(np.count_nonzero(found) + np.count_nonzero(truth)))
