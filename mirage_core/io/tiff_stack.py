"""Reader of TIFF stacks: one B-scan per page, 8 or 16 bit, float or colour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mirage_core.io.grouping import group_images
from mirage_core.io.images import eight_bit
from mirage_core.io.signatures import content_kind, read_head
from mirage_core.io.sources import FilePixels, checked_shape
from mirage_core.io.tiff_pages import TiffPlane, read_plane, tiff_planes
from mirage_core.scan import Scan, ScanGeometry, ScanPattern

FORMAT = "tiff"


class TiffPixels(FilePixels):
    """Pixels of a TIFF file; uncompressed pages are read by offset."""

    def __init__(self, path: Path, planes: tuple[TiffPlane, ...]) -> None:
        z, x = planes[0].shape[:2]
        super().__init__(path, (len(planes), z, x))
        self._planes = planes

    def _read(self, b: int) -> NDArray[np.generic]:
        return read_plane(self._path, self._planes[b])


def sniff(path: Path) -> bool:
    """Return whether the file at `path` begins as a TIFF does."""
    return path.is_file() and content_kind(read_head(path)) == "tiff"


def read(path: Path) -> Scan:
    """Read a TIFF stack; a single page of another size than the rest is its SLO.

    Resolution tags (dots per inch, ImageJ's and OME's pixel sizes) are not taken as spacing:
    programs write defaults there.

    Raises
    ------
    ReadError
        If pages are missing, have several sizes or cannot be B-scans.
    """
    planes = tiff_planes(path)
    group = group_images(path, [(p.shape[0], p.shape[1]) for p in planes])
    b_scans = tuple(planes[i] for i in group.b_scans)
    z, x = b_scans[0].shape[:2]
    checked_shape(path, len(b_scans), z, x, np.dtype(b_scans[0].dtype).itemsize)
    return Scan(
        TiffPixels(path, b_scans),
        geometry=ScanGeometry(pattern=ScanPattern.UNKNOWN),
        slo=None if group.slo is None else eight_bit(read_plane(path, planes[group.slo])),
        source_path=path,
        source_format=FORMAT,
    )
