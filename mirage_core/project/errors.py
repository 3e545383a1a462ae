"""What can go wrong with a project folder, in words a grader can act on."""

from __future__ import annotations

import errno
import sqlite3
from enum import StrEnum
from pathlib import Path


class Trouble(StrEnum):
    """The kinds of failure a project folder knows."""

    DISK_FULL = "disk full"
    READ_ONLY = "read-only"
    BUSY = "busy"
    DAMAGED = "damaged"
    UNREACHABLE = "unreachable"
    NOT_A_PROJECT = "not a project"
    BLIND = "blind"
    NAME_TAKEN = "name taken"


_WHAT = {
    Trouble.DISK_FULL: "The disk is full.",
    Trouble.READ_ONLY: "The project folder cannot be written to.",
    Trouble.BUSY: "Another program is writing to the project.",
    Trouble.DAMAGED: "The project database is damaged.",
    Trouble.UNREACHABLE: "The project folder cannot be reached.",
    Trouble.NOT_A_PROJECT: "This folder holds no project.",
    Trouble.BLIND: "This project is blind: graders do not see each other's work.",
    Trouble.NAME_TAKEN: "This name is taken.",
}
_HINT = {
    Trouble.DISK_FULL: "Free some space on the drive that holds the project.",
    Trouble.READ_ONLY: "Ask for write access, or copy the folder to a place you may write to.",
    Trouble.BUSY: "Try again in a moment; close other programs that have the project open.",
    Trouble.DAMAGED: (
        "Copy the whole folder to a safe place first, then put back project.db from a backup; "
        "the scans in the folder scans are kept apart and are not affected."
    ),
    Trouble.UNREACHABLE: "Check that the drive or network share is connected, then try again.",
    Trouble.NOT_A_PROJECT: "Choose a folder with a project.db, or create a new project.",
    Trouble.BLIND: (
        "When grading is finished, whoever leads the study turns blinding off; the project "
        "keeps who did and when."
    ),
    Trouble.NAME_TAKEN: "Work under another name.",
}


class ProjectError(Exception):
    """Something about a project folder; the text is one or two sentences for the user.

    It does not name the folder, which may be called after a patient.

    Attributes
    ----------
    folder : Path
    trouble : Trouble
    what, hint : str
        What happened, and what to do.
    """

    def __init__(self, folder: Path, trouble: Trouble, what: str = "", hint: str = "") -> None:
        self.folder = folder
        self.trouble = trouble
        self.what = what or _WHAT[trouble]
        self.hint = hint or _HINT[trouble]
        super().__init__(folder, trouble, self.what, self.hint)

    def __str__(self) -> str:
        return f"{self.what} {self.hint}"


class ScanBusyError(ProjectError):
    """Someone else has the annotation open for writing; it can be looked at meanwhile.

    Attributes
    ----------
    host : str
        The computer it is open on.
    annotation_id : int
    elsewhere : bool
        That is another computer, where nobody here can see whether the program still runs.
    """

    def __init__(
        self,
        folder: Path,
        host: str,
        what: str,
        hint: str,
        annotation_id: int,
        *,
        elsewhere: bool = False,
    ) -> None:
        super().__init__(folder, Trouble.BUSY, what, hint)
        self.host = host
        self.annotation_id = annotation_id
        self.elsewhere = elsewhere

    def __reduce__(self) -> tuple[object, ...]:
        state = {"elsewhere": self.elsewhere}
        return type(self), (self.folder, self.host, self.what, self.hint, self.annotation_id), state


class ScanNotStoredError(ProjectError):
    """The scan is registered, but its pixels never reached the project."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            folder,
            Trouble.UNREACHABLE,
            "The pixels of this scan were not copied into the project.",
            "Open its original file again: the work on it is kept and continues.",
        )

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.folder,)


class ImportCancelledError(Exception):
    """The import of pixels was cancelled; nothing of it stays."""


# SQLite's primary result codes (sqlite3.h); extended codes carry more in their upper bytes.
_OF_SQLITE = {
    5: Trouble.BUSY,
    6: Trouble.BUSY,
    8: Trouble.READ_ONLY,
    3: Trouble.READ_ONLY,
    11: Trouble.DAMAGED,
    26: Trouble.DAMAGED,
    13: Trouble.DISK_FULL,
}
# Of the extended codes only this says more: no room for the memory that connections share.
_NO_ROOM_TO_SHARE = 10 | 19 << 8  # SQLITE_IOERR_SHMSIZE
_OF_ERRNO = {
    errno.ENOSPC: Trouble.DISK_FULL,
    errno.EDQUOT if hasattr(errno, "EDQUOT") else errno.ENOSPC: Trouble.DISK_FULL,
    errno.EROFS: Trouble.READ_ONLY,
    errno.EACCES: Trouble.READ_ONLY,
    errno.EPERM: Trouble.READ_ONLY,
}


def trouble_of(error: BaseException) -> Trouble:
    """Return what kind of failure an error of SQLite or of the file system is."""
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        if code is None:
            return Trouble.DAMAGED if isinstance(error, sqlite3.DatabaseError) else Trouble.BUSY
        if code == _NO_ROOM_TO_SHARE:
            return Trouble.DISK_FULL
        return _OF_SQLITE.get(code & 0xFF, Trouble.UNREACHABLE)
    if isinstance(error, OSError) and error.errno is not None:
        return _OF_ERRNO.get(error.errno, Trouble.UNREACHABLE)
    return Trouble.UNREACHABLE
