"""The worker process: reads one task from its parent, runs it, answers, ends.

Started by :class:`~mirage_core.jobs.local.LocalExecutor` as ``python -m
mirage_core.jobs.worker``. The pickles it reads come from the parent process only.
"""

from __future__ import annotations

import os
import pickle
import sys
import threading
from typing import IO, Any

from mirage_core.jobs.local import SIZE_BYTES, TaskFailedError, send


def _leave_with_parent(pipe: IO[bytes]) -> None:
    """End this process when the parent's end of the pipe closes, however it died."""
    pipe.read()
    os._exit(1)


def _pickled(succeeded: bool, value: Any) -> bytes:
    return pickle.dumps((succeeded, value), protocol=pickle.HIGHEST_PROTOCOL)


def _answer(task: bytes) -> bytes:
    try:
        function, args, kwargs = pickle.loads(task)
        return _pickled(True, function(*args, **kwargs))
    except BaseException as error:
        failure = _pickled(False, TaskFailedError(f"{type(error).__name__}: {error}"))
        try:
            faithful = _pickled(False, error)
            pickle.loads(faithful)
        except Exception:
            return failure
        return faithful


def main() -> None:
    """Run one task."""
    # What the task prints goes to stderr; the pipe to the parent carries only the answer.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    if hasattr(os, "nice"):
        os.nice(5)  # the window stays ahead of the work
    source = sys.stdin.buffer
    size = int.from_bytes(source.read(SIZE_BYTES), "little")
    task = source.read(size)
    threading.Thread(target=_leave_with_parent, args=(source,), daemon=True).start()
    send(answers, _answer(task))
    answers.close()
    # Skips the interpreter's end, where the watching thread would still hold stdin.
    os._exit(0)


if __name__ == "__main__":
    main()
