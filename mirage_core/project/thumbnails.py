"""Small pictures of scans for the worklist, made once and kept in the project."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from mirage_core.project.schema import thumbnails
from mirage_core.project.store import Store
from mirage_core.scan import Scan

U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]

WIDTH_PX, HEIGHT_PX = 144, 96
"""The box a thumbnail fits into: a row of the worklist at one and a half times its size, so that
it is sharp on dense screens too."""
_DARKEST, _BRIGHTEST = 2.0, 99.7
"""Percentiles of the grey values shown as black and as white."""
_LEAST_RANGE = 8.0


class ThumbnailTable:
    """Reads and keeps thumbnails of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, scan_id: str) -> bytes | None:
        """Return the PNG of a scan, None where none was made yet."""
        query = select(thumbnails.c.png).where(thumbnails.c.scan == scan_id)
        with self._store.read() as connection:
            png: bytes | None = connection.execute(query).scalar()
        return png

    def ids(self) -> frozenset[str]:
        """Return the ids of the scans that have one."""
        with self._store.read() as connection:
            return frozenset(connection.execute(select(thumbnails.c.scan)).scalars())

    def keep(self, scan_id: str, png: bytes) -> None:
        """Store the PNG of a scan; what is there already stays."""
        fresh = insert(thumbnails).values(scan=scan_id, png=png)
        with self._store.write() as connection:
            connection.execute(fresh.on_conflict_do_nothing())


def thumbnail_png(scan: Scan) -> bytes:
    """Return the middle B-scan as a small grey PNG, its proportions in pixels kept.

    It fits into ``WIDTH_PX`` by ``HEIGHT_PX``. Of a B-scan that is taller than this box up to half
    of the rows are left out, above and below the retina. White registration padding is shown
    black, and counts for nothing when black and white are chosen; nor do the few pixels of a
    burned-in scale bar.

    Raises
    ------
    ReadError
        If the B-scan cannot be read.
    """
    from PIL import Image

    from mirage_core.scan.padding import registration_padding

    image = scan.b_scan(scan.n_b_scans // 2)
    padding = registration_padding(image)
    rows = _rows_of_retina(image, padding)
    small, padding = _shrunk(image[rows], padding[rows])
    seen = small[~padding] if not padding.all() else small
    low, high = np.percentile(seen, (_DARKEST, _BRIGHTEST))
    grey = np.clip((small - low) * (255.0 / max(high - low, _LEAST_RANGE)), 0, 255)
    grey[padding] = 0
    file = io.BytesIO()
    Image.fromarray(np.rint(grey).astype(np.uint8)).save(file, "PNG", optimize=True)
    return file.getvalue()


def _rows_of_retina(image: U8, padding: Bool) -> slice:
    """Return the rows to show: the brightest run of them, if not all fit into the box."""
    height, width = image.shape
    n = max(round(width * HEIGHT_PX / WIDTH_PX), height // 2)
    if n >= height:
        return slice(None)
    grey = np.where(padding, 0, image).mean(axis=1)
    light = np.concatenate([[0.0], np.cumsum(grey)])
    first = int(np.argmax(light[n:] - light[:-n]))
    return slice(first, first + n)


def _shrunk(image: U8, padding: Bool) -> tuple[NDArray[np.float32], Bool]:
    """Return `image` averaged to the size of a thumbnail, and where it is mostly padding."""
    from PIL import Image

    height, width = image.shape
    scale = min(WIDTH_PX / width, HEIGHT_PX / height, 1.0)
    size = max(1, round(width * scale)), max(1, round(height * scale))

    def average(values: NDArray[np.generic]) -> NDArray[np.float32]:
        whole = Image.fromarray(values.astype(np.float32))
        return np.asarray(whole.resize(size, Image.Resampling.BOX), np.float32)

    hidden = average(padding)
    shown = np.maximum(1.0 - hidden, 1e-6)
    # Grey at the edge of padding is that of the tissue alone.
    return average(np.where(padding, 0, image)) / shown, hidden > 0.5
