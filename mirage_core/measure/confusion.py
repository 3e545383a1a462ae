"""What was found against what is true, class by class, and the figures that follow from it.

A figure without anything to measure is NaN: the overlap of a class that is in neither map, the
accuracy of one that is not in the truth.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

I64 = NDArray[np.int64]
F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts of pixels, or of whole images, by true and by found class.

    Confusions of the same classes add up, so that a volume is never needed at once.

    Attributes
    ----------
    counts : int64 array ``[true class, found class]``
    """

    counts: I64

    @classmethod
    def of(
        cls,
        found: NDArray[np.integer],
        truth: NDArray[np.integer],
        n_classes: int,
        *,
        unlabelled: int | None = None,
    ) -> Confusion:
        """Count two label maps of one shape, of any number of axes.

        Parameters
        ----------
        found, truth : integer arrays
            Class numbers from 0.
        n_classes : int
        unlabelled : int or None
            Number in `truth` of pixels without a label; these are not counted.

        Raises
        ------
        ValueError
            If the shapes differ or a number is no class.
        """
        if found.shape != truth.shape:
            raise ValueError(f"label maps of different shape: {found.shape} and {truth.shape}")
        if unlabelled is not None:
            known = truth != unlabelled
            found, truth = found[known], truth[known]
        for name, labels in (("found", found), ("true", truth)):
            if labels.size and not 0 <= labels.min() <= labels.max() < n_classes:
                raise ValueError(
                    f"{name} classes run from {labels.min()} to {labels.max()}; "
                    f"there are classes 0 to {n_classes - 1}"
                )
        pairs = truth.astype(np.int64).ravel() * n_classes + found.ravel()
        counts = np.bincount(pairs, minlength=n_classes**2)
        return cls(counts.reshape(n_classes, n_classes).astype(np.int64))

    def __add__(self, other: Confusion) -> Confusion:
        return Confusion(self.counts + other.counts)

    def without(self, classes: Iterable[int]) -> Confusion:
        """Return the counts without what truly belongs to `classes`.

        What was wrongly taken for one of them elsewhere still counts as an error.
        """
        counts = self.counts.copy()
        counts[list(classes)] = 0
        return Confusion(counts)

    @property
    def overlap(self) -> I64:
        """How much of each class was found where it is, ``[class]``."""
        return np.diagonal(self.counts)

    @property
    def found(self) -> I64:
        """How much was found of each class, ``[class]``."""
        return np.asarray(self.counts.sum(0))

    @property
    def truth(self) -> I64:
        """How much there is of each class, ``[class]``."""
        return np.asarray(self.counts.sum(1))

    @property
    def accuracy(self) -> float:
        """Share of all that got its true class."""
        return float(_ratio(self.overlap.sum(), self.counts.sum()))

    @property
    def class_accuracy(self) -> F64:
        """Share of each true class that was found (recall), ``[class]``."""
        return _ratio(self.overlap, self.truth)

    @property
    def dice(self) -> F64:
        """Dice overlap ``2 |A and B| / (|A| + |B|)`` of each class, ``[class]``."""
        return _ratio(2 * self.overlap, self.found + self.truth)

    @property
    def iou(self) -> F64:
        """Intersection over union of each class, ``[class]``."""
        return _ratio(self.overlap, self.found + self.truth - self.overlap)

    @property
    def balanced_accuracy(self) -> float:
        """Mean of the classes' accuracies, of those in the truth."""
        return nan_mean(self.class_accuracy)

    @property
    def mean_iou(self) -> float:
        """Mean of the classes' intersections over unions, of those in either map."""
        return nan_mean(self.iou)


def nan_mean(values: Iterable[float] | F64) -> float:
    """Return the mean of what is not NaN, NaN if nothing is left."""
    figures = np.asarray(values if isinstance(values, np.ndarray) else list(values), np.float64)
    defined = figures[~np.isnan(figures)]
    return float(defined.mean()) if defined.size else float("nan")


def _ratio(above: I64, below: I64) -> F64:
    out = np.full(np.shape(below), np.nan)
    return np.asarray(np.divide(above, below, out=out, where=np.asarray(below) > 0))
