"""The agreement of two annotations in words, line by line, as the window shows it. No Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mirage_core.measure.comparison import Comparison
    from mirage_core.measure.layer_agreement import LayerAgreement
    from mirage_core.measure.mask_agreement import MaskAgreement
    from mirage_core.measure.surface_agreement import SurfaceAgreement

NOTHING = "–"


@dataclass(frozen=True, slots=True)
class AgreementLine:
    """A line of the table, in words; `detail` says all there is to say of it."""

    name: str
    bias: str = NOTHING
    error: str = NOTHING
    p95: str = NOTHING
    dice: str = NOTHING
    detail: str = ""


def agreement_lines(
    found: Comparison, *, with_engine: bool = False
) -> tuple[tuple[AgreementLine, ...], str]:
    """Return the lines of a comparison and the unit of bias, difference and p95.

    With an engine as one of the two, what is compared is by a grader's hand anyway.
    """
    in_um = not any(s.why_no_um for s in found.surfaces)
    lines = (
        *(_surface(s, in_um=in_um, with_engine=with_engine) for s in found.surfaces),
        *(_layer(layer) for layer in found.layers),
        *(_masks(m, with_engine=with_engine) for m in found.masks if m.missing or _marked(m)),
    )
    return lines, "µm" if in_um else "px"


def _by_hand(n: int, *, with_engine: bool) -> str:
    return "" if with_engine else f", {n} of these corrected or approved by both"


def _surface(found: SurfaceAgreement, *, in_um: bool, with_engine: bool) -> AgreementLine:
    error = found.um if in_um else found.px
    unit = "µm" if in_um else "px"
    # Of two graders neither is the truth; a model is held against what a grader made of it.
    mean = "mean error" if with_engine else "mean absolute difference"
    detail = (
        f"{found.name}: {found.n_pairs} A-scans on {len(found.b_scans)} B-scans"
        f"{_by_hand(found.n_by_hand, with_engine=with_engine)}.\n"
        f"Bias {number(error.bias)} {unit} (SD {number(error.sd)}), {mean} "
        f"{number(error.mean)}, 95th percentile {number(error.p95)}, largest "
        f"{number(error.largest)}.\n"
        f"Drawn by one only: {found.n_only_one} and {found.n_only_other} A-scans."
    )
    if found.why_no_um:
        detail += f"\nIn px: {found.why_no_um}"
    return AgreementLine(
        found.name,
        number(error.bias, signed=True),
        number(error.mean),
        number(error.p95),
        NOTHING,
        detail,
    )


def _layer(found: LayerAgreement) -> AgreementLine:
    name = f"{found.upper} – {found.lower}"
    detail = (
        f"The layer from {found.upper} to {found.lower}: {found.n_a_scans} A-scans on "
        f"{len(found.b_scans)} B-scans."
    )
    return AgreementLine(name, dice=number(found.dice, 3), detail=detail)


def _masks(found: MaskAgreement, *, with_engine: bool) -> AgreementLine:
    if found.missing:
        return AgreementLine(found.name, detail=found.missing)
    p = found.presence
    detail = (
        f"{found.name} on {len(found.b_scans)} B-scans"
        f"{_by_hand(found.n_by_hand, with_engine=with_engine)}.\n"
        f"Marked by both on {p.both}, by one only on {p.only_one} and {p.only_other}, by neither "
        f"on {p.neither} (κ {number(found.kappa, 2)}).\n"
        f"Volumes {number(found.one_nl, 2)} and {number(found.other_nl, 2)} nL, HD95 "
        f"{number(found.hd95_mm, 3)} mm, {number(found.hd95_px)} px."
    )
    for why in dict.fromkeys((found.why_no_mm, found.why_no_nl)):
        detail += f"\n{why}" if why else ""
    return AgreementLine(found.name, dice=number(found.dice, 3), detail=detail)


def _marked(found: MaskAgreement) -> bool:
    p = found.presence
    return bool(p.both or p.only_one or p.only_other)


def number(value: float, places: int = 1, *, signed: bool = False) -> str:
    """Return a figure for people, a dash where there is none."""
    if math.isnan(value):
        return NOTHING
    return f"{value:+.{places}f}" if signed else f"{value:.{places}f}"
