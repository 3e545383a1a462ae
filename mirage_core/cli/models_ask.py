"""Questions to whoever sits at the terminal, if someone does."""

from __future__ import annotations

import sys


def is_terminal() -> bool:
    """Return whether someone can be asked."""
    return sys.stdin is not None and sys.stdin.isatty()


def ask(question: str) -> bool:
    """Ask for y or n; anything else is no. It stands on stderr, since stdout is for results."""
    print(f"{question} [y/N]: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
