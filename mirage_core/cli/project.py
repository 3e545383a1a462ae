"""`mirage project`: graders, their agreement, and who did what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from mirage_core.cli.console import (
    CommandError,
    DebugFlag,
    JsonFlag,
    failures,
    print_json,
    stderr,
    stdout,
)
from mirage_core.cli.inputs import must_exist
from mirage_core.cli.progress import progress_bar

if TYPE_CHECKING:
    from mirage_core.project import AnnotationRecord, Project, ScanRecord, WorklistRow

ProjectPath = Annotated[Path, typer.Argument(help="A project folder.")]
_OverwriteFlag = Annotated[
    bool, typer.Option("--overwrite", help="Replace a file of that name at OUT.")
]
_VIEWER = ""
"""Nobody's name: what only its own grader may see, the command line does not show."""


def graders(
    project: ProjectPath,
    blind: Annotated[
        bool | None,
        typer.Option(
            "--blind/--no-blind",
            help="Turn blinding on or off: whether graders do not see each other's work.",
            show_default=False,
        ),
    ] = None,
    author: Annotated[str, typer.Option(help="Who turns it on or off; kept in the log.")] = "",
    as_json: JsonFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Show who works on a project and how far they are; turn blinding on or off."""
    with failures(as_json, debug):
        from mirage_core.cli.project_words import grader_fields, graders_table

        if blind is not None and not author.strip():
            raise CommandError(
                "Turning blinding on or off is kept in the log, with a name.",
                "Say who you are with --author NAME.",
            )
        with _opened(project, read_only=blind is None) as opened:
            if blind is not None:
                opened.set_blind(blind, author)
            people, is_blind = opened.graders.all(opened.log.annotations(), None), opened.blind
        if as_json:
            print_json({"blind": is_blind, "graders": [grader_fields(g) for g in people]})
            return
        if people:
            stdout().print(graders_table(people))
        else:
            stdout().print("Nobody has worked on this project yet.")
        words = "on: graders do not see each other's work" if is_blind else "off"
        stderr().print(f"Blinding is {words}.")


def compare(
    project: ProjectPath,
    scan: Annotated[str, typer.Option(help="Pseudonym or id of the scan.")],
    graders: Annotated[
        tuple[str, str], typer.Option(help="The two graders; a consensus goes by its name.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="CSV to write, a row per figure.")
    ] = None,
    b_scans: Annotated[
        str,
        typer.Option(
            help="B-scans to compare, counted from 1, like 1-8,12; default: all that both "
            "worked on."
        ),
    ] = "",
    overwrite: _OverwriteFlag = False,
    as_json: JsonFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Compare two graders' work on a scan: surfaces, layers, fluid."""
    with failures(as_json, debug):
        from mirage_core.cli.project_words import agreement_tables, comparison_fields
        from mirage_core.measure.comparison import compare as measured

        with _opened(project) as opened:
            row = _scan(opened, scan)
            pair = [_annotation_of(row, name) for name in graders]
            if pair[0].id == pair[1].id:
                raise CommandError("These are one and the same annotation.", "Name two graders.")
            wanted = _numbers(b_scans, row.scan.shape[0])
            damage: list[str] = []
            one, other = (
                opened.annotation(row.scan, a.id, _VIEWER, on_damage=damage.append) for a in pair
            )
            with progress_bar("Comparing", 1.0, quiet=as_json) as advance:
                found = measured(one, other, opened.open_scan(row.scan), wanted, advance)
        assert found is not None
        if not found.b_scans:
            raise CommandError(
                f"There is no B-scan that both {graders[0]} and {graders[1]} worked on.",
                "Choose B-scans with --b-scans, or other graders.",
            )
        if out is not None:
            from mirage_core.project.tables import write_agreement

            write_agreement(out, row.scan, graders, found, overwrite=overwrite)
        for words in damage:
            stderr().print(f"[yellow]Note:[/] {escape(words)}")
        if as_json:
            print_json(comparison_fields(row.scan, graders, found))
            return
        for table in agreement_tables(graders, found):
            stdout().print(table)
        if out is not None:
            stdout().print(escape(str(out)))


def audit(
    project: ProjectPath,
    out: Annotated[Path, typer.Option("--out", "-o", help="CSV to write, a row per event.")],
    scan: Annotated[
        list[str] | None,
        typer.Option(help="Pseudonym or id of a scan; repeat for more. Default: all."),
    ] = None,
    overwrite: _OverwriteFlag = False,
    as_json: JsonFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Write the audit trail: who did what, when, with which tool and model, on which B-scans."""
    with failures(as_json, debug):
        from mirage_core.cli.words import counted
        from mirage_core.project.tables import write_audit

        with _opened(project) as opened:
            records = _scans(opened, scan or [])
            trail: list[tuple[ScanRecord | None, Any]] = []
            if not scan:
                trail.append((None, opened.audit_of_project()))
            trail += [(record, opened.audit(record.id)) for record in records]
        write_audit(out, trail, overwrite=overwrite)
        n = sum(len(rows) for _, rows in trail)
        if as_json:
            print_json({"file": str(out), "scans": len(records), "events": n})
            return
        stdout().print(escape(f"{out}: {counted(n, 'event')} of {counted(len(records), 'scan')}"))


def _opened(folder: Path, *, read_only: bool = True) -> Project:
    from mirage_core.project import Project

    must_exist(folder)
    return Project.open(folder, read_only=read_only)


def _scan(project: Project, key: str) -> WorklistRow:
    """Return the one scan that `key` names."""
    rows = [row for row in project.worklist() if key in (row.scan.id, row.scan.pseudonym)]
    if not rows:
        raise _unknown(project, key)
    if len(rows) > 1:
        ids = ", ".join(row.scan.id for row in rows)
        raise CommandError(f"{key} has {len(rows)} scans in this project.", f"Give an id: {ids}.")
    return rows[0]


def _scans(project: Project, keys: list[str]) -> list[ScanRecord]:
    """Return the scans that `keys` name, all without any, in the order they were added."""
    records = [row.scan for row in project.worklist()]
    for key in keys:
        if not any(key in (r.id, r.pseudonym) for r in records):
            raise _unknown(project, key)
    return [r for r in records if not keys or {r.id, r.pseudonym} & set(keys)]


def _unknown(project: Project, key: str) -> CommandError:
    known = sorted({row.scan.pseudonym for row in project.worklist()})
    return CommandError(
        f"The project has no scan {key!r}.", f"There are {', '.join(known) or 'none'}."
    )


def _annotation_of(row: WorklistRow, name: str) -> AnnotationRecord:
    for annotation in row.annotations:
        if annotation.annotator == name:
            return annotation
    known = ", ".join(a.annotator for a in row.annotations) or "nobody"
    raise CommandError(f"{name} has not worked on this scan.", f"Who has: {known}.")


def _numbers(text: str, n: int) -> list[int] | None:
    """Return the B-scans, counted from 0, of ``"1-8,12"``, counted from 1; None for no text."""
    if not text.strip():
        return None
    wanted: set[int] = set()
    for span in text.split(","):
        first, _, last = span.strip().partition("-")
        if not (first.isdigit() and (not last or last.isdigit())):
            raise CommandError(f"{text!r} are no B-scans.", "Write them like 1-8,12.")
        wanted.update(range(int(first) - 1, int(last or first)))
    if not wanted or not 0 <= min(wanted) <= max(wanted) < n:
        raise CommandError(f"The scan has B-scans 1 to {n}; {text} are not all among them.")
    return sorted(wanted)
