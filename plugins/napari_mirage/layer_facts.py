"""Spacing and mask classes as a layer of napari tells them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from mirage_core.scan import FLUID_SCHEME, LabelScheme, Length, MaskClass, Provenance, Spacing
from mirage_core.scan.spacing import UNKNOWN_LENGTH

_MM = {
    "m": 1000.0, "meter": 1000.0, "metre": 1000.0,
    "cm": 10.0, "centimeter": 10.0,
    "mm": 1.0, "millimeter": 1.0, "millimetre": 1.0,
    "µm": 1e-3, "um": 1e-3, "micron": 1e-3, "micrometer": 1e-3, "micrometre": 1e-3,
    "nm": 1e-6, "nanometer": 1e-6,
}  # fmt: skip
_RGB = tuple[int, int, int]


def spacing_of(options: Mapping[str, Any]) -> Spacing:
    """Return the spacing of a layer ``[b, z, x]`` or ``[z, x]``.

    The scale is taken where its unit is a length, and counts as given by the user; a scale in
    pixels says nothing. What our own readers left in the metadata says where each number came
    from, and holds wherever the scale does not say otherwise.
    """
    scaled, told = _of_scale(options), options.get("metadata", {}).get("spacing")
    if not isinstance(told, Mapping) or not set("bzx") <= told.keys():
        return scaled
    noted = Spacing(*(Length(told[a]["mm"], Provenance(told[a]["source"])) for a in "bzx"))
    return Spacing(*(_agreed(noted[a], scaled[a]) for a in "bzx"))


def _agreed(noted: Length, scaled: Length) -> Length:
    """Return `noted`, unless somebody gave the layer another scale since."""
    if scaled.mm is None:
        return noted
    if noted.mm is not None and math.isclose(noted.mm, scaled.mm, rel_tol=1e-4):
        return noted
    return scaled


def _of_scale(options: Mapping[str, Any]) -> Spacing:
    scale = [float(v) for v in options.get("scale", ())]
    units = [str(u) for u in options.get("units") or ()]
    lengths = [
        Length(step * _MM[unit], Provenance.USER) if unit in _MM and step > 0 else UNKNOWN_LENGTH
        for step, unit in zip(scale, units, strict=False)
    ]
    missing = [UNKNOWN_LENGTH] * (3 - len(lengths))
    return Spacing(*missing, *lengths[-3:])


def scheme_of(options: Mapping[str, Any], found: Iterable[int]) -> LabelScheme:
    """Return the mask classes of a labels layer.

    Parameters
    ----------
    options : mapping
        Of the layer; its metadata names the classes if the layer is ours.
    found : iterable of int
        Values that occur. One without a name becomes a class called by its number.
    """
    metadata = options.get("metadata", {})
    names: dict[int, str] = dict(metadata.get("classes", {}))
    titles: dict[int, str] = dict(metadata.get("titles", {}))
    nameless = sorted({int(v) for v in found} - set(names) - {0})
    if not nameless and names == {kind.value: kind.name for kind in FLUID_SCHEME}:
        return FLUID_SCHEME
    for value in nameless:
        names[value] = f"class {value}"
    colors = options.get("colormap")
    return LabelScheme(
        str(metadata.get("scheme", "labels")),
        tuple(
            MaskClass(value, name, titles.get(value, name), _color(colors, value))
            for value, name in names.items()
        ),
    )


def _color(colormap: Any, value: int) -> _RGB:
    """Return what `colormap`, napari's or a table of RGBA 0..1 by label, shows `value` in."""
    if hasattr(colormap, "map"):
        rgba = np.asarray(colormap.map(np.array([value], np.uint8))).reshape(-1)
    elif isinstance(colormap, Mapping) and value in colormap:
        rgba = np.asarray(colormap[value])
    else:
        rgba = np.array([1.0, 1.0, 1.0])
    red, green, blue = (round(float(c) * 255) for c in rgba[:3])
    return red, green, blue
