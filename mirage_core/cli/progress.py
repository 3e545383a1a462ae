"""A bar with the time left, on terminals only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from mirage_core.cli.console import stderr


@contextmanager
def progress_bar(words: str, total: float, *, quiet: bool) -> Iterator[Callable[[float], None]]:
    """Show a bar while the block runs; give the function that is told how much is done."""
    console = stderr()
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        console=console,
        transient=True,
        disable=quiet or not console.is_terminal,
    )
    with bar:
        shown = bar.add_task(words, total=total)
        yield lambda done: bar.update(shown, completed=done)
