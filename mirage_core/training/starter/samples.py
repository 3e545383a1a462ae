"""Samples: B-scans on the network's square with what is known of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.model.preprocessing import prepare_image
from mirage_core.scan import FLUID_SCHEME, SURFACE_KINDS
from mirage_core.scan.padding import registration_padding

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
Bool = NDArray[np.bool_]

SIDE = 512
"""Side of the network's square in px."""
SURFACES = tuple(kind.name for kind in SURFACE_KINDS)
LESIONS = ("IRF", "SRF", "PED", "SHRM", "DRUSEN")
"""Classes of the second part, after "none"."""


@dataclass(frozen=True, eq=False)
class Samples:
    """B-scans of one kind.

    Attributes
    ----------
    images : uint8 array ``[n, SIDE, SIDE]``
        From the darkest grey of the B-scan to its brightest.
    surfaces : float32 array ``[n, 12, SIDE]``
        Px of the square from its top, NaN where not known.
    lesions : uint8 array ``[n, SIDE, SIDE]``
        0 none, then :data:`LESIONS`.
    known : bool array ``[n, 1 + len(LESIONS)]``
        Which lesions were outlined; one that was not counts as none.
    """

    images: U8
    surfaces: F32
    lesions: U8
    known: Bool

    def __len__(self) -> int:
        return len(self.images)


def sample(
    image: U8, surfaces: F32 | None, labels: U8 | None, known: tuple[str, ...] = LESIONS
) -> tuple[U8, F32, U8, Bool]:
    """Bring a B-scan to the network's square.

    Parameters
    ----------
    image : uint8 array ``[z, x]``
    surfaces : float32 array ``[12, x]`` or None
        Px from the top, NaN where not known.
    labels : uint8 array ``[z, x]`` or None
        Values of FLUID_SCHEME; None if nobody looked for any.
    known : tuple of str
        Lesions that were looked for.
    """
    height, width = image.shape
    padding = registration_padding(image)
    size = (SIDE, SIDE)
    net = prepare_image(image, size, "segmentation", padding if padding.any() else None)[0]
    columns = np.minimum((np.arange(SIDE) + 0.5) * width / SIDE, width - 1).astype(int)
    rows = np.minimum((np.arange(SIDE) + 0.5) * height / SIDE, height - 1).astype(int)
    curves = np.full((len(SURFACES), SIDE), np.nan, np.float32)
    if surfaces is not None:
        curves[:] = surfaces[:, columns] * np.float32(SIDE / height)
    lesions = np.zeros(size, np.uint8)
    if labels is not None:
        table = np.zeros(256, np.uint8)
        for i, name in enumerate(LESIONS):
            table[FLUID_SCHEME.by_name(name).value] = i + 1
        lesions[:] = table[labels[np.ix_(rows, columns)]]
    looked = np.zeros(1 + len(LESIONS), bool)
    if labels is not None:
        looked[0] = True
        looked[[1 + LESIONS.index(name) for name in known]] = True
    return np.rint(net * 255).astype(np.uint8), curves, lesions, looked


def collected(parts: list[tuple[U8, F32, U8, Bool]]) -> Samples:
    """Return samples of what :func:`sample` gave."""
    images, surfaces, lesions, known = (np.stack(column) for column in zip(*parts, strict=True))
    return Samples(images, surfaces, lesions, known)
