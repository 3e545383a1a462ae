"""Lines: what is worked out of a row of the worklist once, to be drawn and searched. No Qt."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirage_core.annotate import State
from mirage_viewer.worklist.work import Stage, Work

if TYPE_CHECKING:
    from mirage_core.project.label_set import Label
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
        What a search looks through: pseudonym, title, device, tags, note and labels, in one case.
    tags : frozenset of str
        In one case.
    labels : tuple of Label
        Of the scan as a whole, then of its B-scans.
    """

    row: WorklistRow
    work: Work
    words: str
    graders: tuple[str, ...]
    haystack: str
    tags: frozenset[str]
    labels: tuple[Label, ...] = ()

    @classmethod
    def of(cls, row: WorklistRow, labels: tuple[Label, ...] = ()) -> Line:
        """Work out what is shown of `row`, and of what it is labelled as."""
        scan, remark = row.scan, row.remark
        states = row.annotations[0].states if row.annotations else ()
        given = [name for label in labels for name in label.labels]
        parts = (scan.pseudonym, scan.title, scan.device, *remark.tags, remark.note, *given)
        return cls(
            row,
            Work.of(states),
            progress_words(states),
            tuple(a.annotator for a in row.annotations if a.n_events),
            "\n".join(parts).casefold(),
            frozenset(tag.casefold() for tag in remark.tags),
            labels,
        )

    @property
    def scan_labels(self) -> tuple[str, ...]:
        """What the scan as a whole is labelled as, by whomever; each once."""
        given = (name for label in self.labels if label.b_scan is None for name in label.labels)
        return tuple(dict.fromkeys(given))

    @property
    def b_scan_labels(self) -> tuple[tuple[str, int], ...]:
        """How many B-scans have which label, the most frequent first."""
        given = {
            (name, label.b_scan)
            for label in self.labels
            if label.b_scan is not None
            for name in label.labels
        }
        return tuple(Counter(name for name, _ in sorted(given)).most_common())

    @property
    def b_scan_words(self) -> str:
        """How many B-scans are labelled, empty for none."""
        n = len({label.b_scan for label in self.labels if label.b_scan is not None})
        return "1 B-scan" if n == 1 else f"{n} B-scans" if n else ""

    @property
    def label_words(self) -> str:
        """What is labelled, for a table."""
        return " · ".join(part for part in (*self.scan_labels, self.b_scan_words) if part)

    @property
    def label_tip(self) -> str:
        """Who labelled the scan as what, and how many B-scans are what."""
        whole = [label for label in self.labels if label.b_scan is None]
        lines = [f"{n.annotator}: {', '.join(n.labels) or 'none of them'}" for n in whole]
        b_scans = ", ".join(f"{n} {name}" for name, n in self.b_scan_labels)
        return "\n".join([*lines, *([f"B-scans: {b_scans}"] if b_scans else [])])

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
