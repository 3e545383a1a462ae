"""Surfaces as a table: one row per surface and A-scan, or one per A-scan."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mirage_core.io.export_request import ExportRequest, Report
from mirage_core.scan import State

LONG_COLUMNS = ("b_scan", "column", "surface", "depth_px", "depth_um", "state")


@dataclass(frozen=True, slots=True)
class CsvExporter:
    """One ``.csv`` per scan with the depths of every surface drawn on a chosen B-scan.

    B-scans and columns count from 0, depths from the top of the B-scan; a cell is empty where
    the surface is undefined, and ``depth_um`` also while the depth scale is unknown. Depths in
    px read back to the same float32.

    Attributes
    ----------
    wide : bool
        One row per A-scan with a column ``<surface>_px`` per surface, instead of one row per
        surface and A-scan.
    """

    name: ClassVar[str] = "csv"
    title: ClassVar[str] = "Table of surfaces (CSV)"
    suffix: ClassVar[str] = ".csv"

    wide: bool = False

    def write(
        self, requests: Sequence[ExportRequest], folder: Path, report: Report
    ) -> Sequence[ExportRequest]:
        """Write ``<stem>.csv`` per request into `folder`."""
        total = sum(len(r.b_scans) for r in requests)
        done = 0
        for request in requests:
            rows = request.present_surfaces()
            names = [request.annotation.surfaces.names[r] for r in rows]
            header = (
                ("b_scan", "column", *(f"{n}_px" for n in names)) if self.wide else LONG_COLUMNS
            )
            path = folder / f"{request.stem}{self.suffix}"
            with path.open("w", encoding="utf-8", newline="") as file:
                table = csv.writer(file)
                table.writerow(header)
                for b in request.b_scans:
                    make = _wide_rows if self.wide else _long_rows
                    table.writerows(make(request, rows, b))
                    done += 1
                    report(done / total)
        return requests


def _long_rows(request: ExportRequest, rows: Sequence[int], b: int) -> Iterator[tuple[object, ...]]:
    dz_mm = request.scan.spacing.z.mm
    for row in rows:
        name = request.annotation.surfaces.names[row]
        state = State(request.annotation.states[row, b]).name.lower()
        depths = request.annotation.surfaces.values[row, b]
        depths_um = (
            [""] * len(depths)
            if dz_mm is None
            else [f"{v:.3f}" if np.isfinite(v) else "" for v in depths.astype(float) * dz_mm * 1000]
        )
        for x, (px, um) in enumerate(zip(_cells(depths), depths_um, strict=True)):
            yield b, x, name, px, um, state


def _wide_rows(request: ExportRequest, rows: Sequence[int], b: int) -> Iterator[tuple[object, ...]]:
    columns = [_cells(request.annotation.surfaces.values[row, b]) for row in rows]
    for x in range(request.scan.shape[2]):
        yield b, x, *(c[x] for c in columns)


def _cells(depths: NDArray[np.float32]) -> list[str]:
    """Return each depth with as few digits as give the same float32 back; NaN is empty."""
    return ["" if np.isnan(v) else str(v) for v in depths]
