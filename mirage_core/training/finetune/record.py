"""The files of a run's folder that say what it is: settings, and whose run it is. No torch."""

from __future__ import annotations

import json
from pathlib import Path

from mirage_core.io.atomic import atomic_file
from mirage_core.training.finetune.config import CONFIG, FinetuneConfig, read_config
from mirage_core.training.finetune.errors import TeachError

RECORD = "run.json"
FORMAT = 1


def begin(folder: Path, config: FinetuneConfig, data: str, base: str) -> None:
    """Write what a run is into its folder.

    Parameters
    ----------
    folder : Path
    config : FinetuneConfig
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
    if (folder / RECORD).exists():
        raise TeachError(
            f"{folder} holds a training already.",
            "Go on with it (--resume) or choose another folder.",
        )
    with atomic_file(folder / CONFIG, overwrite=True) as fresh:
        fresh.write_text(config.model_dump_json(indent=2) + "\n", encoding="utf-8")
    content = {"format": FORMAT, "data": data, "base": base}
    with atomic_file(folder / RECORD, overwrite=True) as fresh:
        fresh.write_text(json.dumps(content), encoding="utf-8")


def check_same(folder: Path, config: FinetuneConfig, data: str, base: str) -> None:
    """Compare a run in a folder with what it is to go on with; see :func:`begin`.

    Raises
    ------
    TeachError
        If there is none, or it was begun with something else.
    """
    path = folder / RECORD
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        recorded = content["format"], content["data"], content["base"]
    except FileNotFoundError:
        raise TeachError(
            f"There is no training in {folder} to go on with.", "Begin it without --resume."
        ) from None
    except (OSError, ValueError, KeyError, TypeError):
        raise TeachError(f"{path} is damaged.", "Begin anew in another folder.") from None
    if recorded[0] != FORMAT:
        raise TeachError(
            f"The training in {folder} is of another version of this program.",
            "Begin anew in another folder.",
        )
    changed = read_config(folder / CONFIG).differences(config)
    other = [
        *([f"settings ({', '.join(changed)})"] if changed else []),
        *(["B-scans or corrections"] if recorded[1] != data else []),
        *(["base model"] if recorded[2] != base else []),
    ]
    if other:
        raise TeachError(
            f"The training in {folder} was begun with another {' and other '.join(other)}."
            if other[0] == "base model"
            else f"The training in {folder} was begun with other {', '.join(other)}.",
            "Go on with what it was begun with, or begin anew in another folder.",
        )
