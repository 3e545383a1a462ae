"""How commands speak: results on stdout, everything else on stderr, failures in one sentence."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console

from mirage_core.cli.words import describe, sentence

EXIT_FAILED = 2
_PIPE_WIDTH = 240
_EXIT_UNEXPECTED = 1
_EXIT_INTERRUPTED = 130

JsonFlag = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
DebugFlag = Annotated[bool, typer.Option("--debug", help="Show the traceback of a failure.")]


class CommandError(Exception):
    """A command cannot do what was asked: `what` is wrong, and the `hint` what to do."""

    def __init__(self, what: str, hint: str = "") -> None:
        self.what = what
        self.hint = hint
        super().__init__(what, hint)


def stdout() -> Console:
    """Return the console of results."""
    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = _PIPE_WIDTH  # nobody wants tables cut to a window that is not there
    return console


def stderr() -> Console:
    """Return the console of progress and failures."""
    return Console(file=sys.stderr, highlight=False, soft_wrap=True)


def print_json(content: Any) -> None:
    """Print `content` as JSON on stdout."""
    # ASCII, since the reader at the other end of a pipe knows no encoding and paths hold anything.
    print(json.dumps(content, indent=2, allow_nan=False))


@contextmanager
def failures(as_json: bool, debug: bool) -> Iterator[None]:
    """Turn what goes wrong inside into one sentence on stderr and an exit code.

    2 for what users can act on, 130 for Ctrl-C, 1 for a bug. With `as_json` the error is also
    printed as JSON on stdout, with `debug` the traceback on stderr.
    """
    try:
        yield
    except (typer.Exit, typer.Abort):
        raise
    except KeyboardInterrupt:
        stderr().print("Stopped. Nothing half done was left behind.")
        raise typer.Exit(_EXIT_INTERRUPTED) from None
    except BrokenPipeError:
        raise typer.Exit(_EXIT_INTERRUPTED) from None
    except Exception as error:
        if debug:
            traceback.print_exc()
        described = describe(error)
        code = EXIT_FAILED if described is not None else _EXIT_UNEXPECTED
        if described is None:
            # The message of a bug may hold anything; only its kind is shown unasked.
            described = {
                "what": f"Something unexpected went wrong ({type(error).__name__}).",
                "hint": "Run the command again with --debug and report what it shows.",
            }
        if as_json:
            print_json({"error": described})
        stderr().print(f"[bold red]Error:[/] {_plain(sentence(described))}")
        raise typer.Exit(code) from None


def _plain(text: str) -> str:
    """Return `text` so that square brackets in paths are not taken for markup."""
    from rich.markup import escape

    return escape(text)
