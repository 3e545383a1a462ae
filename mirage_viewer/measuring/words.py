"""Figures as lines of a table, each with what it rests on. No Qt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mirage_core.measure.ground import Row
    from mirage_core.measure.measured import Measured
    from mirage_core.measure.quality import Flag
    from mirage_core.measure.tables import ScanFigures

_ALL = 0.9995
"""From here on a share is all of it."""
_WIDEST = 24
"""Letters of a class's title for which there is room."""
_RETINA = ("ILM..BM", "ILM..RPE")
_SHORT = {
    "ILM..RNFL/GCL": "RNFL",
    "RNFL/GCL..GCL/IPL": "GCL",
    "GCL/IPL..IPL/INL": "IPL",
    "IPL/INL..INL/OPL": "INL",
    "INL/OPL..OPL/ONL": "OPL",
    "OPL/ONL..ELM": "ONL",
    "BM..CSI": "Choroid",
}
"""What people call a layer; it stands with the surfaces used."""
_WORDS = {
    "CST": "CST",
    "centre point thickness": "Centre point",
    "mean thickness": "",
}


@dataclass(frozen=True, slots=True)
class FigureLine:
    """A line of the table.

    Attributes
    ----------
    name : str
    text : str
        The figure with its unit, a dash where it is refused, empty for a heading.
    approved : str
        Share that a human approved.
    quiet : bool
        Not all of it is approved, or it is refused: greyed.
    tip : str
        Surfaces, coverage, spacing, approval, and the reason or the note.
    lines : tuple of FigureLine
        Below it.
    """

    name: str
    text: str = ""
    approved: str = ""
    quiet: bool = False
    tip: str = ""
    lines: tuple[FigureLine, ...] = ()


def figure_lines(figures: ScanFigures, titles: dict[str, str]) -> tuple[FigureLine, ...]:
    """Return the table: retina, layers or sectors, fluid and lesions, drusen, atrophy, flags.

    Parameters
    ----------
    figures : ScanFigures
    titles : dict of str to str
        Of mask classes, by name.
    """
    from mirage_core.measure.circle_rows import TSNIT
    from mirage_core.measure.lesion_rows import DRUSEN, EZ_LOSS

    rows = [r for r in figures.rows if r.figure != TSNIT]
    layers = [n for n in _names(rows) if ".." in n]
    found: list[FigureLine] = []
    circle = any(r.region.endswith("global") for r in rows)
    wholes = layers if circle else [n for n in layers if n in _RETINA]
    measurable = [n for n in wholes if not _all_refused(rows, n)] or wholes[:1]
    found.extend(_layer(rows, n, heading=True) for n in measurable)
    single = tuple(_layer(rows, n) for n in layers if n not in wholes)
    if single:
        found.append(FigureLine("Layers", lines=single))
    marked = tuple(_marked(rows, n, titles) for n in _names(rows) if n in titles)
    if marked:
        found.append(FigureLine("Fluid and lesions", lines=marked))
    for name, title in ((DRUSEN, "Drusen, RPE to BM"), (EZ_LOSS, "Atrophy: loss of the EZ")):
        lines = tuple(_line(_joined(r.figure, r.region), r) for r in _of(rows, name))
        if lines:
            found.append(FigureLine(title, lines=lines))
    if figures.flags:
        flags = tuple(FigureLine(_flag(f), tip=f.text) for f in figures.flags)
        found.append(FigureLine(f"Quality: {len(flags)} to bear in mind", lines=flags))
    return tuple(found)


def shown_text(measured: Measured) -> str:
    """Return a figure with its unit, a dash where it is refused."""
    from mirage_core.measure.report_tables import shown

    return shown(measured)


def tip_of(measured: Measured) -> str:
    """Return all that a figure rests on, a line each."""
    from mirage_core.measure.report_tables import percent

    basis = measured.basis
    lines = [
        measured.reason or measured.note,
        f"Surfaces: {', '.join(basis.surfaces)}" if basis.surfaces else "",
        f"Spacing: {basis.spacing}" if basis.spacing else "",
        f"Known: {percent(measured.coverage)} of the region" if _is(measured.coverage) else "",
        f"Approved by a human: {percent(measured.approved)}" if _is(measured.approved) else "",
    ]
    return "\n".join(line for line in lines if line)


def _is(share: float) -> bool:
    return share == share


def _names(rows: Iterable[Row]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(r.structure for r in rows))


def _of(rows: Iterable[Row], name: str) -> list[Row]:
    return [r for r in rows if r.structure == name]


def _all_refused(rows: Iterable[Row], name: str) -> bool:
    return all(r.measured.reason for r in _of(rows, name))


def _joined(figure: str, region: str) -> str:
    figure = _WORDS.get(figure, figure)
    if not figure:
        return region.capitalize()
    alone = region in ("central", "fovea") and figure in _WORDS.values()
    between = ", " if region == "whole scan" else " "
    words = figure if alone or not region else f"{figure}{between}{region}"
    return words[:1].upper() + words[1:]


def _line(name: str, row: Row, lines: tuple[FigureLine, ...] = ()) -> FigureLine:
    from mirage_core.measure.report_tables import percent

    measured = row.measured
    quiet = bool(measured.reason) or not measured.approved >= _ALL
    share = percent(measured.approved) if _is(measured.approved) else ""
    return FigureLine(name, shown_text(measured), share, quiet, tip_of(measured), lines)


def _layer(rows: list[Row], name: str, *, heading: bool = False) -> FigureLine:
    from mirage_core.measure.circle_rows import circle_names
    from mirage_core.measure.layer_rows import CENTRE_POINT, CST, VOLUME

    mine = _of(rows, name)
    # What is asked for first stands first: CST, centre point, volumes, then the nine.
    first = [r for wanted in (CST, CENTRE_POINT, VOLUME) for r in mine if r.figure == wanted]
    has_cst = any(r.figure == CST for r in first)
    rest = [r for r in mine if r not in first and not (has_cst and r.region == "central")]
    lines = tuple(_line(_joined(r.figure, r.region), r) for r in (*first, *rest))
    title = name.replace("..", " to ")
    title = f"{_SHORT[name]}: {title}" if name in _SHORT else title
    circles = circle_names(mine)
    if len(circles) > 1:
        lines = tuple(_circle(mine, circle) for circle in circles)
    if heading:
        return FigureLine(f"Retina, {title}" if name in _RETINA else title, lines=lines)
    head = next(r for r in mine if r.region.endswith(("central", "global")))
    return _line(title, head, lines)


def _flag(flag: Flag) -> str:
    """Return a flag in few words: its sentence is the tip."""
    n = len(flag.b_scans)
    where = "" if not n else f": {n} B-scan{'' if n == 1 else 's'}"
    return f"{flag.name[:1].upper()}{flag.name[1:]}{where}"


def _circle(rows: list[Row], circle: str) -> FigureLine:
    """Return a line of one circle, its mean all round, with its sectors below."""
    before = f"{circle}, "
    mine = [r for r in rows if r.region.startswith(before)]
    lines = tuple(_line(_joined(r.figure, r.region.removeprefix(before)), r) for r in mine[1:])
    return _line(circle.capitalize(), mine[0], lines)


def _marked(rows: list[Row], name: str, titles: dict[str, str]) -> FigureLine:
    mine = _of(rows, name)
    # The first, the volume in the whole scan, stands in the line of the class.
    lines = tuple(_line(_joined(r.figure, r.region), r) for r in mine[1:])
    title = titles[name]
    found = _line(title if len(title) <= _WIDEST else name, mine[0], lines)
    return replace(found, tip=f"{title}\n{found.tip}")
