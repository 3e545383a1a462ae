"""Pockets: connected pieces of one mask class through the B-scans, taken as a whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.annotation import Annotation
from mirage_core.annotate.draft import bounding_box
from mirage_core.annotate.edit import Edit, Patch
from mirage_core.annotate.relabel import mask_patch
from mirage_core.annotate.session import Session
from mirage_core.scan import Spacing

Bool = NDArray[np.bool_]
U8 = NDArray[np.uint8]

_NL_PER_MM3 = 1000.0


@dataclass(frozen=True, eq=False)
class Pocket:
    """A piece of one class that hangs together.

    Attributes
    ----------
    value : int
        Its label.
    where : (slice, slice, slice)
        The smallest box around it in the labels, ``[b, z, x]``.
    inside : bool array ``[b, z, x]``
        Which voxels of that box belong to it.
    """

    value: int
    where: tuple[slice, slice, slice]
    inside: Bool

    @property
    def b_scans(self) -> range:
        """B-scans it touches; a pocket skips none."""
        return range(self.where[0].start, self.where[0].stop)

    @property
    def voxels(self) -> int:
        """How many voxels it has."""
        return int(np.count_nonzero(self.inside))


def pocket_at(labels: U8, b: int, z: int, x: int) -> Pocket | None:
    """Return the pocket that voxel ``(b, z, x)`` belongs to, None on background.

    Pixels of one class hang together by their sides within a B-scan, and with the same pixel of
    the B-scans before and after. Only B-scans that the pocket reaches are looked at, so that a
    small one in a large volume is found at once.

    Parameters
    ----------
    labels : uint8 array ``[b, z, x]``
    b, z, x : int
        Indices into `labels`.

    Raises
    ------
    IndexError
        If the voxel lies outside the volume.
    """
    if not all(0 <= at < n for at, n in zip((b, z, x), labels.shape, strict=True)):
        raise IndexError(f"there is no voxel {(b, z, x)} in a volume of {labels.shape}")
    value = int(labels[b, z, x])
    if value == 0:
        return None
    clicked = np.zeros(labels.shape[1:], bool)
    clicked[z, x] = True
    found: dict[int, Bool] = {}
    reached = [(b, clicked)]
    while reached:
        at, seeds = reached.pop()
        rest = labels[at] == value
        if at in found:
            rest &= ~found[at]
        seeds = seeds & rest
        if not seeds.any():
            continue
        new = _connected(rest, seeds)
        # A pocket may come back to a B-scan by way of its neighbour, in a part of its own.
        found[at] = found[at] | new if at in found else new
        reached += [(near, new) for near in (at - 1, at + 1) if 0 <= near < len(labels)]
    return _boxed(value, found)


def _connected(region: Bool, seeds: Bool) -> Bool:
    """Return the parts of `region` ``[z, x]`` that hold any of `seeds`, which lie in it."""
    from scipy.ndimage import label

    box = bounding_box(region)
    assert box is not None
    parts, count = label(region[box])
    wanted = np.zeros(count + 1, bool)
    wanted[parts[seeds[box]]] = True
    connected = np.zeros_like(region)
    connected[box] = wanted[parts]
    return connected


def _boxed(value: int, found: dict[int, Bool]) -> Pocket:
    first, last = min(found), max(found)
    box = bounding_box(np.logical_or.reduce(list(found.values())))
    assert box is not None
    rows, columns = box
    inside = np.stack([found[b][rows, columns] for b in range(first, last + 1)])
    return Pocket(value, (slice(first, last + 1), rows, columns), inside)


def volume_nl(pocket: Pocket, spacing: Spacing) -> float | None:
    """Return the volume of `pocket` in nL (1 mm³ is 1000 nL).

    None where a component of the spacing is unknown, as the gap between B-scans is in line
    scans: nothing is guessed.
    """
    db_mm, dz_mm, dx_mm = spacing.as_mm()
    if db_mm is None or dz_mm is None or dx_mm is None:
        return None
    return pocket.voxels * db_mm * dz_mm * dx_mm * _NL_PER_MM3


def relabelled(annotation: Annotation, pocket: Pocket, value: int) -> tuple[Patch, ...]:
    """Return the patches, one per B-scan, that give all of `pocket` another label.

    Parameters
    ----------
    annotation : Annotation
        Not changed. What is no longer of the pocket's class there, because it was corrected
        since the pocket was found, stays as it is.
    pocket : Pocket
    value : int
        A label of the annotation's scheme, or 0 to delete the pocket.

    Raises
    ------
    KeyError
        If the scheme has no such label.
    """
    if value:
        annotation.masks.scheme.by_value(value)
    patches = []
    for b, inside in zip(pocket.b_scans, pocket.inside, strict=True):
        labels = annotation.masks.labels[b].copy()
        box = labels[pocket.where[1:]]
        box[inside & (box == pocket.value)] = value
        patch = mask_patch(annotation, b, labels)
        if patch is not None:
            patches.append(patch)
    return tuple(patches)


def relabel_pocket(
    session: Session, pocket: Pocket, value: int, *, locked: frozenset[int] = frozenset()
) -> Edit | None:
    """Give all of `pocket` the label `value` (0 deletes it) in one edit of all its B-scans.

    Returns None, and changes nothing, where the pocket has that label already, or its class or
    the wanted one is `locked`. Raises as :func:`relabelled` does.
    """
    if {pocket.value, value} & locked:
        return None
    scheme = session.annotation.masks.scheme
    patches = relabelled(session.annotation, pocket, value)
    done = f"made {scheme.name_of(value)}" if value else "deleted"
    return session.edit_masks(patches, "pocket", f"{scheme.name_of(pocket.value)} pocket {done}")
