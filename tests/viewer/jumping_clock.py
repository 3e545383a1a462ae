"""A clock that can be put forward and back under a running program, for that program alone."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

_SOURCE = """
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long long ahead_s(void) {
    static volatile long long *shared = NULL;
    if (shared == NULL) {
        int file = open(getenv("JUMPING_CLOCK"), O_RDONLY);
        shared = mmap(NULL, sizeof(long long), PROT_READ, MAP_SHARED, file, 0);
        close(file);
    }
    return *shared;
}

int clock_gettime(clockid_t which, struct timespec *now) {
    int failed = syscall(SYS_clock_gettime, which, now);
    if (!failed && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE))
        now->tv_sec += ahead_s();
    return failed;
}

int gettimeofday(struct timeval *now, void *zone) {
    struct timespec precise;
    int failed = clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return failed;
}

time_t time(time_t *now) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (now != NULL)
        *now = precise.tv_sec;
    return precise.tv_sec;
}
"""


class JumpingClock:
    """The clock of the programs that are started with its `environment`.

    The test is skipped where there is no compiler, or programs cannot be given another clock.
    """

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc")
        if sys.platform != "linux" or compiler is None:
            pytest.skip("needs Linux and a C compiler")
        source, library = folder / "clock.c", folder / "clock.so"
        source.write_text(_SOURCE)
        subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
        self._shared = folder / "ahead"
        self.environment = {"LD_PRELOAD": str(library), "JUMPING_CLOCK": str(self._shared)}
        self.jump(0)

    def jump(self, days: float) -> None:
        """Let the clock be `days` ahead of the true time from now on; behind if negative."""
        # In place: programs that run have the file in their memory.
        with self._shared.open("r+b" if self._shared.exists() else "wb") as file:
            file.write(struct.pack("q", round(days * 86_400)))
