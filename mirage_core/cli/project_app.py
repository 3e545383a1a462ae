"""`mirage project`: the sub-app that the commands on project folders hang on."""

from __future__ import annotations

import typer

project_app = typer.Typer(
    name="project",
    help="Project folders: bring scans in, who grades them, how well they agree, who did what.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@project_app.callback()
def _project() -> None:
    """Keep every command one of its own, however many there are."""
