"""Which images of a folder or stack are the B-scans, and which one is the SLO."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mirage_core.io.errors import ReadError

Size = tuple[int, int]

_SLO_WORD = re.compile(r"(?<![a-z])(slo|ir|nir|fundus|locali[sz]er|enface)(?![a-z])", re.I)
_LABEL_END = re.compile(r"[_-](mask|masks|label|labels|layers|seg|semseg|annotation)$", re.I)


@dataclass(frozen=True, slots=True)
class Group:
    """Indices of the B-scans in order, and of the SLO or None."""

    b_scans: tuple[int, ...]
    slo: int | None


def named_like_slo(stem: str) -> bool:
    """Return whether a file name without suffix says that the image is an SLO."""
    return _SLO_WORD.search(stem) is not None


def named_like_labels(stem: str) -> bool:
    """Return whether a file name without suffix says that the image is a mask or layer map."""
    return _LABEL_END.search(stem) is not None


def group_images(path: Path, sizes: Sequence[Size], named_slo: Sequence[int] = ()) -> Group:
    """Tell B-scans from the SLO.

    Parameters
    ----------
    path : Path
        The folder or file, for errors.
    sizes : sequence of (height, width)
        In the order of the B-scans, px.
    named_slo : sequence of int
        Indices of images whose name says SLO.

    Returns
    -------
    Group
        One image named like an SLO is the SLO. Else a single image of another size than all
        the rest (at least two) is.

    Raises
    ------
    ReadError
        If the B-scans would have different sizes.
    """
    everything = tuple(range(len(sizes)))
    slo: int | None = None
    if len(named_slo) == 1 and len(sizes) > 1:
        slo = named_slo[0]
    rest = tuple(i for i in everything if i != slo)
    counts = Counter(sizes[i] for i in rest)
    if slo is None and len(counts) == 2:
        (_, many), (odd, once) = counts.most_common()
        if once == 1 and many > 1:
            slo = next(i for i in rest if sizes[i] == odd)
            return Group(tuple(i for i in rest if i != slo), slo)
    if len(counts) > 1:
        where = "folder" if path.is_dir() else "file"
        raise ReadError(
            path,
            f"The {len(rest)} images in this {where} have {len(counts)} different sizes, "
            "so they are not the B-scans of one scan.",
            "Keep one scan per folder (an SLO's name should contain 'slo'), or open the images "
            "one by one.",
        )
    return Group(rest, slo)
