"""What was painted on a copy of the masks, as patches of the annotation. Arrays only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate import Annotation
from mirage_core.annotate.edit import Patch
from mirage_core.annotate.locks import held_by_locks
from mirage_core.annotate.relabel import mask_patch

U8 = NDArray[np.uint8]


class Painted(NamedTuple):
    """What a stroke comes to.

    Attributes
    ----------
    patches : tuple of Patch
        What it changes that may be changed.
    labels : tuple of int
        The labels that it leaves where it changes something, ascending; 0 where it erases.
    unknown : tuple of int
        Labels that it painted and the scheme has not; they are left out.
    kept : tuple of int
        Locked labels that it painted over; they are left as they were.
    """

    patches: tuple[Patch, ...]
    labels: tuple[int, ...]
    unknown: tuple[int, ...]
    kept: tuple[int, ...]


def painted(
    annotation: Annotation, data: NDArray[Any], b_scans: Iterable[int], locked: frozenset[int]
) -> Painted:
    """Compare ``data`` ``[b, z, x]`` with the masks of `annotation` on `b_scans`.

    Parameters
    ----------
    annotation : Annotation
        Not changed.
    data : integer or bool array ``[b, z, x]``
    b_scans : iterable of int
    locked : frozenset of int
        Labels of which no pixel may be taken, and to which none may be added.
    """
    known = {0, *(kind.value for kind in annotation.masks.scheme)}
    patches: list[Patch] = []
    labels: set[int] = set()
    unknown: set[int] = set()
    kept: set[int] = set()
    for b in b_scans:
        old, new = annotation.masks.labels[b], np.asarray(data[b])
        z, x = np.nonzero(new != old)
        if z.size == 0:
            continue
        was, is_now = old[z, x], new[z, x]
        # A label that was there already stays, whatever the scheme says of it.
        foreign = set(np.unique(is_now).tolist()) - known
        held, bars = held_by_locks(was, is_now, locked)
        may = ~np.isin(is_now, list(foreign)) & ~held
        unknown |= foreign
        kept |= bars
        after = old.copy()
        after[z[may], x[may]] = is_now[may].astype(np.uint8)
        labels |= set(np.unique(is_now[may]).tolist())
        patch = mask_patch(annotation, b, after)
        if patch is not None:
            patches.append(patch)
    return Painted(
        tuple(patches), tuple(sorted(labels)), tuple(sorted(unknown)), tuple(sorted(kept))
    )
