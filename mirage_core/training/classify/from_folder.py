"""Data of a class folder: ``{train,val,test}/<class>/``, pictures, scan files and folders of them.

A picture is a B-scan; a scan file with several B-scans, or a folder of pictures, is a volume.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from mirage_core.io import is_readable, open_scan
from mirage_core.io.errors import only_read_errors
from mirage_core.io.grouping import named_like_labels
from mirage_core.io.label_info import INFO_NAME
from mirage_core.training.classify.examples import ClassData, Example
from mirage_core.training.finetune.errors import TeachError

PARTS = ("train", "val", "test")
_WITH_CLASS = re.compile(r"[A-Za-z]+-(\w+)-\d+")
_NUMBERED = re.compile(r"(.+?)[_-]\d+")


def is_class_folder(path: Path) -> bool:
    """Return whether there is a part with a folder in it, and no INFO.json of label maps."""
    if (path / INFO_NAME).exists():
        return False
    parts = [path / part for part in PARTS if (path / part).is_dir()]
    return any(_folders(part) for part in parts)


def patient_of(name: str) -> str:
    """Return what a file's name, without its ending, says of the patient.

    ``CNV-1234-5`` is B-scan 5 of 1234; ``ab12_5`` and ``ab12-5`` of ab12. Any other name is its
    own patient.
    """
    found = _WITH_CLASS.fullmatch(name) or _NUMBERED.fullmatch(name)
    return found[1] if found else name


def read_class_folder(root: Path) -> ClassData:
    """Read a class folder; pixels are read when they are needed.

    Raises
    ------
    ReadError
        If a file in it is no scan.
    TeachError
        If there is nothing to learn from, fewer than two classes, or ``val`` or ``test`` has a
        class that ``train`` has not.
    """
    by_part = {part: _classes(root / part) for part in PARTS}
    labels = tuple(by_part["train"])
    if len(labels) < 2:
        raise TeachError(
            f"{root / 'train'} holds {len(labels)} classes; at least two are needed.",
            "Put a folder for each class there, with pictures of it.",
        )
    for part in ("val", "test"):
        unknown = [name for name in by_part[part] if name not in labels]
        if unknown:
            raise TeachError(
                f"{part}/ has a class {unknown[0]!r} that train/ has not.",
                f"Call it as one of these, or add it there: {', '.join(labels)}.",
            )
    folders = [
        (folder, labels.index(name), part)
        for part, classes in by_part.items()
        for name, folder in classes.items()
    ]
    examples = tuple(e for folder, number, part in folders for e in _examples(folder, number, part))
    return ClassData(examples, labels, notes=_left_out([folder for folder, _, _ in folders]))


def _classes(part: Path) -> dict[str, Path]:
    """Return the folders of the classes that hold anything."""
    return {f.name: f for f in _folders(part) if any(is_readable(e) for e in _entries(f))}


def _left_out(folders: list[Path]) -> tuple[str, ...]:
    n = sum(not is_readable(entry) for folder in folders for entry in _entries(folder))
    if not n:
        return ()
    files = (
        "1 file in it is no scan and was" if n == 1 else f"{n} files in it are no scans and were"
    )
    return (f"{files} left out.",)


def _folders(path: Path) -> list[Path]:
    if not path.is_dir():
        return []
    with only_read_errors(path):
        return sorted(f for f in path.iterdir() if f.is_dir() and not f.name.startswith("."))


def _entries(folder: Path) -> Iterator[Path]:
    with only_read_errors(folder):
        entries = sorted(folder.iterdir())
    for entry in entries:
        if not entry.name.startswith(".") and not named_like_labels(entry.stem):
            yield entry


def _examples(folder: Path, number: int, part: str) -> Iterator[Example]:
    for entry in filter(is_readable, _entries(folder)):
        scan = open_scan(entry)
        stem = entry.stem if entry.is_file() else entry.name
        yield Example(scan, tuple(range(scan.n_b_scans)), (number,), patient_of(stem), part)
