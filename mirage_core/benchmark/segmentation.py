"""Scores of a segmented volume, class by class, reckoned B-scan by B-scan."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mirage_core.benchmark.conventions import CORRECT, Convention
from mirage_core.benchmark.hausdorff import b_scan_hd95
from mirage_core.benchmark.overlap import dice, iou
from mirage_core.measure.confusion import Confusion, nan_mean
from mirage_core.measure.hausdorff import IN_PX, Spacing2D


@dataclass(frozen=True, slots=True)
class ClassScore:
    """Dice and IoU of a class over a whole volume, HD95 as the mean of its B-scans."""

    dice: float
    iou: float
    hd95: float


@dataclass(slots=True)
class VolumeTally:
    """Takes in a volume's B-scans one at a time and keeps only counts and distances.

    Attributes
    ----------
    n_classes : int
    invalid : collection of int
        Classes whose true pixels are masked: the prediction is taken to be right there.
    scored : tuple of int
        Classes to score.
    convention : Convention
    spacing : (float, float)
        Size of a pixel along ``z`` and ``x``, in the unit wanted for HD95: 1 for px.
    n_b_scans : int
    """

    n_classes: int
    scored: tuple[int, ...]
    invalid: Collection[int] = ()
    convention: Convention = CORRECT
    spacing: Spacing2D = IN_PX
    n_b_scans: int = field(default=0, init=False)
    _confusion: Confusion = field(init=False)
    _hd95: dict[int, list[float]] = field(init=False)

    def __post_init__(self) -> None:
        self._confusion = Confusion(np.zeros((self.n_classes, self.n_classes), np.int64))
        self._hd95 = {c: [] for c in self.scored}

    def add(self, found: NDArray[np.integer], truth: NDArray[np.integer]) -> None:
        """Take in one B-scan.

        Parameters
        ----------
        found, truth : integer arrays ``[z, x]``
            Class numbers, of one shape. B-scans of a volume may differ in size.

        Raises
        ------
        ValueError
            If the shapes differ or a number is no class.
        """
        found = np.where(np.isin(truth, list(self.invalid)), truth, found)
        self._confusion += Confusion.of(found, truth, self.n_classes)
        for c, distances in self._hd95.items():
            distances.append(b_scan_hd95(found == c, truth == c, self.convention, self.spacing))
        self.n_b_scans += 1

    def scores(self) -> dict[int, ClassScore]:
        """Return the score of each class in `scored`."""
        of_dice = dice(self._confusion, self.convention)
        of_iou = iou(self._confusion, self.convention)
        return {
            c: ClassScore(float(of_dice[c]), float(of_iou[c]), nan_mean(distances))
            for c, distances in self._hd95.items()
        }
