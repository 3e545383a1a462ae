"""`mirage info`: what is in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from mirage_core.cli.console import (
    EXIT_FAILED,
    DebugFlag,
    JsonFlag,
    failures,
    print_json,
    stderr,
    stdout,
)
from mirage_core.cli.words import counted, describe, sentence

_EYE = {"R": "right (OD)", "L": "left (OS)"}
_AXIS = {"b": "between B-scans", "z": "in depth", "x": "along a B-scan"}


def info(
    path: Annotated[Path, typer.Argument(help="A scan file, or a folder of images or of scans.")],
    as_json: JsonFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Say what is in a scan file. Patient name, id and birth date are never shown."""
    with failures(as_json, debug):
        from mirage_core.cli.describe import scan_fields
        from mirage_core.cli.inputs import scans_in
        from mirage_core.io import open_scan

        sources = scans_in(path)
        if len(sources) == 1:
            fields = scan_fields(open_scan(sources[0]))
            if as_json:
                print_json({"path": str(sources[0]), **fields})
            else:
                stdout().print(_table(fields))
            return
        found: list[dict[str, Any]] = []
        errors: list[dict[str, str]] = []
        for source in sources:
            try:
                found.append({"path": str(source), **scan_fields(open_scan(source))})
            except Exception as error:
                described = describe(error)
                if described is None:
                    raise
                errors.append({**described, "path": str(source)})
        if as_json:
            print_json({"scans": found, "errors": errors})
        else:
            stdout().print(_list(found))
        for error_fields in errors:
            stderr().print(f"[bold red]Error:[/] {escape(sentence(error_fields))}")
        if errors:
            raise typer.Exit(EXIT_FAILED)


def _table(fields: dict[str, Any]) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="bold")
    table.add_column()
    slo = fields["slo"]
    rows = {
        "Scan": fields["title"],
        "Format": fields["format"],
        "Size": f"{counted(fields['b_scans'], 'B-scan')} × {fields['depth_px']} px deep × "
        f"{fields['a_scans']} A-scans",
        "Eye": _EYE.get(fields["laterality"], "unknown"),
        "Acquired": fields["acquired"] or "unknown",
        **{f"Spacing {words}": _spacing(fields["spacing"][a]) for a, words in _AXIS.items()},
        "SLO": f"{slo[0]} × {slo[1]} px" if slo else "none",
        "Positions on the SLO": _positions(fields),
        "Surfaces in the file": ", ".join(fields["surfaces"]) or "none",
        "Patient": "withheld" if fields["identity"] == "withheld" else "not in the file",
    }
    for name, value in rows.items():
        table.add_row(name, escape(value))
    for note in fields["notes"]:
        table.add_row("Note", escape(note))
    return table


def _spacing(length: dict[str, Any]) -> str:
    if length["mm"] is None:
        return "unknown (give --spacing DB,DZ,DX)"
    return f"{length['mm']:.6g} mm ({length['source']})"


def _positions(fields: dict[str, Any]) -> str:
    if not fields["positions"]:
        return "unknown"
    return "laid out evenly, not in the file" if fields["positions_assumed"] else "in the file"


def _list(found: list[dict[str, Any]]) -> Table:
    table = Table("File", "Scan", "Spacing (mm)", box=None, padding=(0, 2, 0, 0))
    for fields in found:
        spacing = (fields["spacing"][a]["mm"] for a in "bzx")
        table.add_row(
            escape(fields["path"]),
            escape(fields["title"]),
            " × ".join("?" if mm is None else f"{mm:.4g}" for mm in spacing),
        )
    return table
