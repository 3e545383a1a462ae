"""How a finished stroke becomes patches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.annotation import MASKS, Annotation, Target
from mirage_core.annotate.draft import BScanDraft, differing
from mirage_core.annotate.edit import Patch
from mirage_core.annotate.ordering import clamp_between

F32 = NDArray[np.float32]


def stroke_patches(
    annotation: Annotation, draft: BScanDraft
) -> tuple[tuple[Patch, ...], tuple[str, ...]]:
    """Return the patches that bring a stroke into `annotation`, and the structures they change.

    Only what differs between the draft and its base is taken, so that whatever else happened to
    the B-scan during the stroke stays. Where a surface that changed meanwhile would now cross
    what was drawn, the drawing wins and the other gives way.
    """
    patches: list[Patch] = []
    touched: list[str] = []
    current = annotation.surfaces.values[:, draft.b]
    merged = _merged_curves(draft, current)
    for s in np.flatnonzero(differing(merged, current).any(axis=1)).tolist():
        patches += _curve_patches(annotation, draft.b, s, merged[s])
        touched.append(annotation.surfaces.names[s])
    mask = _mask_patch(annotation, draft)
    if mask is not None:
        patches.append(mask)
        touched.append(MASKS)
    return tuple(patches), tuple(touched)


def _merged_curves(draft: BScanDraft, current: F32) -> F32:
    drawn = differing(draft.curves, draft.base_curves)
    merged: F32 = np.where(drawn, draft.curves, current)
    meanwhile = differing(current, draft.base_curves).any(axis=0) & drawn.any(axis=0)
    if meanwhile.any():
        ordered = np.ix_(np.arange(draft.n_ordered), np.flatnonzero(meanwhile))
        merged[ordered] = clamp_between(merged[ordered], drawn[ordered])
    return merged


def _curve_patches(annotation: Annotation, b: int, s: int, merged: F32) -> list[Patch]:
    columns = np.flatnonzero(differing(merged, annotation.surfaces.values[s, b]))
    cut = slice(int(columns[0]), int(columns[-1]) + 1)
    changed = np.isin(np.arange(cut.start, cut.stop), columns)
    patches = []
    for target in (Target.SURFACES, Target.CONFIDENCE):
        old = annotation.array(target)[s, b, cut].astype(np.float32)
        # No engine's confidence speaks for what a human drew.
        value = merged[cut] if target is Target.SURFACES else np.float32(np.nan)
        new = np.where(changed, value, old)
        if differing(old, new).any():
            patches.append(Patch(target, (s, b, cut.start), old[None, None], new[None, None]))
    return patches


def _mask_patch(annotation: Annotation, draft: BScanDraft) -> Patch | None:
    box = draft.changed_box()
    if box is None:
        return None
    z0, z1, x0, x1 = box
    cut = (slice(z0, z1), slice(x0, x1))
    old = annotation.masks.labels[(draft.b, *cut)].copy()
    new = np.where(draft.mask[cut] != draft.base_mask[cut], draft.mask[cut], old)
    if np.array_equal(old, new):
        return None
    return Patch(Target.MASKS, (draft.b, z0, x0), old[None], new[None])
