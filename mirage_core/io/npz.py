"""Reader of .npy and .npz files: plain arrays, nothing is ever unpickled.

Layout of a .npz; everything but the volume may be missing:

=================  ============================================================================
``volume``         ``[b, z, x]``, or the only three-dimensional array under any name
``slo``            ``[row, col]`` grey, or ``[row, col, 3]``
``spacing_mm``     three numbers: between B-scans, in depth, along a B-scan; NaN = unknown
``scale_z_mm``     depth scale, where there is no ``spacing_mm``
``scale_x_mm``     lateral scale, where there is no ``spacing_mm``
``start_mm``       ``[b, 2]``: (x, y) in mm where each B-scan begins, y downwards on the fundus
``end_mm``         ``[b, 2]``: where it ends, one A-scan beyond the last
``slo_scale_mm``   mm per SLO pixel along (row, col); places ``start_mm``, ``end_mm`` on the SLO
``laterality``     ``"R"``, ``"L"``, ``"OD"`` or ``"OS"``
``surfaces``       ``[s, b, x]`` in px from the top, NaN = undefined, with ``names`` ``[s]``
``simulated``      True where no patient was imaged; the scan is labelled so wherever it shows
=================  ============================================================================

A .npy holds the volume ``[b, z, x]`` or one B-scan ``[z, x]``.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mirage_core.io.errors import ReadError, kind_of
from mirage_core.io.images import eight_bit, to_grey
from mirage_core.io.limits import SCALE_LIMITS_MM, SPACING_LIMITS_MM, possible
from mirage_core.io.npy_arrays import ArrayHead, npy_head, npz_array, npz_heads
from mirage_core.io.positions_mm import line_positions, superior_first, usual_gap_mm
from mirage_core.io.signatures import content_kind, read_head
from mirage_core.io.sources import FilePixels, checked_shape, read_exactly
from mirage_core.scan import (
    Acquisition,
    Laterality,
    Length,
    Position,
    Provenance,
    Scan,
    ScanGeometry,
    ScanPattern,
    Spacing,
    Surfaces,
    anatomical_order,
)
from mirage_core.scan.spacing import UNKNOWN_LENGTH

U8 = NDArray[np.uint8]

NPZ_FORMAT = "npz"
NPY_FORMAT = "npy"
_KNOWN = frozenset(
    {
        "slo",
        "spacing_mm",
        "scale_z_mm",
        "scale_x_mm",
        "start_mm",
        "end_mm",
        "slo_scale_mm",
        "laterality",
        "surfaces",
        "names",
        "simulated",
    }
)
# Of our own results: neither read here nor taken for a volume.
_RESULT_ONLY = frozenset({"masks", "classes", "class_values", "confidence"})
_FARTHEST_MM = 1000.0
_LATERALITY = {
    "R": Laterality.OD,
    "OD": Laterality.OD,
    "L": Laterality.OS,
    "OS": Laterality.OS,
}


class NpyPixels(FilePixels):
    """Pixels of a .npy file, read by offset; `head` says where they lie."""

    def __init__(self, path: Path, shape: tuple[int, int, int], head: ArrayHead) -> None:
        super().__init__(path, shape)
        self._head = head

    def _read(self, b: int) -> NDArray[np.generic]:
        n, z, x = self._shape
        head = self._head
        if head.fortran_order:  # a B-scan is strewn over the whole file
            values = read_exactly(self._path, head.dtype, n * z * x, head.data_at)
            return to_grey(head.shaped(values).reshape(n, z, x)[b])
        at = head.data_at + b * z * x * head.dtype.itemsize
        return to_grey(read_exactly(self._path, head.dtype, z * x, at).reshape(z, x))


class NpzPixels(FilePixels):
    """Pixels of one array of a .npz file: unpacked when first asked for, then kept.

    Deflated arrays cannot be entered in the middle. The copy in memory is not pickled.
    """

    def __init__(self, path: Path, shape: tuple[int, int, int], name: str) -> None:
        super().__init__(path, shape)
        self._name = name
        self._volume: NDArray[Any] | None = None
        self._load_lock = Lock()

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        del state["_load_lock"]
        return {**state, "_volume": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._load_lock = Lock()

    def _read(self, b: int) -> NDArray[np.generic]:
        with self._load_lock:
            if self._volume is None:
                self._volume = npz_array(self._path, self._name).reshape(self._shape)
        return to_grey(self._volume[b])


def sniff_npy(path: Path) -> bool:
    """Return whether the file at `path` begins as a .npy file does."""
    return path.is_file() and content_kind(read_head(path)) == "npy"


def sniff_npz(path: Path) -> bool:
    """Return whether the file at `path` is a ZIP archive of arrays."""
    if not path.is_file():
        return False
    head = read_head(path)
    # numpy writes its first member's name into the first bytes; other archives are left alone.
    return content_kind(head) == "zip" and (path.suffix.lower() == ".npz" or b".npy" in head)


def is_result(path: Path) -> bool:
    """Return whether a .npz holds surfaces or masks only, as segmenting writes them."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = {name.removesuffix(".npy") for name in archive.namelist()}
    except (OSError, ValueError, zipfile.BadZipFile):
        return False
    return bool(names) and names <= _KNOWN | _RESULT_ONLY and "slo" not in names


def read_npy(path: Path) -> Scan:
    """Read a .npy file (errors: ReadError)."""
    head = npy_head(path)
    shape = _volume_shape(path, head)
    return Scan(NpyPixels(path, shape, head), source_path=path, source_format=NPY_FORMAT)


def read_npz(path: Path) -> Scan:
    """Read a .npz file of the layout in the module's docstring (errors: ReadError)."""
    heads = npz_heads(path)
    name = _volume_name(path, heads)
    shape = _volume_shape(path, heads[name])
    fields = {key: npz_array(path, key) for key in heads if key in _KNOWN and key != name}
    n, _, width = shape
    notes: list[str] = []
    start = _points(path, fields, "start_mm", n, notes)
    end = _points(path, fields, "end_mm", n, notes)
    geometry = ScanGeometry()
    gap = None
    if start is not None and end is not None:
        geometry = _geometry(path, fields, start, end, width)
        gap = usual_gap_mm(start, end)
    laterality = _laterality(path, fields)
    if "laterality" in fields and laterality is Laterality.UNKNOWN:
        notes.append("What the file says about the eye is not R, L, OD or OS and was left out.")
    n_others = len(set(heads) - set(fields) - {name})
    if n_others:
        notes.append(f"Arrays left out because they are not part of the layout: {n_others}.")
    return Scan(
        NpzPixels(path, shape, name),
        spacing=_spacing(path, fields, gap),
        geometry=geometry,
        slo=_slo(path, fields),
        laterality=laterality,
        acquisition=Acquisition(simulated=_simulated(path, fields)),
        vendor_surfaces=_surfaces(path, fields, (n, width)),
        source_path=path,
        source_format=NPZ_FORMAT,
        notes=tuple(dict.fromkeys(notes)),
    )


def _volume_name(path: Path, heads: dict[str, ArrayHead]) -> str:
    if "volume" in heads:
        return "volume"
    no_volume = _KNOWN | _RESULT_ONLY
    candidates = [
        key for key, head in heads.items() if len(head.shape) == 3 and key not in no_volume
    ]
    if len(candidates) == 1:
        return candidates[0]
    found = "no" if not candidates else str(len(candidates))
    raise ReadError(
        path,
        f"This {kind_of(path)} has no array called 'volume' and {found} three-dimensional "
        "arrays to choose from.",
        "Save the B-scans as an array [B-scan, depth, A-scan] called 'volume'.",
    )


def _volume_shape(path: Path, head: ArrayHead) -> tuple[int, int, int]:
    if head.dtype.kind not in "uifb":
        raise ReadError(
            path,
            f"The volume in this {kind_of(path)} is not made of plain numbers ({head.dtype}).",
            "Save it as 8- or 16-bit integers or as floats.",
        )
    if len(head.shape) not in (2, 3):
        raise ReadError(
            path,
            f"The volume in this {kind_of(path)} has {len(head.shape)} axes instead of three.",
            "Save it as [B-scan, depth, A-scan].",
        )
    b, z, x = head.shape if len(head.shape) == 3 else (1, *head.shape)
    return checked_shape(path, b, z, x, head.dtype.itemsize)


def _wrong(path: Path, field: str, wanted: str) -> ReadError:
    return ReadError(
        path,
        f"The array '{field}' in this {kind_of(path)} is not {wanted}.",
        "Save it again as the manual's page on formats says, or leave it out.",
    )


def _numbers(path: Path, fields: dict[str, NDArray[Any]], key: str, n: int) -> list[float] | None:
    if key not in fields:
        return None
    values = fields[key]
    if values.size != n or values.dtype.kind not in "uif":
        raise _wrong(path, key, f"{n} number{'s' if n > 1 else ''}")
    return [float(v) for v in values.ravel()]


def _spacing(path: Path, fields: dict[str, NDArray[Any]], gap_mm: float | None) -> Spacing:
    stored = _numbers(path, fields, "spacing_mm", 3)
    keys = ("spacing_mm",) * 3
    if stored is None:
        keys = ("", "scale_z_mm", "scale_x_mm")
        scales = (_numbers(path, fields, key, 1) for key in keys)
        stored = [values[0] if values else float("nan") for values in scales]
    lengths = []
    for key, value, limits in zip(keys, stored, SPACING_LIMITS_MM, strict=True):
        if np.isnan(value):
            lengths.append(UNKNOWN_LENGTH)
        elif possible(value, limits):
            lengths.append(Length(value, Provenance.FILE))
        else:
            raise _wrong(path, key, "in mm, as the spacing of an eye can be")
    if lengths[0].mm is None and gap_mm is not None:
        lengths[0] = Length(gap_mm, Provenance.DERIVED)
    return Spacing(*lengths)


def _points(
    path: Path, fields: dict[str, NDArray[Any]], key: str, n: int, notes: list[str]
) -> NDArray[np.float64] | None:
    if key not in fields:
        return None
    points = fields[key]
    if points.shape != (n, 2) or points.dtype.kind not in "uif":
        raise _wrong(path, key, "one (x, y) in mm per B-scan")
    points = points.astype(np.float64)
    if not np.all(np.abs(points) < _FARTHEST_MM):  # NaN as well
        notes.append("The B-scan positions in the file are damaged and were left out.")
        return None
    return points


def _geometry(
    path: Path,
    fields: dict[str, NDArray[Any]],
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    width: int,
) -> ScanGeometry:
    pattern = ScanPattern.RASTER if usual_gap_mm(start, end) else ScanPattern.UNKNOWN
    if len(start) == 1:
        pattern = ScanPattern.LINE
    scale = _numbers(path, fields, "slo_scale_mm", 2)
    positions: tuple[Position, ...] = ()
    slo_mm_per_px = None
    if scale is not None and "slo" in fields:
        if not all(possible(v, SCALE_LIMITS_MM) for v in scale):
            raise _wrong(path, "slo_scale_mm", "two positive numbers of mm per pixel")
        slo_mm_per_px = (scale[0], scale[1])
        positions = line_positions(start, end, slo_mm_per_px, width)
    return ScanGeometry(
        pattern=pattern,
        positions=positions,
        superior_to_inferior=superior_first(start, end),
        slo_mm_per_px=slo_mm_per_px,
    )


def _slo(path: Path, fields: dict[str, NDArray[Any]]) -> U8 | None:
    if "slo" not in fields:
        return None
    slo = fields["slo"]
    if slo.ndim not in (2, 3) or slo.size == 0 or slo.dtype.kind not in "uifb":
        raise _wrong(path, "slo", "an image")
    return eight_bit(to_grey(slo))


def _laterality(path: Path, fields: dict[str, NDArray[Any]]) -> Laterality:
    if "laterality" not in fields:
        return Laterality.UNKNOWN
    value = fields["laterality"]
    if value.size != 1 or value.dtype.kind not in "US":
        raise _wrong(path, "laterality", "one of R, L, OD, OS")
    word = value.reshape(-1)[0]
    text = word.decode("latin-1") if isinstance(word, bytes) else str(word)
    return _LATERALITY.get(text.strip().upper(), Laterality.UNKNOWN)


def _simulated(path: Path, fields: dict[str, NDArray[Any]]) -> bool:
    if "simulated" not in fields:
        return False
    value = fields["simulated"]
    if value.size != 1 or value.dtype.kind not in "bui":
        raise _wrong(path, "simulated", "True or False")
    return bool(value.reshape(-1)[0])


def _surfaces(
    path: Path, fields: dict[str, NDArray[Any]], grid: tuple[int, int]
) -> Surfaces | None:
    if "surfaces" not in fields:
        return None
    values, names = fields["surfaces"], fields.get("names")
    if values.ndim != 3 or values.shape[1:] != grid or values.dtype.kind not in "uif":
        raise _wrong(path, "surfaces", "[surface, B-scan, A-scan] of this volume's size")
    if names is None or names.shape != values.shape[:1] or names.dtype.kind != "U":
        raise _wrong(path, "names", "one text per surface")
    words = tuple(str(name) for name in names)
    if len(set(words)) != len(words) or not words:
        raise _wrong(path, "names", "one distinct text per surface")
    order = anatomical_order(words)
    depths = values.astype(np.float32)[list(order)]
    depths[~np.isfinite(depths)] = np.nan
    return Surfaces(depths, tuple(words[i] for i in order))
