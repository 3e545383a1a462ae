"""InterruptedRuns: runs that a crash or a cancel left are offered, one at a time. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from mirage_viewer.background import Background
from mirage_viewer.messages import Message
from mirage_viewer.teaching import runs
from mirage_viewer.teaching.runs import RunRequest


class Signals(Protocol):
    """Something that can be told."""

    def emit(self, *args: object) -> object:
        """Tell it."""
        ...


class Owner(Protocol):
    """Who goes on with a run: the teaching of layers and lesions, or of classes."""

    window_wanted: Signals

    @property
    def at_work(self) -> bool:
        """True while a run is begun or goes on."""
        ...

    @property
    def why_not(self) -> str:
        """Why none can be gone on with now; empty if it can."""
        ...

    def resume(self, request: RunRequest) -> None:
        """Go on with a run."""
        ...


class InterruptedRuns:
    """Offers to go on with the latest run, or, once that was discarded, with the one before it.

    Parameters
    ----------
    owner : Owner
    background : Background
    say : callable
        Shows a message.
    topic : str
        Of the message.
    in_words : callable
        Returns which run it is.
    within : callable
        Returns the folder that the folders of runs are in.
    """

    def __init__(
        self,
        owner: Owner,
        background: Background,
        say: Callable[[Message], object],
        topic: str,
        in_words: Callable[[RunRequest], str],
        within: Callable[[], Path],
    ) -> None:
        self._owner, self._background, self._say = owner, background, say
        self._topic, self._in_words, self._within = topic, in_words, within

    def look(self) -> None:
        """Offer the latest, unless a run goes on."""

        def found(left: tuple[RunRequest, ...]) -> None:
            if left and not self._owner.at_work:
                self._offer(left[0])

        self._background.run(lambda: runs.unfinished_runs(self._within()), found)

    def _offer(self, request: RunRequest, hint: str = "") -> None:
        self._say(
            Message(
                "Teaching was interrupted. Go on?",
                hint or self._in_words(request),
                topic=self._topic,
                action="Go on",
                do=lambda: self._go_on(request),
                other="Discard it",
                do_other=lambda: self._discard(request),
            )
        )

    def _discard(self, request: RunRequest) -> None:
        self._background.run(lambda: runs.discard(request.folder), lambda _: self.look())

    def _go_on(self, request: RunRequest) -> None:
        if self._owner.why_not:
            self._offer(request, self._owner.why_not)
            return
        self._owner.resume(request)
        self._owner.window_wanted.emit()
