"""Presence: on which B-scans two graders found something, and whether by more than chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Presence:
    """Numbers of B-scans by who found something there.

    Attributes
    ----------
    both, only_one, only_other, neither : int
    """

    both: int
    only_one: int
    only_other: int
    neither: int

    @classmethod
    def of(cls, one: NDArray[np.bool_], other: NDArray[np.bool_]) -> Self:
        """Count two findings ``[b]`` of the same B-scans.

        Raises
        ------
        ValueError
            If the shapes differ.
        """
        if one.shape != other.shape:
            raise ValueError(f"findings of different shape: {one.shape} and {other.shape}")
        kinds = (one & other, one & ~other, ~one & other, ~one & ~other)
        return cls(*(int(np.count_nonzero(kind)) for kind in kinds))

    @property
    def n(self) -> int:
        """Number of B-scans."""
        return self.both + self.only_one + self.only_other + self.neither

    @property
    def kappa(self) -> float:
        """Cohen's kappa (Educ. Psychol. Meas. 20, 1960): agreement beyond chance, at most 1.

        NaN without B-scans, and where both say the same of every one: chance would do so too.
        """
        n = self.n
        if n == 0:
            return float("nan")
        # In whole numbers, so that certain agreement by chance is told from all but certain.
        found_one, found_other = self.both + self.only_one, self.both + self.only_other
        chance = found_one * found_other + (n - found_one) * (n - found_other)
        if chance == n * n:
            return float("nan")
        return ((self.both + self.neither) * n - chance) / (n * n - chance)
