"""The files of a run's folder that say whose run it is: settings, data, base model. No torch."""

from __future__ import annotations

import json
from pathlib import Path

from mirage_core.io.atomic import atomic_file
from mirage_core.training.classify.config import ClassifyConfig, read_config
from mirage_core.training.finetune.errors import TeachError

CONFIG, RECORD = "config.json", "classes.json"
_FORMAT = 1


def begin(folder: Path, config: ClassifyConfig, data: str, base: str) -> None:
    """Write what a run is into its folder.

    Parameters
    ----------
    folder : Path
    config : ClassifyConfig
    data : str
        Fingerprint of the data.
    base : str
        SHA-256 of the base model's weights.

    Raises
    ------
    TeachError
        If the folder holds a run already.
    ExportError
        If the disk refuses.
    """
    if (folder / RECORD).exists() or (folder / CONFIG).exists():
        raise TeachError(
            f"{folder} holds a training already.",
            "Go on with it (--resume) or choose another folder.",
        )
    with atomic_file(folder / CONFIG, overwrite=True) as fresh:
        fresh.write_text(config.model_dump_json(indent=2) + "\n", encoding="utf-8")
    with atomic_file(folder / RECORD, overwrite=True) as fresh:
        fresh.write_text(json.dumps({"format": _FORMAT, "data": data, "base": base}), "utf-8")


def check_same(folder: Path, config: ClassifyConfig, data: str, base: str) -> None:
    """Compare a run in a folder with what it is to go on with; see :func:`begin`.

    Raises
    ------
    TeachError
        If there is none, or it was begun with something else.
    """
    try:
        content = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        before = content["format"], content["data"], content["base"]
    except FileNotFoundError:
        raise TeachError(
            f"There is no training in {folder} to go on with.", "Begin it without --resume."
        ) from None
    except (OSError, ValueError, KeyError, TypeError):
        raise TeachError(
            f"{folder / RECORD} is damaged.", "Begin anew in another folder."
        ) from None
    changed = read_config(folder / CONFIG).differences(config)
    other = [
        *(["another version of the program"] if before[0] != _FORMAT else []),
        *([f"other settings ({', '.join(changed)})"] if changed else []),
        *(["other labels or pictures"] if before[1] != data else []),
        *(["another base model"] if before[2] != base else []),
    ]
    if other:
        raise TeachError(
            f"The training in {folder} was begun with {' and '.join(other)}.",
            "Go on with what it was begun with, or begin anew in another folder.",
        )
