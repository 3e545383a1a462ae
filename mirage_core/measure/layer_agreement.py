"""How far two annotations' layers overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mirage_core.measure.annotated import Annotated, depths, surface_names
from mirage_core.scan import SURFACE_ORDER, enforce_order


@dataclass(frozen=True, slots=True)
class LayerAgreement:
    """Two graders' drawings of the layer between two surfaces.

    Attributes
    ----------
    upper, lower : str
        The surfaces that bound it.
    b_scans : tuple of int
        B-scans with at least one of its A-scans.
    n_a_scans : int
        A-scans on which both annotations define both surfaces; only these count.
    dice : float
        Of the pixels of all these A-scans together; NaN where both drew it without thickness.
    """

    upper: str
    lower: str
    b_scans: tuple[int, ...]
    n_a_scans: int
    dice: float


def compare_layers(
    one: Annotated, other: Annotated, b_scans: Sequence[int]
) -> tuple[LayerAgreement, ...]:
    """Compare the layers between neighbours among the surfaces that both drew on `b_scans`.

    A pixel belongs to a layer as in :func:`~mirage_core.scan.layer_map`. Extra surfaces whose
    place among the others is not known bound no layer.
    """
    chosen, height = list(b_scans), one.masks.labels.shape[1]
    names, curves = [], []
    for name in surface_names(one, other):
        pair = np.stack([depths(one, name)[chosen], depths(other, name)[chosen]])
        if name in SURFACE_ORDER and np.isfinite(pair).all(axis=0).any():
            names.append(name)
            curves.append(pair)
    if not names:
        return ()
    edges = np.clip(np.rint(enforce_order(np.stack(curves))), 0, height)  # [s, grader, b, x]
    found = []
    for (upper, top), (lower, bottom) in pairwise(zip(names, edges, strict=True)):
        known = np.isfinite(top).all(axis=0) & np.isfinite(bottom).all(axis=0)
        if not known.any():
            continue
        first, last = top[:, known], bottom[:, known]
        total = float((last - first).sum())
        shared = float(np.maximum(last.min(axis=0) - first.max(axis=0), 0).sum())
        found.append(
            LayerAgreement(
                upper,
                lower,
                tuple(b for b, any_ in zip(chosen, known.any(axis=1), strict=True) if any_),
                int(np.count_nonzero(known)),
                2 * shared / total if total else float("nan"),
            )
        )
    return tuple(found)
