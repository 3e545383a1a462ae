"""The schemes of published data sets and of our own training folders, and how they are told."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from mirage_core.model.store.scheme import LayerScheme, SchemeClass, layered_scheme
from mirage_core.scan import FLUID_SCHEME, SURFACE_ORDER

AROI = layered_scheme(
    "AROI",
    (
        (0, "Above ILM"),
        (23, "ILM-IPL/INL"),
        (46, "IPL/INL-RPE"),
        (69, "RPE-BM"),
        (92, "Under BM"),
        (115, "Cyst"),
        (138, "PED"),
        (161, "SRF"),
    ),
    layers=(0, 1, 2, 3, 4),
    surfaces=("ILM", "IPL/INL", "RPE", "BM"),
    masks={5: "IRF", 6: "PED", 7: "SRF"},
)
# Its RPEDC begins at the inner edge of the RPE band, half a band above the ridge we call RPE.
DUKE_IAMD = layered_scheme(
    "Duke iAMD",
    (
        (0, "Invalid"),
        (51, "Above ILM"),
        (102, "ILM-Inner RPEDC"),
        (153, "Inner RPEDC-Outer BM"),
        (204, "Below BM"),
    ),
    layers=(1, 2, 3, 4),
    surfaces=("ILM", "RPE", "BM"),
)
GOALS = layered_scheme(
    "GOALS",
    ((0, "Elsewhere"), (80, "RNFL"), (160, "GCIPL"), (255, "Choroid")),
    layers=(0, 1, 2, 0, 3, 0),
    surfaces=("ILM", "RNFL/GCL", "IPL/INL", "BM", "CSI"),
)
NR206 = layered_scheme(
    "NR206",
    (
        (0, "background"),
        (1, "NFL"),
        (2, "GCL+IPL"),
        (3, "INL"),
        (4, "OPL"),
        (5, "ONL"),
        (6, "ELM+IS"),
        (7, "OS"),
        (8, "RPE"),
    ),
    layers=(0, 1, 2, 3, 4, 5, 6, 7, 8, 0),
    surfaces=(
        "ILM",
        "RNFL/GCL",
        "IPL/INL",
        "INL/OPL",
        "OPL/ONL",
        "ELM",
        "EZ",
        "OS/RPE",
        "BM",
    ),
)
KNOWN_SCHEMES: tuple[LayerScheme, ...] = (AROI, DUKE_IAMD, GOALS, NR206)
_TOLD_BY_VALUES = (AROI, DUKE_IAMD, GOALS)
"""NR206 numbers its classes 0..8, as any set might: it is told by its labels only."""

_MASK_WORDS = {
    "cyst": "IRF",
    "cysts": "IRF",
    **{c.title.casefold(): c.name for c in FLUID_SCHEME},
    **{c.name.casefold(): c.name for c in FLUID_SCHEME},
}
_BACKGROUND_WORDS = ("background", "bg")
_SURFACE_WORDS = {name.casefold(): name for name in SURFACE_ORDER}


def scheme_for(mapping: Mapping[int, int], labels: Mapping[int, str] | None = None) -> LayerScheme:
    """Return the scheme of a head from what is stored with it.

    With labels, they decide: a published set's, or those of our training folders ("Above ILM",
    "ILM-RPE", ..., "Below BM", "Background", "Invalid", and fluids and lesions by name). Without,
    the published set that uses just these grey values is assumed, and the remark says so. What
    neither tells gives a scheme without strata, from which no layer and no mask is derived: a
    class is never shown under a name it may not have.

    Parameters
    ----------
    mapping : mapping of int to int
        Grey value of a label map to class index, as in MIRAGE's checkpoints.
    labels : mapping of int to str, optional
        Class index to label, as in ``INFO.json``.

    Raises
    ------
    ValueError
        If the indices are not 0, 1, 2, ..., each once, or a label is of a class there is not.
    """
    values = {index: value for value, index in mapping.items()}
    if sorted(mapping.values()) != list(range(len(mapping))) or not mapping:
        raise ValueError(
            f"class indices must be 0, 1, 2, ..., each once; got {sorted(mapping.values())}"
        )
    if labels is None:
        for known in _TOLD_BY_VALUES:
            if {c.value for c in known.classes} == set(mapping):
                remark = (
                    f"The classes have the grey values of {known.name}'s and are taken for these."
                )
                return _renumbered(known, mapping, remark)
        return _unknown(values, {})
    if not set(labels) <= set(values):
        raise ValueError(f"labels of classes {sorted(set(labels) - set(values))}, which are not")
    named = {values[i]: label.strip().casefold() for i, label in labels.items()}
    for known in KNOWN_SCHEMES:
        if {c.value: c.label.casefold() for c in known.classes} == named:
            return _renumbered(known, mapping, "")
    return _from_labels(values, dict(labels))


def _renumbered(known: LayerScheme, mapping: Mapping[int, int], remark: str) -> LayerScheme:
    """Return `known` with the class indices of `mapping`."""
    place = {c.index: mapping[c.value] for c in known.classes}
    classes = (c.model_copy(update={"index": place[c.index]}) for c in known.classes)
    return LayerScheme(
        name=known.name,
        classes=tuple(sorted(classes, key=lambda c: c.index)),
        strata=tuple(tuple(place[i] for i in stratum) for stratum in known.strata),
        surfaces=known.surfaces,
        remark=remark,
    )


def _unknown(values: Mapping[int, int], labels: Mapping[int, str]) -> LayerScheme:
    return LayerScheme(
        name="",
        classes=tuple(
            SchemeClass(index=i, value=values[i], label=labels.get(i, "")) for i in sorted(values)
        ),
        remark=(
            f"What the {len(values)} classes of this model are is not known, so it gives no "
            'layers and no masks. Name them in its INFO.json, such as "Above ILM", "ILM-RPE", '
            '"RPE-BM", "Below BM", "IRF".'
        ),
    )


def _from_labels(values: Mapping[int, int], labels: Mapping[int, str]) -> LayerScheme:
    """Return the scheme that labels of our own kind tell, else the unknown one."""
    words = {i: labels.get(i, "").strip().casefold() for i in sorted(values)}
    masks = {i: _MASK_WORDS[w] for i, w in words.items() if w in _MASK_WORDS}
    between = {i: ends for i, w in words.items() if (ends := _ends(w)) is not None}
    layers = tuple(sorted(between, key=lambda i: _depth(between[i][0])))
    background = tuple(i for i, w in words.items() if w in _BACKGROUND_WORDS)
    surfaces = tuple(between[i][1] for i in layers[:-1])
    if layers:
        closed = between[layers[0]][0] == "" and between[layers[-1]][1] == ""
        joined = all(between[a][1] == between[b][0] != "" for a, b in pairwise(layers))
        if background or not (closed and joined):
            return _unknown(values, labels)
    elif len(background) == 1 and masks:
        layers = background
    else:
        return _unknown(values, labels)
    shown = {*layers, *masks}
    rest = [i for i, w in words.items() if i not in shown and "invalid" not in w]
    return layered_scheme(
        "Labels",
        tuple((values[i], labels.get(i, "")) for i in sorted(values)),
        layers,
        surfaces,
        masks,
        remark="".join(
            f"Class {i} ({labels.get(i) or 'unnamed'}) is not known and not shown. " for i in rest
        ).strip(),
    )


def _ends(word: str) -> tuple[str, str] | None:
    """Return the surfaces over and under a layer called `word`, "" for none; None if no layer."""
    if word.startswith("above "):
        upper, lower = "", word.removeprefix("above ")
    elif word.startswith(("below ", "under ")):
        upper, lower = word[len("below ") :], ""
    else:
        upper, dash, lower = word.partition("-")
        if not dash or not upper or not lower:
            return None
    if any(name and name not in _SURFACE_WORDS for name in (upper, lower)):
        return None
    return _SURFACE_WORDS.get(upper, ""), _SURFACE_WORDS.get(lower, "")


def _depth(surface: str) -> int:
    return SURFACE_ORDER.get(surface, -1)
