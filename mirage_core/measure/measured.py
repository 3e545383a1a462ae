"""Measured: one clinical figure with what it rests on, or why it is not given."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mirage_core.scan import Spacing

LEAST_COVERAGE = 0.95
"""Share of a region that must be known; with less the figure is refused and the share shown."""
_NAN = float("nan")


class NotMeasuredError(ValueError):
    """A figure cannot be given; the text is for the user."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What figures of one structure rest on.

    Attributes
    ----------
    surfaces : tuple of str
        Surfaces used, top to bottom; empty for masks.
    spacing : str
        Where each length came from, as in ``"b file, z file, x user"``.
    """

    surfaces: tuple[str, ...] = ()
    spacing: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """A clinical figure.

    Attributes
    ----------
    value : float
        NaN where the figure is refused; then `reason` says why.
    unit : str
        ``um``, ``mm``, ``mm2``, ``mm3``, ``nL``; empty where there is none.
    reason : str
        A sentence for the user; empty where there is a value.
    basis : Basis
    coverage : float
        Share of the region that is known, 0..1; NaN where nothing could be looked at.
    approved : float
        Share of the region that a human approved, 0..1; NaN as `coverage`.
    note : str
        What to bear in mind although there is a value.
    """

    value: float
    unit: str
    reason: str = ""
    basis: Basis = Basis()
    coverage: float = _NAN
    approved: float = _NAN
    note: str = ""

    def __post_init__(self) -> None:
        if math.isnan(self.value) != bool(self.reason):
            raise ValueError("a figure is refused exactly when there is a reason")

    @property
    def text(self) -> str:
        """The figure for people, a dash where it is refused."""
        if self.reason:
            return "–"
        digits = {"um": 0, "mm3": 3, "mm2": 2, "mm": 2, "nL": 1}.get(self.unit, 2)
        return f"{self.value:.{digits}f}"


def refused(reason: str, unit: str, basis: Basis | None = None) -> Measured:
    """Return a figure that is not given, and why."""
    return Measured(_NAN, unit, reason, basis or Basis())


def covered(
    value: float, unit: str, basis: Basis, coverage: float, approved: float, note: str = ""
) -> Measured:
    """Return `value`, refused where less than :data:`LEAST_COVERAGE` of its region is known."""
    reason = ""
    coverage = 0.0 if math.isnan(coverage) else coverage
    if not coverage >= LEAST_COVERAGE or math.isnan(value):
        value = _NAN
        # Rounded down, so that 94.96 % is not shown as the 95 % that would do.
        percent = math.floor(1000 * coverage) / 10
        reason = f"Known on {percent:g} % of the region; {100 * LEAST_COVERAGE:.0f} % are needed."
    return Measured(value, unit, reason, basis, coverage, approved, note)


def spacing_words(spacing: Spacing, axes: str) -> str:
    """Return where the lengths along `axes` (``"bzx"``) came from: ``"b file, x user"``."""
    return ", ".join(f"{axis} {spacing[axis].source.value}" for axis in axes)
