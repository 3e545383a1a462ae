"""Lines: what is worked out of a row of the worklist once, to be drawn and searched. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirage_core.annotate import State
from mirage_viewer.worklist.work import Stage, Work

if TYPE_CHECKING:
    from mirage_core.project.records import WorklistRow


@dataclass(frozen=True, slots=True)
class Line:
    """One scan of the worklist.

    Attributes
    ----------
    row : WorklistRow
    work : Work
        Of the annotation that changed last.
    words : str
        The same for people.
    graders : tuple of str
        Whose annotations there are, latest change first; those that hold nothing are left out.
    haystack : str
        What a search looks through: pseudonym, title, device, tags and note, in one case.
    tags : frozenset of str
        In one case.
    """

    row: WorklistRow
    work: Work
    words: str
    graders: tuple[str, ...]
    haystack: str
    tags: frozenset[str]

    @classmethod
    def of(cls, row: WorklistRow) -> Line:
        """Work out what is shown of `row`."""
        scan, remark = row.scan, row.remark
        states = row.annotations[0].states if row.annotations else ()
        parts = (scan.pseudonym, scan.title, scan.device, *remark.tags, remark.note)
        return cls(
            row,
            Work.of(states),
            progress_words(states),
            tuple(a.annotator for a in row.annotations if a.n_events),
            "\n".join(parts).casefold(),
            frozenset(tag.casefold() for tag in remark.tags),
        )

    @property
    def duplicate_words(self) -> str:
        """Which scan has the same pixels, in short; empty where none has."""
        first = self.row.duplicate_of
        if first is None:
            return ""
        same = first.pseudonym == self.row.scan.pseudonym
        return "here twice" if same else f"same as {first.pseudonym}"


def progress_words(states: tuple[State, ...]) -> str:
    """Say how far the B-scans of one annotation are."""
    work = Work.of(states)
    if work.stage is Stage.NOT_STARTED:
        return Stage.NOT_STARTED.value
    if work.stage is Stage.ALL_APPROVED:
        return Stage.ALL_APPROVED.value
    n = work.total
    known = sum(state is not State.UNSEEN for state in states)
    predicted = "predicted" if known == n else f"{known} of {n} predicted"
    begun = f"{work.edited} edited" if work.edited else predicted
    if work.approved:
        return f"{work.approved} of {n} approved"
    return f"{begun}, 0 of {n} approved"
