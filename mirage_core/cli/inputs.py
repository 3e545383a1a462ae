"""What commands are given: files and folders, spacing, names that came out of paths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mirage_core.cli.console import CommandError

if TYPE_CHECKING:
    from mirage_core.io import ReadOptions

SpacingOption = Annotated[
    str,
    typer.Option(
        "--spacing",
        metavar="DB,DZ,DX",
        help="Spacing in mm between B-scans, in depth and along a B-scan; leave one empty to "
        "keep what the file says (',0.0039,0.0113').",
    ),
]

ClusterOption = Annotated[
    str,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="Run on a Dask cluster whose nodes see the same files: tcp://host:8786.",
    ),
]


def parse_spacing(text: str) -> tuple[float | None, float | None, float | None] | None:
    """Return ``(db, dz, dx)`` in mm from ``"DB,DZ,DX"``; None for empty text."""
    if not text.strip():
        return None
    from mirage_core.io.options import SPACING_HINT, is_spacing

    parts = text.split(",")
    try:
        values = [float(p) if p.strip() else None for p in parts]
    except ValueError:
        values = []
    if not is_spacing(values):
        raise CommandError(f"{text!r} is no spacing of an eye in mm.", SPACING_HINT)
    return values[0], values[1], values[2]


def read_options(spacing: str) -> ReadOptions:
    """Return the options of a reader for what was given on the command line."""
    from mirage_core.io import ReadOptions

    return ReadOptions(spacing_mm=parse_spacing(spacing))


def must_exist(path: Path) -> None:
    """Raise CommandError if there is nothing at `path`, or no way to look."""
    try:
        there = path.exists()
    except OSError as error:  # a name that is too long, a folder one may not enter
        reason = error.strerror or type(error).__name__
        raise CommandError(f"{path} cannot be opened: {reason}.", "Check the path.") from None
    if not there:
        raise CommandError(f"There is nothing at {path}.", "Check the path.")


def scans_in(path: Path) -> list[Path]:
    """Return the scans at `path`: itself, or those in a folder of scans.

    Raises
    ------
    CommandError
        If there is nothing at `path`, or no scan in the folder.
    """
    must_exist(path)
    if path.is_file():
        return [path]
    from mirage_core.io import find_scans, supported_suffixes

    found = [Path(p) for p in find_scans(path)]
    if not found:
        raise CommandError(
            f"No scan was found in {path}.",
            f"Readable are {', '.join(supported_suffixes())}, and folders of images.",
        )
    return found


def result_names(sources: Sequence[Path], root: Path) -> list[str]:
    """Return a distinct folder name for the result of each of `sources`.

    The stem of a file, the name of a folder. Where these repeat, the path below `root` joined
    by hyphens takes their place, with the suffix if that still repeats; so a name does not
    depend on the order of the files.
    """
    names = [_stem(p) for p in sources]
    for longer in (_relative_stem, _relative_name):
        counts = Counter(n.lower() for n in names)
        names = [
            name if counts[name.lower()] == 1 else longer(path, root)
            for name, path in zip(names, sources, strict=True)
        ]
    taken: set[str] = set()
    for i, name in enumerate(names):
        n = 1
        while names[i].lower() in taken:
            n += 1
            names[i] = f"{name}-{n}"
        taken.add(names[i].lower())
    return names


def _stem(path: Path) -> str:
    name = path.resolve().name
    if path.is_dir():
        return name or "scan"
    name = name[: -len(".gz")] if name.lower().endswith(".nii.gz") else name
    return Path(name).stem or "scan"


def _parents(path: Path, root: Path) -> list[str]:
    base = root if root.is_dir() else root.parent
    try:
        return list(path.parent.relative_to(base).parts)
    except ValueError:
        return []


def _relative_stem(path: Path, root: Path) -> str:
    return "-".join([*_parents(path, root), _stem(path)])


def _relative_name(path: Path, root: Path) -> str:
    suffix = "" if path.is_dir() else path.suffix.lstrip(".")
    return "-".join(filter(None, [*_parents(path, root), _stem(path), suffix]))
