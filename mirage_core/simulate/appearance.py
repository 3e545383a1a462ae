"""How bright the tissues of one eye are: light differs between eyes and devices more than anatomy.

The default leaves the painter's own greys as they are. :meth:`Appearance.random` draws eyes for
training, wider than what one sees, so that a network does not learn a grey for a layer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TISSUES: tuple[str, ...] = (
    "vitreous",
    "inner limit",
    "RNFL",
    "GCL",
    "IPL",
    "INL",
    "OPL",
    "Henle",
    "ONL",
    "ELM",
    "myoid",
    "ellipsoid",
    "outer segments",
    "interdigitation",
    "under the interdigitation",
    "RPE inner",
    "RPE core",
    "RPE outer",
    "RPE edge",
    "choriocapillaris",
    "choroid",
    "deep choroid",
)
"""What the painter draws, from the vitreous down."""
_INNER, _OUTER, _CHOROID = range(1, 9), range(9, 19), range(19, 22)
_CONTENTS: dict[str, tuple[float, float]] = {
    "IRF": (3.0, 80.0),
    "SRF": (3.0, 60.0),
    "PED": (12.0, 140.0),
    "SHRM": (110.0, 215.0),
    "DRUSEN": (60.0, 190.0),
}
_SPREAD = 0.09
_TOGETHER = 0.12
_LEAST, _MOST = 0.55, 1.5


@dataclass(frozen=True, slots=True)
class Appearance:
    """Brightness of tissues and of what fills lesions.

    Attributes
    ----------
    gains : tuple of float
        Of each of :data:`TISSUES`, over the painter's own grey; empty: 1 for all.
    contents : tuple of (str, float)
        Grey of what fills a lesion, by its name in FLUID_SCHEME, where it is not the painter's.
    """

    gains: tuple[float, ...] = ()
    contents: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        if self.gains and len(self.gains) != len(TISSUES):
            raise ValueError(f"there are {len(TISSUES)} tissues, not {len(self.gains)}")
        if any(gain < 0 for gain in self.gains):
            raise ValueError("a gain cannot be negative")

    @classmethod
    def random(cls, rng: np.random.Generator) -> Appearance:
        """Draw how an eye looks.

        Tissues vary by themselves, and those of the inner retina, the outer retina and the
        choroid together. At times the dark line above the interdigitation zone, that zone
        itself, or the external limiting membrane cannot be seen, as in many real scans.
        """
        gains = rng.normal(1, _SPREAD, len(TISSUES))
        for tissues in (_INNER, _OUTER, _CHOROID):
            gains[tissues] *= rng.normal(1, _TOGETHER)
        gains[0] = rng.uniform(0, 6)
        at = {name: i for i, name in enumerate(TISSUES)}
        drawn = rng.random(3)
        if drawn[0] < 0.3:
            gains[at["outer segments"]] *= rng.uniform(1.1, 1.3)
        elif drawn[0] < 0.55:
            gains[[at["interdigitation"], at["under the interdigitation"]]] *= 0.8
        if drawn[1] < 0.35:
            gains[at["ELM"]] *= 0.8
        if drawn[2] < 0.15:
            gains[at["ellipsoid"]] *= rng.uniform(0.6, 0.85)
        gains[1:] = np.clip(gains[1:], _LEAST, _MOST)
        contents = tuple(
            (name, float(rng.uniform(low, high))) for name, (low, high) in _CONTENTS.items()
        )
        return cls(tuple(gains.tolist()), contents)


AS_DRAWN = Appearance()
"""The painter's own greys."""
