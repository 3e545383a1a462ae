"""The file ``scans/<id>.h5``: written once, read B-scan by B-scan, every block checked."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from mirage_core.io.atomic import atomic_file
from mirage_core.io.errors import ReadError, only_read_errors
from mirage_core.project.errors import ImportCancelledError
from mirage_core.project.steady_file import SteadyFile
from mirage_core.scan import Scan, Surfaces

U8 = NDArray[np.uint8]

FORMAT = "mirage-scan"
FORMAT_VERSION = 1
_LIGHT: dict[str, Any] = {"compression": "gzip", "compression_opts": 1}
_HINT = (
    "The edits are safe in the project; put the file back from a backup, or move it away and "
    "open the original scan again."
)


@dataclass(frozen=True, eq=False)
class StoredContent:
    """What a stored file holds: pixels (lazy), SLO, vendor surfaces."""

    pixels: StoredPixels
    slo: U8 | None
    vendor_surfaces: Surfaces | None


@dataclass(frozen=True, slots=True)
class Digests:
    """SHA-256 of all display pixels (hex), and of every part's digest (`root`, hex)."""

    sha256: str
    root: str


class StoredPixels:
    """B-scans of a stored file: ``raw`` is the display grey that was imported.

    Picklable, safe to read from threads; the file is opened at the first read.
    """

    def __init__(self, path: Path, shape: tuple[int, int, int], digests: U8) -> None:
        self.path = path
        self._shape = shape
        self._digests = digests
        self._checked = np.zeros(shape[0], bool)
        self._lock = threading.Lock()
        self._file: h5py.File | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """``(b, z, x)``."""
        return self._shape

    def display(self, b: int) -> U8:
        """Return B-scan `b` as 8-bit grey, axes ``[z, x]``.

        Raises
        ------
        ReadError
            If it cannot be read, or is not what was imported.
        """
        with self._lock, only_read_errors(self.path):
            if self._file is None:
                self._file = _open(self.path)
            image: U8 = self._file["pixels"][b]
            if not self._checked[b]:
                if hashlib.sha256(image.data).digest() != self._digests[b].tobytes():
                    raise _damaged(self.path, f"B-scan {b + 1} of a stored scan is damaged.")
                self._checked[b] = True
        return image

    def raw(self, b: int) -> NDArray[np.generic]:
        """Return B-scan `b` as stored, axes ``[z, x]``."""
        return self.display(b)

    def close(self) -> None:
        """Close the file; the next read opens it again."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "shape": self._shape, "digests": self._digests}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["path"], state["shape"], state["digests"])  # type: ignore[misc]


def write_scan(
    path: Path,
    scan: Scan,
    metadata: str,
    report: Callable[[float], None],
    cancelled: Callable[[], bool],
) -> Digests:
    """Write `scan` to `path`, wholly or not at all, and return its digests.

    Raises
    ------
    ImportCancelledError
        If `cancelled` said to stop; nothing of the file stays.
    ExportError
        If the system refuses to write; its cause is the system's error.
    """
    n, height, width = scan.shape
    digests = np.empty((n, 32), np.uint8)
    whole = hashlib.sha256()
    with atomic_file(path) as fresh, SteadyFile(fresh) as sink:
        with h5py.File(sink, "w") as file:
            file.attrs["format"] = FORMAT
            file.attrs["format_version"] = FORMAT_VERSION
            file.attrs["metadata"] = metadata
            pixels = file.create_dataset(
                "pixels", (n, height, width), np.uint8, chunks=(1, height, width), **_LIGHT
            )
            for b in range(n):
                if cancelled():
                    raise ImportCancelledError("the import was cancelled; nothing was kept")
                image = np.ascontiguousarray(scan.b_scan(b))
                pixels[b] = image
                sink.check()
                whole.update(image.data)
                digests[b] = np.frombuffer(hashlib.sha256(image.data).digest(), np.uint8)
                report((b + 1) / n)
            file["digests"] = digests
            if scan.slo is not None:
                file.create_dataset("slo", data=scan.slo, **_LIGHT)
            if scan.vendor_surfaces is not None:
                values = scan.vendor_surfaces.values
                vendor = file.create_dataset("vendor_surfaces", data=values, **_LIGHT)
                vendor.attrs["names"] = list(scan.vendor_surfaces.names)
            file.attrs["sha256"] = whole.hexdigest()
        sink.check()
        return Digests(whole.hexdigest(), _root(digests, scan.slo, scan.vendor_surfaces))


def read_digests(path: Path) -> Digests:
    """Read every B-scan of a stored file, compare it with its digest, and return the digests.

    Raises
    ------
    ReadError
    """
    content, root = _content(path)
    whole = hashlib.sha256()
    try:
        for b in range(content.pixels.shape[0]):
            whole.update(content.pixels.display(b).data)
    finally:
        content.pixels.close()
    return Digests(whole.hexdigest(), root)


def open_stored(path: Path, root: str) -> StoredContent:
    """Open a stored file whose digests the project knows by `root`.

    Raises
    ------
    ReadError
        If it is missing, unreadable, or SLO, surfaces or digests are not what was imported.
    """
    content, found = _content(path)
    if found != root:
        raise _damaged(path, "A stored scan is not the one that was imported.")
    return content


def _content(path: Path) -> tuple[StoredContent, str]:
    with only_read_errors(path), _open(path) as file:
        digests: U8 = file["digests"][...]
        b, z, x = (int(n) for n in file["pixels"].shape)
        slo: U8 | None = file["slo"][...] if "slo" in file else None
        surfaces = None
        if "vendor_surfaces" in file:
            stored = file["vendor_surfaces"]
            surfaces = Surfaces(stored[...], tuple(str(n) for n in stored.attrs["names"]))
        if digests.shape != (b, 32):
            raise _damaged(path, "A stored scan is incomplete.")
    pixels = StoredPixels(path, (b, z, x), digests)
    return StoredContent(pixels, slo, surfaces), _root(digests, slo, surfaces)


def _root(digests: U8, slo: U8 | None, surfaces: Surfaces | None) -> str:
    root = hashlib.sha256(digests.data)
    if slo is not None:
        root.update(repr(("slo", slo.shape)).encode())
        root.update(np.ascontiguousarray(slo).data)
    if surfaces is not None:
        root.update(repr(("vendor_surfaces", surfaces.names, surfaces.values.shape)).encode())
        root.update(np.ascontiguousarray(surfaces.values, "<f4").data)
    return root.hexdigest()


def _open(path: Path) -> h5py.File:
    # Without a lock: the file never changes, and some network drives refuse locks.
    return h5py.File(path, "r", locking=False)


def _damaged(path: Path, what: str) -> ReadError:
    return ReadError(path, what, _HINT)
