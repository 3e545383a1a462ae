"""The background of the window: a pool of threads, results by queued signal."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from qtpy.QtCore import QObject, Qt, QTimer, Signal

_THREADS = 4


class QtBackground(QObject):
    """Runs work in threads; ``done`` and ``failed`` are called in this object's thread."""

    _posted = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="mirage")
        self._lock = threading.Lock()
        self._open = True
        self._posted.connect(self._call, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], object] = lambda _result: None,
        failed: Callable[[Exception], object] | None = None,
    ) -> None:
        """See :class:`mirage_viewer.background.Background`."""

        def body() -> None:
            try:
                result = work()
            except Exception as error:
                caught = error
                self.post(lambda: _raise(caught) if failed is None else failed(caught))
            else:
                self.post(lambda: done(result))

        self._pool.submit(body)

    def post(self, call: Callable[[], object]) -> None:
        """Call `call` in this object's thread, soon."""
        with self._lock:
            if self._open:
                self._posted.emit(call)

    def later(self, seconds: float, call: Callable[[], object]) -> None:
        """Call `call` in this object's thread after `seconds`."""
        QTimer.singleShot(round(seconds * 1000), self, lambda: self._call(call))

    def close(self) -> None:
        """Take no more work and deliver nothing more; what runs may end by itself."""
        with self._lock:
            self._open = False
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _call(self, call: Callable[[], object]) -> None:
        if self._open:
            call()


def _raise(error: Exception) -> None:
    raise error
