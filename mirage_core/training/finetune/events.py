"""What a run tells as it goes: plain events, and the file they go to, one JSON object a line.

Imports no torch, so that a window can read them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from mirage_core.io.atomic import atomic_file, explain_os_error

METRICS = "metrics.jsonl"

Event = dict[str, Any]
"""``kind`` and what belongs to it; see :mod:`docs/teaching.md`."""


class Wish(StrEnum):
    """What whoever watches a run wants of it."""

    GO = "go"
    PAUSE = "pause"
    STOP = "stop"


@dataclass(frozen=True)
class Listeners:
    """Who is told about a run, and who steers it.

    Attributes
    ----------
    on_event : callable
        Given every event.
    report : callable
        Share of the run that is done, 0..1.
    wish : callable
        Asked between steps; ``STOP`` ends the training at hand early and keeps the best.
    cancelled : callable
        Asked between steps; True leaves a checkpoint and ends the run.
    memory_bytes : callable
        How much memory the process holds; None where nothing tells.
    """

    on_event: Callable[[Event], None] = lambda _event: None
    report: Callable[[float], None] = lambda _fraction: None
    wish: Callable[[], Wish] = lambda: Wish.GO
    cancelled: Callable[[], bool] = lambda: False
    memory_bytes: Callable[[], int | None] = lambda: None


class EventLog:
    """The file ``metrics.jsonl`` of a run."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / METRICS

    def append(self, event: Event) -> None:
        """Write one more line.

        Raises
        ------
        ExportError
            If the disk refuses.
        """
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(as_line(event) + "\n")
        except OSError as error:
            raise explain_os_error(error, self.path) from error

    def forget(self, lesson: str, step: int) -> None:
        """Drop the steps and checks of a lesson after `step`, and a line that was cut short."""
        kept = [
            event
            for event in self.events()
            if event.get("lesson") != lesson or event.get("step", 0) <= step
        ]
        with atomic_file(self.path, overwrite=True) as fresh:
            fresh.write_text("".join(as_line(e) + "\n" for e in kept), encoding="utf-8")

    def events(self) -> Iterator[Event]:
        """Give what was written and is whole."""
        if not self.path.exists():
            return
        for text in self.path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                yield json.loads(text)
            except ValueError:
                return


def as_line(event: Event) -> str:
    """Return an event as a line of JSON."""
    return json.dumps(event, allow_nan=False)


@dataclass
class _Work:
    """One kind of work: how much there is, how much was done here and before, and how long it took.

    Attributes
    ----------
    n, done, before : int
    seconds : float
        That what was done here took.
    """

    n: int = 0
    done: int = 0
    before: int = 0
    seconds: float = 0.0

    @property
    def each_s(self) -> float | None:
        """Seconds of one piece; None before the first."""
        return self.seconds / self.done if self.done else None

    @property
    def left(self) -> int:
        """Pieces still to do."""
        return max(self.n - self.done - self.before, 0)


class Teller:
    """Tells events to listeners and the log, with how much is done and the time left.

    Parameters
    ----------
    listeners : Listeners
    log : EventLog
    n_steps : int
        Optimiser steps of the whole run.
    n_looks : int
        B-scans that a model is asked about.
    """

    def __init__(self, listeners: Listeners, log: EventLog, n_steps: int, n_looks: int) -> None:
        self.listeners, self.log = listeners, log
        self.steps, self.looks = _Work(n_steps), _Work(n_looks)
        self._began = self._last = time.monotonic()
        self._fraction = 0.0

    def tell(self, kind: str, **fields: Any) -> None:
        """Tell an event.

        Raises
        ------
        ExportError
            If the disk refuses.
        """
        event = {"kind": kind, **fields}
        self.log.append(event)
        self.listeners.on_event(event)

    def note(self, text: str) -> None:
        """Tell a sentence that is worth knowing."""
        self.tell("note", text=text)

    def begin(self) -> None:
        """Begin to time a piece of work."""
        self._last = time.monotonic()

    def stepped(self) -> None:
        """Count an optimiser step that took since :meth:`begin`, or the last piece."""
        self._count(self.steps)

    def looked(self) -> None:
        """Count a B-scan that a model was asked about, likewise."""
        self._count(self.looks)

    def _count(self, work: _Work) -> None:
        now = time.monotonic()
        work.done += 1
        work.seconds += now - self._last
        self._last = now
        self.listeners.report(self.fraction)

    @property
    def fraction(self) -> float:
        """How much of the run is done, 0..1."""
        times = [w.each_s for w in (self.steps, self.looks) if w.each_s is not None]
        guess = times[0] if times else 1.0
        whole = sum(w.n * (w.each_s or guess) for w in (self.steps, self.looks))
        left = sum(w.left * (w.each_s or guess) for w in (self.steps, self.looks))
        # What was taken for slow and is not must not let a bar go back.
        self._fraction = max(self._fraction, 1 - left / whole if whole else 0.0)
        return self._fraction

    @property
    def seconds(self) -> float:
        """How long this process has been at it."""
        return time.monotonic() - self._began

    @property
    def left_s(self) -> float | None:
        """How long the rest will take; None: too early to tell."""
        if self.steps.each_s is None:
            return None
        each = self.looks.each_s or self.steps.each_s
        return self.steps.left * self.steps.each_s + self.looks.left * each
