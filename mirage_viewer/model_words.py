"""The comparison of two models in words, line by line, as the window shows it. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirage_viewer.agreement_words import NOTHING, number

if TYPE_CHECKING:
    from mirage_core.measure.mask_agreement import MaskAgreement
    from mirage_core.measure.surface_agreement import SurfaceAgreement
    from mirage_viewer.model_answers import ModelAgreement


@dataclass(frozen=True, slots=True)
class ModelLine:
    """A line of the table, in words.

    Attributes
    ----------
    name : str
    apart : str
        How far the two are apart: mean distance of a surface, Dice of a mask class.
    bias, p95 : str
        Of a surface.
    one, other : str
        How far either is from the grader's work: mean error of a surface, Dice of a mask class.
    better : int or None
        0 or 1: which of the two is nearer to it; None where that cannot be told.
    detail : str
        All there is to say of it.
    is_mask : bool
    """

    name: str
    apart: str = NOTHING
    bias: str = NOTHING
    p95: str = NOTHING
    one: str = NOTHING
    other: str = NOTHING
    better: int | None = None
    detail: str = ""
    is_mask: bool = False


def model_lines(
    found: ModelAgreement, titles: tuple[str, str], finds: tuple[Sequence[str], Sequence[str]]
) -> tuple[tuple[ModelLine, ...], str]:
    """Return the lines of a comparison and the unit of its distances.

    Parameters
    ----------
    found : ModelAgreement
    titles : tuple of str
        Of the two.
    finds : tuple of sequences of str
        Mask classes that either looks for. One that it does not look for is no error of its.
    """
    in_um = not any(s.why_no_um for s in found.between.surfaces)
    lines = [_surface(s, found, titles, in_um=in_um) for s in found.between.surfaces]
    lines += [
        _masks(m, found, titles, finds)
        for m in found.between.masks
        if not m.missing and (m.presence.both or m.presence.only_one or m.presence.only_other)
    ]
    return tuple(lines), "µm" if in_um else "px"


def _surface(
    s: SurfaceAgreement, found: ModelAgreement, titles: tuple[str, str], *, in_um: bool
) -> ModelLine:
    unit, error = ("µm", s.um) if in_um else ("px", s.px)
    if not s.n_pairs:
        who = titles[0] if s.n_only_one else titles[1]
        apart = f"{s.name}: found by {who} only."
    else:
        apart = (
            f"{s.name}: {s.n_pairs} A-scans on {len(s.b_scans)} B-scans. Mean distance "
            f"{number(error.mean)} {unit}, bias {number(error.bias, signed=True)} (positive: "
            f"{titles[0]} lies deeper), 95th percentile {number(error.p95)}, largest "
            f"{number(error.largest)}.\n"
            f"Found by one only: {s.n_only_one} and {s.n_only_other} A-scans."
        )
    if s.why_no_um:
        apart += f"\nIn px: {s.why_no_um}"
    values, text = [], ""
    for title, against in zip(titles, found.against or (), strict=False):
        mine = next((x for x in against.surfaces if x.name == s.name and x.n_pairs), None)
        mean = float("nan") if mine is None else mine.um.mean if in_um else mine.px.mean
        values.append(mean)
        if mine is not None:
            text += (
                f"\n{title} is {number(mean)} {unit} off the corrected curve on "
                f"{mine.n_pairs} A-scans."
            )
    figures, better = _nearer(values, 1, lower=True)
    return ModelLine(
        s.name,
        number(error.mean),
        number(error.bias, signed=True),
        number(error.p95),
        *figures,
        better,
        apart + text,
    )


def _masks(
    m: MaskAgreement,
    found: ModelAgreement,
    titles: tuple[str, str],
    finds: tuple[Sequence[str], Sequence[str]],
) -> ModelLine:
    able = tuple(m.name in classes for classes in finds)
    p = m.presence
    if not all(able):
        who = titles[able.index(False)]
        apart, dice = f"{m.name}: {who} does not look for it.", NOTHING
    else:
        dice = number(m.dice, 2)
        apart = (
            f"{m.name} on {len(m.b_scans)} B-scans: marked by both on {p.both}, by one only on "
            f"{p.only_one} and {p.only_other}. Volumes {number(m.one_nl, 2)} and "
            f"{number(m.other_nl, 2)} nL."
        )
    values, text = [], ""
    for title, can, against in zip(titles, able, found.against or (), strict=False):
        mine = next((x for x in against.masks if x.name == m.name and not x.missing), None)
        value = mine.dice if mine is not None and can else float("nan")
        values.append(value)
        if mine is not None and mine.b_scans and can:
            text += f"\nDice of {title} with the corrected mask: {number(value, 3)}."
    figures, better = _nearer(values, 2, lower=False)
    return ModelLine(m.name, dice, "", "", *figures, better, apart + text, is_mask=True)


def _nearer(
    values: Sequence[float], places: int, *, lower: bool
) -> tuple[tuple[str, str], int | None]:
    """Return two figures as shown, and which is better; None if they look the same."""
    if len(values) != 2:
        return (NOTHING, NOTHING), None
    shown = (number(values[0], places), number(values[1], places))
    if NOTHING in shown or shown[0] == shown[1]:
        return shown, None
    return shown, int((values[1] < values[0]) == lower)
