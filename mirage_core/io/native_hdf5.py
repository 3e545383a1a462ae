"""Reader of the native HDF5 file that :mod:`mirage_core.io.export_hdf5` writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mirage_core.io import native_layout as layout
from mirage_core.io.assumed_positions import assumed_note
from mirage_core.io.errors import ReadError, only_read_errors
from mirage_core.io.sources import checked_shape
from mirage_core.scan import (
    Acquisition,
    Laterality,
    Masks,
    Scan,
    State,
    Surfaces,
)

if TYPE_CHECKING:
    import h5py

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]

FORMAT = "mirage-hdf5"
SUFFIXES = (".h5", ".hdf5")
_SIGNATURE = b"\x89HDF\r\n\x1a\n"


class NativePixels:
    """B-scans of a native file, read one at a time; the file is open only while one is read."""

    def __init__(self, path: Path, shape: tuple[int, int, int]) -> None:
        self._path = path
        self._shape = shape

    @property
    def shape(self) -> tuple[int, int, int]:
        """``(b, z, x)``."""
        return self._shape

    def display(self, b: int) -> U8:
        """Return B-scan `b` as 8-bit grey ``[z, x]``."""
        import h5py

        with only_read_errors(self._path), h5py.File(self._path, "r") as file:
            image: U8 = file["volume"][b]
            return image

    def raw(self, b: int) -> NDArray[np.generic]:
        """Return B-scan `b` as stored, which is its display grey."""
        return self.display(b)


@dataclass(frozen=True, eq=False)
class NativeFile:
    """Content of a native file; ``Annotation(f.surfaces, f.masks, f.confidence, f.states)``.

    Attributes
    ----------
    scan : Scan
    surfaces : Surfaces
        ``[s, b, x]`` px.
    masks : Masks
        uint8 ``[b, z, x]``.
    confidence : float32 array ``[s, b, x]``
    states : uint8 array ``[structure, b]``
        :class:`~mirage_core.scan.State`.
    b_scans : tuple of int
        The B-scans whose annotation the file carries.
    """

    scan: Scan
    surfaces: Surfaces
    masks: Masks
    confidence: F32
    states: U8
    b_scans: tuple[int, ...]


def read_native(path: Path) -> NativeFile:
    """Read a native file; pixels stay on the disk.

    Raises
    ------
    ReadError
        If it is no native file, a newer version of one, or damaged.
    """
    import h5py  # here, so that a program which only lists formats starts without it

    path = Path(path)
    with only_read_errors(path):
        if not h5py.is_hdf5(path):
            path.open("rb").close()  # says why, if it cannot be opened at all
            raise ReadError(
                path, "This file is not an HDF5 file.", "Open the scan's original file instead."
            )
        with h5py.File(path, "r") as file:
            _check_format(path, file)
            return _content(path, file)


def sniff(path: Path) -> bool:
    """Return whether `path` is an HDF5 file; other layouts than ours are refused on reading."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_SIGNATURE)) == _SIGNATURE


def read_native_scan(path: Path) -> Scan:
    """Read the scan of a native file; drawn surfaces come along as the file's surfaces."""
    return read_native(path).scan


def _check_format(path: Path, file: h5py.File) -> None:
    if file.attrs.get("format") != layout.FORMAT:
        raise ReadError(
            path,
            "This HDF5 file is not a scan exported by MIRAGE Viewer.",
            "Give its volume as .npz or .npy, axes B-scan, depth, A-scan.",
        )
    version = int(file.attrs["format_version"])
    if version > layout.FORMAT_VERSION:
        raise ReadError(
            path,
            f"This file has layout {version}, newer than this program knows.",
            "Open it with a newer MIRAGE Viewer.",
        )


def _content(path: Path, file: h5py.File) -> NativeFile:
    attrs = file.attrs
    volume = file["volume"]
    if volume.ndim != 3 or volume.dtype != np.uint8 or file["masks"].shape != volume.shape:
        raise ValueError("arrays of the file do not fit together")
    n, height, width = (int(v) for v in volume.shape)
    checked_shape(path, n, height, width, 1)
    surfaces = Surfaces(file["surfaces"][:], tuple(str(v) for v in file["surfaces"].attrs["names"]))
    masks = Masks(file["masks"][:], layout.scheme_from_json(file["masks"].attrs["classes"]))
    confidence = file["confidence"][:]
    states = file["states"][:]
    if (
        confidence.shape != surfaces.values.shape
        or states.shape != (len(surfaces.names) + 1, n)
        or states.max(initial=0) > max(State)
    ):
        raise ValueError("arrays of the file do not fit together")
    drawn = np.flatnonzero(np.isfinite(surfaces.values).any(axis=(1, 2)))
    vendor = Surfaces(surfaces.values[drawn], tuple(surfaces.names[i] for i in drawn))
    field_deg = float(attrs["field_deg"])
    geometry = layout.geometry_from_json(file["geometry"].asstr()[()])
    scan = Scan(
        pixels=NativePixels(path, (n, height, width)),
        spacing=layout.spacing_from_json(attrs["spacing"]),
        geometry=geometry,
        slo=file["slo"][:] if "slo" in file else None,
        laterality=Laterality(attrs["laterality"]),
        acquisition=Acquisition(
            device=str(attrs["device"]),
            averaging=int(attrs["averaging"]) or None,
            field_deg=None if np.isnan(field_deg) else field_deg,
            simulated=bool(attrs["simulated"]),
        ),
        quality=file["quality"][:] if "quality" in file else None,
        vendor_surfaces=vendor if vendor.names else None,
        source_path=path,
        source_format=FORMAT,
        notes=(assumed_note(geometry),) if geometry.positions_assumed else (),
    )
    b_scans = tuple(int(b) for b in file["annotated_b_scans"][:])
    return NativeFile(scan, surfaces, masks, confidence, states, b_scans)
