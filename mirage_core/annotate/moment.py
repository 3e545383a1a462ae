"""A B-scan as it is at some moment, moments put together, and the way from one to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.annotation import B_AXIS, Annotation, State, Target
from mirage_core.annotate.draft import differing
from mirage_core.annotate.edit import Patch
from mirage_core.annotate.ordering import clamp_between, ordered_count

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class BScanMoment:
    """What was known of one B-scan at some time; a copy.

    Attributes
    ----------
    curves : float32 array ``[s, x]``
        Surfaces in px from the top, NaN = undefined.
    confidence : float32 array ``[s, x]``
    mask : uint8 array ``[z, x]``
    states : uint8 array ``[structure]``
    """

    curves: F32
    confidence: F32
    mask: U8
    states: U8

    @classmethod
    def now(cls, annotation: Annotation, b: int) -> BScanMoment:
        """Return B-scan `b` as it is."""
        return cls(
            annotation.surfaces.values[:, b].copy(),
            annotation.confidence[:, b].copy(),
            annotation.masks.labels[b].copy(),
            annotation.states[:, b].copy(),
        )

    def array(self, target: Target) -> NDArray[np.generic]:
        """Return this B-scan's part of the array that `target` names."""
        arrays: dict[Target, NDArray[np.generic]] = {
            Target.SURFACES: self.curves,
            Target.CONFIDENCE: self.confidence,
            Target.MASKS: self.mask,
            Target.STATES: self.states,
        }
        return arrays[target]


def merged(
    then: BScanMoment, now: BScanMoment, chosen: NDArray[np.bool_], names: Sequence[str]
) -> BScanMoment:
    """Return `now` with the `chosen` structures of `then`.

    Surfaces keep their order: a chosen one that would cross one that stays stops at it. It is
    then not quite what was approved, and counts as edited.

    Parameters
    ----------
    then, now : BScanMoment
    chosen : bool array ``[structure]``
    names : sequence of str
        Of the surfaces.
    """
    taken = chosen[:-1, None]
    curves = np.where(taken, then.curves, now.curves)
    m = ordered_count(names)
    curves[:m] = clamp_between(curves[:m], np.broadcast_to(~taken[:m], curves[:m].shape))
    stopped = taken & differing(curves, then.curves)
    # What the engine said then was said of another depth.
    confidence = np.where(taken, then.confidence, now.confidence)
    confidence[stopped] = np.nan
    states = np.where(chosen, then.states, now.states)
    moved = np.append(stopped.any(axis=1), False)
    states[moved & (states == State.APPROVED)] = State.EDITED
    return BScanMoment(curves, confidence, then.mask if chosen[-1] else now.mask, states)


def patches_towards(annotation: Annotation, b: int, wanted: BScanMoment) -> list[Patch]:
    """Return, for every array, the smallest block that makes B-scan `b` what is `wanted`."""
    patches = []
    for target in Target:
        axis = B_AXIS[target]
        new = np.expand_dims(wanted.array(target), axis)
        old = annotation.array(target).take([b], axis)
        differs = old != new
        if np.issubdtype(old.dtype, np.floating):
            differs &= ~((old != old) & (new != new))
        if differs.any():
            cut = _box(differs)
            origin = tuple(c.start + (b if a == axis else 0) for a, c in enumerate(cut))
            patches.append(Patch(target, origin, old[cut].copy(), new[cut].copy()))
    return patches


def _box(region: NDArray[np.bool_]) -> tuple[slice, ...]:
    """Return the smallest box around a region that is not empty, whatever its axes."""
    cut = []
    for axis in range(region.ndim):
        others = tuple(a for a in range(region.ndim) if a != axis)
        places = np.flatnonzero(region.any(axis=others))
        cut.append(slice(int(places[0]), int(places[-1]) + 1))
    return tuple(cut)
