"""Data of a MIRAGE training folder: ``{train,val,test}/{bscan,semseg}/<name>.png`` and INFO.json.

Names are ``<scan>_<B-scan>``. What a scan's patient is no name tells, so each scan counts as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mirage_core.io.errors import ReadError, only_read_errors
from mirage_core.io.images import IMAGE_SUFFIXES, read_image
from mirage_core.io.label_info import INFO_NAME, LabelInfo, read_label_info
from mirage_core.model.store.known_schemes import scheme_for
from mirage_core.model.store.scheme import LayerScheme
from mirage_core.scan import FLUID_SCHEME
from mirage_core.training.finetune.errors import TeachError
from mirage_core.training.finetune.labelled import (
    SURFACE_NAMES,
    UNLABELLED,
    LabelledBScan,
    TeachingData,
    empty_surfaces,
)

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]

PARTS = ("train", "val", "test")
_NUMBERED = re.compile(r"(.+)_(\d+)")


def is_training_folder(path: Path) -> bool:
    """Return whether there is an INFO.json and at least one part."""
    return (path / INFO_NAME).is_file() and any((path / part).is_dir() for part in PARTS)


def folder_scheme(info: LabelInfo) -> LayerScheme:
    """Return what the classes of a folder are, as far as their names and greys tell."""
    labels = dict(enumerate(info.labels))
    return scheme_for(info.indices, labels)


def read_folder(root: Path) -> TeachingData:
    """Read a training folder.

    Raises
    ------
    ReadError
        If a file is missing, damaged, or holds a grey value that is of no class.
    TeachError
        If there is no B-scan.
    """
    info = read_label_info(root)
    if len(info) > UNLABELLED:
        raise TeachError(f"There are {len(info)} classes; a map holds {UNLABELLED} at most.")
    scheme = folder_scheme(info)
    b_scans = [b for part in PARTS for b in _part(root / part, part, info, scheme)]
    if not b_scans:
        raise TeachError(
            f"{root} holds no B-scans.",
            "Put pictures of the same names into train/bscan and train/semseg below it.",
        )
    return TeachingData(tuple(b_scans), info)


def _part(folder: Path, part: str, info: LabelInfo, scheme: LayerScheme) -> Iterator[LabelledBScan]:
    images, masks = _by_name(folder / "bscan"), _by_name(folder / "semseg")
    alone = sorted(images.keys() ^ masks.keys())
    if alone:
        path = images.get(alone[0]) or masks[alone[0]]
        raise ReadError(
            path,
            f"{len(alone)} pictures in {part}/ have no partner of the same name.",
            "Each B-scan in bscan/ needs a label map in semseg/, and the other way round.",
        )
    for name in sorted(images):
        yield _b_scan(images[name], masks[name], part, info, scheme)


def _by_name(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        return {}
    with only_read_errors(folder):
        files = [p for p in folder.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES]
    return {p.stem: p for p in files if not p.name.startswith(".")}


def _b_scan(
    image: Path, mask: Path, part: str, info: LabelInfo, scheme: LayerScheme
) -> LabelledBScan:
    with only_read_errors(image):
        picture = read_image(image)
    with only_read_errors(mask):
        greys = read_image(mask)
    if picture.dtype != np.uint8:
        raise ReadError(image, "This B-scan is not 8-bit grey.", "Export 8-bit pictures.")
    grey: U8 = picture.astype(np.uint8, copy=False)
    if greys.shape != grey.shape:
        raise ReadError(
            mask,
            f"This label map is {greys.shape[1]} × {greys.shape[0]} px, its B-scan "
            f"{grey.shape[1]} × {grey.shape[0]}.",
            "Export both from the same picture.",
        )
    try:
        classes = info.classes(np.asarray(greys, np.int64)).astype(np.uint8)
    except ValueError as error:
        message = str(error)
        raise ReadError(
            mask,
            f"{message[0].upper()}{message[1:]}.",
            f"List every grey value of the masks in {INFO_NAME}.",
        ) from None
    found = _NUMBERED.fullmatch(image.stem)
    scan, number = (found[1], int(found[2])) if found else (image.stem, 0)
    return LabelledBScan(
        grey,
        surfaces_of(classes, scheme),
        masks_of(classes, scheme),
        scheme.mask_classes,
        classes,
        patient=scan,
        scan=scan,
        b_scan=number,
        part=part,
    )


def masks_of(classes: U8, scheme: LayerScheme) -> U8 | None:
    """Return the lesions of a map of classes ``[z, x]``; None where the scheme has none."""
    if not scheme.mask_classes:
        return None
    table = np.zeros(256, np.uint8)
    for c in scheme.classes:
        if c.mask:
            table[c.index] = FLUID_SCHEME.by_name(c.mask).value
    return table[classes]


def surfaces_of(classes: U8, scheme: LayerScheme) -> F32:
    """Return the surfaces ``[12, x]`` that a map of classes ``[z, x]`` shows, px from the top.

    A surface is known where nothing lies between the lowest pixel that can only be above it and
    the highest that can only be below: not through a lesion that both strata may hold, nor at the
    border of the image.
    """
    height, width = classes.shape
    curves = empty_surfaces(width)
    rows = np.arange(height)[:, None]
    for i, name in enumerate(scheme.surfaces):
        if name is None:
            continue
        over = np.zeros(256, bool)
        under = np.zeros(256, bool)
        for c in scheme.classes:
            strata = scheme.strata_of(c.index)
            over[c.index] = bool(strata) and max(strata) <= i
            under[c.index] = bool(strata) and min(strata) > i
        last_over = np.where(over[classes], rows, -1).max(axis=0)
        first_under = np.where(under[classes], rows, height).min(axis=0)
        known = (last_over >= 0) & (first_under < height) & (first_under == last_over + 1)
        curves[SURFACE_NAMES.index(name), known] = first_under[known]
    return curves
