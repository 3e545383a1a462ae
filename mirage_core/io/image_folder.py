"""Reader of image folders (one B-scan per image) and of single B-scan images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mirage_core.io.errors import ReadError, only_read_errors
from mirage_core.io.grouping import group_images, named_like_labels, named_like_slo
from mirage_core.io.images import IMAGE_SUFFIXES, eight_bit, image_head, read_image
from mirage_core.io.signatures import content_kind, read_head
from mirage_core.io.sources import FilePixels, checked_shape
from mirage_core.scan import Scan

FOLDER_FORMAT = "image-folder"
IMAGE_FORMAT = "image"
_SINGLE_KINDS = frozenset({"png", "jpeg", "bmp"})


class ImagePixels(FilePixels):
    """Pixels of image files, one per B-scan."""

    def __init__(self, path: Path, files: tuple[Path, ...], z: int, x: int) -> None:
        super().__init__(path, (len(files), z, x))
        self._files = files

    def _read(self, b: int) -> NDArray[np.generic]:
        with only_read_errors(self._files[b]):
            return read_image(self._files[b])


def image_files(folder: Path) -> list[Path]:
    """Return the images in `folder` in natural order (1, 2, 10), hidden files left out."""
    from natsort import natsorted, ns  # here: starting should not pay for it

    files = [
        entry
        for entry in folder.iterdir()
        if entry.suffix.lower() in IMAGE_SUFFIXES
        and not entry.name.startswith(".")
        and entry.is_file()
    ]
    return natsorted(files, key=lambda file: file.name, alg=ns.IGNORECASE)


def scan_images(folder: Path) -> list[Path]:
    """Return the images in `folder` that belong to its scan: all but masks and layer maps."""
    return [file for file in image_files(folder) if not named_like_labels(file.stem)]


def sniff_folder(path: Path) -> bool:
    """Return whether `path` is a folder with at least one image directly in it."""
    return path.is_dir() and bool(image_files(path))


def sniff_image(path: Path) -> bool:
    """Return whether `path` is a PNG, JPEG or BMP image by content."""
    return path.is_file() and content_kind(read_head(path)) in _SINGLE_KINDS


def read_image_file(path: Path) -> Scan:
    """Read one image as a scan of one B-scan (errors: ReadError)."""
    head = image_head(path)
    _, z, x = checked_shape(path, 1, head.height, head.width, 1)
    return Scan(ImagePixels(path, (path,), z, x), source_path=path, source_format=IMAGE_FORMAT)


def read_folder(path: Path) -> Scan:
    """Read a folder of images, one per B-scan in natural order of names.

    The SLO is the image whose name says so (slo, ir, nir, fundus, localizer), else the only one
    of another size. Masks and layer maps beside the images (``*_mask``, ``*_layers``, ...) are
    left out.

    Raises
    ------
    ReadError
        If the B-scans have different sizes or an image cannot be opened.
    """
    files = scan_images(path)
    n_labels = len(image_files(path)) - len(files)
    if not files:
        raise ReadError(
            path,
            "This folder holds only masks or layer maps, no B-scans.",
            "Choose the folder with the OCT images.",
        )
    sizes = []
    for number, file in enumerate(files, start=1):
        try:
            with only_read_errors(file):
                head = image_head(file)
        except ReadError as error:
            which = f"Image {number} of {len(files)} in this folder cannot be read: "
            what = error.what[0].lower() + error.what[1:]
            raise ReadError(file, which + what, error.hint) from None
        if head.pages > 1:
            raise ReadError(
                path,
                f"Image {number} of {len(files)} in this folder is a stack of {head.pages} pages.",
                "Open the stack itself, or keep one scan per folder.",
            )
        sizes.append((head.height, head.width))
    group = group_images(
        path, sizes, [i for i, file in enumerate(files) if named_like_slo(file.stem)]
    )
    z, x = sizes[group.b_scans[0]]
    checked_shape(path, len(group.b_scans), z, x, 1)
    notes = []
    if n_labels:
        notes.append(f"Images left out because they are named as masks or layers: {n_labels}.")
    slo = None
    if group.slo is not None:
        with only_read_errors(files[group.slo]):
            slo = eight_bit(read_image(files[group.slo]))
    return Scan(
        ImagePixels(path, tuple(files[i] for i in group.b_scans), z, x),
        slo=slo,
        source_path=path,
        source_format=FOLDER_FORMAT,
        notes=tuple(notes),
    )
