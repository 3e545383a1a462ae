"""Criteria: which scans of the worklist are wanted. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mirage_core.scan import Laterality
from mirage_viewer.worklist.lines import Line
from mirage_viewer.worklist.work import Stage


class Show(StrEnum):
    """Which scans by how far they are, or that are there twice."""

    ALL = "All scans"
    NOT_STARTED = "Not started"
    IN_WORK = "In work"
    ALL_APPROVED = "All approved"
    DUPLICATES = "Duplicates"


_STAGES = {
    Show.NOT_STARTED: Stage.NOT_STARTED,
    Show.IN_WORK: Stage.IN_WORK,
    Show.ALL_APPROVED: Stage.ALL_APPROVED,
}


@dataclass(frozen=True, slots=True)
class Criteria:
    """What a scan must be to be listed.

    Attributes
    ----------
    words : tuple of str
        Each occurs in its pseudonym, title, device, tags, note or labels; in one case.
    eye : Laterality or None
    show : Show
    tag, device : str or None
        In one case; an empty device is one that is not known.
    label : str or None
        Of the scan or of a B-scan, in one case; empty: neither has any.
    """

    words: tuple[str, ...] = ()
    eye: Laterality | None = None
    show: Show = Show.ALL
    tag: str | None = None
    device: str | None = None
    label: str | None = None

    def accept(self, line: Line) -> bool:
        """Return whether a scan is wanted."""
        row, scan = line.row, line.row.scan
        return (
            all(word in line.haystack for word in self.words)
            and (self.eye is None or scan.laterality is self.eye)
            and (self.tag is None or self.tag in line.tags)
            and (self.device is None or scan.device.casefold() == self.device)
            and self._shows(line)
            and self._labelled(line)
            and (self.show is not Show.DUPLICATES or row.duplicate_of is not None)
        )

    def _labelled(self, line: Line) -> bool:
        if not self.label:
            return self.label is None or not line.labels
        given = (name for label in line.labels for name in label.labels)
        return any(name.casefold() == self.label for name in given)

    def _shows(self, line: Line) -> bool:
        stage = _STAGES.get(self.show)
        return stage is None or line.work.stage is stage


def words_of(text: str) -> tuple[str, ...]:
    """Return what is searched for, word by word, in one case."""
    return tuple(text.casefold().split())
