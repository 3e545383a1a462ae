"""`mirage project import`: a folder of scans into a project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from mirage_core.cli.console import (
    EXIT_FAILED,
    CommandError,
    DebugFlag,
    JsonFlag,
    failures,
    print_json,
    stderr,
    stdout,
)
from mirage_core.cli.inputs import SpacingOption, read_options, scans_in
from mirage_core.cli.progress import progress_bar
from mirage_core.cli.words import counted, sentence

if TYPE_CHECKING:
    from mirage_core.project.folder_import import FolderImport
    from mirage_core.project.records import ScanRecord


def project_import(
    folder: Annotated[Path, typer.Argument(help="A folder of scans, or one scan.")],
    project: Annotated[Path, typer.Option(help="The project folder; made where there is none.")],
    grader: Annotated[str, typer.Option(help="Who imports, for the audit trail.")] = "",
    spacing: SpacingOption = "",
    as_json: JsonFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Bring every scan under FOLDER into a project. Scans that are there already stay as they are.

    A scan whose pixels another scan of the project has too is imported and reported. The project
    keeps neither file names nor who the patients are.
    """
    with failures(as_json, debug):
        options = read_options(spacing)
        sources = scans_in(folder)
        from mirage_core.project import Project
        from mirage_core.project.import_folder import import_scans

        Project.open_or_create(project).close()
        words = f"Importing {counted(len(sources), 'scan')}"
        with progress_bar(words, 1.0, quiet=as_json) as advance:
            result = import_scans(project, sources, grader, options, advance)
        if as_json:
            print_json(_fields(result))
        else:
            stdout().print(escape(result.words))
            for failed in result.failed:
                described = {"path": str(failed.path), "what": failed.what, "hint": failed.hint}
                stderr().print(f"  [red]{escape(sentence(described))}[/]")
        if result.stopped and not as_json:
            raise CommandError(result.stopped)
        if result.failed or result.stopped:
            raise typer.Exit(EXIT_FAILED)


def _fields(result: FolderImport) -> dict[str, Any]:
    return {
        "new": [_scan(record) for record in result.new],
        "already_there": [_scan(record) for record in result.already_there],
        "duplicates": [
            {"scan": _scan(found.scan), "same_pixels_as": _scan(found.first)}
            for found in result.duplicates
        ],
        "errors": [
            {"path": str(failed.path), "what": failed.what, "hint": failed.hint}
            for failed in result.failed
        ],
        "copies": result.n_copies,
        "not_looked_at": result.n_left,
        "stopped": result.stopped,
    }


def _scan(record: ScanRecord) -> dict[str, str]:
    return {"id": record.id, "pseudonym": record.pseudonym, "title": record.title}
