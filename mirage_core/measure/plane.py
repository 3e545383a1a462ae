"""Plane: where each A-scan lies on the fundus, in mm, x to the image's right and y to superior."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.measure.measured import NotMeasuredError
from mirage_core.measure.sampling import Sampled, sample_parallel, sample_radial
from mirage_core.scan import LinePosition, Provenance, Scan, ScanGeometry, ScanPattern

F64 = NDArray[np.float64]

_PARALLEL = np.cos(np.radians(2.0))
_ALIKE = 0.05
_CROSSING_MM = 0.1


@dataclass(frozen=True, eq=False)
class Plane:
    """The straight B-scans of one scan on the fundus.

    Attributes
    ----------
    lines_mm : float64 array ``[b, (first, last), (x, y)]``
        Places of the first and the last A-scan of each B-scan.
    width : int
        A-scans of a B-scan.
    radial : bool
        Whether B-scans cross in one point; otherwise they lie side by side.
    from_positions : bool
        Whether places are those in the file, in mm from the SLO's upper left pixel; otherwise
        B-scans are laid side by side by the spacing.
    superior_known : bool
        Whether +y is known to be superior.
    """

    lines_mm: F64
    width: int
    radial: bool = False
    from_positions: bool = False
    superior_known: bool = True

    @property
    def n_b_scans(self) -> int:
        """Number of B-scans."""
        return len(self.lines_mm)

    @property
    def centre_mm(self) -> F64:
        """The middle of the scan, ``(x, y)``."""
        ends = self.lines_mm.reshape(-1, 2)
        middle: F64 = (ends.min(axis=0) + ends.max(axis=0)) / 2
        return middle

    def place_mm(self, b: float, x: float) -> F64:
        """Return ``(x, y)`` in mm of a fractional B-scan and column, both counted from 0."""
        last = self.n_b_scans - 1
        low = min(max(int(np.floor(b)), 0), max(last - 1, 0))
        share = b - low if last else 0.0
        line = self.lines_mm[low] + share * (self.lines_mm[min(low + 1, last)] - self.lines_mm[low])
        out: F64 = line[0] + x / (self.width - 1) * (line[1] - line[0])
        return out

    def grid_place(self, place_mm: F64) -> tuple[float, float]:
        """Return the fractional B-scan and column at ``(x, y)`` mm; the inverse of `place_mm`.

        Where B-scans cross, or were not taken one beside the other, the nearest B-scan.
        """
        start, along = self.lines_mm[:, 0], self.lines_mm[:, 1] - self.lines_mm[:, 0]
        unit = along / np.hypot(*along.T)[:, None]
        across = np.stack([-unit[:, 1], unit[:, 0]], axis=1)
        # Signed distance of the place from every line, and its column on it.
        off = ((place_mm - start) * across).sum(axis=1)
        column = ((place_mm - start) * along).sum(axis=1) / (along**2).sum(axis=1)
        column = column * (self.width - 1)
        order = np.argsort(off)
        rising = bool(np.all(np.abs(np.diff(order)) == 1)) and np.all(np.diff(off[order]) > 0)
        if self.radial or not rising or self.n_b_scans == 1:
            b = int(np.abs(off).argmin())
            return float(b), float(column[b])
        at = int(np.clip(np.searchsorted(off[order], 0.0), 1, self.n_b_scans - 1))
        one, other = int(order[at - 1]), int(order[at])
        share = off[one] / (off[one] - off[other])
        return (
            float(one + share * (other - one)),
            float(column[one] + share * (column[other] - column[one])),
        )

    def sample(self, points_mm: F64) -> Sampled:
        """Return by which A-scans, and how much of each, values at ``[n, (x, y)]`` are given."""
        sample = sample_radial if self.radial else sample_parallel
        return sample(self.lines_mm, self.width, points_mm)


def plane_of(scan: Scan) -> Plane:
    """Return where the A-scans of `scan` lie.

    Positions in the file are used as they are; of a spacing that the user typed the lengths
    count, and directions and order stay the file's. Where there are no positions, or they were
    only assumed for display, B-scans are laid side by side by the spacing.

    Raises
    ------
    SpacingUnknownError
        If the lateral scale or, side by side, the gap between B-scans is unknown.
    NotMeasuredError
        If the B-scans cover no area: a line, a circle, a star without positions.
    """
    geometry, spacing = scan.geometry, scan.spacing
    n, _, width = scan.shape
    if geometry.pattern is ScanPattern.CIRCLE:
        raise NotMeasuredError("A circle scan covers no area: there is no grid over it.")
    if n < 2 or geometry.pattern is ScanPattern.LINE:
        raise NotMeasuredError("A line scan covers no area: there is no grid over it.")
    radial = geometry.pattern is ScanPattern.RADIAL
    spacing.require_mm(*(("x",) if radial else ("b", "x")))
    typed = Provenance.USER in (spacing.x.source, spacing.b.source)
    lines = lines_mm(geometry)
    if radial:
        if lines is None:
            raise NotMeasuredError(
                "The file does not say where the B-scans of this radial scan lie."
            )
        if typed:
            (dx_mm,) = spacing.require_mm("x")
            lines = _stretched(lines, dx_mm * (width - 1))
        if not _cross_in_one_point(lines):
            raise NotMeasuredError("The B-scans of this radial scan do not cross in one point.")
        return Plane(lines, width, radial=True, from_positions=True)
    if lines is None:
        return _side_by_side(scan)
    if not _parallel(lines):
        if typed:
            return _side_by_side(scan)
        raise NotMeasuredError("The B-scans of this scan are neither side by side nor a star.")
    if typed:
        db_mm, dx_mm = spacing.require_mm("b", "x")
        return Plane(_respaced(lines, db_mm, dx_mm * (width - 1)), width)
    return Plane(lines, width, from_positions=True)


def lines_mm(geometry: ScanGeometry) -> F64 | None:
    """Return ``[b, (first, last), (x, y)]`` in mm from the file's positions; None without any."""
    scale = geometry.slo_mm_per_px
    lines = [p for p in geometry.positions if isinstance(p, LinePosition)]
    if (
        scale is None
        or geometry.positions_assumed
        or not lines
        or len(lines) != len(geometry.positions)
    ):
        return None
    ends = np.array([(line.start, line.end) for line in lines], float) * scale
    return np.stack([ends[..., 1], -ends[..., 0]], axis=-1)


def positions_disagree(scan: Scan) -> bool:
    """Return whether positions and spacing of the file differ by more than a twentieth."""
    lines = lines_mm(scan.geometry)
    dx_mm, db_mm = scan.spacing.x.mm, scan.spacing.b.mm
    if lines is None or dx_mm is None:
        return False
    lengths = np.hypot(*(lines[:, 1] - lines[:, 0]).T)
    wanted = dx_mm * (scan.shape[2] - 1)
    if np.any(np.abs(lengths - wanted) > _ALIKE * wanted):
        return True
    if scan.geometry.pattern is not ScanPattern.RASTER or len(lines) < 2 or db_mm is None:
        return False
    gap = float(np.median(np.abs(np.diff(across_mm(lines)))))
    return abs(gap - db_mm) > _ALIKE * db_mm


def across_mm(lines: F64) -> F64:
    """Return the place of each of the parallel `lines` on the axis across them, mm ``[b]``."""
    along = (lines[:, 1] - lines[:, 0]).sum(axis=0)
    unit = along / np.hypot(*along)
    out: F64 = lines.mean(axis=1) @ np.array([-unit[1], unit[0]])
    return out


def _side_by_side(scan: Scan) -> Plane:
    db_mm, dx_mm = scan.spacing.require_mm("b", "x")
    n, _, width = scan.shape
    down = scan.geometry.superior_to_inferior
    y = np.arange(n) * (-db_mm if down or down is None else db_mm)
    lines = np.zeros((n, 2, 2))
    lines[..., 1] = y[:, None]
    lines[:, 1, 0] = (width - 1) * dx_mm
    return Plane(lines, width, superior_known=down is not None)


def _parallel(lines: F64) -> bool:
    along = lines[:, 1] - lines[:, 0]
    length = np.hypot(*along.T)
    if not np.all(length > 0):
        return False
    unit = along / length[:, None]
    return bool(np.all(unit @ unit[0] > _PARALLEL)) and bool(np.ptp(across_mm(lines)) > 0)


def _respaced(lines: F64, gap_mm: float, length_mm: float) -> F64:
    """Return parallel `lines` with a gap and a length of the user's, directions and order kept."""
    along = (lines[:, 1] - lines[:, 0]).sum(axis=0)
    unit = along / np.hypot(*along)
    rank = np.argsort(np.argsort(across_mm(lines), kind="stable"), kind="stable")
    starts = rank[:, None] * gap_mm * np.array([-unit[1], unit[0]])
    return np.stack([starts, starts + length_mm * unit], axis=1)


def _stretched(lines: F64, length_mm: float) -> F64:
    """Return `lines` about their common middle, so that they are `length_mm` long."""
    lengths = np.hypot(*(lines[:, 1] - lines[:, 0]).T)
    middle = lines.mean(axis=(0, 1))
    out: F64 = middle + (lines - middle) * (length_mm / float(np.median(lengths)))
    return out


def _cross_in_one_point(lines: F64) -> bool:
    middles = lines.mean(axis=1)
    return bool(np.all(np.hypot(*(middles - middles.mean(axis=0)).T) < _CROSSING_MM))
