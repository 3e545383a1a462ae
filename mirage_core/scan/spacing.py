"""Voxel spacing whose every component says where it came from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

AXES = ("b", "z", "x")
_AXIS_WORDS = {"b": "the gap between B-scans", "z": "the depth scale", "x": "the lateral scale"}


class Provenance(StrEnum):
    """Where a number came from. ``UNKNOWN`` numbers are never used in a result."""

    FILE = "file"
    DERIVED = "derived"
    USER = "user"
    UNKNOWN = "unknown"


ENTER_SPACING = "Enter the spacing to get figures in mm or µm."


class SpacingUnknownError(ValueError):
    """A figure in mm or µm was asked for while a component it needs is unknown.

    Attributes
    ----------
    axes : tuple of str
        Those that are unknown, of :data:`AXES`.
    missing : str
        That they are, in a sentence; how they are entered is for window or command line to say.
    """

    def __init__(self, axes: tuple[str, ...]) -> None:
        self.axes = axes
        words = " and ".join(_AXIS_WORDS[a] for a in axes)
        verb = "is" if len(axes) == 1 else "are"
        self.missing = f"{words[0].upper()}{words[1:]} of this scan {verb} unknown."
        super().__init__(f"{self.missing} {ENTER_SPACING}")

    def __reduce__(self) -> tuple[type[SpacingUnknownError], tuple[tuple[str, ...]]]:
        """Return how another process makes it anew: from its axes, not from its words."""
        return type(self), (self.axes,)


@dataclass(frozen=True, slots=True)
class Length:
    """A length in mm and its provenance; ``mm`` is None iff the provenance is unknown."""

    mm: float | None
    source: Provenance

    def __post_init__(self) -> None:
        if (self.mm is None) != (self.source is Provenance.UNKNOWN):
            raise ValueError("a length has a value exactly when its provenance is known")
        if self.mm is not None and not (math.isfinite(self.mm) and self.mm > 0):
            raise ValueError(f"a spacing must be a positive number of mm, not {self.mm!r}")


UNKNOWN_LENGTH = Length(None, Provenance.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Spacing:
    """Spacing in mm along B-scans (``b``), depth (``z``) and A-scans (``x``).

    ``b`` is the nominal gap; B-scans need not be equally spaced, their true places are in
    :class:`~mirage_core.scan.geometry.ScanGeometry`. Line and circle scans have ``b`` unknown.
    """

    b: Length = UNKNOWN_LENGTH
    z: Length = UNKNOWN_LENGTH
    x: Length = UNKNOWN_LENGTH

    @classmethod
    def from_mm(
        cls,
        db: float | None,
        dz: float | None,
        dx: float | None,
        source: Provenance = Provenance.FILE,
    ) -> Spacing:
        """Build a spacing whose given components share one provenance; None is unknown."""
        return cls(*(UNKNOWN_LENGTH if v is None else Length(v, source) for v in (db, dz, dx)))

    def __getitem__(self, axis: str) -> Length:
        if axis not in AXES:
            raise KeyError(axis)
        length: Length = getattr(self, axis)
        return length

    def unknown_axes(self) -> tuple[str, ...]:
        """Names of the axes whose spacing is unknown, in ``b, z, x`` order."""
        return tuple(a for a in AXES if self[a].mm is None)

    def require_mm(self, *axes: str) -> tuple[float, ...]:
        """Return the spacing in mm along `axes`.

        Raises
        ------
        SpacingUnknownError
            If any of them is unknown; nothing is guessed.
        """
        missing = tuple(a for a in axes if self[a].mm is None)
        if missing:
            raise SpacingUnknownError(missing)
        return tuple(v for a in axes if (v := self[a].mm) is not None)

    def as_mm(self) -> tuple[float | None, float | None, float | None]:
        """Return ``(db, dz, dx)`` in mm with None where unknown."""
        return self.b.mm, self.z.mm, self.x.mm

    def with_user(
        self, db: float | None = None, dz: float | None = None, dx: float | None = None
    ) -> Spacing:
        """Return a copy whose given components (mm) are replaced and flagged ``user``."""
        given = dict(zip(AXES, (db, dz, dx), strict=True))
        return Spacing(
            *(self[a] if (v := given[a]) is None else Length(v, Provenance.USER) for a in AXES)
        )
