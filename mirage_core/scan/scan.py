"""Scan: one OCT acquisition with its SLO. Immutable."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mirage_core.scan.geometry import Laterality, ScanGeometry, ScanPattern
from mirage_core.scan.pixels import PixelSource
from mirage_core.scan.spacing import Spacing
from mirage_core.scan.surfaces import Surfaces

U8 = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class PatientIdentity:
    """Who the eye belongs to, as the file says. Never shown, logged or exported by default."""

    name: str = ""
    patient_id: str = ""
    birth_date: date | None = None

    def __repr__(self) -> str:
        return "PatientIdentity(<withheld>)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Acquisition:
    """How and when the scan was taken; every field may be empty."""

    device: str = ""
    date: date | None = None
    averaging: int | None = None
    field_deg: float | None = None
    simulated: bool = False


@dataclass(frozen=True, eq=False)
class Scan:
    """One OCT acquisition.

    Attributes
    ----------
    pixels : PixelSource
        B-scans ``[b, z, x]``, read on demand.
    spacing : Spacing
        mm per voxel with provenance.
    geometry : ScanGeometry
        Pattern and positions on the SLO.
    slo : uint8 array ``[row, col]`` or None
    laterality : Laterality
    acquisition : Acquisition
    quality : float32 array ``[b]`` or None
        The device's own quality figure per B-scan.
    vendor_surfaces : Surfaces or None
        Surfaces that came in the file; they may be plainly wrong.
    source_path : Path or None
        The file or folder it was read from. File names can identify patients, so views show
        :attr:`title` instead.
    source_format : str
        Name of the reader.
    identity : PatientIdentity or None
        Withheld from every representation.
    notes : tuple of str
        Sentences the reader wants the user to know ("lateral scale is not stored ...").
    """

    pixels: PixelSource
    spacing: Spacing = field(default_factory=Spacing)
    geometry: ScanGeometry = field(default_factory=ScanGeometry)
    slo: U8 | None = None
    laterality: Laterality = Laterality.UNKNOWN
    acquisition: Acquisition = field(default_factory=Acquisition)
    quality: NDArray[np.float32] | None = None
    vendor_surfaces: Surfaces | None = None
    source_path: Path | None = field(default=None, repr=False)
    source_format: str = ""
    identity: PatientIdentity | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n, _, width = self.shape
        if self.geometry.positions and len(self.geometry.positions) != n:
            raise ValueError(f"{len(self.geometry.positions)} positions for {n} B-scans")
        surfaces = self.vendor_surfaces
        if surfaces is not None and surfaces.values.shape[1:] != (n, width):
            raise ValueError(
                f"vendor surfaces are {surfaces.values.shape[1:]}, the scan is {(n, width)}"
            )

    @property
    def shape(self) -> tuple[int, int, int]:
        """``(b, z, x)``: number of B-scans, depth in px, A-scans."""
        return self.pixels.shape

    @property
    def n_b_scans(self) -> int:
        """Number of B-scans."""
        return self.shape[0]

    @property
    def title(self) -> str:
        """A name for people that carries nothing of the patient: device, eye, pattern, size."""
        n, z, x = self.shape
        parts = [
            "Simulated eye" if self.acquisition.simulated else self.acquisition.device or "OCT"
        ]
        if self.laterality is not Laterality.UNKNOWN:
            parts.append({"R": "OD", "L": "OS"}[self.laterality.value])
        known = self.geometry.pattern is not ScanPattern.UNKNOWN
        pattern = f"{self.geometry.pattern.value} " if known else ""
        parts.append(f"{pattern}{n} × {z} × {x}")
        return " · ".join(parts)

    @property
    def notes_for_all(self) -> tuple[str, ...]:
        """The reader's notes but those that hold the file's name or something of the patient."""
        words: list[str] = []
        if self.source_path is not None:
            words += [self.source_path.name, self.source_path.stem]
        if self.identity is not None:
            words += [self.identity.name, self.identity.patient_id]
            if self.identity.birth_date is not None:
                words.append(self.identity.birth_date.isoformat())
        telling = [word.casefold() for word in words if word]
        return tuple(n for n in self.notes if not any(w in n.casefold() for w in telling))

    def b_scan(self, b: int) -> U8:
        """Return B-scan `b` as 8-bit grey ``[z, x]``, the way it is shown and segmented."""
        return self.pixels.display(b)

    def with_spacing(self, spacing: Spacing) -> Scan:
        """Return the same scan with another spacing."""
        return replace(self, spacing=spacing)
