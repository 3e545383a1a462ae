"""What an export is asked to write: a scan, its annotation, the chosen B-scans, a pseudonym."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mirage_core.scan import Masks, Scan, State, Surfaces, layer_map

Report = Callable[[float], None]
"""Called with the fraction done, 0..1. What it raises ends the export; nothing then remains."""

_MAX_STEM = 60
_WINDOWS_DEVICES = {"con", "prn", "aux", "nul"} | {
    f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)
}


class Annotated(Protocol):
    """The part of :class:`mirage_core.annotate.Annotation` that an export reads."""

    @property
    def surfaces(self) -> Surfaces:
        """``[s, b, x]`` px."""
        ...

    @property
    def masks(self) -> Masks:
        """uint8 ``[b, z, x]``."""
        ...

    @property
    def confidence(self) -> NDArray[np.float32]:
        """``[s, b, x]``, 0..1 or NaN."""
        ...

    @property
    def states(self) -> NDArray[np.uint8]:
        """:class:`State` ``[structure, b]``: every surface, then the masks."""
        ...

    def b_scan_states(self) -> tuple[State, ...]:
        """Return the state of every B-scan as a whole."""
        ...


@dataclass(frozen=True, eq=False)
class ExportRequest:
    """One scan to export.

    Attributes
    ----------
    scan : Scan
        Only pixels, spacing, geometry, SLO, laterality, device and quality are ever read:
        neither the identity nor the source path nor free text reaches an export.
    annotation : Annotated
    b_scans : tuple of int
        B-scans (from 0) whose annotation is exported, ascending.
    name : str
        The pseudonym that file names carry; see :attr:`stem`.
    split : str
        ``"train"``, ``"val"`` or ``"test"``, for training folders. All scans of one patient
        belong into one split.
    """

    scan: Scan
    annotation: Annotated
    b_scans: tuple[int, ...]
    name: str
    split: str = "train"

    def __post_init__(self) -> None:
        n, height, width = self.scan.shape
        if self.annotation.surfaces.values.shape[1:] != (n, width):
            raise ValueError("the surfaces do not belong to this scan")
        if self.annotation.masks.labels.shape != (n, height, width):
            raise ValueError("the masks do not belong to this scan")
        if any(not 0 <= b < n for b in self.b_scans):
            raise ValueError(f"B-scans must lie in 0..{n - 1}")
        if list(self.b_scans) != sorted(set(self.b_scans)):
            raise ValueError("B-scans must be distinct and ascending")

    @classmethod
    def by_states(
        cls,
        scan: Scan,
        annotation: Annotated,
        states: Collection[State],
        name: str,
        split: str = "train",
    ) -> ExportRequest:
        """Return a request for the B-scans whose state as a whole is one of `states`."""
        chosen = tuple(b for b, s in enumerate(annotation.b_scan_states()) if s in states)
        return cls(scan, annotation, chosen, name, split)

    @property
    def stem(self) -> str:
        """`name` made fit for file names on every system: ASCII letters, digits and hyphens."""
        return safe_stem(self.name)

    def present_surfaces(self) -> tuple[int, ...]:
        """Return the rows of the surfaces that are finite on any chosen B-scan."""
        chosen = self.annotation.surfaces.values[:, list(self.b_scans)]
        return tuple(np.flatnonzero(np.isfinite(chosen).any(axis=(1, 2))).tolist())

    def layer_map(self, rows: Sequence[int], b: int) -> NDArray[np.uint8]:
        """Return the layers ``[z, x]`` of B-scan `b` between the surfaces in `rows`.

        Value ``i + 1`` lies between ``rows[i]`` and ``rows[i + 1]``; see
        :func:`mirage_core.scan.layer_map`.
        """
        return layer_map(self.annotation.surfaces.values[list(rows), b], self.scan.shape[1])


def safe_stem(name: str) -> str:
    """Return `name` as ASCII letters, digits and hyphens; never empty, at most 60 characters.

    Underscores become hyphens, since training folders read ``<scan>_<B-scan>``.
    """
    stem = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:_MAX_STEM].strip("-")
    if not stem or stem.lower() in _WINDOWS_DEVICES:
        return f"scan-{stem}".rstrip("-")
    return stem


def unique_stems(names: Sequence[str]) -> list[str]:
    """Return a distinct safe stem per name; repeats get ``-2``, ``-3`` and so on.

    Stems that differ only in case count as equal, since some file systems take them so.
    """
    taken: set[str] = set()
    stems = []
    for name in names:
        stem = candidate = safe_stem(name)
        n = 1
        while candidate.lower() in taken:
            n += 1
            candidate = f"{stem}-{n}"
        taken.add(candidate.lower())
        stems.append(candidate)
    return stems
