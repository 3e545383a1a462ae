"""Corrected B-scans as teaching takes them, wherever they come from. Imports no torch."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mirage_core.io.label_info import LabelInfo
from mirage_core.scan import FLUID_SCHEME, SURFACE_KINDS, Spacing

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]

SURFACE_NAMES = tuple(kind.name for kind in SURFACE_KINDS)
"""Rows of :attr:`LabelledBScan.surfaces`."""
LESION_NAMES = tuple(c.name for c in FLUID_SCHEME)
UNLABELLED = 255
"""Class number of pixels of which nobody said what they are."""


@dataclass(frozen=True, eq=False)
class LabelledBScan:
    """One B-scan with what is known of it.

    Attributes
    ----------
    image : uint8 array ``[z, x]``
    surfaces : float32 array ``[12, x]``
        Px from the top, rows :data:`SURFACE_NAMES`; NaN where nobody drew one.
    masks : uint8 array ``[z, x]`` or None
        Values of FLUID_SCHEME, others where something else is marked; None if nobody looked for
        lesions.
    looked_for : tuple of str
        Lesions that were looked for; one that was not may be there unmarked.
    classes : uint8 array ``[z, x]`` or None
        Class numbers of a label map's own scheme, :data:`UNLABELLED` where there is none.
    patient, scan : str
        Pseudonyms; what one patient's share, and what one scan's share.
    b_scan : int
        Number in its scan, from 0.
    spacing : Spacing
    part : str
        ``train``, ``val`` or ``test`` where the data say so; else empty.
    """

    image: U8
    surfaces: F32
    masks: U8 | None = None
    looked_for: tuple[str, ...] = LESION_NAMES
    classes: U8 | None = None
    patient: str = ""
    scan: str = ""
    b_scan: int = 0
    spacing: Spacing = field(default_factory=Spacing)
    part: str = ""

    def __post_init__(self) -> None:
        height, width = self.image.shape
        if self.surfaces.shape != (len(SURFACE_NAMES), width):
            raise ValueError(
                f"surfaces are {self.surfaces.shape}; {len(SURFACE_NAMES)} x {width} are needed"
            )
        for labels in (self.masks, self.classes):
            if labels is not None and labels.shape != (height, width):
                raise ValueError(f"labels {labels.shape} do not fit a B-scan {(height, width)}")

    @property
    def known_surfaces(self) -> tuple[str, ...]:
        """Names of the surfaces that are drawn anywhere."""
        return tuple(
            name
            for name, curve in zip(SURFACE_NAMES, self.surfaces, strict=True)
            if np.isfinite(curve).any()
        )

    @property
    def lesions(self) -> tuple[str, ...]:
        """Names of the lesions that are marked anywhere."""
        if self.masks is None:
            return ()
        values = set(np.unique(self.masks).tolist())
        return tuple(c.name for c in FLUID_SCHEME if c.value in values)

    @cached_property
    def image_sha256(self) -> str:
        """SHA-256 of size and pixels."""
        digest = hashlib.sha256(repr(self.image.shape).encode())
        digest.update(np.ascontiguousarray(self.image).tobytes())
        return digest.hexdigest()


def empty_surfaces(width: int) -> F32:
    """Return surfaces ``[12, x]`` that are not known anywhere."""
    return np.full((len(SURFACE_NAMES), width), np.nan, np.float32)


@dataclass(frozen=True, eq=False)
class TeachingData:
    """What a model is taught with.

    Attributes
    ----------
    b_scans : tuple of LabelledBScan
    info : LabelInfo or None
        What the classes of label maps are called, where there are any.
    notes : tuple of str
        What was left out when the data were collected, in sentences.
    """

    b_scans: tuple[LabelledBScan, ...]
    info: LabelInfo | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.b_scans)

    @property
    def patients(self) -> tuple[str, ...]:
        """Every patient once, in the order of the B-scans."""
        return tuple(dict.fromkeys(b.patient for b in self.b_scans))

    @property
    def surfaces(self) -> tuple[str, ...]:
        """Names of the surfaces that are drawn on any B-scan, top to bottom."""
        drawn = self.counts()
        return tuple(name for name in SURFACE_NAMES if drawn[name])

    @property
    def lesions(self) -> tuple[str, ...]:
        """Names of the lesions that are marked on any B-scan."""
        marked = self.counts()
        return tuple(name for name in LESION_NAMES if marked[name])

    def counts(self) -> Counter[str]:
        """Return on how many B-scans each structure is drawn or marked."""
        return Counter(name for b in self.b_scans for name in (*b.known_surfaces, *b.lesions))

    def only(self, keep: Callable[[LabelledBScan], bool]) -> TeachingData:
        """Return the B-scans that `keep` says True to."""
        return replace(self, b_scans=tuple(b for b in self.b_scans if keep(b)))

    def with_structures(self, names: tuple[str, ...]) -> TeachingData:
        """Return the data with only the surfaces and lesions in `names` known."""
        return replace(self, b_scans=tuple(_reduced(b, names) for b in self.b_scans))

    def fingerprint(self) -> str:
        """Return what tells these data from others: the SHA-256 of everything that is taught."""
        digest = hashlib.sha256()
        for b in self.b_scans:
            said = (b.image_sha256, b.patient, b.scan, b.b_scan, b.part, b.looked_for)
            digest.update(repr(said).encode())
            for labels in (b.surfaces, b.masks, b.classes):
                digest.update(b"-" if labels is None else np.ascontiguousarray(labels).tobytes())
        return digest.hexdigest()


def _reduced(b: LabelledBScan, names: tuple[str, ...]) -> LabelledBScan:
    wanted = np.array([name in names for name in SURFACE_NAMES])
    surfaces = np.where(wanted[:, None], b.surfaces, np.float32(np.nan))
    looked_for = tuple(name for name in b.looked_for if name in names)
    return replace(
        b, surfaces=surfaces, masks=b.masks if looked_for else None, looked_for=looked_for
    )
