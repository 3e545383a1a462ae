"""Names, order and colours of retinal surfaces and of mask classes.

Display terms follow the IN-OCT consensus (Staurenghi et al., Ophthalmology 2014). Colours are
chosen to stay apart for the common colour-vision deficiencies on a grey image.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

RGB = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class SurfaceKind:
    """A retinal boundary: short `name` used in files, `title` for people, `color`."""

    name: str
    title: str
    color: RGB


# Top to bottom: the order of this table is the anatomical order every Surfaces obeys.
SURFACE_KINDS: tuple[SurfaceKind, ...] = (
    SurfaceKind("ILM", "Inner limiting membrane", (230, 159, 0)),
    SurfaceKind("RNFL/GCL", "Nerve fibre layer / ganglion cell layer", (86, 180, 233)),
    SurfaceKind("GCL/IPL", "Ganglion cell layer / inner plexiform layer", (153, 221, 255)),
    SurfaceKind("IPL/INL", "Inner plexiform / inner nuclear layer", (0, 190, 140)),
    SurfaceKind("INL/OPL", "Inner nuclear / outer plexiform layer", (240, 228, 66)),
    SurfaceKind("OPL/ONL", "Outer plexiform / outer nuclear layer (HFL)", (120, 140, 255)),
    SurfaceKind("ELM", "External limiting membrane", (187, 204, 51)),
    SurfaceKind("EZ", "Ellipsoid zone (IS/OS)", (238, 119, 51)),
    SurfaceKind("OS/RPE", "Interdigitation zone", (255, 170, 187)),
    SurfaceKind("RPE", "Retinal pigment epithelium", (230, 90, 180)),
    SurfaceKind("BM", "Bruch's membrane", (255, 80, 60)),
    SurfaceKind("CSI", "Choroid-sclera interface", (170, 170, 170)),
)
SURFACE_ORDER: dict[str, int] = {k.name: i for i, k in enumerate(SURFACE_KINDS)}
_EXTRA_COLORS: tuple[RGB, ...] = ((200, 200, 255), (255, 220, 180), (190, 255, 190))


def surface_kind(name: str) -> SurfaceKind:
    """Return the kind called `name`; an unknown name gets a kind of its own."""
    index = SURFACE_ORDER.get(name)
    if index is not None:
        return SURFACE_KINDS[index]
    return SurfaceKind(name, name, _EXTRA_COLORS[sum(map(ord, name)) % len(_EXTRA_COLORS)])


@dataclass(frozen=True, slots=True)
class MaskClass:
    """A fluid or lesion class: pixel `value` 1..255, short `name`, `title`, `color`."""

    value: int
    name: str
    title: str
    color: RGB

    def repainted(self) -> MaskClass:
        """Return it in the colour of today, where it was stored in one it does not bear any more.

        A colour that somebody chose stays.
        """
        return replace(self, color=_FORMER.get((self.name, self.color), self.color))


@dataclass(frozen=True)
class LabelScheme:
    """An ordered set of mask classes; 0 is always background."""

    name: str
    classes: tuple[MaskClass, ...]

    def __post_init__(self) -> None:
        values = [c.value for c in self.classes]
        if len(set(values)) != len(values) or any(not 1 <= v <= 255 for v in values):
            raise ValueError("class values must be distinct and between 1 and 255")

    def __iter__(self) -> Iterator[MaskClass]:
        return iter(self.classes)

    def __len__(self) -> int:
        return len(self.classes)

    def by_name(self, name: str) -> MaskClass:
        """Return the class called `name`, or raise KeyError."""
        for c in self.classes:
            if c.name == name:
                return c
        raise KeyError(name)

    def name_of(self, value: int) -> str:
        """Return the name of the class of pixel value `value`, also of one that it has not."""
        return next((c.name for c in self.classes if c.value == value), f"class {value}")

    def by_value(self, value: int) -> MaskClass:
        """Return the class of pixel value `value`, or raise KeyError."""
        for c in self.classes:
            if c.value == value:
                return c
        raise KeyError(value)


_FORMER: dict[tuple[str, RGB], RGB] = {("SHRM", (225, 95, 225)): (110, 30, 255)}
"""Colours that classes bore before, and what they bear now: that pink was the line of the RPE."""


# Values 1-3 are RETOUCH's, so that reference masks and ours agree.
FLUID_SCHEME = LabelScheme(
    "fluid",
    (
        MaskClass(1, "IRF", "Intraretinal fluid", (0, 170, 255)),
        MaskClass(2, "SRF", "Subretinal fluid", (60, 220, 130)),
        MaskClass(3, "PED", "Pigment epithelial detachment", (255, 140, 0)),
        MaskClass(4, "SHRM", "Subretinal hyperreflective material", (110, 30, 255)),
        MaskClass(5, "DRUSEN", "Drusen", (250, 225, 60)),
        MaskClass(6, "FLUID", "Fluid, type not decided", (150, 200, 235)),
    ),
)
