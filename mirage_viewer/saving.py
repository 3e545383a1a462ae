"""Saving: what waits to be written, of every open scan. It is tried again by itself. No Qt."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import ClassVar

from psygnal import Signal

from mirage_core.annotate import Session
from mirage_viewer import opening
from mirage_viewer.background import Background, Inline
from mirage_viewer.messages import Level, Message, from_error
from mirage_viewer.opening import OpenScan

_TOPIC = "saving"
_SOON_S = 0.5
"""After so long what another thread wrote in passing is over, and nobody need hear of it."""
_AGAIN_S = 2.0
_SHARE = 20
"""A drive that answers late is asked less often: of so much time it takes one part."""


class Saving:
    """Tells that edits wait, writes them as soon as that is possible, or elsewhere.

    Every stroke is written when it is made; this is about those that could not be.

    Parameters
    ----------
    background : Background
    open_scans : callable
        Returns the scan shown and those held open.

    Signals
    -------
    said(Message), hushed(str)
    changed()
        More waits, or less.
    settled()
        Nothing waits any more.
    """

    said: ClassVar[Signal] = Signal(Message)
    hushed: ClassVar[Signal] = Signal(str)
    changed: ClassVar[Signal] = Signal()
    settled: ClassVar[Signal] = Signal()

    def __init__(
        self, background: Background, open_scans: Callable[[], Iterable[OpenScan]]
    ) -> None:
        self._background = background
        self._open_scans = open_scans
        self._unsettled = False
        self._due = False
        self._told = ""
        self._took_s = 0.0

    @property
    def problem(self) -> str:
        """Why edits wait to be written, ``""`` when none do."""
        problems = (opened.session.save_problem for opened in self._open_scans())
        return next((problem for problem in problems if problem), "")

    @property
    def waiting(self) -> int:
        """How many edits of all open scans wait to be written."""
        return sum(len(opened.session.unsaved) for opened in self._open_scans())

    def follow(self, session: Session) -> None:
        """Listen to `session`."""
        session.save_problem_changed.connect(self._problem_changed)
        self.check()

    def leave(self, session: Session) -> None:
        """Listen to `session` no more; what waits in it is tried all the same."""
        session.save_problem_changed.disconnect(self._problem_changed)

    def check(self) -> None:
        """Take notice of what waits in a session that nobody listens to."""
        if self.problem:
            self._problem_changed(self.problem)

    def retry(self) -> None:
        """Try to write what waits because the grader asks for it."""
        self._told = ""
        if not self._write():
            self._tell()
        self.changed.emit()

    def copy(self, opened: OpenScan, folder: Path, author: str, *, wait: bool = False) -> bool:
        """Write a scan's work into a project in `folder`, in the background unless `wait`.

        Returns False if it is known to have failed.
        """
        opened.runner.finish()
        edits = tuple(opened.session.history.done)
        failures: list[Exception] = []

        def done(n: int) -> None:
            changes = f"{n} change{'s' if n != 1 else ''}"
            self.said.emit(Message(f"Saved a copy with {changes} to {folder}"))

        def failed(error: Exception) -> None:
            failures.append(error)
            message = from_error(error, type(error).__name__)
            if message is None:
                raise error
            self.said.emit(message)

        background = Inline() if wait else self._background
        background.run(lambda: opening.copy_work(opened, edits, folder, author), done, failed)
        return not failures

    def _problem_changed(self, problem: str) -> None:
        self.changed.emit()
        if problem:
            if self._told:
                self._tell()
            self._again_later(_SOON_S)
        elif not self.waiting:
            self._settle()

    def _again_later(self, seconds: float) -> None:
        self._unsettled = True
        if not self._due:
            self._due = True
            self._background.later(seconds, self._again)

    def _again(self) -> None:
        self._due = False
        if self.waiting and not self._write():
            self._tell()
            self._again_later(max(_AGAIN_S, _SHARE * self._took_s))

    def _write(self) -> bool:
        """Try to write everything that waits; return whether nothing does any more."""
        began = time.monotonic()
        written = [opened.session.retry_saving() for opened in self._open_scans()]
        self._took_s = time.monotonic() - began
        if all(written):
            self._settle()
        return all(written)

    def _settle(self) -> None:
        if not self._unsettled:
            return
        self._unsettled, self._told = False, ""
        self.hushed.emit(_TOPIC)
        self.changed.emit()
        self.settled.emit()

    def _tell(self) -> None:
        if self.problem == self._told:
            return
        self._told = self.problem
        self.said.emit(
            Message(
                f"Not saved: {self._told}",
                "Nothing is lost while this window is open.",
                Level.ERROR,
                _TOPIC,
                "Retry",
                self.retry,
            )
        )
