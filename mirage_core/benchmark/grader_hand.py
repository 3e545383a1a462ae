"""Hand: what the hands of a simulated grader have in common, whatever they mend."""

from __future__ import annotations

from collections.abc import Sequence

from mirage_core.annotate import BScanDraft, Session, ToolRunner
from mirage_core.annotate.tools import Point
from mirage_core.annotate.tools.base import Rect
from mirage_core.benchmark.aids import Trust
from mirage_core.benchmark.effort import Act, Ledger
from mirage_core.benchmark.judging import Judge, Sight


class Hand:
    """Mends a session with its tools, and keeps account of it.

    Parameters
    ----------
    session : Session
    judge : Judge
    ledger : Ledger
    trust : Trust
    """

    def __init__(self, session: Session, judge: Judge, ledger: Ledger, trust: Trust) -> None:
        self._session = session
        self._judge = judge
        self._ledger = ledger
        self._trust = trust
        self._runner = ToolRunner(session)
        self._draft: BScanDraft | None = None
        """What the tool in hand drew last, as it is shown."""
        self._runner.drawn.connect(self._on_drawn)

    def _drag(self, path: Sequence[Point]) -> None:
        """Draw with the tool in hand."""
        self._runner.press(path[0])
        for at in path[1:]:
            self._runner.move(at)
        self._runner.release(path[-1])

    def _undo_if_worse(self, before: Sight, after: Sight) -> None:
        """Undo the last edit if more is wrong after it than before."""
        if after.wrong > before.wrong:
            self._session.undo()
            self._ledger.press(Act.UNDO)

    def _on_drawn(self, draft: BScanDraft, _dirty: Rect) -> None:
        self._draft = draft
