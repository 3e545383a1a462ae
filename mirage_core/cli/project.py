"""`mirage project`: graders, and who did what."""

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

if TYPE_CHECKING:
    from mirage_core.project import Project, ScanRecord

ProjectPath = Annotated[Path, typer.Argument(help="A project folder.")]
OverwriteFlag = Annotated[
    bool, typer.Option("--overwrite", help="Replace a file of that name at OUT.")
]
VIEWER = ""
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
        with opened(project, read_only=blind is None) as study:
            if blind is not None:
                study.set_blind(blind, author)
            people, is_blind = study.graders.all(study.log.annotations(), None), study.blind
        if as_json:
            print_json({"blind": is_blind, "graders": [grader_fields(g) for g in people]})
            return
        if people:
            stdout().print(graders_table(people))
        else:
            stdout().print("Nobody has worked on this project yet.")
        words = "on: graders do not see each other's work" if is_blind else "off"
        stderr().print(f"Blinding is {words}.")


def audit(
    project: ProjectPath,
    out: Annotated[Path, typer.Option("--out", "-o", help="CSV to write, a row per event.")],
    scan: Annotated[
        list[str] | None,
        typer.Option(help="Pseudonym or id of a scan; repeat for more. Default: all."),
    ] = None,
    overwrite: OverwriteFlag = False,
    as_json: JsonFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Write the audit trail: who did what, when, with which tool and model, on which B-scans."""
    with failures(as_json, debug):
        from mirage_core.cli.words import counted
        from mirage_core.project.tables import write_audit

        with opened(project) as study:
            records = _scans(study, scan or [])
            trail: list[tuple[ScanRecord | None, Any]] = []
            if not scan:
                trail.append((None, study.audit_of_project()))
            trail += [(record, study.audit(record.id)) for record in records]
        write_audit(out, trail, overwrite=overwrite)
        n = sum(len(rows) for _, rows in trail)
        if as_json:
            print_json({"file": str(out), "scans": len(records), "events": n})
            return
        stdout().print(escape(f"{out}: {counted(n, 'event')} of {counted(len(records), 'scan')}"))


def opened(folder: Path, *, read_only: bool = True) -> Project:
    """Open a project."""
    from mirage_core.project import Project

    must_exist(folder)
    return Project.open(folder, read_only=read_only)


def _scans(project: Project, keys: list[str]) -> list[ScanRecord]:
    """Return the scans that `keys` name, all without any, in the order they were added."""
    records = [row.scan for row in project.worklist()]
    for key in keys:
        if not any(key in (r.id, r.pseudonym) for r in records):
            raise unknown_scan(project, key)
    return [r for r in records if not keys or {r.id, r.pseudonym} & set(keys)]


def unknown_scan(project: Project, key: str) -> CommandError:
    """Return what is said of a scan that is not there."""
    known = sorted({row.scan.pseudonym for row in project.worklist()})
    return CommandError(
        f"The project has no scan {key!r}.", f"There are {', '.join(known) or 'none'}."
    )
