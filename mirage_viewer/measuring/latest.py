"""Latest: work that is overtaken by the next wish is not waited for. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mirage_viewer.background import Background


class Latest:
    """One piece of work at a time; of those wished for meanwhile only the last is done.

    Parameters
    ----------
    background : Background
    failed : callable
        Told of errors.
    """

    def __init__(self, background: Background, failed: Callable[[Exception], object]) -> None:
        self._background = background
        self._tell = failed
        self._running: object | None = None
        self._next: tuple[Callable[[], Any], Callable[[Any], object]] | None = None

    @property
    def busy(self) -> bool:
        """True while something is worked on."""
        return self._running is not None

    def ask(self, work: Callable[[], Any], done: Callable[[Any], object]) -> None:
        """Do `work` in the background, now or after what runs, and hand its result to `done`."""
        if self.busy:
            self._next = work, done
            return
        running = self._running = object()

        def ended(result: Any) -> None:
            if running is self._running:
                self._go_on()
                done(result)

        def failed(error: Exception) -> None:
            if running is self._running:
                self._go_on()
                self._tell(error)

        self._background.run(work, ended, failed)

    def forget(self) -> None:
        """Drop what waits, and the result of what runs."""
        self._running = self._next = None

    def _go_on(self) -> None:
        waiting, self._next, self._running = self._next, None, None
        if waiting is not None:
            self.ask(*waiting)
