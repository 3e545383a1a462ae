"""A comparison as a list of single figures, for tables in long format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mirage_core.measure.comparison import Comparison
from mirage_core.measure.layer_agreement import LayerAgreement
from mirage_core.measure.mask_agreement import MaskAgreement
from mirage_core.measure.surface_agreement import BoundaryError, SurfaceAgreement
from mirage_core.measure.thickness_agreement import ThicknessAgreement, Unit


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a comparison.

    Attributes
    ----------
    kind : str
        ``surface``, ``layer``, ``thickness`` or ``mask``.
    structure : str
        Name of the surface or class; of a layer and its thickness ``upper..lower``.
    name : str
        What is measured.
    unit : str
        ``px``, ``um``, ``mm``, ``nL``, ``A-scans``, ``B-scans``, ``ETDRS subfields`` and what
        else is paired; empty where there is none.
    value : float or int
        NaN where there is nothing to measure or a spacing is unknown; counts are int.
    b_scans : tuple of int
        B-scans that went into it, counted from 0.
    note : str
        Why the value is NaN, where that is not for want of anything to measure; of thickness
        what is paired.
    """

    kind: str
    structure: str
    name: str
    unit: str
    value: float
    b_scans: tuple[int, ...]
    note: str = ""


def figures(comparison: Comparison) -> Iterator[Figure]:
    """Yield every figure of a comparison: surfaces, layers, their thickness, then masks."""
    for surface in comparison.surfaces:
        yield from _of_surface(surface)
    for layer in comparison.layers:
        yield from _of_layer(layer)
    for thickness in comparison.thickness:
        yield from of_thickness(thickness)
    for mask in comparison.masks:
        yield from _of_mask(mask)


def _of_surface(s: SurfaceAgreement) -> Iterator[Figure]:
    def figure(name: str, unit: str, value: float, note: str = "") -> Figure:
        return Figure("surface", s.name, name, unit, value, s.b_scans, note)

    for unit, error, note in (("px", s.px, ""), ("um", s.um, s.why_no_um)):
        for name, value in _named(error):
            yield figure(name, unit, value, note)
    yield figure("pairs", "A-scans", s.n_pairs)
    yield figure("only first", "A-scans", s.n_only_one)
    yield figure("only second", "A-scans", s.n_only_other)
    yield figure("both by hand", "B-scans", s.n_by_hand)


def _named(error: BoundaryError) -> tuple[tuple[str, float], ...]:
    return (
        ("mean absolute difference", error.mean),
        ("mean difference", error.bias),
        ("SD of differences", error.sd),
        ("p95 of absolute differences", error.p95),
        ("largest absolute difference", error.largest),
    )


def _of_layer(layer: LayerAgreement) -> Iterator[Figure]:
    structure = f"{layer.upper}..{layer.lower}"
    yield Figure("layer", structure, "Dice", "", layer.dice, layer.b_scans)
    yield Figure("layer", structure, "pairs", "A-scans", layer.n_a_scans, layer.b_scans)


def of_thickness(t: ThicknessAgreement) -> Iterator[Figure]:
    """Yield bias, limits of agreement and proportional bias of one layer's thickness."""
    structure, note = f"{t.upper}..{t.lower}", unit_words(t)

    def figure(name: str, unit: str, value: float) -> Figure:
        return Figure("thickness", structure, name, unit, value, t.b_scans, note)

    found = t.analysis
    yield figure("pairs", f"{t.unit.value}s", found.n)
    yield figure("left out", f"{t.unit.value}s", t.n_left_out)
    yield figure("both by hand", "B-scans", t.n_by_hand)
    yield figure("SD of differences", "um", found.sd)
    for name, unit, estimate in (
        ("mean difference", "um", found.bias),
        ("lower limit of agreement", "um", found.lower),
        ("upper limit of agreement", "um", found.upper),
        ("slope of difference on mean", "um/um", found.slope),
    ):
        yield figure(name, unit, estimate.value)
        yield figure(f"{name}, 95 % CI from", unit, estimate.low)
        yield figure(f"{name}, 95 % CI to", unit, estimate.high)


def unit_words(t: ThicknessAgreement) -> str:
    """Return what a point of the analysis is, and what that means for its confidence."""
    if t.unit is Unit.EYE:
        return "A pair is the central subfield of one scan; scans of one patient are alike."
    what = (
        "A pair is the mean over one" if t.unit is not Unit.B_SCAN else "A pair is the mean of one"
    )
    return (
        f"{what} {t.unit.value}. All are of one eye and alike: the confidence intervals are "
        "for this scan only, and rather too narrow."
    )


def by_hand_words(t: ThicknessAgreement) -> str:
    """Return on how many B-scans both graders had a hand in what is compared."""
    return f"{t.n_by_hand} of {t.n_b_scans} B-scans corrected or approved by both"


def _of_mask(m: MaskAgreement) -> Iterator[Figure]:
    def figure(name: str, unit: str, value: float, note: str = "") -> Figure:
        return Figure("mask", m.name, name, unit, value, m.b_scans, m.missing or note)

    yield figure("Dice", "", m.dice)
    yield figure("mean HD95", "px", m.hd95_px)
    yield figure("mean HD95", "mm", m.hd95_mm, m.why_no_mm)
    yield figure("volume of first", "nL", m.one_nl, m.why_no_nl)
    yield figure("volume of second", "nL", m.other_nl, m.why_no_nl)
    yield figure("kappa of presence", "", m.kappa)
    yield figure("marked by both", "B-scans", m.presence.both)
    yield figure("marked by first only", "B-scans", m.presence.only_one)
    yield figure("marked by second only", "B-scans", m.presence.only_other)
    yield figure("marked by neither", "B-scans", m.presence.neither)
    yield figure("both by hand", "B-scans", m.n_by_hand)
