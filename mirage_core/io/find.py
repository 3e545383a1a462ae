"""Every scan in a folder, for batch runs."""

from __future__ import annotations

from pathlib import Path

from mirage_core.io.errors import ReadError, only_read_errors
from mirage_core.io.grouping import named_like_labels
from mirage_core.io.image_folder import image_files, read_folder
from mirage_core.io.images import image_head
from mirage_core.io.npz import is_result
from mirage_core.io.registry import is_readable, supported_suffixes

_PROJECT_FILE = "project.db"


def find_scans(folder: Path | str) -> list[Path]:
    """Return the scans in `folder` and its subfolders, in natural order.

    The images directly in a folder are together one scan, the folder itself, when they have one
    size (and perhaps an SLO); otherwise each is a scan of its own, masks and layer maps left
    out. Stacks and volumes are a scan each. Files with the suffix of a scan are listed even if
    they are damaged, so that a batch reports them; results of segmenting (.npz), project folders,
    hidden entries and links to folders are skipped. A path to a file comes back as it is.

    Raises
    ------
    ReadError
        If `folder` is not there or may not be read.
    """
    folder = Path(folder)
    with only_read_errors(folder):
        if not folder.exists():
            raise FileNotFoundError
        return [folder] if folder.is_file() else _scans_in(folder)


def _scans_in(folder: Path) -> list[Path]:
    from natsort import natsorted, ns

    images = image_files(folder)
    single = [file for file in images if not _is_stack(file)]
    together = bool(single) and single == images and _is_one_scan(folder)
    scans = [folder] if together else []
    entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    for entry in natsorted(entries, key=lambda entry: entry.name, alg=ns.IGNORECASE):
        if entry.is_dir():
            if not entry.is_symlink() and not (entry / _PROJECT_FILE).is_file():
                scans += _scans_in(entry)
        elif entry in single:
            if not together and not named_like_labels(entry.stem):
                scans.append(entry)
        elif _is_scan_file(entry):
            scans.append(entry)
    return scans


def _is_scan_file(file: Path) -> bool:
    suffix = file.suffix.lower()
    if suffix == ".npz" and is_result(file):
        return False
    return file.is_file() and (suffix in supported_suffixes() or is_readable(file))


def _is_one_scan(folder: Path) -> bool:
    try:
        with only_read_errors(folder):
            read_folder(folder)
    except ReadError:
        return False
    return True


def _is_stack(file: Path) -> bool:
    try:
        with only_read_errors(file):
            return image_head(file).pages > 1
    except ReadError:
        return False
