"""A report of one scan: one page A4 as PDF, or one HTML file. Needs matplotlib.

Nothing of the patient is on it unless it is given.
"""

from __future__ import annotations

import base64
import html
import io
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from mirage_core import RESEARCH_USE_ONLY, __version__
from mirage_core.measure.annotated import Annotated
from mirage_core.measure.circle_rows import circle_names
from mirage_core.measure.fovea import FoveaSource
from mirage_core.measure.ground import Ground
from mirage_core.measure.report_pictures import draw_b_scan, draw_fundus, draw_grid, draw_profile
from mirage_core.measure.report_tables import ReportTable, reasons, report_tables, sector_tables
from mirage_core.measure.tables import ScanFigures
from mirage_core.scan import AXES, Laterality, Scan, State

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_A4_INCH = (8.27, 11.69)
_DPI = 200
_LINE = 0.0115
"""Height of a line of a table as a share of the page."""
_LEFT, _RIGHT, _LOWEST = 0.07, 0.93, 0.06
_CIRCLE = 0.095
"""Height of one circle's profile and sectors where there are several."""
_REST = 0.12
"""Of lesions and notes, at least."""
_EYE = {Laterality.OD: "right eye (OD)", Laterality.OS: "left eye (OS)"}


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands over and under the figures.

    Attributes
    ----------
    name : str
        Pseudonym of the scan.
    grader : str
        Whose work it is.
    model : str
        What predicted it, with version or SHA-256.
    patient : str
        Shown as given; empty by default, and then nothing of the patient is on the page.
    taken, made : str
        Dates of the scan and of the report, as they shall stand.
    """

    name: str
    grader: str = ""
    model: str = ""
    patient: str = ""
    taken: str = ""
    made: str = ""


def write_pdf(
    file: BinaryIO, scan: Scan, annotated: Annotated, figures: ScanFigures, heading: Heading
) -> None:
    """Write the report as one page A4; more only where there are more circles than fit.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    from matplotlib.backends.backend_pdf import PdfPages

    title = f"Report {heading.name}"
    with PdfPages(file, metadata={"Title": title, "Creator": None}) as pdf:
        for page in _pages(scan, annotated, figures, heading):
            pdf.savefig(page, dpi=_DPI)


def html_report(scan: Scan, annotated: Annotated, figures: ScanFigures, heading: Heading) -> str:
    """Return the report as one HTML file that needs no other.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    pictures = "".join(
        f'<figure><img alt="{html.escape(words)}" src="data:image/png;base64,{data}">'
        f"<figcaption>{html.escape(words)}</figcaption></figure>"
        for words, data in _png_pictures(scan, annotated, figures)
    )
    tables = "".join(_html_table(t) for t in report_tables(figures))
    notes = "".join(f"<li>{html.escape(n)}</li>" for n in _notes(figures))
    facts = "".join(
        f"<p>{html.escape(line)}</p>" for line in _facts(scan, annotated, figures, heading)
    )
    title = html.escape(f"Report {heading.name}")
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1>"
        f"<p><strong>{html.escape(RESEARCH_USE_ONLY)}</strong></p>{facts}"
        f"<div>{pictures}</div>{tables}<h2>To bear in mind</h2><ul>{notes}</ul>"
        f"<footer>{html.escape(_foot(heading))}</footer></body></html>\n"
    )


_STYLE = (
    "body{font:14px sans-serif;max-width:900px;margin:2em auto;color:#111}"
    "table{border-collapse:collapse;margin:.5em 0 1.5em}caption{text-align:left;font-weight:bold}"
    "td,th{padding:.15em .7em;text-align:right;border-bottom:1px solid #ddd}"
    "td:first-child,th:first-child{text-align:left}figure{display:inline-block;margin:.5em}"
    "img{max-width:100%}figcaption,footer{font-size:12px;color:#444}p{margin:.2em 0}"
)


def _html_table(table: ReportTable) -> str:
    def row(cells: tuple[str, ...], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(c)}</{tag}>" for c in cells) + "</tr>"

    head = row(table.header, "th") if any(table.header) else ""
    body = "".join(row(cells, "td") for cells in table.rows)
    return f"<table><caption>{html.escape(table.title)}</caption>{head}{body}</table>"


def _shown_b_scan(scan: Scan, figures: ScanFigures) -> int:
    b = scan.n_b_scans // 2 if figures.fovea is None else round(figures.fovea.b)
    return int(np.clip(b, 0, scan.n_b_scans - 1))


def _draw(which: str, axes: Axes, scan: Scan, annotated: Annotated, figures: ScanFigures) -> str:
    """Draw one picture and return its caption."""
    ground = Ground.of(scan, annotated, figures.fovea)
    if which == "fundus":
        return draw_fundus(axes, scan, annotated, ground.plane, ground.fovea)
    if which == "grid":
        if ground.is_circle:
            return draw_profile(axes, figures, circle_names(figures.rows))
        known = ground.plane is not None and ground.plane.superior_known
        return draw_grid(axes, figures, scan.laterality, superior_known=known)
    if which == "b_scan":
        return draw_b_scan(axes, scan, annotated, _shown_b_scan(scan, figures))
    return draw_profile(axes, figures, (which,))


def _png_pictures(scan: Scan, annotated: Annotated, figures: ScanFigures) -> list[tuple[str, str]]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    circles = circle_names(figures.rows)
    profiles = [(circle, (4.4, 2.4)) for circle in circles if len(circles) > 1]
    out = []
    for which, size in (
        ("fundus", (3.6, 3.6)),
        ("grid", (3.6, 3.6)),
        ("b_scan", (8.0, 3.0)),
        *profiles,
    ):
        figure = Figure(figsize=size, layout="tight")
        FigureCanvasAgg(figure)
        words = _draw(which, figure.add_subplot(), scan, annotated, figures)
        stream = io.BytesIO()
        figure.savefig(stream, format="png", dpi=130, metadata={"Software": None})
        out.append((words, base64.b64encode(stream.getvalue()).decode("ascii")))
    return out


def _pages(
    scan: Scan, annotated: Annotated, figures: ScanFigures, heading: Heading
) -> Iterator[Figure]:
    page = _new_page(heading)
    y = 0.948
    for line in _facts(scan, annotated, figures, heading):
        page.text(_LEFT, y, line, fontsize=7)
        y -= 0.012
    for which, box in (
        ("fundus", (0.07, 0.67, 0.40, 0.22)),
        ("grid", (0.55, 0.68, 0.36, 0.20)),
        ("b_scan", (0.07, 0.50, 0.86, 0.14)),
    ):
        axes = page.add_axes(box)
        words = _draw(which, axes, scan, annotated, figures)
        page.text(box[0], box[1] + box[3] + 0.006, words, fontsize=6.5, color="0.3")
    y = 0.48
    tables, circles = report_tables(figures), circle_names(figures.rows)
    if len(circles) > 1:
        of_circles = sector_tables(figures)
        tables = tuple(t for t in tables if t not in of_circles)
        for circle, table in zip(circles, of_circles, strict=True):
            if y < _LOWEST + _CIRCLE:
                yield page
                page, y = _new_page(heading), 0.94
            axes = page.add_axes((0.10, y - 0.72 * _CIRCLE, 0.31, 0.64 * _CIRCLE))
            words = draw_profile(axes, figures, (circle,))
            page.text(0.10, y, words, fontsize=6.5, color="0.3")
            _draw_table(page, table, y, left=0.46, first=0.575, size=6)
            y -= _CIRCLE
        if y < _LOWEST + _REST:
            yield page
            page, y = _new_page(heading), 0.94
    for table in tables:
        y = _draw_table(page, table, y)
    _draw_notes(page, figures, y)
    yield page


def _new_page(heading: Heading) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    page = Figure(figsize=_A4_INCH)
    FigureCanvasAgg(page)
    page.text(_LEFT, 0.965, f"Retinal OCT: {heading.name}", fontsize=13, weight="bold")
    page.text(_RIGHT, 0.967, RESEARCH_USE_ONLY, fontsize=8, ha="right", color="firebrick")
    page.text(_LEFT, 0.025, _foot(heading), fontsize=6, color="0.3")
    return page


def _draw_table(
    page: Figure,
    table: ReportTable,
    y: float,
    left: float = _LEFT,
    first: float = 0.30,
    size: float = 6.5,
) -> float:
    """Write a table from `y` down; return where the next thing may begin.

    Names begin at `left`, and the first column of figures ends at `first`; `size` is of the text.
    """
    style: dict[str, Any] = {"fontsize": size}
    page.text(left, y, table.title, fontsize=7.5, weight="bold")
    n = len(table.header)
    columns = [left, *(first + (_RIGHT - first) * i / max(n - 2, 1) for i in range(n - 1))]
    lines = [table.header] if any(table.header) else []
    for i, cells in enumerate([*lines, *table.rows]):
        y -= _LINE
        for k, cell in enumerate(cells):
            colour = "0.35" if i < len(lines) else "black"
            page.text(columns[k], y, cell, ha="left" if k == 0 else "right", color=colour, **style)
    return y - 1.7 * _LINE


def _draw_notes(page: Figure, figures: ScanFigures, y: float) -> float:
    notes = _notes(figures)
    if not notes:
        return y
    page.text(0.07, y, "To bear in mind", fontsize=7.5, weight="bold")
    left = int((y - 0.05) / _LINE) - 1
    lines = [
        line for note in notes for line in textwrap.wrap(f"• {note}", 150, subsequent_indent="   ")
    ]
    if len(lines) > left:
        lines = [*lines[: max(left - 1, 0)], "• More is in the table of figures (mirage measure)."]
    for line in lines:
        y -= _LINE
        page.text(0.07, y, line, fontsize=6.5)
    return y


def _notes(figures: ScanFigures) -> tuple[str, ...]:
    """Return flags, then why figures are missing."""
    few = [r for r in reasons(figures) if r.startswith("Known on ")]
    others = [r for r in reasons(figures) if r not in few]
    if few:
        others.append("Too little of a region is known where a dash stands without another reason.")
    return tuple(dict.fromkeys([*(flag.text for flag in figures.flags), *others]))


def _facts(scan: Scan, annotated: Annotated, figures: ScanFigures, heading: Heading) -> list[str]:
    spacing = ", ".join(
        f"{axis} {scan.spacing[axis].mm:.4g} mm ({scan.spacing[axis].source.value})"
        if scan.spacing[axis].mm is not None
        else f"{axis} unknown"
        for axis in AXES
    )
    taken = f", {heading.taken}" if heading.taken else ""
    states = annotated.states
    approved = int(np.any(states == State.APPROVED, axis=0).sum())
    edited = int(np.any(states == State.EDITED, axis=0).sum())
    who = ", ".join(
        part
        for part in (
            f"grader {heading.grader}" if heading.grader else "",
            f"model {heading.model}" if heading.model else "",
        )
        if part
    )
    who = f"{who[:1].upper()}{who[1:]}; " if who else ""
    lines = [
        f"{scan.title}{taken}, {_EYE.get(scan.laterality, 'eye unknown')}",
        f"Spacing: {spacing}",
        *_fovea_fact(figures),
        f"{who}B-scans with approved structures: {approved} of {scan.n_b_scans}, with edited "
        f"ones: {edited}",
    ]
    return [f"Patient: {heading.patient}", *lines] if heading.patient else lines


def _fovea_fact(figures: ScanFigures) -> list[str]:
    fovea = figures.fovea
    if fovea is None:
        return []
    sure = "" if fovea.source is FoveaSource.USER else f", confidence {fovea.confidence:.2f}"
    where = f"B-scan {fovea.b + 1:.1f}, A-scan {fovea.x + 1:.1f}"
    return [f"Fovea: {where}, by {fovea.source.value}{sure}"]


def _foot(heading: Heading) -> str:
    made = f", {heading.made}" if heading.made else ""
    return (
        f"MIRAGE Viewer {__version__}{made}. {RESEARCH_USE_ONLY} A dash is a figure that is not "
        "given; why is said above or in the table of figures."
    )
