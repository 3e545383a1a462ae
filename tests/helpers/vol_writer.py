"""Writes .vol files as a Heidelberg device exports them, from arrays, for tests and benchmarks.

Only the patient is a dummy. B-scans are written one after the other, so a file may be larger
than memory.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

INVALID = np.float32(3.4028235e38)
PATIENT_ID = "TEST-PATIENT-0001"
PATTERN_CODES = {"line": 1, "circle": 2, "raster": 3, "fast": 4, "radial": 5}
# float32 reflectance of every grey value: the device shows 255 * r ** 0.25.
REFLECTANCE = ((np.arange(256) / 255.0) ** 4).astype(np.float32)
U8 = NDArray[np.uint8]


@dataclass(frozen=True)
class VolParameters:
    """What stands in the headers; lengths in mm.

    ``positions_mm`` is ``[b, 4]``: start x, y, end x, y from the SLO's upper left corner (for
    circles: a point of the circle, then the centre); made to fit the pattern if None.
    ``layers`` maps the device's slot number (0 ILM, 1 BM, 2 RNFL, ... 16 RPE) to ``[b, x]``
    depths in px, NaN written as invalid.
    """

    pattern: str = "raster"
    scale_x_mm: float = 0.011609
    scale_z_mm: float = 0.0038716
    distance_mm: float = 0.12
    slo_scale_mm: float = 0.0116
    position: bytes = b"OD"
    positions_mm: NDArray[np.float64] | None = None
    layers: Mapping[int, NDArray[np.floating]] = field(default_factory=dict)
    quality: float = 31.5
    shift: int = 0
    version: bytes = b"HSF-OCT-103"
    pattern_code: int | None = None
    b_scan_header_bytes: int | None = None
    exam_filetime: int = 129_067_776_000_000_000  # 2010-01-01
    birth_date_ole: float = 25569.0  # 1970-01-01


def write_vol(
    path: Path,
    volume: U8 | Iterable[U8],
    slo: U8 | None = None,
    parameters: VolParameters | None = None,
    n_b_scans: int | None = None,
    invalid: NDArray[np.bool_] | None = None,
) -> Path:
    """Write a .vol file whose B-scans show as `volume`.

    Parameters
    ----------
    path : Path
    volume : uint8 array ``[b, z, x]``, or an iterable of B-scans ``[z, x]``
    slo : uint8 array ``[row, col]``, optional
    parameters : VolParameters, optional
    n_b_scans : int, optional
        How many there will be; needed for an iterable without a length.
    invalid : bool array ``[z, x]``, optional
        Pixels written as invalid in every B-scan.
    """
    p = parameters or VolParameters()
    n = len(volume) if n_b_scans is None else n_b_scans  # type: ignore[arg-type]
    frames = iter(volume)
    first = next(frames)
    z, x = first.shape
    slo = np.full((768, 768), 60, np.uint8) if slo is None else slo
    n_slots = max(p.layers, default=-1) + 1
    header_bytes = p.b_scan_header_bytes or max(2048, 256 + 4 * n_slots * x)
    positions = p.positions_mm if p.positions_mm is not None else default_positions(p, n, x, slo)
    with path.open("wb") as file:
        file.write(file_header(p, n, z, x, slo.shape, header_bytes))
        file.write(slo.tobytes())
        for b in range(n):
            image = first if b == 0 else next(frames)
            file.write(_b_scan_header(p, b, positions[b], header_bytes, n_slots, x))
            pixels = REFLECTANCE[image]
            if invalid is not None:
                pixels[invalid] = INVALID
            file.write(pixels.astype("<f4").tobytes())
    return path


def file_header(
    p: VolParameters, n: int, z: int, x: int, slo_shape: tuple[int, ...], header_bytes: int
) -> bytes:
    """Return the 2048 bytes a .vol file begins with."""
    code = PATTERN_CODES[p.pattern] if p.pattern_code is None else p.pattern_code
    fields = struct.pack(
        "<12s3I3d2I2dId4sqiI16s16sI21s3xdI24sd",
        p.version,
        x,
        n,
        z,
        p.scale_x_mm,
        p.distance_mm,
        p.scale_z_mm,
        slo_shape[1],
        slo_shape[0],
        p.slo_scale_mm,
        p.slo_scale_mm,
        30,
        -1.5,
        p.position,
        p.exam_filetime,
        code,
        header_bytes,
        b"TEST-EXAM",
        b"",
        7777,
        PATIENT_ID.encode(),
        p.birth_date_ole,
        8888,
        b"TEST-VISIT",
        40179.5,
    )
    return fields.ljust(2048, b"\0")


def _b_scan_header(
    p: VolParameters, b: int, position: NDArray[np.float64], size: int, n_slots: int, x: int
) -> bytes:
    head = struct.pack(
        "<12sI4dIIfI",
        b"HSF-BS-103",
        size,
        *position,
        n_slots,
        256,
        p.quality,
        p.shift & 0xFFFFFFFF,
    ).ljust(256, b"\0")
    table = np.full((n_slots, x), INVALID, "<f4")
    for slot, depths in p.layers.items():
        table[slot] = np.where(np.isfinite(depths[b]), depths[b], INVALID)
    return (head + table.tobytes()).ljust(size, b"\0")


def default_positions(p: VolParameters, n: int, x: int, slo: U8) -> NDArray[np.float64]:
    """Return positions ``[n, 4]`` in mm that fit the pattern, centred on the SLO."""
    center = np.array(slo.shape[::-1]) * p.slo_scale_mm / 2  # x, y
    length = x * p.scale_x_mm
    if p.pattern == "circle":
        radius = length / (2 * math.pi)
        side = 1 if p.position.startswith(b"OS") else -1  # starts temporal
        start = center + np.array([side * radius, 0.0])
        return np.tile(np.concatenate([start, center]), (n, 1))
    if p.pattern == "radial":
        angle = np.pi / 2 - np.arange(n) * np.pi / n
        half = np.stack([np.cos(angle), -np.sin(angle)], axis=1) * length / 2
        return np.concatenate([center - half, center + half], axis=1)
    y = center[1] + ((n - 1) / 2 - np.arange(n)) * p.distance_mm  # inferior first
    left, right = center[0] - length / 2, center[0] + length / 2
    return np.stack([np.full(n, left), y, np.full(n, right), y], axis=1)
