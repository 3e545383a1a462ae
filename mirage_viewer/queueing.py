"""Queueing: where a grader goes next. The order is worked out beside the window."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from psygnal import Signal

from mirage_core.annotate import queue
from mirage_viewer.background import Background
from mirage_viewer.messages import Message

if TYPE_CHECKING:
    from mirage_viewer.controller import Desk

_TOPIC = "queue"


class Queueing:
    """Goes to B-scans that are to be looked at.

    Signals
    -------
    ordered(tuple)
        The B-scans to look at, the next one first.
    """

    ordered: ClassVar[Signal] = Signal(tuple)

    def __init__(self, desk: Desk, background: Background) -> None:
        self._desk = desk
        self._background = background
        self._at: int | None = None

    def forget(self) -> None:
        """Begin again; another scan is shown."""
        self._at = None
        self.ordered.emit(())

    def next_open(self) -> None:
        """Go to the next B-scan that is not approved, from the first after the last."""
        session = self._desk.session
        if session is not None:
            b = queue.next_open(session.annotation, self._desk.b)
            self._go(b, "Every B-scan is approved.")

    def next_to_look_at(self) -> None:
        """Go to the B-scan that most is to be gained by; there, to the one after it."""
        session = self._desk.session
        if session is None:
            return

        def go(order: tuple[int, ...]) -> None:
            if self._desk.session is not session:
                return
            here = self._at if self._at == self._desk.b else None
            self._at = queue.after(order, here)
            rest = order.index(self._at) + 1 if self._at is not None else 0
            self.ordered.emit((*order[rest:], *order[:rest]))
            self._go(self._at, "There is no B-scan to approve that an engine segmented.")

        annotation, quality = session.annotation, session.scan.quality
        self._background.run(lambda: queue.look_at_first(annotation, quality), go)

    def _go(self, b: int | None, if_none: str) -> None:
        if b is None:
            self._desk.say(Message(if_none, topic=_TOPIC))
        else:
            self._desk.hush(_TOPIC)
            self._desk.show_b_scan(b)
