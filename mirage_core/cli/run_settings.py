"""Which settings a training goes by: those of a file, of the run it goes on with, or a preset's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mirage_core.cli.console import CommandError

if TYPE_CHECKING:
    from mirage_core.training.run_config import RunConfig

C = TypeVar("C", bound="RunConfig")


def run_settings(
    presets: Mapping[str, C],
    usual: str,
    preset: str,
    config: Path | None,
    resumed: Path | None,
    what: str,
) -> C:
    """Return the settings that the options of a command ask for.

    Parameters
    ----------
    presets : mapping of str to RunConfig
    usual : str
        The preset where nothing is asked for.
    preset : str
        Asked for; empty: none.
    config : Path or None
        JSON file of settings.
    resumed : Path or None
        The ``config.json`` of the run to go on with; None: a new one.
    what : str
        What the run is called in sentences.

    Raises
    ------
    CommandError
        If both are given, or there is no run to go on with.
    TrainingError
        If there is no such preset, or a file cannot be used.
    """
    kind = type(presets[usual])
    if preset and config is not None:
        raise CommandError("--preset and --config exclude each other.", "Give one of them.")
    if config is not None:
        return kind.read(config)
    if resumed is not None and not preset:
        if not resumed.exists():
            raise CommandError(
                f"There is no {what} in {resumed.parent} to go on with.",
                "Check the folder, or begin it without --resume.",
            )
        return kind.read(resumed)
    return kind.named(preset or usual, presets)
