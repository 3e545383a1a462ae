"""Writes that happen wholly or not at all, and the error that says why one did not."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TARGET_EXISTS_HINT = "Choose another name, or allow replacing it (--overwrite)."


class ExportError(Exception):
    """Something could not be written; what stood at the target is untouched.

    Attributes
    ----------
    path : Path
        What was to be written.
    what : str
        One sentence: what is wrong.
    hint : str
        What to do next.
    """

    def __init__(self, path: Path, what: str, hint: str = "") -> None:
        self.path = path
        self.what = what
        self.hint = hint
        super().__init__(path, what, hint)

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.hint) if part)


def explain_os_error(error: OSError, path: Path) -> ExportError:
    """Return the sentence and the hint for an operating system's refusal to write `path`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ExportError(
            path,
            f"The disk is full; {path.name} was not written.",
            "Free some space or choose a folder on another disk.",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return ExportError(
            path,
            f"{path} cannot be written: the folder is read-only or belongs to someone else.",
            "Choose a folder you may write to.",
        )
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EEXIST):
        return ExportError(
            path,
            f"{path} cannot be written: a part of this path is missing or is a file.",
            "Choose an existing folder.",
        )
    reason = error.strerror or str(error) or type(error).__name__
    return ExportError(
        path, f"{path} could not be written: {reason}.", "Choose another folder and try again."
    )


@contextmanager
def atomic_file(target: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary path beside `target` to write; on success it takes the target's name.

    The content is on the disk before the name changes. On any exception nothing of it stays.

    Raises
    ------
    ExportError
        If `target` exists and `overwrite` is false, or the system refuses to write.
    """
    target = Path(target)
    if target.is_dir():
        raise ExportError(target, f"{target} is a folder.", "Give the name of a file.")
    if target.exists() and not overwrite:
        raise ExportError(target, f"{target} exists already.", TARGET_EXISTS_HINT)
    with _temporary_folder(target) as temporary:
        fresh = temporary / target.name
        yield fresh
        _sync(fresh)
        os.replace(fresh, target)
        _sync(target.parent)


@contextmanager
def atomic_folder(target: Path, *, overwrite: bool = False, marker: str = "") -> Iterator[Path]:
    """Give a temporary folder beside `target` to fill; on success it takes the target's name.

    An empty folder at `target` is taken over. One that holds something is replaced only with
    `overwrite`, and only when it holds a file called `marker`, the sign that this program
    wrote it: a folder of the user's is never deleted.

    Raises
    ------
    ExportError
        If `target` may not be replaced, or the system refuses to write.
    """
    target = Path(target)
    check_folder_target(target, overwrite=overwrite, marker=marker)
    with _temporary_folder(target) as temporary:
        fresh = temporary / "new"
        fresh.mkdir()
        yield fresh
        for path in fresh.rglob("*"):
            _sync(path)
        _sync(fresh)
        _swap(fresh, target, temporary / "old")
        _sync(target.parent)


def check_folder_target(target: Path, *, overwrite: bool, marker: str) -> None:
    """Raise ExportError if a folder may not be written as `target`; see `atomic_folder`."""
    if target.is_file():
        raise ExportError(target, f"{target} is a file.", "Give the name of a folder.")
    try:
        inside = {entry.name for entry in target.iterdir()} if target.is_dir() else set()
    except OSError as error:
        raise explain_os_error(error, target) from error
    if not inside:
        return
    if marker not in inside:
        raise ExportError(
            target,
            f"{target} holds other files and is left as it is.",
            "Choose a new or an empty folder.",
        )
    if not overwrite:
        raise ExportError(target, f"{target} exists already.", TARGET_EXISTS_HINT)


def remove_leftovers(target: Path) -> None:
    """Remove what a write of `target` left whose process was killed; never raises.

    Only for who knows that nothing writes `target` any more.
    """
    target = Path(target)
    with contextlib.suppress(OSError):
        for entry in list(target.parent.iterdir()):
            if entry.name.startswith(_prefix(target)):
                shutil.rmtree(entry, ignore_errors=True)


def _prefix(target: Path) -> str:
    # Tells targets in one folder apart, whatever the length of their names.
    return f".mirage-{zlib.crc32(target.name.encode('utf-8', 'surrogateescape')):08x}-"


@contextmanager
def _temporary_folder(target: Path) -> Iterator[Path]:
    """Make a folder beside `target`, on the same disk, and remove it whatever happens.

    Missing parents of the target are made, and removed again when nothing was written.
    """
    made = [p for p in target.parent.parents if not p.exists()][::-1]
    if not target.parent.exists():
        made.append(target.parent)
    temporary: Path | None = None
    written = False
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=_prefix(target), dir=target.parent))
        yield temporary
        written = True
    except OSError as error:
        raise explain_os_error(error, target) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
        if not written:
            for folder in reversed(made):
                with contextlib.suppress(OSError):
                    folder.rmdir()


def _swap(fresh: Path, target: Path, old: Path) -> None:
    """Put `fresh` in the place of `target`; on failure the old content is back in place."""
    if not target.exists():
        os.rename(fresh, target)
        return
    os.rename(target, old)
    try:
        os.rename(fresh, target)
    except OSError:
        os.rename(old, target)
        raise


def _sync(path: Path) -> None:
    """Bring a file or a folder's list of names to the disk."""
    if path.is_dir():
        if os.name == "nt":  # Windows cannot open folders and needs no sync of names
            return
        descriptor = os.open(path, os.O_RDONLY)
    else:
        descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
