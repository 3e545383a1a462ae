"""Queueing: where a grader goes next. The order is worked out beside the window."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from psygnal import Signal

from mirage_core.annotate import queue
from mirage_viewer.b_scan_words import short_list
from mirage_viewer.background import Background
from mirage_viewer.messages import Message
from mirage_viewer.queue_reasons import Queue, worked_out

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

        def go(found: Queue) -> None:
            if self._desk.session is not session:
                return
            order = found.order
            came_from, known = self._desk.b, self._at == self._desk.b
            self._at = queue.after(order, self._at if known else None)
            rest = order.index(self._at) + 1 if self._at is not None else 0
            self.ordered.emit((*order[rest:], *order[:rest]))
            self._go(self._at, "There is no B-scan to approve that an engine segmented.")
            if self._at is not None:
                self._desk.say(_reason(found, self._at, here=came_from == self._at))

        annotation, quality = session.annotation, session.scan.quality
        self._background.run(lambda: worked_out(annotation, quality), go)

    def _go(self, b: int | None, if_none: str) -> None:
        if b is None:
            self._desk.say(Message(if_none, topic=_TOPIC))
        else:
            self._desk.hush(_TOPIC)
            self._desk.show_b_scan(b)


def _reason(found: Queue, b: int, *, here: bool) -> Message:
    """Say why B-scan `b` is the next, and what to do where one is `here` already."""
    name, why = short_list((b,)), found.why[b]
    hint = f"{why[:1].upper()}{why[1:]}."
    if not here:
        return Message(f"Next: {name}.", hint, topic=_TOPIC)
    following = queue.after(found.order, b)
    if following is None or following == b:
        return Message(f"You are on {name}, the only one left to look at.", hint, topic=_TOPIC)
    on = f"Q again goes on to {short_list((following,))}."
    return Message(f"You are on {name}, the next to look at.", f"{hint} {on}", topic=_TOPIC)
