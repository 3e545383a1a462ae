"""The figures of a report as short tables: what stands on the one page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mirage_core.measure.circle import SECTORS
from mirage_core.measure.circle_rows import GLOBAL, circle_names, in_circle
from mirage_core.measure.etdrs import DISCS_MM
from mirage_core.measure.ground import Row
from mirage_core.measure.layer_rows import CENTRE_POINT, CST, MEAN, VOLUME
from mirage_core.measure.lesion_rows import DRUSEN, EZ_LOSS, WHOLE
from mirage_core.measure.measured import Measured
from mirage_core.measure.sought import NOT_SOUGHT
from mirage_core.measure.tables import ScanFigures

_UNITS = {"um": "µm", "mm2": "mm²", "mm3": "mm³"}
_LESION_HEADER = ("", "whole", "1 mm", "3 mm", "6 mm", "height", "area", "approved")
_RETINA = ("ILM..BM", "ILM..RPE")


@dataclass(frozen=True, slots=True)
class ReportTable:
    """A table of a report.

    Attributes
    ----------
    title : str
    header : tuple of str
    rows : tuple of tuple of str
        As wide as the header; a dash where a figure is refused.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def report_tables(figures: ScanFigures) -> tuple[ReportTable, ...]:
    """Return the tables of a report; of a circle scan its sectors, else retina and layers."""
    found = {(r.structure, r.region, r.figure): r.measured for r in figures.rows}
    return tuple(
        table
        for table in (
            _retina(found),
            _layers(found, figures.rows),
            *sector_tables(figures),
            _lesions(found, figures.rows),
            _drusen_and_loss(found),
        )
        if table.rows
    )


_Found = dict[tuple[str, str, str], Measured]


def unit_word(unit: str) -> str:
    """Return a unit as people write it."""
    return _UNITS.get(unit, unit)


def shown(measured: Measured) -> str:
    """Return a figure with its unit; a dash where it is refused."""
    return f"{measured.text} {unit_word(measured.unit)}" if not measured.reason else "–"


def percent(share: float) -> str:
    """Return a share in percent, a dash for none."""
    return "–" if share != share else f"{100 * share:.0f} %"


def title_of(structure: str) -> str:
    """Return a structure for people: ``ILM to BM``."""
    return structure.replace("..", " to ")


def reasons(figures: ScanFigures) -> tuple[str, ...]:
    """Return why figures are refused, each reason once, in order."""
    return tuple(dict.fromkeys(r.measured.reason for r in figures.rows if r.measured.reason))


def _retina(found: _Found) -> ReportTable:
    rows = []
    for name in _RETINA:
        cst = found.get((name, "central", CST))
        if cst is None:
            continue
        point = found[name, "fovea", CENTRE_POINT]
        volumes = [found[name, f"{d:g} mm", VOLUME] for d in DISCS_MM]
        rows.append(
            (
                title_of(name),
                shown(cst),
                shown(point),
                *(shown(v) for v in volumes),
                percent(_least_approved([cst, point, *volumes])),
            )
        )
    header = ("", "CST", "centre point", "volume 1 mm", "3 mm", "6 mm", "approved")
    return ReportTable("Whole retina", header, tuple(rows))


def _least_approved(figures: list[Measured]) -> float:
    """Return what holds of each of the figures that are given; NaN for none."""
    return min((m.approved for m in figures if not m.reason), default=float("nan"))


def _layers(found: _Found, rows: Iterable[Row]) -> ReportTable:
    names = dict.fromkeys(
        r.structure for r in rows if ".." in r.structure and r.region == "central"
    )
    rings = ("central", *(f"inner {s}" for s in _SIDES), *(f"outer {s}" for s in _SIDES))
    cells = []
    for name in names:
        if name not in _RETINA:
            means = [found[name, region, MEAN] for region in rings]
            approved = percent(_least_approved(means))
            cells.append((title_of(name), *(m.text for m in means), approved))
    sides = (f"{ring} {s[0].upper()}" for ring in _RINGS for s in _SIDES)
    header = ("µm", "centre", *sides, "approved")
    return ReportTable("Layers, mean thickness by subfield", header, tuple(cells))


_RINGS = ("inner", "outer")
_SIDES = ("superior", "nasal", "inferior", "temporal")


def sector_tables(figures: ScanFigures) -> tuple[ReportTable, ...]:
    """Return the sector means of every circle of a circle scan, a table each, in order."""
    found = {(r.structure, r.region, r.figure): r.measured for r in figures.rows}
    circles = circle_names(figures.rows)
    names = dict.fromkeys(r.structure for r in figures.rows if r.region.endswith(GLOBAL))
    header = ("µm", "G", "T", "TS", "NS", "N", "NI", "TI", "approved")
    tables = []
    for circle in circles:
        rows = []
        for name in names:
            means = [found[name, in_circle(circle, sector), MEAN] for sector, _, _ in SECTORS]
            approved = percent(means[0].approved)
            rows.append((title_of(name), *(m.text for m in means), approved))
        title = "Sectors around the disc"
        tables.append(ReportTable(f"{title}, {circle}" if circle else title, header, tuple(rows)))
    return tuple(tables)


def _lesions(found: _Found, rows: Iterable[Row]) -> ReportTable:
    names = dict.fromkeys(r.structure for r in rows if (r.region, r.figure) == (WHOLE, "height"))
    cells, not_sought = [], []
    for name in names:
        volume = found[name, WHOLE, "volume"]
        if volume.value == 0:
            continue  # a class that nobody marked needs no line
        if volume.reason == NOT_SOUGHT:
            not_sought.append(name)
            continue
        circles = (found[name, f"{d:g} mm", "volume"] for d in DISCS_MM)
        height, area = found[name, WHOLE, "height"], found[name, WHOLE, "area"]
        amounts = (volume, *circles, height, area)
        cells.append((name, *(shown(m) for m in amounts), percent(volume.approved)))
    if cells and all(found[name, WHOLE, "volume"].reason for name in names):
        return ReportTable("Fluid and lesions", _LESION_HEADER, (("all classes", *["–"] * 7),))
    if not_sought:
        cells.append((", ".join(not_sought), *["–"] * 7))
    if not cells and names:
        cells = [("none marked", *("" for _ in range(7)))]
    return ReportTable("Fluid and lesions", _LESION_HEADER, tuple(cells))


def _drusen_and_loss(found: _Found) -> ReportTable:
    keys = (
        (DRUSEN, "3 mm", "volume"),
        (DRUSEN, "3 mm", "volume above usual"),
        (DRUSEN, "5 mm", "volume"),
        (DRUSEN, "5 mm", "volume above usual"),
        (EZ_LOSS, WHOLE, "area"),
        (EZ_LOSS, WHOLE, "square root of area"),
    )
    header = ("", "RPE–BM 3 mm", "above usual", "5 mm", "above usual", "EZ loss", "its root")
    rows = []
    if keys[0] in found:
        amounts = [found[key] for key in keys]
        approved = percent(_least_approved(amounts))
        rows = [("", *(shown(m) for m in amounts), approved)]
    return ReportTable("Drusen and ellipsoid zone", (*header, "approved"), tuple(rows))
