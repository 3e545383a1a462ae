"""The fovea: where it was found or put, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FoveaSource(StrEnum):
    """Who says where the fovea is."""

    USER = "user"
    THICKNESS = "thickness"
    SLO = "slo"
    OTHER_VISIT = "other visit"
    CENTRE = "scan centre"


@dataclass(frozen=True, slots=True)
class Fovea:
    """The place of the fovea in a scan.

    Attributes
    ----------
    b, x : float
        B-scan and column, fractional, counted from 0.
    source : FoveaSource
    confidence : float
        0..1; 1 where the user put it, 0 for the middle of the scan.
    """

    b: float
    x: float
    source: FoveaSource = FoveaSource.USER
    confidence: float = 1.0

    def moved(self, b: float, x: float) -> Fovea:
        """Return the fovea where the user puts it."""
        return Fovea(b, x)
