"""When a B-scan is right, and what is wrong on it: what a person sees who knows where it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core.annotate import Annotation

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Truth:
    """What a scan is corrected to.

    Attributes
    ----------
    surfaces : mapping of str to float32 array ``[b, x]``
        Px from the top; NaN where nothing is known.
    labels : uint8 array ``[b, z, x]`` or None
        By the annotation's label scheme.
    classes : mapping of str to int
        Classes of the labels that are graded, by name.
    """

    surfaces: Mapping[str, F32] = field(default_factory=dict)
    labels: U8 | None = None
    classes: Mapping[str, int] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Surfaces, then classes."""
        return (*self.surfaces, *self.classes)

    def b_scans(self) -> tuple[int, ...]:
        """Return the B-scans on which every surface has a truth somewhere.

        Raises
        ------
        ValueError
            If there is none.
        """
        known = [np.isfinite(t).any(axis=1) for t in self.surfaces.values()]
        if self.labels is not None:
            known.append(np.ones(len(self.labels), bool))
        at = np.flatnonzero(np.logical_and.reduce(known)) if known else np.empty(0, np.intp)
        if at.size == 0:
            raise ValueError("there is no B-scan with a truth of every surface")
        return tuple(at.tolist())


@dataclass(frozen=True, slots=True)
class Tolerance:
    """When a structure counts as right on a B-scan.

    Attributes
    ----------
    surface_px : float
    columns : float
        Share of the columns with a truth that may be further off.
    wobble_columns : int
        Curves are compared as their running means over so many columns: what changes faster is
        the hand that drew the truth. 1 compares them as they are.
    dice : float
        Of a mask class, at least. A class that is nowhere in the truth must be nowhere.
    """

    surface_px: float = 2.0
    columns: float = 0.02
    wobble_columns: int = 1
    dice: float = 0.95


@dataclass(frozen=True, eq=False)
class Region:
    """A connected region of wrong labels.

    Attributes
    ----------
    wanted : int
        The label that it should carry.
    where : bool array ``[z, x]``
    size : int
        Px.
    """

    wanted: int
    where: Bool
    size: int


class Sight(NamedTuple):
    """What is wrong on one or more B-scans, as one sees at a glance.

    Attributes
    ----------
    needed : int
        Strokes that it still takes if each mends one span or region.
    wrong : int
        Columns of surfaces and px of masks that are wrong.
    """

    needed: int
    wrong: int

    def better_than(self, other: Sight) -> bool:
        """Return whether strokes are saved, or half of what is wrong, and neither is more."""
        saved = self.needed < other.needed and self.wrong <= other.wrong
        return saved or (self.needed <= other.needed and 2 * self.wrong <= other.wrong)


class Judge:
    """Compares an annotation with the truth.

    Parameters
    ----------
    annotation : Annotation
        Looked at as it is at the time of asking.
    truth : Truth
    tolerance : Tolerance
    bridge_columns : int
        Errors of a surface this near to each other are mended by one stroke.
    """

    def __init__(
        self, annotation: Annotation, truth: Truth, tolerance: Tolerance, bridge_columns: int
    ) -> None:
        self.annotation = annotation
        self.truth = truth
        self.tolerance = tolerance
        self._bridge = bridge_columns

    def needed(self, b: int) -> int:
        """Return how many strokes a B-scan still takes if each mends one span or region."""
        spans = sum(len(self.spans(b, name)) for name in self.truth.surfaces)
        return spans + sum(len(self.regions(b, name)) for name in self.truth.classes)

    def sight(self, *b_scans: int) -> Sight:
        """Return what is wrong on B-scans."""
        needed = wrong = 0
        for b in b_scans:
            needed += self.needed(b)
            wrong += sum(int(self._off(b, name).sum()) for name in self.truth.surfaces)
            wrong += sum(int(self._errors(b, v).sum()) for v in self.truth.classes.values())
        return Sight(needed, wrong)

    def met(self, b: int, name: str) -> bool:
        """Return whether a structure is right."""
        if name in self.truth.surfaces:
            return not self.spans(b, name)
        return self.dice(b, self.truth.classes[name]) >= self.tolerance.dice

    # ------------------------------------------------------------------ surfaces

    def away(self, b: int, name: str, curve: F32 | None = None) -> F32:
        """Return how far a surface is from the truth ``[x]``, px, NaN where nothing is known.

        `curve` is looked at in place of the annotation's.
        """
        found = self.annotation.surfaces[name][b] if curve is None else curve
        truth = self.truth.surfaces[name][b]
        # A surface that is missing is as wrong as can be.
        away = np.where(np.isfinite(truth) & ~np.isfinite(found), np.inf, found - truth)
        return np.abs(_running_mean(away, self.tolerance.wobble_columns))

    def spans(self, b: int, name: str) -> list[NDArray[np.intp]]:
        """Return columns to mend, the worst span first, until the tolerance is met.

        A span are errors so near to each other that one stroke is drawn over them.
        """
        away = self.away(b, name)
        off = away > self.tolerance.surface_px
        at = np.flatnonzero(off)
        allowed = self.tolerance.columns * np.isfinite(away).sum()
        if at.size <= allowed:
            return []
        groups = np.split(at, np.flatnonzero(np.diff(at) > self._bridge) + 1)
        weight = np.nan_to_num(away, nan=0.0, posinf=1e3)
        groups.sort(key=lambda group: -float(weight[group].sum()))
        left = at.size - np.cumsum([group.size for group in groups])
        return groups[: int(np.argmax(left <= allowed)) + 1]

    def _off(self, b: int, name: str) -> Bool:
        return np.asarray(self.away(b, name) > self.tolerance.surface_px)

    # ------------------------------------------------------------------ masks

    def dice(self, b: int, value: int) -> float:
        """Return the Dice of a class, 1 where it is neither there nor should be."""
        found, true = self.annotation.masks.labels[b] == value, self.true_labels(b) == value
        total = int(found.sum()) + int(true.sum())
        return 2 * int((found & true).sum()) / total if total else 1.0

    def true_labels(self, b: int) -> U8:
        """Return the true labels ``[z, x]``."""
        assert self.truth.labels is not None
        return np.asarray(self.truth.labels[b])

    def regions(self, b: int, name: str) -> list[Region]:
        """Return regions of a class to mend, the largest first, until the tolerance is met."""
        value = self.truth.classes[name]
        if self.dice(b, value) >= self.tolerance.dice:
            return []
        true, found = self.true_labels(b), self.annotation.masks.labels[b]
        errors = self._errors(b, value)
        regions = []
        for wanted in np.unique(true[errors]).tolist():
            parts, _ = ndimage.label(errors & (true == wanted))
            sizes = np.bincount(parts.ravel())
            regions += [
                Region(wanted, parts == part, int(sizes[part])) for part in range(1, sizes.size)
            ]
        regions.sort(key=lambda region: -region.size)
        # Dice of what would be found if the regions were mended one after the other.
        hits, total = _sums(found == value, true == value)
        for count, region in enumerate(regions, start=1):
            if region.wanted == value:
                hits, total = hits + region.size, total + region.size
            else:
                total -= region.size
            if not total or 2 * hits >= self.tolerance.dice * total:
                return regions[:count]
        return regions

    def _errors(self, b: int, value: int) -> Bool:
        """Return px of a class that lack it or carry it wrongly."""
        found, true = self.annotation.masks.labels[b], self.true_labels(b)
        return np.asarray((found == value) != (true == value))


def _sums(found: Bool, true: Bool) -> tuple[int, int]:
    return int((found & true).sum()), int(found.sum()) + int(true.sum())


def _running_mean(values: F32, columns: int) -> F32:
    """Return the mean over a window of columns ``[x]`` of what is known in it."""
    if columns <= 1:
        return values
    known = np.isfinite(values)
    window = np.ones(columns)
    total = np.convolve(np.where(known, values, 0), window, "same")
    count = np.convolve(known.astype(float), window, "same")
    mean = np.divide(total, count, out=np.full(values.shape, np.nan), where=count > 0)
    # What is missing stays as wrong as can be.
    return np.where(known, mean, values).astype(np.float32)
