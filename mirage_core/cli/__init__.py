"""The `mirage` command. Stands on the rest of the core; nothing imports it."""

from __future__ import annotations


def main() -> None:
    """Run the command line; the entry point of ``mirage``."""
    from mirage_core.cli.app import run

    run()
