"""`mirage demo`: the whole path on the built-in eye, in text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from mirage_core.cli.console import DebugFlag, JsonFlag, failures, print_json, stdout


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the project and the exports.")] = Path(
        "demo-output"
    ),
    as_json: JsonFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Open a simulated eye, segment, correct, save and export it, without a window."""
    with failures(as_json, debug):
        from mirage_core.cli.demo_run import run_demo

        console = stdout()
        steps = []
        for step in run_demo(out):
            steps.append(step)
            if not as_json:
                console.print(f"[bold]{step.title}[/]  {escape(step.detail)}")
        if as_json:
            print_json({"steps": [{"title": s.title, "detail": s.detail} for s in steps]})
