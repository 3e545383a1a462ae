"""Annotated: what is measured of an annotation. `Annotation` has it, and is not imported here."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mirage_core.scan import SURFACE_ORDER, Masks, State, Surfaces

F32 = NDArray[np.float32]


class Annotated(Protocol):
    """Surfaces and masks of one scan, and how far they have come.

    Attributes
    ----------
    surfaces : Surfaces
        ``[s, b, x]`` px.
    masks : Masks
        uint8 ``[b, z, x]``.
    states : uint8 array ``[structure, b]``
        :class:`~mirage_core.scan.State` of every surface, and last of the masks.
    """

    @property
    def surfaces(self) -> Surfaces: ...  # noqa: D102
    @property
    def masks(self) -> Masks: ...  # noqa: D102
    @property
    def states(self) -> NDArray[np.uint8]: ...  # noqa: D102


def must_be_of_one_scan(one: Annotated, other: Annotated) -> None:
    """Raise ValueError unless two annotations have the same grid."""
    here, there = one.masks.labels.shape, other.masks.labels.shape
    if here != there:
        raise ValueError(f"annotations of different scans: {here} and {there}")


def surface_names(one: Annotated, other: Annotated) -> tuple[str, ...]:
    """Return the names that either has: in anatomical order, then those of no known place."""
    names = dict.fromkeys((*one.surfaces.names, *other.surfaces.names))
    return tuple(sorted(names, key=lambda name: SURFACE_ORDER.get(name, len(SURFACE_ORDER))))


def depths(annotated: Annotated, name: str) -> F32:
    """Return ``[b, x]`` depths in px of a surface; NaN throughout if it is not in the list."""
    if name in annotated.surfaces.names:
        return annotated.surfaces[name]
    n, _, width = annotated.masks.labels.shape
    return np.broadcast_to(np.float32(np.nan), (n, width))


def drawn_by_hand(annotated: Annotated, name: str) -> NDArray[np.bool_]:
    """Return on which B-scans a person edited or approved a surface, ``[b]``."""
    if name not in annotated.surfaces.names:
        return np.zeros(annotated.states.shape[1], bool)
    return np.asarray(annotated.states[annotated.surfaces.index(name)] >= State.EDITED)
