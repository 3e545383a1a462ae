"""One registry of readers; :func:`open_scan` is the way from a path to a Scan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mirage_core.io.errors import ReadError, kind_of, only_read_errors
from mirage_core.io.options import ReadOptions, apply_options
from mirage_core.io.signatures import SUFFIX_KINDS, TITLES, content_kind, read_head
from mirage_core.scan import Scan


@dataclass(frozen=True, slots=True)
class ReaderSpec:
    """One reader.

    Attributes
    ----------
    name : str
        Short name, stored as ``Scan.source_format``.
    title : str
        What a file dialog calls the format.
    suffixes : tuple of str
        Usual suffixes with their dot, lower case; empty for folders.
    sniff : callable
        ``sniff(path) -> bool``: whether the content is this format. May raise OSError.
    read : callable
        ``read(path) -> Scan``. What the user adds (:class:`ReadOptions`) is applied after it.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    sniff: Callable[[Path], bool]
    read: Callable[[Path], Scan]


_READERS: list[ReaderSpec] = []


def register(spec: ReaderSpec) -> None:
    """Add a reader; a reader of the same name is replaced."""
    _READERS[:] = [known for known in _READERS if known.name != spec.name]
    _READERS.append(spec)


def readers() -> tuple[ReaderSpec, ...]:
    """Return all readers in the order they are asked."""
    return tuple(_READERS)


def supported_suffixes() -> tuple[str, ...]:
    """Return every suffix some reader knows, with its dot, lower case."""
    return tuple(dict.fromkeys(suffix for spec in _READERS for suffix in spec.suffixes))


def is_readable(path: Path | str) -> bool:
    """Return whether some reader recognises `path`; never raises, reads only its beginning."""
    path = Path(path)
    try:
        with only_read_errors(path):
            return _suffix_trouble(path) is None and _reader_of(path) is not None
    except ReadError:
        return False


def open_scan(path: Path | str, options: ReadOptions | None = None) -> Scan:
    """Open a scan: a file, or a folder of images.

    Pixels are read when they are asked for; opening reads headers, the SLO and the vendor's
    surfaces.

    Parameters
    ----------
    path : Path or str
    options : ReadOptions, optional
        What the file does not say.

    Returns
    -------
    Scan

    Raises
    ------
    ReadError
        Whatever is wrong with the file. Nothing else comes out; the pixel source of the scan
        raises it too when the file is moved, cut or damaged later.
    """
    path = Path(path)
    with only_read_errors(path):
        trouble = _trouble(path)
        if trouble is not None:
            raise trouble
        spec = _reader_of(path)
        if spec is None:
            raise _unknown(path)
        return apply_options(spec.read(path), options or ReadOptions())


def _reader_of(path: Path) -> ReaderSpec | None:
    return next((spec for spec in _READERS if spec.sniff(path)), None)


def _trouble(path: Path) -> ReadError | None:
    """Return what keeps any reader from being asked, None if nothing does."""
    if not path.exists():
        raise FileNotFoundError
    if path.is_file() and path.stat().st_size == 0:
        return ReadError(
            path,
            f"This {kind_of(path)} is empty (0 bytes).",
            "Export it again from the device.",
        )
    return _suffix_trouble(path)


def _suffix_trouble(path: Path) -> ReadError | None:
    """Return the error for a file whose content is not what its suffix says, else None."""
    promised = SUFFIX_KINDS.get(path.suffix.lower())
    if promised is None or not path.is_file():
        return None
    kind = content_kind(read_head(path))
    if kind in promised:
        return None
    return ReadError(
        path,
        f"This file is named {path.suffix.lower()} but is {TITLES[kind]}.",
        "Give it its right suffix if it is a scan, or export it again from the device.",
    )


_EXPORT_INSTEAD = {
    "dicom": "Export the scan as .vol, or its B-scans as images.",
    "e2e": "Export the scan as .vol from Heidelberg Eye Explorer.",
    "fda": "Export the B-scans as images.",
    "xml": "Open the folder with the exported images instead.",
    "gzip": "Unpack it and open what is inside.",
    "zip": "Unpack it and open what is inside.",
}


def _unknown(path: Path) -> ReadError:
    if path.is_dir():
        return ReadError(
            path,
            "This folder holds no B-scan images.",
            "Choose a folder with the B-scans of one scan as PNG, JPEG, BMP or TIFF.",
        )
    kind = content_kind(read_head(path)) if path.is_file() else "unknown"
    known = " ".join(supported_suffixes())
    return ReadError(
        path,
        f"This {kind_of(path)} is {TITLES[kind]}, which cannot be opened as a scan.",
        _EXPORT_INSTEAD.get(kind, f"Formats that can be opened: {known}, folders of images."),
    )
