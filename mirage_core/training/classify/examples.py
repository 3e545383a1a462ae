"""Labelled B-scans and volumes as teaching takes them, wherever they come from. No torch."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.scan import Scan

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Example:
    """Something that has a label: a B-scan, or the B-scans of a volume. Pixels are read late.

    Attributes
    ----------
    scan : Scan
    b_scans : tuple of int
        Of `scan`; one, or several that have one label together.
    classes : tuple of int
        Numbers of its classes, ascending: one, or any number of a multi-label set.
    patient : str
        Pseudonym; what one patient's share.
    part : str
        ``train``, ``val`` or ``test`` where the data say so; else empty.
    """

    scan: Scan
    b_scans: tuple[int, ...]
    classes: tuple[int, ...]
    patient: str = ""
    part: str = ""

    def chosen(self, most: int) -> tuple[int, ...]:
        """Return at most so many of its B-scans, spread evenly."""
        n = len(self.b_scans)
        if n <= most:
            return self.b_scans
        places = (np.arange(most) + 0.5) * n / most
        return tuple(self.b_scans[int(place)] for place in places)


@dataclass(frozen=True, eq=False)
class ClassData:
    """What a model is taught to tell.

    Attributes
    ----------
    examples : tuple of Example
    labels : tuple of str
        Names of the classes.
    multi_label : bool
        Several may hold at once, or none.
    notes : tuple of str
        What was left out when the data were collected, in sentences.
    """

    examples: tuple[Example, ...]
    labels: tuple[str, ...]
    multi_label: bool = False
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for e in self.examples:
            if not e.b_scans:
                raise ValueError("an example without a B-scan")
            if any(not 0 <= c < len(self.labels) for c in e.classes):
                raise ValueError(f"classes {e.classes} of {len(self.labels)} labels")
            if not self.multi_label and len(e.classes) != 1:
                raise ValueError(f"one class excludes the others, and there are {e.classes}")

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def of_volumes(self) -> bool:
        """Whether labels are of several B-scans together."""
        return any(len(e.b_scans) > 1 for e in self.examples)

    @property
    def patients(self) -> tuple[str, ...]:
        """Every patient once, in the order of the examples."""
        return tuple(dict.fromkeys(e.patient for e in self.examples))

    @property
    def n_b_scans(self) -> int:
        """B-scans of all examples."""
        return sum(len(e.b_scans) for e in self.examples)

    def targets(self) -> F32:
        """Return which classes hold, 0 or 1, ``[example, class]``."""
        held = np.zeros((len(self), len(self.labels)), np.float32)
        for i, e in enumerate(self.examples):
            held[i, list(e.classes)] = 1
        return held

    def counts(self) -> Counter[int]:
        """Return of how many examples each class is."""
        return Counter(c for e in self.examples for c in e.classes)

    def fingerprint(self) -> str:
        """Return what tells these data from others: the SHA-256 of labels, split and pixels."""
        digest = hashlib.sha256(repr((self.labels, self.multi_label)).encode())
        for e in self.examples:
            digest.update(repr((e.b_scans, e.classes, e.patient, e.part)).encode())
            for b in e.b_scans:
                digest.update(pixels_sha256(e.scan.b_scan(b)).encode())
        return digest.hexdigest()


def pixels_sha256(image: U8) -> str:
    """Return the SHA-256 of size and pixels of a B-scan ``[z, x]``."""
    digest = hashlib.sha256(repr(image.shape).encode())
    digest.update(np.ascontiguousarray(image).tobytes())
    return digest.hexdigest()
