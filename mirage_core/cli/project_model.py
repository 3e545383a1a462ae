"""`mirage project model`: the engine that new segmentations in a project use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from mirage_core.cli.console import (
    CommandError,
    DebugFlag,
    JsonFlag,
    failures,
    print_json,
    stdout,
)
from mirage_core.cli.inputs import must_exist
from mirage_core.cli.project import ProjectPath

if TYPE_CHECKING:
    from mirage_core.project.default_engine import DefaultEngine


def project_model(
    project: ProjectPath,
    model: Annotated[
        str, typer.Argument(help="Engine or id of a model to use from now on; default: show it.")
    ] = "",
    clear: Annotated[
        bool, typer.Option("--clear", help="Use none: what each grader chose counts again.")
    ] = False,
    author: Annotated[str, typer.Option(help="Who chooses; kept in the log.")] = "",
    as_json: JsonFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Show or choose the model that new segmentations in a project use in the window."""
    with failures(as_json, debug):
        from mirage_core.project import Project

        change = bool(model) or clear
        if model and clear:
            raise CommandError("--clear and a model exclude each other.")
        if change and not author.strip():
            raise CommandError(
                "Choosing a model for a project is kept in the log, with a name.",
                "Say who you are with --author NAME.",
            )
        wanted = _engine(model) if model else None
        must_exist(project)
        with Project.open(project, read_only=not change) as opened:
            if change:
                opened.default_engine.set(wanted, author)
            found = opened.default_engine.get()
        if as_json:
            print_json({"model": found.name if found else None, "title": found and found.title})
        elif found is None:
            stdout().print("No model is set: what each grader chose is used.")
        else:
            stdout().print(escape(f"{found.title} ({found.name})"))


def _engine(name: str) -> DefaultEngine:
    from mirage_core.cli.engine_choice import check_engine
    from mirage_core.engines import engine_infos
    from mirage_core.project.default_engine import DefaultEngine

    check_engine(name, "segment", "model")
    title = next(info.title for info in engine_infos("segment") if info.name == name)
    return DefaultEngine(name, title)
