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
    "IRF": (2.0, 62.0),
    "SRF": (2.0, 58.0),
    "PED": (12.0, 150.0),
    "SHRM": (110.0, 215.0),
    "DRUSEN": (70.0, 200.0),
}
_TOGETHER = 0.17
_LEAST, _MOST = 0.5, 1.5


@dataclass(frozen=True, slots=True)
class Appearance:
    """How tissue, fluid and the media of one eye look. Greys are display grey.

    Attributes
    ----------
    gains : tuple of float
        Of each of :data:`TISSUES`, over the painter's own grey; empty: 1 for all.
    contents : tuple of (str, float)
        Grey of what fills a lesion, by its name in FLUID_SCHEME, where it is not the painter's.
    unevenness : float
        How much the brightness of ellipsoid zone and RPE wanders along the B-scan.
    streaks : float
        How much columns differ in what the retina above lets through.
    fading, mottle : float
        Loss of light with depth in the choroid over the look's own, contrast of its texture.
    rpe_width : float
        Width of the brightest part of the RPE band over the painter's own.
    frailty_um : float
        Height of a druse over which no ellipsoid zone is left to see.
    softness_px : float
        Width of the edges of lesions.
    lesion_texture : float
        Contrast of the texture within lesions over the painter's own.
    blur_px : float
        Sigma of a blur beyond the beam's own.
    gamma, exposure : float
        Contrast curve and brightness of the finished image.
    haze, hyaloid, top_band : float
        Grey of vitreous haze, of the detached hyaloid, of a reflection near the upper border.
    debris : int
        Specks in the vitreous of a B-scan.
    focus_shadow : float
        Share of light that hyperreflective foci take from what lies below them.
    shadow_width : float
        Width of the vessels' shadows over the painter's own.
    trail : (float, float)
        Share of the RPE's light that goes on below Bruch's membrane, and after how many µm a
        third of it is left: a real membrane has no sharp lower edge.
    """

    gains: tuple[float, ...] = ()
    contents: tuple[tuple[str, float], ...] = ()
    unevenness: float = 0.0
    streaks: float = 0.0
    fading: float = 1.0
    mottle: float = 0.12
    rpe_width: float = 1.0
    frailty_um: float = 110.0
    softness_px: float = 1.0
    lesion_texture: float = 1.0
    blur_px: float = 0.0
    gamma: float = 1.0
    exposure: float = 1.0
    haze: float = 0.0
    hyaloid: float = 0.0
    top_band: float = 0.0
    debris: int = 0
    focus_shadow: float = 0.0
    shadow_width: float = 1.0
    trail: tuple[float, float] = (0.0, 1.0)

    def __post_init__(self) -> None:
        if self.gains and len(self.gains) != len(TISSUES):
            raise ValueError(f"there are {len(TISSUES)} tissues, not {len(self.gains)}")
        if any(gain < 0 for gain in self.gains):
            raise ValueError("a gain cannot be negative")

    @property
    def clear_vitreous(self) -> bool:
        """Whether nothing is seen in front of the retina."""
        return not (self.haze or self.hyaloid or self.top_band or self.debris)

    @classmethod
    def random(cls, rng: np.random.Generator) -> Appearance:
        """Draw how an eye looks: one in three near the painter's own, the others far from it.

        Tissues vary by themselves, and those of the inner retina, the outer retina and the
        choroid together. At times the dark line above the interdigitation zone, that zone
        itself, or the external limiting membrane cannot be seen, as in many real scans.
        """
        wild = 0.4 if rng.random() < 0.33 else 1.0

        def sometimes(share: float, low: float, high: float, otherwise: float = 0.0) -> float:
            drawn, value = rng.random(), float(rng.uniform(low, high))
            return value if drawn < share * wild else otherwise

        def factor(spread: float) -> float:
            return float(np.exp(rng.uniform(-1, 1) * spread * wild))

        # Turbid fluid is rare; the others are of any grey.
        contents = tuple(
            (name, float(low + (high - low) * rng.random() ** (2 if high < 63 else 1)))
            for name, (low, high) in _CONTENTS.items()
        )
        return cls(
            gains=_random_gains(rng, wild),
            contents=contents,
            unevenness=float(rng.uniform(0.0, 0.22)) * wild,
            streaks=float(rng.uniform(0.0, 0.2)) * wild,
            fading=factor(1.0),
            mottle=float(rng.uniform(0.08, 0.3)),
            rpe_width=factor(0.45),
            frailty_um=float(rng.uniform(15, 120)),
            softness_px=float(rng.uniform(1.0, 5.0)),
            lesion_texture=float(rng.uniform(0.5, 1.6)),
            blur_px=sometimes(0.55, 0.4, 1.7),
            gamma=float(np.exp(rng.uniform(-0.3, 0.7) * wild)),
            exposure=factor(0.3),
            haze=sometimes(0.4, 5, 45),
            hyaloid=sometimes(0.35, 20, 130),
            top_band=sometimes(0.25, 10, 70),
            debris=int(sometimes(0.25, 1, 14)),
            focus_shadow=sometimes(0.5, 0.2, 0.8),
            shadow_width=factor(0.6),
            trail=(float(rng.uniform(0.2, 0.9)), float(np.exp(rng.uniform(1.4, 2.9)))),
        )


def _random_gains(rng: np.random.Generator, wild: float) -> tuple[float, ...]:
    at = {name: i for i, name in enumerate(TISSUES)}
    spread = 0.1 * wild
    gains = rng.normal(1, spread, len(TISSUES))
    # The step between them is faint, and always this way.
    gains[at["IPL"]] = gains[at["GCL"]] * rng.normal(1.01, 0.03)
    gains[at["under the interdigitation"]] = gains[at["interdigitation"]] * rng.normal(1, 0.03)
    for tissues in (_INNER, _OUTER, _CHOROID):
        gains[tissues] *= rng.normal(1, _TOGETHER * wild)
    gains[0] = rng.uniform(0, 6)
    drawn = rng.random(4)
    if drawn[0] < 0.3:
        gains[at["outer segments"]] *= rng.uniform(1.1, 1.3)
    elif drawn[0] < 0.55:
        gains[[at["interdigitation"], at["under the interdigitation"]]] *= 0.8
    if drawn[1] < 0.35:
        gains[at["ELM"]] *= 0.8
    if drawn[2] < 0.15:
        gains[at["ellipsoid"]] *= rng.uniform(0.6, 0.85)
    if drawn[3] < 0.3:
        gains[at["inner limit"]] *= rng.uniform(1.05, 1.4)
    gains[1:] = np.clip(gains[1:], _LEAST, _MOST)
    return tuple(gains.tolist())


AS_DRAWN = Appearance()
"""The painter's own look."""
