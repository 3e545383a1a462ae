"""Which side of an edge each pixel belongs to: a random walk between what is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bool = NDArray[np.bool_]
F32 = NDArray[np.float32]

_EDGE_GREY = 3.5
"""Step of the smoothed grey from one pixel to the next that counts as an edge."""
_LEAST_TIE = 0.01
_COARSEST_PX = 24
_FINEST_PX = 120_000
"""A larger image is solved at half its size: an answer must come while the hand is still."""
_COARSER_EDGE, _COARSER_PULL = 1.5, 2.5
"""What becomes of edges and pulls when four pixels are taken as one."""
_EXACT = 0.01
_MOST_STEPS = 60
_CHECK_EVERY = 3


def walk(smooth: F32, known: Bool, side: F32, pull: F32, towards: F32) -> F32:
    """Decide for every pixel between two sides, +1 and -1.

    It minimises the sum over neighbouring pixels of their tie times the squared difference, and
    over pixels of their pull times the squared distance from where they are pulled: the random
    walker of Grady (2006) with priors of his (2005). Pixels are tied the less the more their grey
    differs. Solved by conjugate gradients from coarse to fine.

    Parameters
    ----------
    smooth : float32 array ``[z, x]``
        Grey with its noise taken out.
    known : bool array ``[z, x]``
        Pixels whose side is settled.
    side : float32 array ``[z, x]``
        +1 or -1; looked at where `known`.
    pull : float32 array ``[z, x]``
        How strongly a pixel is pulled, 0 or more; ties are at most about 1.
    towards : float32 array ``[z, x]``
        Where to, -1 to 1.

    Returns
    -------
    float32 array ``[z, x]``
        -1 to 1; above 0 where the first side is the nearer.
    """
    return _walk(smooth, known, side, pull, towards, _EDGE_GREY)


def _walk(smooth: F32, known: Bool, side: F32, pull: F32, towards: F32, edge_grey: float) -> F32:
    settled = np.where(known, side, np.float32(0))
    if min(smooth.shape) > _COARSEST_PX:
        sides = _halved(settled)
        coarse = _walk(
            _halved(smooth),
            sides != 0,
            np.sign(sides),
            _halved(pull) * np.float32(_COARSER_PULL),
            _halved(towards),
            edge_grey * _COARSER_EDGE,
        )
        height, width = smooth.shape
        u = coarse.repeat(2, axis=0).repeat(2, axis=1)[:height, :width].copy()
    else:
        u = towards.copy()
    u[known] = settled[known]
    if smooth.size <= _FINEST_PX:
        _System(smooth, ~known, pull, edge_grey).solve(pull * towards, u)
    return u


class _System:
    """The linear equations of one resolution, in buffers of its own."""

    def __init__(self, smooth: F32, free: Bool, pull: F32, edge_grey: float) -> None:
        self._down, self._beside = (_ties(np.diff(smooth, axis=k), edge_grey) for k in (0, 1))
        self._free = free.astype(np.float32)
        total = pull.astype(np.float32)
        total[1:] += self._down
        total[:-1] += self._down
        total[:, 1:] += self._beside
        total[:, :-1] += self._beside
        self._total = total
        self._inverse = self._free / total
        self._part = np.empty_like(total)

    def solve(self, right: F32, u: F32) -> None:
        """Bring `u` near to the solution, in place; what is not free stays."""
        image = np.empty_like(u)
        rest = (right - self._times(u, image)) * self._free
        ahead = self._inverse * rest
        way = ahead.copy()
        size = _product(rest, ahead)
        for step in range(1, _MOST_STEPS + 1):
            if size < 1e-9:
                return
            self._times(way, image)
            image *= self._free
            length = size / _product(way, image)
            u += length * way
            rest -= length * image
            if step % _CHECK_EVERY == 0 and length * float(np.abs(way).max()) < _EXACT:
                return
            np.multiply(self._inverse, rest, out=ahead)
            size, before = _product(rest, ahead), size
            way *= np.float32(size / before)
            way += ahead

    def _times(self, u: F32, out: F32) -> F32:
        part, down, beside = self._part, self._down, self._beside
        np.multiply(self._total, u, out=out)
        for ties, first, second in (
            (down, (slice(None, -1), slice(None)), (slice(1, None), slice(None))),
            (beside, (slice(None), slice(None, -1)), (slice(None), slice(1, None))),
        ):
            for one, other in ((first, second), (second, first)):
                np.multiply(ties, u[other], out=part[one])
                out[one] -= part[one]
        return out


def _ties(steps: F32, edge_grey: float) -> F32:
    ties: F32 = np.exp(-((steps / np.float32(edge_grey)) ** 2)) + np.float32(_LEAST_TIE)
    return ties


def _halved(values: F32) -> F32:
    height, width = values.shape
    even = np.pad(values, ((0, height % 2), (0, width % 2)), mode="edge")
    four: F32 = even.reshape(even.shape[0] // 2, 2, even.shape[1] // 2, 2).mean(axis=(1, 3))
    return four


def _product(a: F32, b: F32) -> float:
    # Not np.vdot: its threads wait for each other on a busy machine.
    return float(np.einsum("zx,zx->", a, b))
