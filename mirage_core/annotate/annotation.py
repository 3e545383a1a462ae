"""Annotation: what is known of one scan, its surfaces, masks and their states."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from mirage_core.scan import (
    FLUID_SCHEME,
    SURFACE_KINDS,
    SURFACE_ORDER,
    LabelScheme,
    Masks,
    Scan,
    Surfaces,
)
from mirage_core.scan.states import State as State

MASKS = "masks"
"""Name of the structure that stands for the whole mask overlay in the table of states."""


class Target(StrEnum):
    """The arrays of an annotation that an edit can change."""

    SURFACES = "surfaces"
    CONFIDENCE = "confidence"
    MASKS = "masks"
    STATES = "states"


B_AXIS = {Target.SURFACES: 1, Target.CONFIDENCE: 1, Target.MASKS: 0, Target.STATES: 1}
"""Which axis of each target array counts B-scans."""


@dataclass(eq=False)
class Annotation:
    """Surfaces and masks of one scan, with a state per structure and B-scan.

    Change it only through :class:`~mirage_core.annotate.session.Session`.

    Attributes
    ----------
    surfaces : Surfaces
        ``[s, b, x]`` px; always the standard surfaces, all-NaN where nothing is known, plus
        what else the file brought.
    masks : Masks
        uint8 ``[b, z, x]``.
    confidence : float32 array ``[s, b, x]``
        Confidence of the engine, 0..1; NaN where nothing was predicted or a human drew.
    states : uint8 array ``[structure, b]``
        :class:`State` of every structure; rows are :attr:`structures`.
    """

    surfaces: Surfaces
    masks: Masks
    confidence: NDArray[np.float32]
    states: NDArray[np.uint8]

    @classmethod
    def empty(
        cls,
        shape: tuple[int, int, int],
        names: tuple[str, ...] | None = None,
        scheme: LabelScheme = FLUID_SCHEME,
    ) -> Annotation:
        """Return an annotation of a ``(b, z, x)`` volume in which nothing is known."""
        names = names or tuple(k.name for k in SURFACE_KINDS)
        n, _, width = shape
        return cls(
            Surfaces.empty(names, n, width),
            Masks.empty(shape, scheme),
            np.full((len(names), n, width), np.nan, np.float32),
            np.zeros((len(names) + 1, n), np.uint8),
        )

    @classmethod
    def for_scan(cls, scan: Scan) -> Annotation:
        """Return the annotation a freshly opened scan starts with: what the vendor drew."""
        vendor = scan.vendor_surfaces
        standard = tuple(k.name for k in SURFACE_KINDS)
        extra = tuple(n for n in vendor.names if n not in SURFACE_ORDER) if vendor else ()
        annotation = cls.empty(scan.shape, standard + extra)
        if vendor is not None:
            for name in vendor.names:
                row = annotation.surfaces.index(name)
                annotation.surfaces.values[row] = vendor[name]
                drawn = np.isfinite(vendor[name]).any(axis=1)
                annotation.states[row, drawn] = State.VENDOR
        return annotation

    @property
    def structures(self) -> tuple[str, ...]:
        """Names of the rows of `states`: every surface, then ``"masks"``."""
        return (*self.surfaces.names, MASKS)

    def array(self, target: Target) -> NDArray[np.generic]:
        """Return the array that `target` names; patches write into it."""
        arrays: dict[Target, NDArray[np.generic]] = {
            Target.SURFACES: self.surfaces.values,
            Target.CONFIDENCE: self.confidence,
            Target.MASKS: self.masks.labels,
            Target.STATES: self.states,
        }
        return arrays[target]

    def b_scan_state(self, b: int) -> State:
        """Return the state of B-scan `b` as a whole.

        Approved when every structure that is known there is approved; otherwise the highest
        state below that which any of them has.
        """
        column = self.states[:, b]
        known = column[column != State.UNSEEN]
        if known.size == 0:
            return State.UNSEEN
        if (known == State.APPROVED).all():
            return State.APPROVED
        open_states = known[known != State.APPROVED]
        human = (known >= State.EDITED).any()
        return State.EDITED if human else State(int(open_states.max()))

    def b_scan_states(self) -> tuple[State, ...]:
        """Return the state of every B-scan."""
        return tuple(self.b_scan_state(b) for b in range(self.states.shape[1]))

    def present_surfaces(self) -> tuple[int, ...]:
        """Return the rows of the surfaces that are finite anywhere."""
        return tuple(np.flatnonzero(np.isfinite(self.surfaces.values).any(axis=(1, 2))).tolist())

    def copy(self) -> Annotation:
        """Return a deep copy."""
        return Annotation(
            self.surfaces.copy(), self.masks.copy(), self.confidence.copy(), self.states.copy()
        )
