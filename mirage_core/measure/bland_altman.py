"""Bland-Altman: bias and limits of agreement of two measurements of the same things.

Bland JM, Altman DG. Statistical methods for assessing agreement between two methods of clinical
measurement. Lancet 1986; and Measuring agreement in method comparison studies. Stat Methods Med
Res 1999 (confidence intervals of the limits, proportional bias).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

LIMIT_SD = 1.96
"""Limits of agreement are so many standard deviations from the bias: 95 % of differences."""
LEAST_PAIRS = 3
"""With fewer there is neither a spread to speak of nor a slope."""
_NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % confidence interval, all in one unit; NaN where it is not given."""

    value: float
    low: float
    high: float


NOT_GIVEN = Estimate(_NAN, _NAN, _NAN)


@dataclass(frozen=True, eq=False)
class BlandAltman:
    """Two measurements of the same things: how far apart they are, and how far they may be.

    Confidence intervals take the pairs to be independent of each other.

    Attributes
    ----------
    means, differences : float64 arrays ``[n]``
        Of each pair; first minus second.
    n : int
        Pairs that both measured.
    bias : Estimate
        Mean difference.
    sd : float
        Standard deviation of the differences (over n - 1).
    lower, upper : Estimate
        Limits of agreement, bias -+ 1.96 SD.
    slope : Estimate
        Change of the difference by unit of the mean (least squares): proportional bias.
    """

    means: F64
    differences: F64
    bias: Estimate
    sd: float
    lower: Estimate
    upper: Estimate
    slope: Estimate

    @property
    def n(self) -> int:
        """Pairs that both measured."""
        return len(self.differences)

    @property
    def proportional(self) -> bool:
        """Whether the confidence interval of the slope excludes 0."""
        return self.slope.low > 0 or self.slope.high < 0


def bland_altman(first: NDArray[np.floating], second: NDArray[np.floating]) -> BlandAltman:
    """Return bias, limits of agreement and proportional bias of paired values ``[n]``.

    A pair that either lacks (NaN) is left out. With fewer than :data:`LEAST_PAIRS` pairs there
    is a bias without confidence interval, and nothing else; without any, nothing.

    Raises
    ------
    ValueError
        If the arrays are not of one length.
    """
    one, other = np.asarray(first, np.float64).ravel(), np.asarray(second, np.float64).ravel()
    if one.shape != other.shape:
        raise ValueError(f"{one.size} values and {other.size}: they are no pairs")
    known = np.isfinite(one) & np.isfinite(other)
    one, other = one[known], other[known]
    means, differences = (one + other) / 2, one - other
    n = len(differences)
    if n < LEAST_PAIRS:
        bias = float(differences.mean()) if n else _NAN
        only = Estimate(bias, _NAN, _NAN)
        return BlandAltman(means, differences, only, _NAN, NOT_GIVEN, NOT_GIVEN, NOT_GIVEN)
    bias, sd = float(differences.mean()), float(differences.std(ddof=1))
    t = _t_quantile(n - 1)
    # Bland and Altman 1999: var(bias) = s^2 / n, var(s) = s^2 / 2(n - 1), independent.
    of_limit = t * sd * math.sqrt(1 / n + LIMIT_SD**2 / (2 * (n - 1)))
    return BlandAltman(
        means,
        differences,
        _around(bias, t * sd / math.sqrt(n)),
        sd,
        _around(bias - LIMIT_SD * sd, of_limit),
        _around(bias + LIMIT_SD * sd, of_limit),
        _slope(means, differences),
    )


def _around(value: float, half: float) -> Estimate:
    return Estimate(value, value - half, value + half)


def _slope(x: F64, y: F64) -> Estimate:
    """Return the slope of the least-squares line; not given where all `x` are one."""
    off = x - x.mean()
    spread = float(off @ off)
    if spread <= (1e-9 * max(1.0, float(np.abs(x).max()))) ** 2:
        return NOT_GIVEN
    slope = float(off @ y) / spread
    left = y - y.mean() - slope * off
    variance = float(left @ left) / (len(x) - 2)
    return _around(slope, _t_quantile(len(x) - 2) * math.sqrt(variance / spread))


def _t_quantile(degrees: int) -> float:
    """Return the 97.5th percentile of Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, 0.975))
