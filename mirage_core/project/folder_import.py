"""What the import of a folder tells: how far it is, and what came of it. Names no file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mirage_core.project.records import ScanRecord

_NAMED = 3
_ROUNDING = 1e-3


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far the import of a folder is.

    Attributes
    ----------
    done, total : int
        Scans.
    fraction : float
        0..1, with the part that is done of the scan in hand.
    left_s : float or None
        Seconds left; None while it is too early to tell.
    """

    done: int
    total: int
    fraction: float
    left_s: float | None = None

    @classmethod
    def at(cls, fraction: float, total: int, left_s: float | None = None) -> ImportProgress:
        """Return the progress that a fraction of `total` scans stands for."""
        # A fraction that came from another process is rounded: 3 of 7 must not become 2.
        return cls(min(int(fraction * total + _ROUNDING), total), total, fraction, left_s)


@dataclass(frozen=True, slots=True)
class FailedScan:
    """A source that could not be read: where it is, what is wrong, and what to do.

    `what` and `hint` do not name it; its name may be the patient's.
    """

    path: Path
    what: str
    hint: str


@dataclass(frozen=True, slots=True)
class FoundTwice:
    """A scan that came in, and the one that was first to have the same pixels."""

    scan: ScanRecord
    first: ScanRecord

    @property
    def words(self) -> str:
        """Which is meant, by their pseudonyms."""
        if self.scan.pseudonym == self.first.pseudonym:
            return f"a scan of {self.scan.pseudonym} is here twice"
        return f"{self.scan.pseudonym} has the same pixels as {self.first.pseudonym}"


@dataclass(frozen=True, slots=True)
class FolderImport:
    """What came of the scans of a folder: each source is counted once.

    Attributes
    ----------
    new : tuple of ScanRecord
        Scans that came into the project.
    already_there : tuple of ScanRecord
        Scans it had before, each once. One that had no pixels yet has them now.
    duplicates : tuple of FoundTwice
        Those of `new` with the pixels of another scan of the project. Nothing is deleted.
    failed : tuple of FailedScan
    n_copies : int
        Sources with a scan that another source had brought before.
    n_left : int
        Scans that were not looked at: it was cancelled, or `stopped`.
    stopped : str
        Why the project took no more, in a sentence or two; empty when it took all.
    """

    new: tuple[ScanRecord, ...] = ()
    already_there: tuple[ScanRecord, ...] = ()
    duplicates: tuple[FoundTwice, ...] = ()
    failed: tuple[FailedScan, ...] = ()
    n_copies: int = 0
    n_left: int = 0
    stopped: str = ""

    @property
    def words(self) -> str:
        """What came of it, in sentences for people."""
        parts = [f"{_scans(len(self.new))} imported"]
        for n, what in (
            (len(self.already_there), "there already"),
            (self.n_copies, "left out as a copy of another file"),
            (len(self.failed), "could not be read"),
            (self.n_left, "not looked at"),
        ):
            if n:
                parts.append(f"{n} {what}")
        twice = _listed([found.words for found in self.duplicates])
        return f"{', '.join(parts)}.{f' {twice}' if twice else ''}"


def _scans(n: int) -> str:
    return "1 new scan" if n == 1 else f"{n or 'No'} new scans"


def _listed(clauses: Sequence[str]) -> str:
    """Return clauses as one sentence, the first few of many."""
    if not clauses:
        return ""
    text = "; ".join(clauses[:_NAMED])
    if len(clauses) > _NAMED:
        text += f"; and {len(clauses) - _NAMED} more"
    return f"{text[0].upper()}{text[1:]}."
