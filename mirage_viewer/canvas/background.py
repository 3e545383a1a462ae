"""Background: small pieces of work off the GUI thread, results back on it."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from qtpy.QtCore import QCoreApplication, QObject, Signal


class Background(QObject):
    """One worker thread whose results arrive as a signal on the owner's thread.

    Signals
    -------
    done(object, object)
        Key and result of a finished piece of work. Work that fails reports nothing: what it
        was for stays empty, and whoever reads the same data for real shows the error.
    """

    done = Signal(object, object)
    _finished = Signal(int, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._round = 0
        self._pool: ThreadPoolExecutor | None = None
        self._finalizer: weakref.finalize | None = None
        self._finished.connect(self._deliver)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.clear)

    def submit(self, key: object, work: Callable[[], object]) -> None:
        """Run `work` after what was submitted before; its result comes with `key`."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="canvas")
            self._finalizer = weakref.finalize(
                self, self._pool.shutdown, wait=False, cancel_futures=True
            )
        self._pool.submit(_run, weakref.ref(self), self._round, key, work)

    def clear(self) -> None:
        """Drop what has not begun, and ignore what is still running."""
        self._round += 1
        if self._finalizer is not None:
            self._finalizer()
        self._pool = self._finalizer = None

    def _deliver(self, work_round: int, key: object, result: object) -> None:
        if work_round == self._round:
            self.done.emit(key, result)


def _run(
    owner: weakref.ref[Background], work_round: int, key: object, work: Callable[[], object]
) -> None:
    result = work()
    background = owner()
    # RuntimeError: Qt deleted the object while the work ran, so nobody waits for the result.
    if background is not None:
        with contextlib.suppress(RuntimeError):
            background._finished.emit(work_round, key, result)
