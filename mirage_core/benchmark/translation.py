"""Scoring a model of one data set on another whose classes are coarser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class ClassTranslation:
    """Which grey value of the truth's data set each grey value of a prediction means.

    Attributes
    ----------
    name : str
    values : mapping of int to int
        Grey of the prediction's data set to grey of the truth's.
    invalid : int
        Grey of the truth's data set for what it cannot express.
    """

    name: str
    values: Mapping[int, int]
    invalid: int

    def apply(self, found: Labels, truth: Labels) -> tuple[Labels, Labels]:
        """Return prediction and truth in the truth's greys.

        Where the prediction means nothing in the truth's data set, both become `invalid` and so
        drop out of the scores. That is the published way; a model can hide an error there by
        predicting such a class.

        Parameters
        ----------
        found, truth : integer arrays of one shape
            Grey values, each of its own data set.

        Raises
        ------
        ValueError
            If the shapes differ, or the prediction holds a grey that has no translation.
        """
        if found.shape != truth.shape:
            raise ValueError(f"label maps of different shape: {found.shape} and {truth.shape}")
        greys, inverse = np.unique(found, return_inverse=True)
        unknown = [int(grey) for grey in greys if int(grey) not in self.values]
        if unknown:
            raise ValueError(
                f"grey values {unknown} have no translation ({self.name}); "
                f"known are {sorted(self.values)}"
            )
        table = np.array([self.values[int(grey)] for grey in greys], truth.dtype)
        translated = table[inverse].reshape(found.shape)
        return translated, np.where(
            translated == self.invalid, truth.dtype.type(self.invalid), truth
        )


AROI_TO_DUKE_IAMD = ClassTranslation(
    name="AROI to Duke iAMD",
    values={
        0: 51,  # above ILM
        23: 102,  # ILM to IPL/INL, part of ILM to inner RPEDC
        46: 102,  # IPL/INL to RPE, the rest of it
        69: 153,  # RPE to BM: inner RPEDC to outer BM
        92: 204,  # under BM
        115: 0,  # cyst
        138: 0,  # PED
        161: 0,  # SRF
    },
    invalid=0,
)
