"""How much of the computer's memory this process holds."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path


def resident_bytes() -> int | None:
    """Return the resident set of this process in bytes, None where nothing tells it.

    Without Linux's ``/proc``, without psutil and outside Windows it is the highest it has
    ever been.
    """
    return _from_proc() or _from_psutil() or _from_system()


def _from_proc() -> int | None:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return None
    return pages * int(os.sysconf("SC_PAGE_SIZE"))


def _from_psutil() -> int | None:
    try:
        psutil = importlib.import_module("psutil")
    except ImportError:
        return None
    return int(psutil.Process().memory_info().rss)


if sys.platform == "win32":

    def _from_system() -> int | None:
        import ctypes
        from ctypes import wintypes

        class Counters(ctypes.Structure):
            """PROCESS_MEMORY_COUNTERS."""

            _fields_ = (
                ("cb", wintypes.DWORD),
                ("page_faults", wintypes.DWORD),
                ("peak_working_set", ctypes.c_size_t),
                ("working_set", ctypes.c_size_t),
                ("rest", ctypes.c_size_t * 6),
            )

        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.GetCurrentProcess.restype = wintypes.HANDLE
        counters = Counters()
        counters.cb = ctypes.sizeof(counters)
        told = kernel.K32GetProcessMemoryInfo(
            wintypes.HANDLE(kernel.GetCurrentProcess()), ctypes.byref(counters), counters.cb
        )
        return int(counters.working_set) if told else None

else:

    def _from_system() -> int | None:
        resource = importlib.import_module("resource")
        highest = int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        return highest if sys.platform == "darwin" else highest * 1024
