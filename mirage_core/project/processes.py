"""Which process is which, so that what a killed program held is told from what is in use."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path


def host_name() -> str:
    """Return this computer's name."""
    return platform.node().split(".")[0] or "this computer"


def start_of(pid: int) -> str | None:
    """Return a mark of when process `pid` started on this computer, None if it does not run.

    Process ids are given out again; id and start together are one process for good.
    """
    if pid <= 0:
        return None
    if sys.platform == "win32":
        return _start_windows(pid)
    if Path("/proc/self/stat").exists():
        return _start_linux(pid)
    return _start_ps(pid)


def is_running(pid: int, started: str) -> bool:
    """Return whether the process that was `pid` and began at `started` runs still."""
    return start_of(pid) == started


def this_process() -> tuple[str, int, str]:
    """Return host, process id and start of this process."""
    pid = os.getpid()
    return host_name(), pid, start_of(pid) or ""


def _start_linux(pid: int) -> str | None:
    try:
        # The name in parentheses may hold anything; fields are counted from behind it. Field 3
        # is the state, field 22 the start in ticks since boot (proc(5)).
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    if fields[0] in ("Z", "X"):
        return None
    return f"{boot}:{fields[19]}"


def _start_ps(pid: int) -> str | None:
    answer = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() or None


if sys.platform == "win32":

    def _start_windows(pid: int) -> str | None:
        import ctypes
        from ctypes import wintypes

        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.OpenProcess.restype = wintypes.HANDLE
        process = kernel.OpenProcess(0x1000, False, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
        if not process:
            return None
        try:
            code = wintypes.DWORD()
            kernel.GetExitCodeProcess(wintypes.HANDLE(process), ctypes.byref(code))
            times = [wintypes.FILETIME() for _ in range(4)]
            kernel.GetProcessTimes(wintypes.HANDLE(process), *(ctypes.byref(t) for t in times))
        finally:
            kernel.CloseHandle(wintypes.HANDLE(process))
        if code.value != 259:  # STILL_ACTIVE
            return None
        return f"{times[0].dwHighDateTime}:{times[0].dwLowDateTime}"
