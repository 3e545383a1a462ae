"""The SHA-256 by which a result knows the scan it was made from."""

from __future__ import annotations

import hashlib
from pathlib import Path

from mirage_core.io.image_folder import scan_images

_CHUNK = 1 << 20


def source_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes; of a folder, of its images' in natural order."""
    digest = hashlib.sha256()
    # Not of what file managers leave in a folder, nor of masks that are added to it.
    for file in [path] if path.is_file() else scan_images(path):
        with file.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()
