"""What lies in a TIFF file, page by page, checked against the file before pixels are read."""

from __future__ import annotations

import logging
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from mirage_core.io.errors import ReadError, cut_short
from mirage_core.io.images import read_image, to_grey
from mirage_core.io.sources import checked_shape, read_exactly

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage

_MAX_PAGES = 100_000
_MIN_IS_WHITE = 0
_PALETTE = 3
# Without a handler, tifffile's remarks on odd files would be printed on stderr.
logging.getLogger("tifffile").addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True)
class TiffPlane:
    """One image of a TIFF file.

    Attributes
    ----------
    shape : tuple of int
        ``(z, x)`` or ``(z, x, channels)``.
    dtype : str
        As numpy writes it, with byte order.
    page : int
        The page it is on.
    offset : int or None
        Byte offset of its uncompressed pixels, None when they must be decoded.
    inverted : bool
        Whether small values are white.
    """

    shape: tuple[int, ...]
    dtype: str
    page: int
    offset: int | None
    inverted: bool


def tiff_planes(path: Path) -> list[TiffPlane]:
    """Return every image of the TIFF file at `path`, in order.

    Raises
    ------
    ReadError
        If the file ends before its pages do, or a page's size cannot be true.
    """
    n_pages = _count_pages(path)
    file_bytes = path.stat().st_size
    with _tiff_file(path) as tiff:
        if n_pages == 1 and (stack := _stack_on_one_page(tiff, path, file_bytes)):
            return stack
        planes = []
        for i in range(n_pages):
            page = _page(tiff, i)
            if n_pages == 1 or not page.is_reduced:  # thumbnails are no B-scans
                planes.append(_plane(page, i, tiff.byteorder, path, file_bytes))
    if not planes:
        raise ValueError("thumbnails only")
    return planes


def read_plane(path: Path, plane: TiffPlane) -> NDArray[np.generic]:
    """Return one image as grey, axes ``[z, x]``."""
    if plane.offset is not None:
        count = int(np.prod(plane.shape))
        image = read_exactly(path, plane.dtype, count, plane.offset).reshape(plane.shape)
        grey = to_grey(image)
    else:
        grey = _decode(path, plane)
    if plane.inverted and (grey.dtype == np.uint8 or grey.dtype == np.uint16):
        inverted: NDArray[np.generic] = np.iinfo(grey.dtype.name).max - grey
        return inverted
    return grey


def _decode(path: Path, plane: TiffPlane) -> NDArray[np.generic]:
    try:
        with _tiff_file(path) as tiff:
            page = _page(tiff, plane.page)
            if page.photometric == _PALETTE:
                return _pillow(path, plane)
            image = page.asarray()
            if page.planarconfig == 2 and image.ndim == 3:
                image = np.moveaxis(image, 0, -1)
            return to_grey(image)
    except (ValueError, ImportError, NotImplementedError):
        # LZW and JPEG need a package we do not ask for; Pillow brings both.
        return _pillow(path, plane)


def _pillow(path: Path, plane: TiffPlane) -> NDArray[np.generic]:
    image = read_image(path, plane.page)
    # Pillow has already turned MinIsWhite round for 8 bit; deeper ones it leaves.
    if plane.inverted and image.dtype == np.uint8:
        return 255 - image.astype(np.uint8)
    return image


def _plane(page: TiffPage, index: int, byteorder: str, path: Path, file_bytes: int) -> TiffPlane:
    height, width, channels = page.imagelength, page.imagewidth, page.samplesperpixel
    dtype = page.dtype
    if dtype is None or dtype.kind not in "uifb" or page.imagedepth != 1 or channels > 4:
        raise ReadError(
            path,
            f"Page {index + 1} of this TIFF file is not a grey or colour image.",
            "Save the B-scans as 8- or 16-bit grey pages.",
        )
    checked_shape(path, 1, height, width, dtype.itemsize * channels)
    ends = [o + n for o, n in zip(page.dataoffsets, page.databytecounts, strict=False)]
    if not ends or max(ends) > file_bytes:
        raise cut_short(
            path, f"This TIFF file is cut short: the pixels of page {index + 1} are missing."
        )
    plain = page.is_final and page.planarconfig == 1 and dtype.kind != "b"
    if plain and page.dataoffsets[0] + page.nbytes > file_bytes:
        raise cut_short(
            path, f"This TIFF file is cut short: the pixels of page {index + 1} are missing."
        )
    code = dtype.str.lstrip("<>=|")
    return TiffPlane(
        shape=(height, width) if channels == 1 else (height, width, channels),
        dtype=byteorder + code,
        page=index,
        offset=int(page.dataoffsets[0]) if plain else None,
        inverted=page.photometric == _MIN_IS_WHITE,
    )


def _page(tiff: TiffFile, index: int) -> TiffPage:
    # A frame is a page that repeats its key frame's tags; asked for all tags, it is a page.
    return tiff.pages[index].aspage()


def _stack_on_one_page(tiff: TiffFile, path: Path, file_bytes: int) -> list[TiffPlane] | None:
    """Return the planes of a stack that lies behind one page, as ImageJ writes large ones."""
    series = tiff.series[0]
    first = _plane(_page(tiff, 0), 0, tiff.byteorder, path, file_bytes)
    shape = tuple(n for n in series.shape if n != 1)
    plane_shape = tuple(n for n in first.shape if n != 1)
    if len(shape) != len(plane_shape) + 1 or shape[1:] != plane_shape or first.offset is None:
        return None
    n = shape[0]
    n_bytes = int(np.prod(first.shape)) * np.dtype(first.dtype).itemsize
    held = (file_bytes - first.offset) // n_bytes
    if held < n:
        raise cut_short(
            path, f"This TIFF file is cut short: it promises {n} B-scans and holds {held}."
        )
    return [
        TiffPlane(first.shape, first.dtype, 0, first.offset + i * n_bytes, first.inverted)
        for i in range(n)
    ]


@contextmanager
def _tiff_file(path: Path) -> Iterator[TiffFile]:
    # Imported here: the app starts without it, and it takes a tenth of a second.
    from tifffile import TiffFile

    with path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # A name of its own keeps the file's, which can be a patient's, out of tifffile's log.
        with TiffFile(file, name="scan.tif") as tiff:
            yield tiff


def _count_pages(path: Path) -> int:
    """Walk the chain of pages; unlike decoders, take a broken chain for a broken file."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(16)
        order = "<" if head[:2] == b"II" else ">"
        big = head[2:4] in (b"+\x00", b"\x00+")
        number, count, entry_bytes = ("Q", "Q", 20) if big else ("I", "H", 12)
        at = struct.unpack_from(order + number, head, 8 if big else 4)[0]
        seen: set[int] = set()
        while at:
            if at in seen or len(seen) >= _MAX_PAGES:
                raise ValueError("pages in a circle")
            if at >= size:
                raise cut_short(
                    path,
                    f"This TIFF file is cut short: page {len(seen) + 1} lies beyond its end.",
                )
            seen.add(at)
            n_tags = _unpack(file, at, order + count)
            at = _unpack(
                file, at + struct.calcsize(order + count) + n_tags * entry_bytes, order + number
            )
    if not seen:
        raise ReadError(
            path, "This TIFF file holds no page.", "Export the scan again from the device."
        )
    return len(seen)


def _unpack(file: BinaryIO, at: int, code: str) -> int:
    file.seek(at)
    value: int = struct.unpack(code, file.read(struct.calcsize(code)))[0]
    return value
