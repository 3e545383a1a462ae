"""LayerScheme: what the classes of a segmentation head are, from the vitreous to the sclera."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mirage_core.scan import FLUID_SCHEME, SURFACE_ORDER

Stratum = tuple[int, ...]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SchemeClass(_Part):
    """One class of a head.

    Attributes
    ----------
    index : int
        Its channel.
    value : int
        Its grey in label maps on disk, 0..255.
    label : str
        Its name there; empty if not known.
    mask : str
        Fluid or lesion of :data:`~mirage_core.scan.FLUID_SCHEME` it stands for; empty for
        layers and background.
    within : tuple of int
        For a class of the second part: numbers of the strata it may lie in.
    """

    index: int = Field(ge=0)
    value: int = Field(ge=0, le=255)
    label: str = ""
    mask: str = ""
    within: tuple[int, ...] = ()


class LayerScheme(_Part):
    """The order in which classes follow each other down an A-scan.

    Attributes
    ----------
    name : str
        Name of the data set or convention; empty if nobody knows what the classes are.
    classes : tuple of SchemeClass
        By index, without gaps.
    strata : tuple of tuple of int
        From the top of the B-scan to its bottom: the classes that may fill each stratum. A
        stratum may have no thickness; a class may fill several, as fluid does, or as GOALS'
        "Elsewhere" above, between and below its layers. A class that fills none, such as
        "Invalid", says nothing about layers. No strata: no surfaces and no masks.
    surfaces : tuple of str or None
        The surface between each stratum and the next, by the names of
        :data:`~mirage_core.scan.SURFACE_KINDS`; None for one that has no name.
    remark : str
        A sentence for the user: what was assumed, or which classes are not shown.
    lesions_from : int or None
        First class of a second part, told by a softmax of its own: none of the others, then
        fluids and lesions. The first part then tells layers alone, which go on through them.
        None: one softmax tells all classes.
    sharpened : tuple of str
        Surfaces of which the last pixel is found in the image, near where the model puts them.
    """

    name: str
    classes: tuple[SchemeClass, ...] = Field(min_length=1)
    strata: tuple[Stratum, ...] = ()
    surfaces: tuple[str | None, ...] = ()
    remark: str = ""
    lesions_from: int | None = None
    sharpened: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> LayerScheme:
        if [c.index for c in self.classes] != list(range(self.n_classes)):
            raise ValueError("classes must be listed by index: 0, 1, 2, ...")
        if len({c.value for c in self.classes}) != self.n_classes:
            raise ValueError("two classes share a grey value")
        if len(self.surfaces) != max(len(self.strata) - 1, 0):
            raise ValueError(
                f"{len(self.strata)} strata have {max(len(self.strata) - 1, 0)} surfaces between "
                f"them, not {len(self.surfaces)}"
            )
        if any(not s or not set(s) <= set(range(self.n_classes)) for s in self.strata):
            raise ValueError("every stratum needs at least one class, and one that there is")
        if any(set(upper) == set(lower) for upper, lower in pairwise(self.strata)):
            raise ValueError("two strata that touch are filled by the same classes")
        unknown = set(self.surface_names) - set(SURFACE_ORDER)
        if unknown:
            raise ValueError(f"there is no surface called {', '.join(sorted(unknown))}")
        if not set(self.sharpened) <= set(self.surface_names):
            raise ValueError("only surfaces that there are can be sharpened")
        depths = [SURFACE_ORDER[n] for n in self.surface_names]
        if any(upper >= lower for upper, lower in pairwise(depths)):
            raise ValueError(f"{', '.join(self.surface_names)} are not in order from the top")
        self._check_masks()
        return self

    def _check_masks(self) -> None:
        known = {c.name for c in FLUID_SCHEME}
        for c in self.classes:
            if c.mask and c.mask not in known:
                raise ValueError(f"there is no fluid or lesion called {c.mask}")
            if c.mask and not self.strata_of(c.index):
                raise ValueError(f"{c.mask} (class {c.index}) lies in no stratum")
        first = self.lesions_from
        if first is not None and not 0 < first < self.n_classes:
            raise ValueError(f"there is no class {first} for a second part to begin with")
        layers = self.n_classes if first is None else first
        if any(max(s) >= layers for s in self.strata):
            raise ValueError("a class of the second part is no part of a stratum")
        if any(c.within and c.index < layers for c in self.classes):
            raise ValueError("only classes of the second part say what they lie in")
        if any(not 0 <= i < len(self.strata) for c in self.classes for i in c.within):
            raise ValueError("a class lies in a stratum that there is not")

    @property
    def n_classes(self) -> int:
        """Channels of the head."""
        return len(self.classes)

    @property
    def surface_names(self) -> tuple[str, ...]:
        """The named surfaces, top to bottom."""
        return tuple(name for name in self.surfaces if name is not None)

    @property
    def mask_classes(self) -> tuple[str, ...]:
        """Names of the fluids and lesions it knows, in the order of FLUID_SCHEME."""
        names = {c.mask for c in self.classes}
        return tuple(c.name for c in FLUID_SCHEME if c.name in names)

    def strata_of(self, index: int) -> tuple[int, ...]:
        """Return the numbers of the strata that class `index` may fill or lie in, 0 = top."""
        filled = tuple(i for i, classes in enumerate(self.strata) if index in classes)
        return filled or self.classes[index].within

    @property
    def parts(self) -> tuple[slice, ...]:
        """The classes of each softmax."""
        if self.lesions_from is None:
            return (slice(0, self.n_classes),)
        return slice(0, self.lesions_from), slice(self.lesions_from, self.n_classes)


# Between which surfaces each kind lies (docs/conventions.md).
_WHERE = {
    "IRF": ("ILM", "ELM"),
    "SRF": ("OS/RPE", "RPE"),
    "PED": ("RPE", "BM"),
    "SHRM": ("OS/RPE", "RPE"),
    "DRUSEN": ("RPE", "BM"),
    "FLUID": ("ILM", "BM"),
}


def layered_scheme(
    name: str,
    classes: tuple[tuple[int, str], ...],
    layers: tuple[int, ...],
    surfaces: tuple[str | None, ...],
    masks: Mapping[int, str] | None = None,
    remark: str = "",
) -> LayerScheme:
    """Return a scheme whose lesions lie where anatomy puts them.

    Parameters
    ----------
    name : str
    classes : tuple of (int, str)
        Grey value and label of each class, by index.
    layers : tuple of int
        Index of the class that fills each stratum, top to bottom.
    surfaces : tuple of str or None
        Between them. A lesion may fill every stratum that reaches into the part of the retina
        where its kind lies; beside a surface without a name, all.
    masks : mapping of int to str, optional
        Lesion classes: index to name in FLUID_SCHEME.
    remark : str
    """
    masks = masks or {}
    return LayerScheme(
        name=name,
        classes=tuple(
            SchemeClass(index=i, value=value, label=label, mask=masks.get(i, ""))
            for i, (value, label) in enumerate(classes)
        ),
        strata=tuple(
            (layer, *(i for i, kind in masks.items() if k in strata_within(surfaces, kind)))
            for k, layer in enumerate(layers)
        ),
        surfaces=surfaces,
        remark=remark,
    )


def parted_scheme(
    name: str,
    surfaces: tuple[str, ...],
    lesions: tuple[str, ...],
    sharpened: tuple[str, ...] = (),
) -> LayerScheme:
    """Return a scheme of two parts: what lies between `surfaces`, and lesions.

    Parameters
    ----------
    name : str
    surfaces : tuple of str
        Top to bottom; there is one layer more than there are surfaces.
    lesions : tuple of str
        Names in FLUID_SCHEME.
    sharpened : tuple of str
        See :class:`LayerScheme`.
    """
    n = len(surfaces) + 1
    labels = (
        f"above {surfaces[0]}",
        *(f"{upper} to {lower}" for upper, lower in pairwise(surfaces)),
        f"below {surfaces[-1]}",
    )
    layers = [SchemeClass(index=i, value=i, label=label) for i, label in enumerate(labels)]
    none = SchemeClass(index=n, value=n, label="no lesion")
    found = [
        SchemeClass(
            index=n + 1 + i,
            value=n + 1 + i,
            label=kind,
            mask=kind,
            within=strata_within(surfaces, kind),
        )
        for i, kind in enumerate(lesions)
    ]
    return LayerScheme(
        name=name,
        classes=(*layers, none, *found),
        strata=tuple((i,) for i in range(n)),
        surfaces=surfaces,
        lesions_from=n,
        sharpened=sharpened,
    )


def strata_within(surfaces: tuple[str | None, ...], kind: str) -> tuple[int, ...]:
    """Return which strata between `surfaces` reach into the part of the retina of a lesion."""
    ends: tuple[float | None, ...] = (
        float("-inf"),
        *(None if s is None else float(SURFACE_ORDER[s]) for s in surfaces),
        float("inf"),
    )
    first, last = (SURFACE_ORDER[s] for s in _WHERE[kind])
    return tuple(
        i
        for i, (top, bottom) in enumerate(pairwise(ends))
        if (top is None or top < last) and (bottom is None or bottom > first)
    )
