"""`mirage models`: the models on this computer. Its commands import what they need when run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from mirage_core.cli import models_get
from mirage_core.cli.console import (
    CommandError,
    DebugFlag,
    JsonFlag,
    failures,
    print_json,
    stderr,
    stdout,
)
from mirage_core.cli.models_ask import ask, is_terminal
from mirage_core.cli.progress import progress_bar

if TYPE_CHECKING:
    from mirage_core.model.store.store import ModelStore

models_app = typer.Typer(
    name="models",
    help="The models on this computer: get, look at, pass on and remove them.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ModelId = Annotated[str, typer.Argument(help="Id of a model; mirage models list shows them.")]


@models_app.command("list")
def list_models(as_json: JsonFlag = False, debug: DebugFlag = False) -> None:
    """List the models, and what in their folder cannot be used and why."""
    with failures(as_json, debug):
        from mirage_core.cli.models_words import model_fields, models_table
        from mirage_core.model.store.store import BrokenModel, StoredModel

        store = _store()
        entries = store.list()
        models = [m for m in entries if isinstance(m, StoredModel)]
        broken = [m for m in entries if isinstance(m, BrokenModel)]
        if as_json:
            print_json(
                {
                    "folder": str(store.folder),
                    "models": [model_fields(m) for m in models],
                    "broken": [
                        {"id": m.id, "path": str(m.folder), "reason": m.reason} for m in broken
                    ],
                }
            )
            return
        if models:
            stdout().print(models_table(models))
        if not broken and all(m.shipped for m in models):
            stdout().print("No models were added yet. mirage models download mirage-base gets one.")
        for model in broken:
            stderr().print(f"[yellow]Broken:[/] {escape(model.id)}: {escape(model.reason)}")


@models_app.command("info")
def info(
    id: ModelId,
    check: Annotated[
        bool, typer.Option("--check", help="Also recompute the SHA-256 of the weights.")
    ] = False,
    as_json: JsonFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Show a model's card: what it does, where it came from, which terms apply."""
    with failures(as_json, debug):
        from mirage_core.cli.models_words import card_table, model_fields

        store = _store()
        model = store.get(id)
        if check:
            with progress_bar("Checking", 1.0, quiet=as_json) as advance:
                store.verify(id, advance)
        if as_json:
            print_json({**model_fields(model), **({"checked": True} if check else {})})
            return
        stdout().print(card_table(model, checked=check))


@models_app.command("export")
def export(
    id: ModelId,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="File to write, or a folder to write it to.")
    ],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a file of that name.")
    ] = False,
    published: Annotated[
        bool, typer.Option("--published", help="As a .pth that the published scripts read.")
    ] = False,
    as_json: JsonFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Write a model with its card into one file, for another computer."""
    with failures(as_json, debug):
        from mirage_core.model.store.archive import SUFFIX

        target = out / f"{id}{'.pth' if published else SUFFIX}" if out.is_dir() else out
        if published:
            from mirage_core.model.checkpoints.publish import publish

            model = _store().get(id)
            publish(model, target, overwrite=overwrite)
            notice = model.card.terms.notice
        else:
            with progress_bar("Exporting", 1.0, quiet=as_json) as advance:
                notice = _store().export(id, target, overwrite=overwrite, report=advance)
        if as_json:
            print_json({"id": id, "file": str(target), "notice": notice})
            return
        stdout().print(escape(str(target)))
        stderr().print(f"[yellow]Note:[/] {escape(notice)}")


@models_app.command("remove")
def remove(
    id: ModelId,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: JsonFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Remove a model from this computer."""
    with failures(as_json, debug):
        store = _store()
        store.check_removable(id)
        if not yes:
            if not is_terminal():
                raise CommandError(f"Nobody was asked whether {id!r} may go.", "Use --yes.")
            if not ask(f"Remove {id}? Its weights are deleted from this computer."):
                raise CommandError(f"{id!r} was left where it is.")
        store.remove(id)
        removed: dict[str, Any] = {"id": id, "removed": True}
        if as_json:
            print_json(removed)
        else:
            stdout().print(f"{escape(id)} was removed.")


def _store() -> ModelStore:
    from mirage_core.model.store.store import ModelStore

    return ModelStore()


models_app.command("import")(models_get.import_file)
models_app.command("download")(models_get.download)
