"""Views of a B-scan: the published ones, and stronger ones for a handful of B-scans.

A view follows from the seed, the B-scan and its number alone, so that it can be made again after
a kill, and what an encoder made of it can be kept.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from mirage_core.training.finetune.labelled import LabelledBScan
from mirage_core.training.finetune.square import Square, SquareMaker
from mirage_core.training.finetune.strong import strongly_changed

_RESIZED = 0.1
_KEPT = 64
"""Squares that are kept: a handful of B-scans is brought there once."""


@dataclass(frozen=True, eq=False)
class Sample:
    """A view of one B-scan, as tensors; see :class:`~.square.Square`.

    Attributes
    ----------
    image : float tensor ``(1, 1, Z, X)``
    curves, sure : float tensors ``(s, X)``
    labels, prior : uint8 tensors ``(Z, X)``
    looked : bool tensor ``(lesion,)``
    """

    image: Tensor
    curves: Tensor
    sure: Tensor
    labels: Tensor
    prior: Tensor
    looked: Tensor


class Views(Protocol):
    """Makes views of the B-scans of a run."""

    key: str
    """Tells these views from those of other settings."""

    def make(self, index: int, view: int) -> Sample:
        """Return view number `view` of B-scan `index`."""
        ...


Known = Callable[[int], tuple[LabelledBScan, LabelledBScan | None]]
"""Gives a B-scan by its number, and what the base model says of it."""


class _Squares:
    """Squares of B-scans, the latest of them kept."""

    def __init__(self, maker: SquareMaker, known: Known, side: int) -> None:
        self._maker, self._known, self._side = maker, known, side
        self._kept: OrderedDict[tuple[int, bool], Square] = OrderedDict()

    def get(self, index: int, mirrored: bool = False) -> Square:
        key = (index, mirrored)
        if key not in self._kept:
            b_scan, opinion = self._known(index)
            made = self._maker.make(b_scan, self._side, opinion, mirrored=mirrored)
            self._kept[key] = made
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]


class PaperViews:
    """As published: mirrored with probability 0.5, resized to 1.1 of the square, cropped.

    Parameters
    ----------
    maker : SquareMaker
    known : callable
    side, seed : int
    """

    def __init__(self, maker: SquareMaker, known: Known, side: int, seed: int) -> None:
        self._resized = side + int(_RESIZED * side)
        self._squares = _Squares(maker, known, self._resized)
        self._side, self._seed = side, seed
        self.key = f"paper {side} {seed}"

    def make(self, index: int, view: int) -> Sample:
        """Return view number `view` of B-scan `index`."""
        g = generator(self._seed, index, view)
        mirrored = bool(torch.rand((), generator=g) < 0.5)
        room = self._resized - self._side + 1
        top, left = torch.randint(room, (2,), generator=g).tolist()
        square = as_sample(self._squares.get(index, mirrored))
        z, x = slice(top, top + self._side), slice(left, left + self._side)
        return Sample(
            square.image[:, :, z, x],
            square.curves[:, x] - top,
            square.sure[:, x],
            square.labels[z, x],
            square.prior[z, x],
            square.looked,
        )


class StrongViews:
    """Moved, stretched, tilted, mirrored, in another light; view 0 is the B-scan as it is.

    Parameters
    ----------
    maker : SquareMaker
    known : callable
    side, seed : int
    """

    def __init__(self, maker: SquareMaker, known: Known, side: int, seed: int) -> None:
        self._squares = _Squares(maker, known, side)
        self._seed = seed
        self.key = f"strong 1 {side} {seed}"

    def make(self, index: int, view: int) -> Sample:
        """Return view number `view` of B-scan `index`."""
        sample = as_sample(self._squares.get(index))
        if view == 0:
            return sample
        changed = strongly_changed(
            sample.image,
            sample.curves,
            sample.sure,
            torch.stack([sample.labels, sample.prior]),
            generator(self._seed, index, view),
        )
        labels, prior = changed.maps
        return Sample(changed.image, changed.curves, changed.sure, labels, prior, sample.looked)


class PlainViews:
    """B-scans as they are, whatever the number of the view."""

    def __init__(self, maker: SquareMaker, known: Known, side: int) -> None:
        self._squares = _Squares(maker, known, side)
        self.key = f"plain {side}"

    def make(self, index: int, view: int) -> Sample:
        """Return B-scan `index`."""
        return as_sample(self._squares.get(index))


def make_views(augmentation: str, maker: SquareMaker, known: Known, side: int, seed: int) -> Views:
    """Return the views that an ``augmentation`` of the settings names."""
    if augmentation == "paper":
        return PaperViews(maker, known, side, seed)
    if augmentation == "strong":
        return StrongViews(maker, known, side, seed)
    return PlainViews(maker, known, side)


def generator(seed: int, index: int, view: int) -> torch.Generator:
    """Return the random numbers of one view of one B-scan."""
    mixed = (seed * 1_000_003 + index) * 1_000_033 + view
    return torch.Generator().manual_seed(mixed % 2**63)


def as_sample(square: Square) -> Sample:
    """Return a square as tensors."""
    return Sample(
        torch.from_numpy(square.image)[None, None],
        torch.from_numpy(square.curves),
        torch.from_numpy(square.sure),
        torch.from_numpy(square.labels),
        torch.from_numpy(square.prior),
        torch.from_numpy(square.looked),
    )
