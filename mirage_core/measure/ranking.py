"""How well a score tells a class from all others: areas under curves, by draws if wanted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


def auroc(
    score: NDArray[np.floating],
    is_class: NDArray[np.bool_],
    weights: NDArray[np.floating] | None = None,
) -> F64:
    """Return the area under the receiver operating characteristic, 0..1.

    That is how often a random member of the class scores higher than a random other; of equal
    scores half counts (Hanley & McNeil, 1982).

    Parameters
    ----------
    score : float array ``[n]``
    is_class : bool array ``[n]``
    weights : float array ``[draw, n]`` or None
        How often each is taken, for every draw of a bootstrap; None: all once.

    Returns
    -------
    float64 array ``[draw]``
        One value without `weights`; NaN where there is nothing of the class, or nothing else.
    """
    members, others = _by_score(score, is_class, weights)
    below = np.cumsum(others, axis=1) - others
    won = (members * (below + others / 2)).sum(axis=1)
    return _ratio(won, members.sum(axis=1) * others.sum(axis=1))


def average_precision(
    score: NDArray[np.floating],
    is_class: NDArray[np.bool_],
    weights: NDArray[np.floating] | None = None,
) -> F64:
    """Return the area under the precision-recall curve, in steps without interpolation, 0..1.

    Parameters and what is returned are those of :func:`auroc`; NaN where there is nothing of the
    class.
    """
    members, others = (x[:, ::-1] for x in _by_score(score, is_class, weights))
    found = np.cumsum(members, axis=1)
    taken = found + np.cumsum(others, axis=1)
    precision = np.divide(found, taken, out=np.zeros_like(found), where=taken > 0)
    return _ratio((members * precision).sum(axis=1), members.sum(axis=1))


def _by_score(
    score: NDArray[np.floating],
    is_class: NDArray[np.bool_],
    weights: NDArray[np.floating] | None,
) -> tuple[F64, F64]:
    """Return how much of the class and of the rest has each score, ascending, ``[draw, score]``."""
    if score.ndim != 1 or score.shape != is_class.shape or not score.size:
        raise ValueError(f"scores {score.shape} and classes {is_class.shape} of no common things")
    taken = np.ones((1, len(score))) if weights is None else np.asarray(weights, np.float64)
    order = np.argsort(score, kind="stable")
    values = score[order]
    starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    sorted_weights, member = taken[:, order], is_class[order]
    members = np.add.reduceat(sorted_weights * member, starts, axis=1)
    others = np.add.reduceat(sorted_weights * ~member, starts, axis=1)
    return members, others


def _ratio(above: F64, below: F64) -> F64:
    return np.asarray(
        np.divide(above, below, out=np.full(np.shape(below), np.nan), where=below > 0)
    )
