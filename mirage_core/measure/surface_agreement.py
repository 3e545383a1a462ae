"""How far apart two annotations draw each surface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.measure.agreement import boundary_differences
from mirage_core.measure.annotated import Annotated, depths, drawn_by_hand, surface_names
from mirage_core.scan import Spacing, SpacingUnknownError

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BoundaryError:
    """Differences of one surface over its pairs of A-scans, all in one unit.

    Attributes
    ----------
    mean : float
        Mean absolute difference.
    bias : float
        Mean difference, positive where the first annotation's surface lies deeper.
    sd : float
        Standard deviation of the differences (over n - 1).
    p95, largest : float
        95th percentile and maximum of the absolute differences.
    """

    mean: float
    bias: float
    sd: float
    p95: float
    largest: float

    @classmethod
    def of(cls, differences: F64) -> BoundaryError:
        """Return the figures of differences ``[n]``, NaN where there is nothing to take."""
        if not differences.size:
            return cls(*[float("nan")] * 5)
        apart = np.abs(differences)
        return cls(
            float(apart.mean()),
            float(differences.mean()),
            float(differences.std(ddof=1)) if differences.size > 1 else float("nan"),
            float(np.percentile(apart, 95)),
            float(apart.max()),
        )

    def times(self, factor: float) -> BoundaryError:
        """Return the same figures in another unit."""
        figures = (self.mean, self.bias, self.sd, self.p95, self.largest)
        return BoundaryError(*(figure * factor for figure in figures))


@dataclass(frozen=True, slots=True)
class SurfaceAgreement:
    """Two graders' drawings of one surface.

    Attributes
    ----------
    name : str
    b_scans : tuple of int
        B-scans with at least one pair.
    n_by_hand : int
        Of those, how many both edited or approved. Two annotations that both left a surface as
        a device or an engine drew it agree without saying anything.
    n_pairs : int
        A-scans on which both are defined.
    n_only_one, n_only_other : int
        A-scans on which one of the two is.
    px, um : BoundaryError
    why_no_um : str
        Why there are no figures in µm; empty if there are.
    """

    name: str
    b_scans: tuple[int, ...]
    n_by_hand: int
    n_pairs: int
    n_only_one: int
    n_only_other: int
    px: BoundaryError
    um: BoundaryError
    why_no_um: str = ""


def compare_surfaces(
    one: Annotated, other: Annotated, spacing: Spacing, b_scans: Sequence[int]
) -> tuple[SurfaceAgreement, ...]:
    """Compare every surface that either of two annotations of one scan drew on `b_scans`."""
    chosen = list(b_scans)
    try:
        um_per_px, why = spacing.require_mm("z")[0] * 1000, ""
    except SpacingUnknownError as error:
        um_per_px, why = float("nan"), str(error)
    found = []
    for name in surface_names(one, other):
        first, second = depths(one, name)[chosen], depths(other, name)[chosen]
        here, there = np.isfinite(first), np.isfinite(second)
        if not (here.any() or there.any()):
            continue
        paired = np.asarray((here & there).any(axis=1))
        by_hand = paired & drawn_by_hand(one, name)[chosen] & drawn_by_hand(other, name)[chosen]
        px = BoundaryError.of(boundary_differences(first, second))
        found.append(
            SurfaceAgreement(
                name,
                tuple(b for b, pair in zip(chosen, paired.tolist(), strict=True) if pair),
                int(np.count_nonzero(by_hand)),
                int(np.count_nonzero(here & there)),
                int(np.count_nonzero(here & ~there)),
                int(np.count_nonzero(there & ~here)),
                px,
                px.times(um_per_px),
                why,
            )
        )
    return tuple(found)
