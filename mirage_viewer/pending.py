"""What waits to be written into projects: of each thing the latest, one at a time. No Qt."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from mirage_viewer.messages import Level, Message, from_error

if TYPE_CHECKING:
    from mirage_core.project import Project


class Change(Protocol):
    """Something for a project to keep."""

    @property
    def project(self) -> Project:
        """Where it belongs."""
        ...

    def write(self) -> None:
        """Write it."""
        ...


C = TypeVar("C", bound=Change)


@dataclass(slots=True)
class Outcome(Generic[C]):
    """What came of writing.

    Attributes
    ----------
    written : list
        Changes that are done with, those that were refused for good among them.
    refused : Exception or None
        Why the last of these was.
    error : Exception or None
        What went wrong first; what it concerns goes on waiting.
    """

    written: list[C] = field(default_factory=list)
    refused: Exception | None = None
    error: Exception | None = None


class PendingWrites(Generic[C]):
    """Changes that wait; of several to one thing only the latest is written.

    Parameters
    ----------
    refusals : tuple of exception types
        What a project refuses for good: such a change waits no longer.

    Attributes
    ----------
    pen : lock
        Held while something is written; whoever holds it reads what was written last.
    """

    def __init__(self, refusals: tuple[type[Exception], ...] = ()) -> None:
        self._refusals = refusals
        self._waiting: dict[Hashable, C] = {}
        self._list = threading.Lock()
        self.pen = threading.RLock()

    def __bool__(self) -> bool:
        """Return whether something is not in its project yet."""
        return bool(self._waiting)

    def put(self, key: Hashable, change: C) -> None:
        """Have `change` wait, in place of an earlier one of the same `key`."""
        with self._list:
            self._waiting[key] = change

    def get(self, key: Hashable) -> C | None:
        """Return what waits under `key`."""
        with self._list:
            return self._waiting.get(key)

    def write(self) -> Outcome[C]:
        """Write what waits, in any thread.

        What cannot be written goes on waiting, and with it the rest of its project alone: another
        project may well be there.
        """
        outcome: Outcome[C] = Outcome()
        stuck: set[Project] = set()
        with self.pen:
            while (found := self._next(stuck)) is not None:
                key, change = found
                try:
                    change.write()
                except self._refusals as error:
                    outcome.refused = error
                except Exception as error:
                    stuck.add(change.project)
                    outcome.error = outcome.error or error
                    continue
                outcome.written.append(change)
                with self._list:
                    if self._waiting[key] is change:  # nothing newer came meanwhile
                        del self._waiting[key]
        return outcome

    def write_or_raise(self) -> None:
        """Write what waits; raise what went wrong first."""
        error = self.write().error
        if error is not None:
            raise error

    def finish(self) -> tuple[str, Exception | None]:
        """Write what waits here and now, for the end of the program.

        Returns
        -------
        str
            Why it cannot be, in a sentence; empty if it is.
        Exception or None
            Why a change was refused for good.
        """
        outcome = self.write()
        if outcome.error is None:
            return "", outcome.refused
        message = from_error(outcome.error)
        if message is None:
            raise outcome.error
        return message.text, outcome.refused

    def _next(self, stuck: set[Project]) -> tuple[Hashable, C] | None:
        with self._list:
            waiting = ((k, c) for k, c in self._waiting.items() if c.project not in stuck)
            return next(waiting, None)


def not_saved(
    error: Exception,
    topic: str,
    what: str,
    retry: Callable[[], object],
    *,
    kept: str = "It is kept",
    more: str = "",
) -> Message:
    """Return what is said where `what` could not be written yet; an unknown error is raised.

    Parameters
    ----------
    error, topic
    what : str
        "The label was".
    retry : callable
        Writes what waits.
    kept, more : str
        How the sentence on what becomes of it begins, and what else there is to say.
    """
    message = from_error(error, topic)
    if message is None:
        raise error
    return Message(
        f"{what} not saved: {message.text}",
        f"{message.hint} {kept} while the window is open. {more}".strip(),
        Level.ERROR,
        topic,
        "Retry",
        retry,
    )
