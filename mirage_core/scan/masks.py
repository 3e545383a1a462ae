"""Masks: fluid and lesions as one label volume beside the surfaces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.scan.labels import FLUID_SCHEME, LabelScheme

U8 = NDArray[np.uint8]


@dataclass(eq=False)
class Masks:
    """Fluid and lesion labels of one scan.

    Attributes
    ----------
    labels : uint8 array, axes ``[b, z, x]``
        0 is background, other values are those of `scheme`.
    scheme : LabelScheme
    """

    labels: U8
    scheme: LabelScheme = FLUID_SCHEME

    def __post_init__(self) -> None:
        if self.labels.ndim != 3 or self.labels.dtype != np.uint8:
            raise ValueError(
                f"masks must be uint8 [b, z, x]; got {self.labels.dtype} {self.labels.shape}"
            )

    @classmethod
    def empty(cls, shape: tuple[int, int, int], scheme: LabelScheme = FLUID_SCHEME) -> Masks:
        """Return masks of `shape` ``(b, z, x)`` that are background everywhere."""
        return cls(np.zeros(shape, np.uint8), scheme)

    def copy(self) -> Masks:
        """Return a deep copy."""
        return Masks(self.labels.copy(), self.scheme)


def renumbering(source: LabelScheme, target: LabelScheme) -> NDArray[np.int16]:
    """Return which value `target` gives the class that each value has in `source`, by name.

    Schemes of two annotations may differ, and equal numbers then need not mean the same.

    Returns
    -------
    int16 array ``[256]``
        0 for background, -1 where one of the schemes has no such class.
    """
    values = {c.name: c.value for c in target}
    table = np.full(256, -1, np.int16)
    table[0] = 0
    for c in source:
        table[c.value] = values.get(c.name, -1)
    return table
