"""Adjudicating: the consensus takes B-scans over from the graders that are compared. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirage_viewer.background import Background
from mirage_viewer.comparing import TOLERANCE_PX, TOPIC, Comparing
from mirage_viewer.messages import Level
from mirage_viewer.opening import consensus_of, own_work

if TYPE_CHECKING:
    from mirage_core.annotate import PreparedAdoption
    from mirage_core.measure.triage import Triage
    from mirage_viewer.controller import Desk


class Adjudicating:
    """Writes into the consensus of the scan shown."""

    def __init__(self, desk: Desk, comparing: Comparing, background: Background) -> None:
        self._desk = desk
        self._background = background
        self._comparing = comparing

    def begin(self) -> None:
        """Open the consensus of the scan shown, in place of the work on it."""
        shown = self._desk.open_scan
        if shown is not None and shown.record is not None and not shown.consensus:
            shown.runner.finish()
            self._desk.opener.open_instead(lambda p, author: consensus_of(shown, p, author))

    def end(self) -> None:
        """Open one's own work again."""
        shown = self._desk.open_scan
        if shown is not None and shown.consensus:
            shown.runner.finish()
            self._desk.opener.open_instead(lambda p, author: own_work(shown, p, author))

    def take(self, which: int) -> None:
        """Take the B-scan shown over: from the first (0) or the second (1)."""
        c, opened = self._comparing, self._desk.open_scan
        id = (c.one, c.other)[which]
        source = c.annotation(id)
        if source is None or opened is None or not c.consensus:
            return
        from mirage_core.annotate.adjudicate import chosen

        opened.runner.finish()
        self._desk.hush(TOPIC)
        try:
            edit = chosen(opened.session, source, (self._desk.b,), source_name=c.name_of(id))
        except ValueError as error:
            c.say(str(error), Level.WARNING)
            return
        if edit is None:
            c.say(f"This B-scan is as {c.name_of(id)} has it already.")

    def take_agreeing(self) -> None:
        """Take every B-scan over on which both agree and nothing was decided yet."""
        if self._comparing.consensus:
            self._comparing.triaged(self._take_agreeing)

    def _take_agreeing(self, found: Triage) -> None:
        c, opened = self._comparing, self._desk.open_scan
        one = c.annotation(c.one)
        if one is None or opened is None or not c.consensus:
            return
        from mirage_core.annotate.adjudicate import agreeing_choice

        opened.runner.finish()
        session, turn = opened.session, c.turn
        names = (c.name_of(c.one), c.name_of(c.other))

        def work() -> PreparedAdoption:
            return session.prepared(
                lambda: agreeing_choice(session, one, found.agreeing, names, TOLERANCE_PX)
            )

        def done(prepared: PreparedAdoption) -> None:
            if turn != c.turn:
                return
            if not session.adopt_prepared(prepared):
                self._take_agreeing(found)  # a stroke came between: it counts
                return
            taken = len(prepared.edit.b_scans) if prepared.edit is not None else 0
            left = len(found.to_decide) + len(found.by_one_only)
            c.say(
                f"{taken} B-scan{'' if taken == 1 else 's'} taken over on which both agree within "
                f"{TOLERANCE_PX:g} px; {left} to decide."
            )

        def failed(error: Exception) -> None:
            if not isinstance(error, ValueError):
                raise error
            c.say(str(error), Level.WARNING)

        self._background.run(work, done, failed)
