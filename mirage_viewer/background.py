"""Work that takes longer than a blink, away from the window's thread. No Qt here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Background(Protocol):
    """Runs functions elsewhere and brings their results to the caller's thread."""

    def run(
        self,
        work: Callable[[], T],
        done: Callable[[T], object] = lambda _result: None,
        failed: Callable[[Exception], object] | None = None,
    ) -> None:
        """Call `work` in another thread, then `done` or `failed` in the window's thread.

        Without `failed`, an exception is raised in the window's thread, where the handler of
        last resort shows it.
        """
        ...

    def post(self, call: Callable[[], object]) -> None:
        """Call `call` in the window's thread, soon; may itself be called from any thread."""
        ...

    def later(self, seconds: float, call: Callable[[], object]) -> None:
        """Call `call` in the window's thread after `seconds`, for which nobody waits."""
        ...


class Inline:
    """A background that does everything at once in the calling thread; for tests and scripts."""

    def run(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], object] = lambda _result: None,
        failed: Callable[[Exception], object] | None = None,
    ) -> None:
        """See :meth:`Background.run`."""
        try:
            result = work()
        except Exception as error:
            if failed is None:
                raise
            failed(error)
        else:
            done(result)

    def post(self, call: Callable[[], object]) -> None:
        """See :meth:`Background.post`."""
        call()

    def later(self, seconds: float, call: Callable[[], object]) -> None:
        """Do nothing: by then the script is over."""
