"""Says of approved B-scans that marks on them lie where their class cannot be. No Qt."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from mirage_core.annotate import MASKS, Annotation, Change, State
from mirage_core.annotate.whereabouts import violations
from mirage_viewer.b_scan_words import short_list
from mirage_viewer.background import Background
from mirage_viewer.messages import Level, Message

if TYPE_CHECKING:
    from mirage_viewer.controller import Desk

MISPLACED = "misplaced"
"""Topic of what is told."""
_HINT = "W offers to remove them; approve again then."


class Misplaced:
    """Tells once B-scans are approved; the approval stands whatever the grader makes of it.

    Parameters
    ----------
    desk : Desk
    background : Background
    """

    def __init__(self, desk: Desk, background: Background) -> None:
        self._desk = desk
        self._background = background
        self._counts: dict[int, dict[int, int]] = {}
        """Of the B-scans that are told of: px of every class, by its value."""

    def approved(self, b_scans: Iterable[int]) -> None:
        """The masks of `b_scans` were approved: tell what of them is misplaced."""
        session, chosen = self._desk.session, tuple(b_scans)
        if session is None:
            return

        def found(counts: dict[int, dict[int, int]]) -> None:
            if self._desk.session is session and counts:
                self._counts |= counts
                self._tell()

        if len(chosen) == 1:  # on the way to the next: it must be told with the key
            found(_counted(session.annotation, chosen))
        else:
            self._background.run(lambda: _counted(session.annotation, chosen), found)

    def edited(self, change: Change) -> None:
        """Tell no more of what was put right, or is not approved any more."""
        session = self._desk.session
        again = self._counts.keys() & set(change.b_scans)
        if session is None or not again:
            return
        fresh = _counted(session.annotation, again)
        if fresh == {b: self._counts[b] for b in again}:
            return
        self._counts = {b: c for b, c in self._counts.items() if b not in again} | fresh
        if self._counts:
            self._tell()
        else:
            self._desk.hush(MISPLACED)

    def forget(self) -> None:
        """The grader has read it, or another scan is shown."""
        self._counts = {}
        self._desk.hush(MISPLACED)

    def _show(self) -> None:
        opened, b = self._desk.open_scan, min(self._counts, default=self._desk.b)
        self.forget()
        if opened is not None and self._desk.editable:
            self._desk.show_b_scan(b)
            self._desk.offers.misplaced(opened)

    def _tell(self) -> None:
        session = self._desk.session
        assert session is not None
        total: dict[int, int] = {}
        for counts in self._counts.values():
            for value, n in counts.items():
                total[value] = total.get(value, 0) + n
        scheme = session.annotation.masks.scheme
        marks = ", ".join(f"{n} px of {scheme.name_of(value)}" for value, n in total.items())
        self._desk.say(
            Message(
                f"Approved {short_list(tuple(self._counts))} with {marks} outside of their layers.",
                _HINT,
                Level.WARNING,
                MISPLACED,
                "Remove them… (W)",
                self._show,
                closed=self.forget,
            )
        )


def _counted(annotation: Annotation, b_scans: Iterable[int]) -> dict[int, dict[int, int]]:
    """Return, of B-scans with approved masks that have any, px of every misplaced class."""
    at = annotation.structures.index(MASKS)
    found = {}
    for b in b_scans:
        if annotation.states[at, b] == State.APPROVED:
            values = annotation.masks.labels[b][violations(annotation, b)]
            kinds, counts = np.unique(values, return_counts=True)
            if len(kinds):
                found[b] = dict(zip(kinds.tolist(), counts.tolist(), strict=True))
    return found
