"""A MIRAGE training folder as layers: B-scans, their label maps, the names of the labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_mirage.notify import notify

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mirage_core.io.label_info import LabelInfo
    from mirage_core.scan import LabelScheme
    from napari_mirage.layers import LayerData

SPLITS = ("train", "val", "test")
_IMAGES, _MAPS, _LABELS = "bscan", "semseg", "INFO.json"


def is_training_folder(path: Path) -> bool:
    """Return whether `path` is a folder with label names and B-scans of some split."""
    return (path / _LABELS).is_file() and bool(_splits(path))


def read_training_folder(path: str) -> list[LayerData]:
    """Return the B-scans and label maps of the first split in the folder at `path`.

    Labels are the grey values of the maps; grey 0 is not shown.

    Raises
    ------
    mirage_core.io.ReadError
        If an image or a map cannot be read, or they differ in size.
    """
    from mirage_core.io import open_scan
    from mirage_core.io.label_info import read_label_info
    from mirage_core.scan import Masks
    from napari_mirage.reader import layers_of

    folder = Path(path)
    splits = _splits(folder)
    images = folder / splits[0] / _IMAGES
    info = read_label_info(folder)
    scan = open_scan(images)
    maps = _label_maps(images, scan.shape, info)
    if len(splits) > 1:
        notify(
            f"This folder holds the splits {', '.join(splits)}; {splits[0]} is open. "
            f"To see another, open its folder {_IMAGES}."
        )
    where = {"path": str(images)}
    return layers_of(scan, Masks(maps, _scheme(info)), where, f"Labels · {scan.title}")


def _splits(folder: Path) -> list[str]:
    return [split for split in SPLITS if (folder / split / _IMAGES).is_dir()]


def _label_maps(images: Path, shape: tuple[int, int, int], info: LabelInfo) -> NDArray[np.uint8]:
    """Return the maps ``[b, z, x]`` of the B-scans in `images`, in their order; 0 where none is."""
    from mirage_core.io import ReadError
    from mirage_core.io.errors import only_read_errors
    from mirage_core.io.image_folder import scan_images
    from mirage_core.io.images import read_image

    files = scan_images(images)
    maps = np.zeros(shape, np.uint8)
    for b, file in enumerate(files):
        map_file = images.parent / _MAPS / file.name
        if not map_file.is_file():
            continue
        with only_read_errors(map_file):
            grey = read_image(map_file)
        if len(files) != shape[0] or grey.shape != shape[1:]:
            raise ReadError(
                images.parent,
                "The B-scans and label maps of this folder are not of one size.",
                "Open a folder whose B-scans all have the size of their maps.",
            )
        try:
            info.classes(grey)
        except ValueError as error:
            raise ReadError(
                map_file,
                f"A label map does not fit the list of labels: {error}.",
                f"List every grey value of the maps in {_LABELS}.",
            ) from error
        maps[b] = grey
    return maps


def _scheme(info: LabelInfo) -> LabelScheme:
    """Return the labels as mask classes, known names in their usual colours."""
    from mirage_core.scan import FLUID_SCHEME, SURFACE_KINDS, LabelScheme, MaskClass

    usual = {kind.name: kind.color for kind in FLUID_SCHEME}
    others = [kind.color for kind in SURFACE_KINDS]
    classes = tuple(
        MaskClass(value, label, label, usual.get(label, others[i % len(others)]))
        for i, (label, value) in enumerate(zip(info.labels, info.values, strict=True))
        if 0 < value <= 255
    )
    return LabelScheme("training", classes)
