"""What a figure is where a class is missing: the published conventions, and a correct one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

INVALID_WORDS = ("invalid",)
"""A class whose label contains one of these is masked out of every comparison."""


@dataclass(frozen=True, slots=True)
class Convention:
    """How overlaps and distances are reckoned, and which classes are background.

    Attributes
    ----------
    name : str
    epsilon : float
        Added to the denominators of Dice and IoU.
    absent_overlap : float
        Dice and IoU of a class that is in neither volume.
    absent_hd95 : float
        HD95 of a B-scan on which the class is in neither.
    one_sided_hd95 : "nan" or "diagonal"
        HD95 of a B-scan on which the class is in one only: left out of the mean, or the
        diagonal of the B-scan.
    full_has_contour : bool
        Whether a class that fills the whole B-scan ends at its edges. If not, it counts as in
        one only.
    background_words : tuple of str
        A class whose label contains one of these is background, whatever the case.
    """

    name: str
    epsilon: float
    absent_overlap: float
    absent_hd95: float
    one_sided_hd95: Literal["nan", "diagonal"]
    full_has_contour: bool
    background_words: tuple[str, ...]


PUBLISHED = Convention(
    name="published",
    epsilon=1e-6,
    absent_overlap=0.0,
    absent_hd95=0.0,
    one_sided_hd95="nan",
    full_has_contour=False,
    background_words=("bg", "background", "above ilm"),
)
"""As MIRAGE's figures were reckoned, for comparing with them and for nothing else.

A class absent from both has Dice 0. One that is painted on a few B-scans and is truly nowhere
has HD95 0, because the B-scans with the error are left out and the empty ones count 0.
"Elsewhere" counts as a structure.
"""

PUBLISHED_DIAGONAL = replace(PUBLISHED, name="published-diagonal", one_sided_hd95="diagonal")
"""The published convention with its penalty for a class found or missed wholly."""

CORRECT = Convention(
    name="correct",
    epsilon=0.0,
    absent_overlap=float("nan"),
    absent_hd95=float("nan"),
    one_sided_hd95="diagonal",
    full_has_contour=True,
    background_words=(*PUBLISHED.background_words, "elsewhere"),
)
"""Absence from both is nothing to measure; a class found or missed wholly costs the diagonal."""

CONVENTIONS = {c.name: c for c in (CORRECT, PUBLISHED, PUBLISHED_DIAGONAL)}
