"""`mirage doctor`: whether everything is here that the program needs."""

from __future__ import annotations

import typer
from rich.markup import escape

from mirage_core.cli.console import (
    EXIT_FAILED,
    DebugFlag,
    JsonFlag,
    failures,
    print_json,
    stdout,
)

_MARKS = {"ok": "[green]✓[/]", "note": "[yellow]![/]", "fail": "[red]✗[/]"}


def doctor(as_json: JsonFlag = False, debug: DebugFlag = False) -> None:
    """Check versions, GPU, Qt, folders, disk space and writing, and say what to do."""
    with failures(as_json, debug):
        from mirage_core.cli.doctor_checks import Status, all_checks

        checks = []
        console = stdout()
        for check in all_checks():
            checks.append(check)
            if not as_json:
                mark = _MARKS[check.status.value]
                console.print(f"{mark} [bold]{check.name}[/]: {escape(check.detail)}")
                if check.fix:
                    console.print(f"    {escape(check.fix)}")
        failed = any(c.status is Status.FAIL for c in checks)
        if as_json:
            print_json({"ok": not failed, "checks": [c.fields() for c in checks]})
        if failed:
            raise typer.Exit(EXIT_FAILED)
