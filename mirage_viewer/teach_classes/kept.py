"""Which labels a run is taught, kept in its folder: it can be gone on with after the program ended.

What the core keeps there (``config.json``, ``classes.json``) says how it is taught, and tells
whether labels and pictures are still those that it was begun with.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from mirage_core.io.atomic import atomic_file

if TYPE_CHECKING:
    from mirage_core.project.class_teaching import ClassChoice

CHOICE = "choice.json"


def keep_choice(folder: Path, choice: ClassChoice) -> None:
    """Write a choice of labels into the folder of a run.

    Raises
    ------
    ExportError
        If the disk refuses.
    """
    with atomic_file(folder / CHOICE, overwrite=True) as fresh:
        fresh.write_text(json.dumps(asdict(choice), indent=2) + "\n", encoding="utf-8")


def read_choice(folder: Path) -> ClassChoice:
    """Return what :func:`keep_choice` wrote.

    Raises
    ------
    TeachError
        If it is missing or damaged.
    """
    from mirage_core.project.class_teaching import ClassChoice
    from mirage_core.training.finetune.errors import TeachError

    try:
        content = json.loads((folder / CHOICE).read_text(encoding="utf-8"))
        level, scans, graders = content["level"], content["scans"], content["graders"]
        if level not in ("b_scan", "scan") or not all(
            isinstance(names, list) and all(isinstance(name, str) for name in names)
            for names in (scans, graders)
        ):
            raise ValueError(level)
    except (OSError, ValueError, KeyError, TypeError):
        raise TeachError(
            "It is not known any more which labels this model was being taught.", "Begin it anew."
        ) from None
    return ClassChoice(level, tuple(scans), tuple(graders))
