"""Memory that was freed goes back to the system."""

from __future__ import annotations

import ctypes
import functools
import sys
from collections.abc import Callable


def give_back_freed() -> None:
    """Have the C library hand back what it keeps of freed memory; does nothing but on glibc.

    A B-scan's arrays of some MB each come and go with small ones that stay. What lies free
    between those glibc keeps, and over a volume that grew to twice what is in use.
    """
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@functools.cache
def _malloc_trim() -> Callable[[int], int] | None:
    if not sys.platform.startswith("linux"):
        return None
    found: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return found
