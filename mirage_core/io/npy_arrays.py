"""Arrays inside .npy and .npz files, their headers checked before anything is allocated."""

from __future__ import annotations

import math
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from mirage_core.io.errors import ReadError, cut_short, kind_of
from mirage_core.io.sources import MAX_VOLUME_BYTES

# Deflate shrinks by at most 1032 to 1: more than that is a header that lies.
_DEFLATE_LIMIT = 1032
_HEADER_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class ArrayHead:
    """Shape and type of a stored array, and where its values begin in its stream."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran_order: bool
    data_at: int

    @property
    def n_bytes(self) -> int:
        """Bytes of the values."""
        return math.prod(self.shape) * self.dtype.itemsize

    def shaped(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the flat `values` in this head's shape."""
        if self.fortran_order:
            return values.reshape(self.shape[::-1]).T
        return values.reshape(self.shape)


def read_array_head(stream: IO[bytes], path: Path) -> ArrayHead:
    """Return the head of the array that begins in `stream`; values are not read.

    Raises
    ------
    ReadError
        If it holds Python objects or records, which are never loaded.
    """
    version = npy_format.read_magic(stream)
    read_header = (
        npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
    )
    shape, fortran_order, dtype = read_header(stream, max_header_size=_HEADER_LIMIT)
    if dtype.hasobject or dtype.names or dtype.subdtype:
        raise ReadError(
            path,
            f"An array in this {kind_of(path)} holds Python objects or records.",
            "Save plain numbers: numpy.savez_compressed(name, volume=array).",
        )
    if any(not 0 <= n < 2**40 for n in shape):
        raise ValueError("an array of impossible size")
    return ArrayHead(tuple(shape), dtype, fortran_order, stream.tell())


def npy_head(path: Path) -> ArrayHead:
    """Return the head of a .npy file, checked against the size of the file."""
    with path.open("rb") as file:
        head = read_array_head(file, path)
    held = path.stat().st_size - head.data_at
    if head.n_bytes > held:
        raise cut_short(
            path,
            f"This {kind_of(path)} is cut short: its header promises {head.n_bytes} bytes, "
            f"the file holds {held}.",
        )
    return head


def npz_heads(path: Path) -> dict[str, ArrayHead]:
    """Return the heads of all arrays of a .npz file by name, checked against the archive."""
    heads: dict[str, ArrayHead] = {}
    with zipfile.ZipFile(path) as archive:
        file_bytes = path.stat().st_size
        for info in archive.infolist():
            if not info.filename.endswith(".npy"):
                continue
            _check_member(info, file_bytes)
            with archive.open(info) as stream:
                head = read_array_head(stream, path)
            if head.data_at + head.n_bytes != info.file_size:
                raise cut_short(
                    path, f"An array in this {kind_of(path)} is not as long as its header says."
                )
            heads[info.filename.removesuffix(".npy")] = head
    return heads


def npz_array(path: Path, name: str) -> NDArray[Any]:
    """Return the array called `name` of a .npz file.

    Raises
    ------
    ReadError
        If it is larger than any scan, or not as long as its header says.
    """
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(f"{name}.npy")
        _check_member(info, path.stat().st_size)
        with archive.open(info) as stream:
            head = read_array_head(stream, path)
            if head.n_bytes > MAX_VOLUME_BYTES or head.data_at + head.n_bytes != info.file_size:
                raise cut_short(
                    path, f"An array in this {kind_of(path)} is not as long as its header says."
                )
            buffer = bytearray(head.n_bytes)
            view, at = memoryview(buffer), 0
            while at < len(buffer):
                got = stream.readinto(view[at : at + 2**20])  # type: ignore[attr-defined]
                if not got:
                    raise cut_short(path, f"An array in this {kind_of(path)} is cut short.")
                at += got
            stream.read(1)  # the end of the member: its checksum is verified here
    return head.shaped(np.frombuffer(buffer, head.dtype, math.prod(head.shape)))


def _check_member(info: zipfile.ZipInfo, file_bytes: int) -> None:
    if info.compress_size > file_bytes or (
        info.file_size > info.compress_size * _DEFLATE_LIMIT + 2**16
    ):
        raise zipfile.BadZipFile("sizes that cannot be true")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise zipfile.BadZipFile("a compression numpy never writes")
