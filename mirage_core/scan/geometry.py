"""Where the B-scans lie on the fundus, in SLO pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


class ScanPattern(StrEnum):
    """How the B-scans are laid out."""

    LINE = "line"
    RASTER = "raster"
    RADIAL = "radial"
    CIRCLE = "circle"
    UNKNOWN = "unknown"


class Laterality(StrEnum):
    """Which eye. Nasal is image-right in OD and image-left in OS."""

    OD = "R"
    OS = "L"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class LinePosition:
    """A straight B-scan: SLO ``(row, col)`` in px of its first and last A-scan."""

    start: tuple[float, float]
    end: tuple[float, float]

    def points(self, n: int) -> F64:
        """Return `n` points ``[n, (row, col)]`` in SLO px, one per A-scan."""
        t = np.linspace(0.0, 1.0, n)[:, None]
        a, b = np.asarray(self.start, float), np.asarray(self.end, float)
        out: F64 = a + t * (b - a)
        return out


@dataclass(frozen=True, slots=True)
class CirclePosition:
    """A circular B-scan on the SLO.

    ``center`` is ``(row, col)`` and ``radius`` a length, both in SLO px. ``start_angle`` is in
    radians from the +column axis towards the +row axis; A-scans advance by ``direction`` (+1
    or -1) times ``2 pi / n``.
    """

    center: tuple[float, float]
    radius: float
    start_angle: float = 0.0
    direction: int = 1

    def points(self, n: int) -> F64:
        """Return `n` points ``[n, (row, col)]`` in SLO px, one per A-scan."""
        angle = self.start_angle + self.direction * np.arange(n) * (2 * np.pi / n)
        row = self.center[0] + self.radius * np.sin(angle)
        col = self.center[1] + self.radius * np.cos(angle)
        return np.stack([row, col], axis=1)


Position = LinePosition | CirclePosition


@dataclass(frozen=True)
class ScanGeometry:
    """Pattern and place of every B-scan.

    Attributes
    ----------
    pattern : ScanPattern
    positions : tuple of Position
        One per B-scan, or empty when the file does not say.
    superior_to_inferior : bool or None
        True if B-scan 0 is superior; None when unknown. Heidelberg volumes are inferior first.
    slo_mm_per_px : (float, float) or None
        SLO scale along (row, col) in mm per px.
    positions_assumed : bool
        True when the positions were not in the file but laid out evenly for display; nothing
        may be measured from them.
    """

    pattern: ScanPattern = ScanPattern.UNKNOWN
    positions: tuple[Position, ...] = ()
    superior_to_inferior: bool | None = None
    slo_mm_per_px: tuple[float, float] | None = None
    positions_assumed: bool = False
    _cache: dict[int, F64] = field(default_factory=dict, repr=False, compare=False)

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_cache": {}}

    def _all_points(self, width: int) -> F64:
        """Return every A-scan's place, ``[b, x, (row, col)]`` in SLO px."""
        if width not in self._cache:
            self._cache[width] = np.stack([p.points(width) for p in self.positions])
        return self._cache[width]

    def slo_point(self, b: int, x: float, width: int) -> tuple[float, float] | None:
        """Return SLO ``(row, col)`` in px of column `x` of B-scan `b`, None without positions."""
        if not 0 <= b < len(self.positions):
            return None
        points = self._all_points(width)[b]
        columns = np.arange(width)
        return (
            float(np.interp(x, columns, points[:, 0])),
            float(np.interp(x, columns, points[:, 1])),
        )

    def nearest(self, row: float, col: float, width: int) -> tuple[int, int] | None:
        """Return the B-scan and column nearest to SLO ``(row, col)`` px, None without positions."""
        if not self.positions:
            return None
        distance = ((self._all_points(width) - (row, col)) ** 2).sum(axis=2)
        b, x = np.unravel_index(int(distance.argmin()), distance.shape)
        return int(b), int(x)
