"""From surfaces and lesions to the class of every pixel, as far as they tell. Imports no torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.model.store.scheme import LayerScheme
from mirage_core.scan import FLUID_SCHEME
from mirage_core.training.finetune.labelled import SURFACE_NAMES, UNLABELLED, LabelledBScan

U8 = NDArray[np.uint8]
I16 = NDArray[np.int16]


def region_map(b_scan: LabelledBScan, scheme: LayerScheme) -> U8:
    """Return the class of every pixel ``[z, x]`` in `scheme`, UNLABELLED where it is not known.

    A pixel's stratum lies between the nearest known surfaces over and under it; where several
    strata lie between these it is not known. Lesions that were looked for take the place of what
    they lie in; one that the scheme has no class for is not known.

    Parameters
    ----------
    b_scan : LabelledBScan
    scheme : LayerScheme
        With strata.
    """
    first, last = _strata(b_scan, scheme)
    fills = np.array([stratum[0] for stratum in scheme.strata], np.uint8)
    out = np.where(fills[first] == fills[last], fills[first], np.uint8(UNLABELLED))
    for i in range(len(fills)):
        # Two strata of one class with another between them: the pixel may be in that one.
        between = (first < i) & (i < last)
        out[between & (fills[i] != fills[first])] = UNLABELLED
    if b_scan.masks is None:
        return out
    classes = {c.mask: c for c in scheme.classes if c.mask}
    out[~np.isin(b_scan.masks, [0, *(kind.value for kind in FLUID_SCHEME)])] = UNLABELLED
    for kind in FLUID_SCHEME:
        here = b_scan.masks == kind.value
        if not here.any():
            continue
        known = classes.get(kind.name)
        if known is None or kind.name not in b_scan.looked_for:
            out[here] = UNLABELLED
            continue
        strata = scheme.strata_of(known.index)
        may = (first <= max(strata)) & (last >= min(strata))
        out[here & may] = known.index
    return out


def _strata(b_scan: LabelledBScan, scheme: LayerScheme) -> tuple[I16, I16]:
    """Return the first and the last stratum that every pixel ``[z, x]`` may be in."""
    height, width = b_scan.image.shape
    rows = np.arange(height)[:, None]
    first = np.zeros((height, width), np.int16)
    last = np.full((height, width), len(scheme.strata) - 1, np.int16)
    for i, name in enumerate(scheme.surfaces):
        if name is None:
            continue
        curve = b_scan.surfaces[SURFACE_NAMES.index(name)]
        known = np.isfinite(curve)
        edge = np.rint(np.where(known, curve, 0))
        first = np.where(known & (rows >= edge), np.maximum(first, i + 1), first)
        last = np.where(known & (rows < edge), np.minimum(last, i), last)
    return first, np.maximum(first, last)
