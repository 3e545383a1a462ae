"""Where fluid and lesions may be among the layers, and where they are not.

Layers and masks are drawn apart from each other; this says on which pixels they contradict.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.annotation import Annotation
from mirage_core.annotate.edit import Edit
from mirage_core.annotate.relabel import mask_patch
from mirage_core.annotate.session import Session

Bool = NDArray[np.bool_]
F32 = NDArray[np.float32]


class Whereabouts(NamedTuple):
    """Between which surfaces a class may be.

    Of each group of names, the first that is known in a column counts there.
    """

    below: tuple[str, ...]
    above: tuple[str, ...]


# docs/conventions.md puts subretinal fluid under OS/RPE. Its bound here is further in: engines
# and devices often run ELM, EZ and OS/RPE along the floor of fluid that they do not know of, and
# it is those that are wrong then. OPL/ONL follows the lifted retina. What is solid may grow
# through the outer retina besides.
WHEREABOUTS: dict[str, Whereabouts] = {
    "IRF": Whereabouts(("ILM",), ("OS/RPE", "EZ", "RPE")),
    "SRF": Whereabouts(("OPL/ONL",), ("RPE",)),
    "SHRM": Whereabouts(("OPL/ONL",), ("RPE",)),
    "PED": Whereabouts(("RPE",), ("BM",)),
    "DRUSEN": Whereabouts(("RPE",), ("BM",)),
    "FLUID": Whereabouts(("ILM",), ("BM",)),
}
"""By the names of the classes; one that is not here may be anywhere."""

TOLERANCE_PX = 2
"""How far a pixel may lie beyond a bound: the RPE is the middle of a band, and hands shake."""


def class_bounds(name: str, names: Sequence[str], curves: F32) -> tuple[F32, F32] | None:
    """Return between which depths a class belongs on a B-scan; None if it may be anywhere.

    Parameters
    ----------
    name : str
        Of the class.
    names : sequence of str
        Of the surfaces.
    curves : float32 array ``[s, x]``
        Their depths in px.

    Returns
    -------
    (float32 array ``[x]``, float32 array ``[x]``) or None
        First row, and row after the last, without the tolerance; NaN where not known.
    """
    where = WHEREABOUTS.get(name)
    if where is None:
        return None
    upper, lower = (_first_known(names, curves, group) for group in where)
    return np.rint(upper), np.rint(lower)


def may_lie(name: str, names: Sequence[str], curves: F32, rows: F32) -> Bool:
    """Return where on a B-scan a class may be, give or take the tolerance.

    Parameters
    ----------
    name : str
        Of the class.
    names : sequence of str
        Of the surfaces.
    curves : float32 array ``[s, x]``
        Their depths in px. One that is not known sets no limit.
    rows : float32 array ``[z]``
        Depths that are asked about.

    Returns
    -------
    bool array ``[z, x]``
    """
    bounds = class_bounds(name, names, curves)
    if bounds is None:
        return np.ones((len(rows), curves.shape[1]), bool)
    top, bottom = bounds
    down = rows[:, None]
    # Comparisons with NaN are False.
    may: Bool = ~((down < top - TOLERANCE_PX) | (down >= bottom + TOLERANCE_PX))
    return may


def violations(annotation: Annotation, b: int) -> Bool:
    """Return the pixels of B-scan `b` whose class cannot be there.

    A row belongs between two surfaces as ``docs/conventions.md`` has it, give or take
    :data:`TOLERANCE_PX`. Columns in which a bound is undefined are not judged.

    Returns
    -------
    bool array ``[z, x]``
    """
    labels = annotation.masks.labels[b]
    if not labels.any():  # most B-scans, and far cheaper to see than where nothing is
        return np.zeros(labels.shape, bool)
    z, x = np.nonzero(labels)
    value = labels[z, x]
    top, bottom = _bounds(annotation, b)
    bad = np.zeros(labels.shape, bool)
    # Comparisons with NaN are False.
    bad[z, x] = (z < top[value, x] - TOLERANCE_PX) | (z >= bottom[value, x] + TOLERANCE_PX)
    return bad


def count_violations(annotation: Annotation) -> NDArray[np.int64]:
    """Return how many pixels of every B-scan ``[b]`` are where their class cannot be."""
    n_b_scans = len(annotation.masks.labels)
    counts = [np.count_nonzero(violations(annotation, b)) for b in range(n_b_scans)]
    return np.array(counts, np.int64)


def b_scans_with_violations(annotation: Annotation) -> tuple[int, ...]:
    """Return the B-scans on which layers and masks contradict, ascending."""
    return tuple(np.flatnonzero(count_violations(annotation)).tolist())


def fix_violations(
    session: Session, b_scans: Sequence[int], locked: frozenset[int] = frozenset()
) -> Edit | None:
    """Remove what is where its class cannot be, as one edit; None if there is nothing.

    It may as well be the layer that is wrong: show :func:`violations` and ask before.

    Parameters
    ----------
    session : Session
    b_scans : sequence of int
    locked : frozenset of int
        Classes that must stay as they are.
    """
    annotation = session.annotation
    patches = []
    for b in dict.fromkeys(b_scans):
        labels = annotation.masks.labels[b].copy()
        labels[violations(annotation, b) & ~np.isin(labels, list(locked))] = 0
        patch = mask_patch(annotation, b, labels)
        if patch is not None:
            patches.append(patch)
    return session.edit_masks(patches, "whereabouts", "Misplaced masks removed")


def _bounds(annotation: Annotation, b: int) -> tuple[F32, F32]:
    """Return first rows and rows after the last, ``[label, x]``; NaN where not judged."""
    n_values = 1 + int(annotation.masks.labels[b].max())
    names, curves = annotation.surfaces.names, annotation.surfaces.values[:, b]
    top, bottom = np.full((2, n_values, curves.shape[1]), np.nan, np.float32)
    for kind in annotation.masks.scheme:
        bounds = class_bounds(kind.name, names, curves) if kind.value < n_values else None
        if bounds is not None:
            judged = np.isfinite(bounds[0]) & np.isfinite(bounds[1])
            top[kind.value, judged] = bounds[0][judged]
            bottom[kind.value, judged] = bounds[1][judged]
    return top, bottom


def _first_known(names: Sequence[str], curves: F32, group: Sequence[str]) -> F32:
    """Return the depths ``[x]`` (px) of the first surface that is known in each column."""
    depths = np.full(curves.shape[1], np.nan, np.float32)
    for name in group:
        if name in names:
            depths = np.where(np.isnan(depths), curves[names.index(name)], depths)
    return depths
