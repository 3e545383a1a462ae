"""What a file is, by its first bytes: suffixes are often wrong, and a wrong one must be said."""

from __future__ import annotations

from pathlib import Path

HEAD_BYTES = 2048

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"HSF-OCT-", "vol"),
    (0, b"ep-v", "vol"),
    (0, b"\x89PNG\r\n\x1a\n", "png"),
    (0, b"\xff\xd8\xff", "jpeg"),
    (0, b"BM", "bmp"),
    (0, b"II*\x00", "tiff"),
    (0, b"MM\x00*", "tiff"),
    (0, b"II+\x00", "tiff"),
    (0, b"MM\x00+", "tiff"),
    (0, b"\x93NUMPY", "npy"),
    (0, b"PK\x03\x04", "zip"),
    (0, b"PK\x05\x06", "zip"),
    (0, b"\x89HDF\r\n\x1a\n", "hdf5"),
    (128, b"DICM", "dicom"),
    (0, b"CMDb", "e2e"),
    (0, b"FOCT", "fda"),
    (0, b"%PDF", "pdf"),
    (0, b"\x1f\x8b", "gzip"),
    (0, b"GIF8", "gif"),
    (0, b"<?xml", "xml"),
    (0, b"\xef\xbb\xbf<?xml", "xml"),
)

TITLES: dict[str, str] = {
    "vol": "a Heidelberg .vol scan",
    "png": "a PNG image",
    "jpeg": "a JPEG image",
    "bmp": "a BMP image",
    "tiff": "a TIFF image",
    "npy": "a NumPy array (.npy)",
    "zip": "a ZIP archive",
    "hdf5": "an HDF5 file",
    "dicom": "a DICOM file",
    "e2e": "a Heidelberg .e2e archive",
    "fda": "a Topcon file",
    "pdf": "a PDF document",
    "gzip": "a gzip archive",
    "gif": "a GIF image",
    "xml": "an XML file",
    "text": "plain text",
    "unknown": "not a scan of a known format",
}

# Which contents a suffix promises; only suffixes whose promise can be checked.
SUFFIX_KINDS: dict[str, frozenset[str]] = {
    ".vol": frozenset({"vol"}),
    ".tif": frozenset({"tiff"}),
    ".tiff": frozenset({"tiff"}),
    # Viewers and exports swap these three freely; every image reader reads all of them.
    ".png": frozenset({"png", "jpeg", "bmp"}),
    ".jpg": frozenset({"png", "jpeg", "bmp"}),
    ".jpeg": frozenset({"png", "jpeg", "bmp"}),
    ".bmp": frozenset({"png", "jpeg", "bmp"}),
    ".npy": frozenset({"npy"}),
    ".npz": frozenset({"zip"}),
    ".h5": frozenset({"hdf5"}),
    ".hdf5": frozenset({"hdf5"}),
}


def read_head(path: Path) -> bytes:
    """Return the first bytes of the file at `path` (raises OSError)."""
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def content_kind(head: bytes) -> str:
    """Return what a file beginning with `head` is: a key of :data:`TITLES`."""
    for offset, magic, kind in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return kind
    sample = head[:512]
    if sample and all(byte >= 32 or byte in b"\t\n\r\f" for byte in sample):
        return "text"
    return "unknown"
