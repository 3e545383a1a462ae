"""Byte layout of Heidelberg .vol files (HSF-OCT-10x, little-endian): headers, no pixels.

File: 2048-byte header; SLO as uint8; then per B-scan a header (its size stands in the file
header), segmentation vectors inside that header, and float32 pixels ``[z, x]``. Checked on
exported line and circle scans and against eyepy's ``.vol`` fixture.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from mirage_core.io.errors import ReadError, cut_short
from mirage_core.io.sources import checked_shape

FILE_HEADER_BYTES = 2048
# Pixels and segmentation vectors that are not set hold the largest float32.
INVALID_ABOVE = np.float32(3.0e38)
_FILE_HEADER = struct.Struct("<12s3I3d2I2dId4sqiI16s16sI21s3xdI24sd")
_B_SCAN_HEADER = np.dtype(
    [
        ("version", "S12"),
        ("header_bytes", "<u4"),
        ("start_mm", "<f8", 2),  # (x, y) from the SLO's upper left corner, y down
        ("end_mm", "<f8", 2),  # circle scans: the centre
        ("n_segmentations", "<u4"),
        ("segmentation_offset", "<u4"),
        ("quality", "<f4"),
        ("shift", "<i4"),  # stored unsigned by some exports; negative in meaning
    ]
)


@dataclass(frozen=True, slots=True, repr=False)
class VolHeader:
    """The fields of the file header that are used; lengths in mm, sizes in px.

    ``repr`` is left out on purpose: the header holds the patient's id and birth date.
    """

    version: bytes
    size_x: int
    n_b_scans: int
    size_z: int
    scale_x_mm: float
    distance_mm: float
    scale_z_mm: float
    slo_width: int
    slo_height: int
    slo_scale_x_mm: float
    slo_scale_y_mm: float
    field_deg: int
    position: bytes
    exam_filetime: int
    scan_pattern: int
    b_scan_header_bytes: int
    patient_id: bytes
    birth_date_ole: float
    visit_date_ole: float

    @property
    def b_scans_at(self) -> int:
        """Byte offset of the first B-scan's header."""
        return FILE_HEADER_BYTES + self.slo_width * self.slo_height

    @property
    def stride(self) -> int:
        """Bytes from one B-scan's header to the next."""
        return self.b_scan_header_bytes + 4 * self.size_x * self.size_z

    @property
    def from_device(self) -> bool:
        """False for files written by other programs."""
        return self.version.startswith(b"HSF-OCT-")


def read_file_header(file: BinaryIO, path: Path, file_bytes: int) -> VolHeader:
    """Return the file header, checked against the size of the file.

    Raises
    ------
    ReadError
        If the file is shorter than its header promises, or the header's sizes cannot be true.
    """
    head = file.read(FILE_HEADER_BYTES)
    if len(head) < FILE_HEADER_BYTES:
        raise cut_short(path, f"This .vol file ends within its header ({file_bytes} bytes).")
    f = _FILE_HEADER.unpack_from(head)
    header = VolHeader(
        version=f[0],
        size_x=f[1],
        n_b_scans=f[2],
        size_z=f[3],
        scale_x_mm=f[4],
        distance_mm=f[5],
        scale_z_mm=f[6],
        slo_width=f[7],
        slo_height=f[8],
        slo_scale_x_mm=f[9],
        slo_scale_y_mm=f[10],
        field_deg=f[11],
        position=f[13],
        exam_filetime=f[14],
        scan_pattern=f[15],
        b_scan_header_bytes=f[16],
        patient_id=f[20],
        birth_date_ole=f[21],
        visit_date_ole=f[24],
    )
    checked_shape(path, header.n_b_scans, header.size_z, header.size_x, 4)
    if header.b_scans_at > file_bytes:
        raise cut_short(path, "This .vol file is cut short: it ends within the SLO image.")
    return _with_true_stride(header, file, path, file_bytes)


def _with_true_stride(header: VolHeader, file: BinaryIO, path: Path, file_bytes: int) -> VolHeader:
    """Return `header` with a B-scan header size under which the file holds every B-scan.

    Files written by other programs may give a wrong size in the file header; the B-scans
    themselves repeat it.
    """
    if _fits(header, file_bytes):
        return header
    file.seek(header.b_scans_at)
    first = file.read(_B_SCAN_HEADER.itemsize)
    if not header.from_device and len(first) == _B_SCAN_HEADER.itemsize:
        own_bytes = int(np.frombuffer(first, _B_SCAN_HEADER)["header_bytes"][0])
        other = VolHeader(
            **{name: getattr(header, name) for name in header.__slots__}
            | {"b_scan_header_bytes": own_bytes}
        )
        if _fits(other, file_bytes):
            return other
    if header.b_scan_header_bytes < _B_SCAN_HEADER.itemsize:
        raise ReadError(
            path,
            "The header of this .vol file gives an impossible size for its B-scan headers.",
            "The header is damaged: export the scan again from the device.",
        )
    held = max(0, (file_bytes - header.b_scans_at) // header.stride)
    raise cut_short(
        path,
        f"This .vol file is cut short: its header promises {header.n_b_scans} "
        f"B-scan{'s' if header.n_b_scans > 1 else ''}, the file holds {held}.",
    )


def _fits(header: VolHeader, file_bytes: int) -> bool:
    return (
        header.b_scan_header_bytes >= _B_SCAN_HEADER.itemsize
        and header.b_scans_at + header.n_b_scans * header.stride <= file_bytes
    )


@dataclass(frozen=True, slots=True)
class BScanHeaders:
    """The headers of all B-scans, and their segmentation vectors.

    Attributes
    ----------
    start_mm, end_mm : float64 arrays ``[b, (x, y)]``
        mm from the SLO's upper left corner, y downwards.
    quality : float32 array ``[b]``
    layers : float32 array ``[slot, b, x]``
        Depths in px from the top by the device's slot number; NaN where not set.
    n_damaged_tables : int
        B-scans whose segmentation table does not fit into their header.
    """

    start_mm: NDArray[np.float64]
    end_mm: NDArray[np.float64]
    quality: NDArray[np.float32]
    layers: NDArray[np.float32]
    n_damaged_tables: int


def read_b_scan_headers(file: BinaryIO, path: Path, header: VolHeader) -> BScanHeaders:
    """Return the headers and segmentation vectors of every B-scan; pixels are skipped."""
    n, width = header.n_b_scans, header.size_x
    headers = np.empty(n, _B_SCAN_HEADER)
    tables: list[NDArray[np.float32]] = []
    n_damaged = 0
    for b in range(n):
        at = header.b_scans_at + b * header.stride
        file.seek(at)
        data = file.read(_B_SCAN_HEADER.itemsize)
        if len(data) != _B_SCAN_HEADER.itemsize:
            raise cut_short(path, f"This .vol file ends within the header of B-scan {b + 1}.")
        headers[b] = np.frombuffer(data, _B_SCAN_HEADER)[0]
        n_layers = int(headers["n_segmentations"][b])
        offset = int(headers["segmentation_offset"][b])
        if offset + 4 * n_layers * width > header.b_scan_header_bytes:
            n_damaged += 1
            n_layers = 0
        file.seek(at + offset)
        vectors = np.frombuffer(file.read(4 * n_layers * width), "<f4")
        if vectors.size != n_layers * width:
            raise cut_short(path, f"This .vol file ends within the header of B-scan {b + 1}.")
        tables.append(vectors.reshape(n_layers, width))
    layers = np.full((max(len(t) for t in tables), n, width), np.nan, np.float32)
    for b, table in enumerate(tables):
        layers[: len(table), b] = table
    layers[~(np.abs(layers) < INVALID_ABOVE)] = np.nan
    quality = headers["quality"].astype(np.float32)
    quality[~(np.abs(quality) < INVALID_ABOVE)] = np.nan
    return BScanHeaders(
        start_mm=headers["start_mm"],
        end_mm=headers["end_mm"],
        quality=quality,
        layers=layers,
        n_damaged_tables=n_damaged,
    )
