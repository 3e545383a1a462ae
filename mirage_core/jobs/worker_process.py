"""WorkerProcess: the program's side of one worker, from its start to its end.

What the worker says arrives in a thread of its own, which also notices its end, whenever that
comes: no ended worker stays behind as a zombie or with its pipes open.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from io import FileIO
from queue import SimpleQueue

from mirage_core.jobs.frames import receive, send

_END_WITHIN_S = 5.0


class WorkerProcess:
    """One worker process.

    Parameters
    ----------
    keep_s, keep_bytes
        See :class:`~mirage_core.jobs.local.LocalExecutor`.
    on_end : callable
        Called from the worker's thread once its process has ended and its pipes are closed.
    """

    def __init__(
        self, keep_s: float, keep_bytes: int, on_end: Callable[[WorkerProcess], None]
    ) -> None:
        self._on_end = on_end
        self._said: SimpleQueue[bytearray | None] = SimpleQueue()
        self._sending = threading.Lock()
        command = [sys.executable, "-m", "mirage_core.jobs.worker", str(keep_s), str(keep_bytes)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, env=_environment()
        )
        assert isinstance(self._process.stdin, FileIO)
        assert isinstance(self._process.stdout, FileIO)
        self._to, self._from = self._process.stdin, self._process.stdout
        self._listener = threading.Thread(target=self._listen, daemon=True)
        try:
            self._listener.start()
        except BaseException:
            self._process.kill()
            self._end()
            raise

    @property
    def exit_code(self) -> int | None:
        """How the process ended; None while it lives."""
        return self._process.returncode

    def hand_over(self, task: bytes) -> bool:
        """Send a pickled task; return False if the worker was gone before it had all of it."""
        # A worker that died breaks the pipe, or has closed it; its silence tells.
        with self._sending, contextlib.suppress(OSError):
            if not self._to.closed:
                send(self._to, task)
        return self._hear() is not None

    def answer(self) -> tuple[bytearray | None, bool]:
        """Wait for what comes of the task.

        Returns
        -------
        bytearray or None
            The pickled answer; None if the worker ended without a whole one.
        bool
            True if the worker waits for another task; otherwise it has ended.
        """
        content = self._hear()
        return content, content is not None and self._hear() is not None

    def kill(self) -> None:
        """End the process at once; its thread does the rest."""
        self._process.kill()

    def join(self) -> None:
        """Wait until the process has ended and nothing is left of it."""
        self._listener.join()

    def _hear(self) -> bytearray | None:
        """Wait for the next message; None, and always None from then on, after the end."""
        message = self._said.get()
        if message is None:
            self._said.put(None)
        return message

    def _listen(self) -> None:
        try:
            with contextlib.suppress(OSError):
                while (message := receive(self._from)) is not None:
                    self._said.put(message)
                    del message  # an answer is large and belongs to who waits for it
        finally:
            self._end()
            self._on_end(self)
            self._said.put(None)

    def _end(self) -> None:
        try:
            self._process.wait(_END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        with self._sending:
            self._to.close()
        self._from.close()


def _environment() -> dict[str, str]:
    # Threads that wait for each other turn in circles otherwise: where cores are busy with other
    # work, the window's say, that took four times as long and got in the way of the strokes.
    return {"OMP_WAIT_POLICY": "PASSIVE", **os.environ}
