"""What the tests ask about processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def soon(condition: Callable[[], bool], within_s: float = 20.0) -> bool:
    """Return whether `condition` comes true in time."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def alive(pid: int) -> bool:
    """Return whether `pid` runs; a zombie does not."""
    return state(pid) not in ("Z", "")


def state(pid: int) -> str:
    """Return the letter proc(5) gives the state of `pid`; empty when nothing is left of it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return ""
