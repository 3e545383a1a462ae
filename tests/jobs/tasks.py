"""Task functions that workers of the tests import by name."""

from __future__ import annotations

import os
import pickle
import sys
import time
from collections.abc import Callable

Report = Callable[[float], None]
Cancelled = Callable[[], bool]


class StoppedError(Exception):
    pass


def add(a: int, b: int, report: Report, cancelled: Cancelled) -> int:
    report(1.0)
    print("a task may print without spoiling its answer")  # noqa: T201
    return a + b


def count_to(n: int, pause_s: float, report: Report, cancelled: Cancelled) -> int:
    for i in range(n):
        if cancelled():
            raise StoppedError
        time.sleep(pause_s)
        report((i + 1) / n)
    return n


def ignore_cancel(seconds: float, report: Report, cancelled: Cancelled) -> str:
    time.sleep(seconds)
    return "should never be seen"


def fail(report: Report, cancelled: Cancelled) -> None:
    raise ValueError("the reason")


def fail_unpicklably(report: Report, cancelled: Cancelled) -> None:
    class LocalError(Exception):
        pass

    raise LocalError("cannot travel")


def die(report: Report, cancelled: Cancelled) -> None:
    os._exit(7)


def process_id(report: Report, cancelled: Cancelled) -> int:
    return os.getpid()


def id_after(seconds: float) -> int:
    """Return the process id; a plain function for `LocalExecutor.submit`."""
    time.sleep(seconds)
    return os.getpid()


def write_id_and_sleep(path: str, report: Report, cancelled: Cancelled) -> None:
    with open(path, "w") as file:
        file.write(str(os.getpid()))
    time.sleep(60)


def die_while_answering(report: Report, cancelled: Cancelled) -> None:
    frame = sys._getframe()
    while "answers" not in frame.f_locals:
        assert frame.f_back is not None
        frame = frame.f_back
    pipe = frame.f_locals["answers"]
    answer = pickle.dumps((True, bytes(1000)))
    pipe.write(len(answer).to_bytes(8, "little") + answer[:500])
    pipe.flush()
    os._exit(9)


_calls = 0


def call_number(report: Report, cancelled: Cancelled) -> tuple[int, int]:
    """Return this process's id and how often it ran this, which a fresh one did once."""
    global _calls
    _calls += 1
    return os.getpid(), _calls


_held: list[bytearray] = []


def hold(n_bytes: int, report: Report, cancelled: Cancelled) -> int:
    _held.append(bytearray(os.urandom(1024)) * (n_bytes // 1024))
    return os.getpid()


def write_id_and_fail(path: str, kind: str, report: Report, cancelled: Cancelled) -> None:
    with open(path, "w") as file:
        file.write(str(os.getpid()))
    try:
        if kind == "OutOfMemoryError":
            raise OutOfMemoryError("the card is full")
        if kind == "exit":
            raise SystemExit(0)
        if kind == "device":
            raise RuntimeError("CUDA error: an illegal memory access was encountered")
        if kind == "group":
            raise ExceptionGroup("several", [ValueError(), MemoryError()])
        raise {"MemoryError": MemoryError, "ValueError": ValueError}[kind]
    except MemoryError as error:
        raise ValueError("what came of it") from error


class OutOfMemoryError(RuntimeError):
    """Named as that of torch, which the worker does not import for a name."""


def read_stdin(report: Report, cancelled: Cancelled) -> str:
    return sys.stdin.read()


def double(content: bytes, report: Report, cancelled: Cancelled) -> bytes:
    return content + content


_loads: list[str] = []


def loads_so_far(budget_bytes: int, report: Report, cancelled: Cancelled) -> int:
    """Ask for a model of 400 bytes and return how often this process loaded it."""
    from torch import nn

    from mirage_core.model.resident import resident

    def load() -> nn.Module:
        _loads.append("weights")
        return nn.Linear(10, 10, bias=False)

    resident("model", load, 0, budget_bytes)
    resident("model", load, 0, budget_bytes)
    return len(_loads)


def variable(name: str, report: Report, cancelled: Cancelled) -> str | None:
    """Return what the environment of the worker says."""
    return os.environ.get(name)
