"""The worker process: reads a task from its parent, runs it, answers, waits for another or ends.

Started by :class:`~mirage_core.jobs.local.LocalExecutor` as ``python -m
mirage_core.jobs.worker KEEP_S KEEP_BYTES``. The pickles it reads come from the parent process
only. For each task it says three things: an empty message when it has the whole task, the
answer, and another empty message if it waits for the next; else it ends.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import queue
import sys
import threading
from io import FileIO
from typing import Any

from mirage_core.jobs.frames import receive, send
from mirage_core.jobs.local import TaskFailedError
from mirage_core.jobs.memory import resident_bytes
from mirage_core.model.freed_memory import give_back_freed
from mirage_core.model.out_of_memory import is_out_of_memory

_DEVICE_SIGNS = ("cuda", "cudnn", "cublas", "mps ")
"""In a RuntimeError's text they tell of a device that may be of no more use to this process."""


def main() -> None:
    """Run tasks until none came for a while, or this process had better end."""
    keep_s, keep_bytes = float(sys.argv[1]), int(sys.argv[2])
    tasks, answers = _take_pipes()
    if hasattr(os, "nice"):
        os.nice(5)  # the window stays ahead of the work
    arrived: queue.SimpleQueue[bytearray] = queue.SimpleQueue()
    threading.Thread(target=_take_tasks, args=(tasks, arrived), daemon=True).start()
    wait_s = None
    with contextlib.suppress(queue.Empty, OSError, KeyboardInterrupt):
        while _serve([arrived.get(timeout=wait_s)], answers) and _may_stay(keep_s, keep_bytes):
            send(answers, b"")
            gc.collect()
            wait_s = keep_s
    # Skips the interpreter's end, where the reading thread would still hold the pipe.
    os._exit(0)


def _take_pipes() -> tuple[FileIO, FileIO]:
    """Return the pipes from and to the parent, out of reach of what tasks read and print."""
    tasks, answers = FileIO(os.dup(0), "r"), FileIO(os.dup(1), "w")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return tasks, answers


def _take_tasks(pipe: FileIO, arrived: queue.SimpleQueue[bytearray]) -> None:
    """Pass tasks on; end this process when the parent's end of the pipe closes, however it died."""
    while (task := receive(pipe)) is not None:
        arrived.put(task)
        del task
    os._exit(1)


def _serve(tasks: list[bytearray], answers: FileIO) -> bool:
    """Run the only one of `tasks`; return whether this process is as good as before."""
    send(answers, b"")
    answer, sane = _answer(tasks)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    send(answers, answer)
    return sane


def _answer(tasks: list[bytearray]) -> tuple[bytes, bool]:
    try:
        function, args, kwargs = pickle.loads(tasks.pop())
        return _pickled(True, function(*args, **kwargs)), True
    except BaseException as error:
        sane = _is_harmless(error)
        failure = _pickled(False, TaskFailedError(f"{type(error).__name__}: {error}"))
        try:
            faithful = _pickled(False, error)
            pickle.loads(faithful)
        except Exception:
            return failure, sane
        return faithful, sane


def _pickled(succeeded: bool, value: Any) -> bytes:
    return pickle.dumps((succeeded, value), protocol=pickle.HIGHEST_PROTOCOL)


def _is_harmless(error: BaseException | None, seen: frozenset[int] = frozenset()) -> bool:
    """Return whether a process may go on after `error` and what led to it.

    Not after memory ran out, a device failed, or something asked the process itself to end.
    """
    if error is None or id(error) in seen:
        return True
    if not isinstance(error, Exception) or is_out_of_memory(error):
        return False
    if isinstance(error, RuntimeError) and any(s in str(error).lower() for s in _DEVICE_SIGNS):
        return False
    inner = error.exceptions if isinstance(error, ExceptionGroup) else ()
    seen |= {id(error)}
    return all(_is_harmless(e, seen) for e in (error.__cause__, error.__context__, *inner))


def _may_stay(keep_s: float, keep_bytes: int) -> bool:
    if keep_s <= 0:
        return False
    held = resident_bytes()
    if held is not None and held > keep_bytes:
        gc.collect()
        give_back_freed()
        held = resident_bytes()
    return held is not None and held <= keep_bytes


if __name__ == "__main__":
    main()
