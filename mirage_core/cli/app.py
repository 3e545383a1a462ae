"""The command tree. Heavy modules are imported inside the commands, so that --help is quick."""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from mirage_core import RESEARCH_USE_ONLY, __version__
from mirage_core.cli import (
    benchmark,
    demo,
    doctor,
    evaluate,
    export,
    features,
    finetune,
    finetune_classes,
    info,
    measure,
    models,
    pretrain,
    project,
    project_compare,
    project_import,
    project_model,
    segment,
)
from mirage_core.cli.project_app import project_app

app = typer.Typer(
    name="mirage",
    help=(
        "Open retinal OCT scans, segment their layers and fluid, export the masks. "
        f"{RESEARCH_USE_ONLY}"
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"mirage {__version__}")
        raise typer.Exit


@app.callback()
def mirage(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and leave."
        ),
    ] = False,
) -> None:
    """Hold the options of the whole program."""


app.command("info")(info.info)
app.command("segment")(segment.segment)
app.command("measure")(measure.measure)
app.command("export")(export.export)
app.command("features")(features.features)
app.command("classify")(features.classify)
app.command("imagine")(features.imagine)
app.command("pretrain")(pretrain.pretrain)
app.command("finetune")(finetune.finetune)
app.command("finetune-classes")(finetune_classes.finetune_classes)
app.command("evaluate")(evaluate.evaluate)
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)
app.add_typer(models.models_app)
app.add_typer(benchmark.benchmark_app)
app.add_typer(project_app)
project_app.command("import")(project_import.project_import)
project_app.command("graders")(project.graders)
project_app.command("compare")(project_compare.compare)
project_app.command("audit")(project.audit)
project_app.command("model")(project_model.project_model)


def run() -> None:
    """Run the command line with the program's arguments."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a tick that a code page lacks must not fail
    app()
