"""Logistic regression on pooled features, to its one optimum. Imports no torch.

Features are standardised by what is taught with; the head that is returned looks at them as they
are. The penalty on its weights is chosen by patients left out of what is taught with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, softmax

F64 = NDArray[np.float64]

_LEAST_SPREAD = 1e-6
_BIAS_PENALTY = 1e-3
"""Holds the constant of a class that there is none of; else it would run away."""


@dataclass(frozen=True, eq=False)
class LinearHead:
    """Weights ``[class, w]`` and constants ``[class]`` of logits."""

    weight: F64
    bias: F64

    def logits(self, features: NDArray[np.floating]) -> F64:
        """Return logits ``[n, class]`` of features ``[n, w]``."""
        return np.asarray(features @ self.weight.T + self.bias, np.float64)


@dataclass(frozen=True, eq=False)
class Standard:
    """Mean and spread ``[w]`` of features."""

    mean: F64
    spread: F64

    @classmethod
    def of(cls, features: NDArray[np.floating]) -> Standard:
        """Return those of ``[n, w]``; what does not vary keeps its size."""
        own = features.astype(np.float64)
        spread = own.std(axis=0)
        return cls(own.mean(axis=0), np.where(spread > _LEAST_SPREAD, spread, 1.0))

    def apply(self, features: NDArray[np.floating]) -> F64:
        """Return features ``[n, w]`` of mean 0 and spread 1."""
        return np.asarray((features - self.mean) / self.spread, np.float64)

    def folded(self, weight: F64, bias: F64) -> tuple[F64, F64]:
        """Return the linear layer on features as they are, of one on standardised ones."""
        plain = weight / self.spread
        return plain, bias - plain @ self.mean


def fit(
    features: NDArray[np.floating],
    targets: NDArray[np.floating],
    strength: float,
    *,
    multi_label: bool,
    smoothing: float = 0.0,
) -> LinearHead:
    """Return the head with the least loss plus penalty.

    Parameters
    ----------
    features : float array ``[n, w]``
    targets : float array ``[n, class]``
        1 where a class holds, else 0.
    strength : float
        Of half the sum of squared weights, beside the mean loss.
    multi_label : bool
    smoothing : float
        Share of every target that is spread over the classes.
    """
    standard = Standard.of(features)
    x, y = standard.apply(features), smoothed(targets, smoothing, multi_label)
    n, width = x.shape
    n_classes = y.shape[1]

    def loss(flat: F64) -> tuple[float, F64]:
        weight, bias = flat[:-n_classes].reshape(n_classes, width), flat[-n_classes:]
        logits = x @ weight.T + bias
        if multi_label:
            value = float((np.logaddexp(0, logits) - y * logits).sum() / n)
            away = (expit(logits) - y) / n
        else:
            value = -float((y * np.asarray(log_softmax(logits, axis=1))).sum() / n)
            away = (np.asarray(softmax(logits, axis=1)) - y) / n
        value += strength / 2 * float((weight**2).sum())
        value += _BIAS_PENALTY / 2 * float((bias**2).sum())
        slopes = away.T @ x + strength * weight
        return value, np.concatenate([slopes.ravel(), away.sum(axis=0) + _BIAS_PENALTY * bias])

    start = np.zeros(n_classes * (width + 1))
    options = {"maxiter": 500, "ftol": 1e-10, "gtol": 1e-7}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x
    weight, bias = found[:-n_classes].reshape(n_classes, width), found[-n_classes:]
    return LinearHead(*standard.folded(weight, bias))


def smoothed(targets: NDArray[np.floating], share: float, multi_label: bool) -> F64:
    """Return `targets` with a share of them spread over the classes, or over yes and no."""
    n = 2 if multi_label else targets.shape[1]
    return np.asarray(targets * (1 - share) + share / n, np.float64)


def log_loss(head: LinearHead, features: F64, targets: F64, *, multi_label: bool) -> F64:
    """Return the loss of each example ``[n]``."""
    logits = head.logits(features)
    if multi_label:
        return np.asarray((np.logaddexp(0, logits) - targets * logits).sum(axis=1))
    return -np.asarray((targets * np.asarray(log_softmax(logits, axis=1))).sum(axis=1))


def choose_strength(
    features: Sequence[F64],
    targets: F64,
    folds: Sequence[Sequence[int]],
    strengths: Sequence[float],
    *,
    multi_label: bool,
    smoothing: float = 0.0,
) -> float:
    """Return the penalty with the least loss on what was left out, fold by fold.

    Parameters
    ----------
    features : sequence of float arrays ``[n, w]``
        Views; all are learnt from, the first one is judged by.
    targets : float array ``[n, class]``
    folds : sequence of sequences of int
        Rows left out together; without any the strongest penalty is the safe one.
    strengths : sequence of float
    """
    if not folds or len(strengths) == 1:
        return max(strengths)
    losses = np.zeros(len(strengths))
    for fold in folds:
        left_out = np.zeros(len(targets), bool)
        left_out[list(fold)] = True
        x = np.concatenate([view[~left_out] for view in features])
        y = np.concatenate([targets[~left_out]] * len(features))
        for k, strength in enumerate(strengths):
            head = fit(x, y, strength, multi_label=multi_label, smoothing=smoothing)
            judged = features[0][left_out], targets[left_out]
            losses[k] += log_loss(head, *judged, multi_label=multi_label).sum()
    return strengths[int(losses.argmin())]
