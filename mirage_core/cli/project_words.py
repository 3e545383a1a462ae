"""Graders and their agreement as tables and as fields of JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from mirage_core.measure.figures import figures
from mirage_core.project.tables import b_scans_for_people
from mirage_core.scan import State

if TYPE_CHECKING:
    from mirage_core.measure.bland_altman import Estimate
    from mirage_core.measure.comparison import Comparison
    from mirage_core.measure.figures import Figure
    from mirage_core.measure.thickness_agreement import ThicknessAgreement
    from mirage_core.project import ScanRecord
    from mirage_core.project.records import Grader


def grader_fields(grader: Grader) -> dict[str, Any]:
    """Return a grader for JSON."""
    return {
        "name": grader.name,
        "scans": grader.n_scans,
        "b_scans": {state.name.lower(): n for state, n in grader.b_scans.items()},
        "changed": grader.changed.isoformat() if grader.changed is not None else None,
    }


def graders_table(graders: Sequence[Grader]) -> Table:
    """Return a line for each grader."""
    table = Table("Grader", "Scans", "B-scans edited", "approved", "Last edit (UTC)")
    for g in graders:
        changed = f"{g.changed:%Y-%m-%d %H:%M}" if g.changed is not None else ""
        counts = (g.n_scans, g.b_scans[State.EDITED], g.b_scans[State.APPROVED])
        table.add_row(escape(g.name), *(str(n) for n in counts), changed)
    return table


def comparison_fields(
    record: ScanRecord, graders: tuple[str, str], comparison: Comparison
) -> dict[str, Any]:
    """Return a comparison for JSON; an undefined figure is null."""
    return {
        "pseudonym": record.pseudonym,
        "scan": record.id,
        "graders": list(graders),
        "b_scans": [b + 1 for b in comparison.b_scans],
        "figures": figure_fields(figures(comparison)),
    }


def figure_fields(listed: Iterable[Figure]) -> list[dict[str, Any]]:
    """Return figures for JSON."""
    return [
        {
            "kind": f.kind,
            "structure": f.structure,
            "figure": f.name,
            "unit": f.unit,
            "value": None if f.value != f.value else f.value,
            "b_scans": b_scans_for_people(f.b_scans),
            "note": f.note,
        }
        for f in listed
    ]


def agreement_tables(graders: tuple[str, str], comparison: Comparison) -> Iterator[Table | str]:
    """Yield what there is to show of a comparison, and why something is missing."""
    first, second = (escape(name) for name in graders)
    yield f"{first} and {second} on B-scans {b_scans_for_people(comparison.b_scans)}"
    if comparison.surfaces:
        table = Table("Surface", "A-scans", "Mean px", "Bias px", "SD px", "p95 px", "Max px")
        for header in ("Mean µm", "Bias µm", "B-scans by hand"):
            table.add_column(header)
        for s in comparison.surfaces:
            px = (s.px.mean, s.px.bias, s.px.sd, s.px.p95, s.px.largest)
            cells = (*(_cell(v) for v in px), _cell(s.um.mean), _cell(s.um.bias))
            by_hand = f"{s.n_by_hand} of {len(s.b_scans)}"
            table.add_row(escape(s.name), str(s.n_pairs), *cells, by_hand)
        yield table
    if comparison.layers:
        table = Table("Layer", "A-scans", "Dice")
        for layer in comparison.layers:
            name = escape(f"{layer.upper} to {layer.lower}")
            table.add_row(name, str(layer.n_a_scans), _cell(layer.dice, 3))
        yield table
    if comparison.thickness:
        yield thickness_table(comparison.thickness)
    if comparison.masks:
        table = Table("Class", "Both", f"Only {first}", f"Only {second}", "Neither", "κ", "Dice")
        for header in ("HD95 px", "HD95 mm", f"nL {first}", f"nL {second}"):
            table.add_column(header)
        for m in comparison.masks:
            p = m.presence
            counts = (str(n) for n in (p.both, p.only_one, p.only_other, p.neither))
            table.add_row(
                escape(m.name),
                *counts,
                _cell(m.kappa),
                _cell(m.dice, 3),
                _cell(m.hd95_px),
                _cell(m.hd95_mm, 3),
                _cell(m.one_nl),
                _cell(m.other_nl),
            )
        yield table
    yield from dict.fromkeys(escape(f.note) for f in figures(comparison) if f.note)


def thickness_table(found: Sequence[ThicknessAgreement]) -> Table:
    """Return bias and limits of agreement, a line for each layer; in brackets 95 % confidence."""
    table = Table("Thickness", "Pairs", "Bias µm", "SD µm", "Lower limit µm", "Upper limit µm")
    table.add_column("Slope")
    table.add_column("By hand")
    for t in found:
        a = t.analysis
        table.add_row(
            escape(t.title),
            f"{a.n} {t.unit.value}s",
            _with_confidence(a.bias),
            _cell(a.sd),
            _with_confidence(a.lower),
            _with_confidence(a.upper),
            _with_confidence(a.slope, 3),
            f"{t.n_by_hand} of {t.n_b_scans}",
        )
    return table


def _with_confidence(estimate: Estimate, digits: int = 1) -> str:
    if estimate.low != estimate.low:
        return _cell(estimate.value, digits)
    low, high = _cell(estimate.low, digits), _cell(estimate.high, digits)
    return f"{_cell(estimate.value, digits)} ({low} to {high})"


def _cell(value: float, digits: int = 2) -> str:
    return "" if value != value else f"{value:.{digits}f}"
