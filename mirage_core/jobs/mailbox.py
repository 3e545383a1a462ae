"""Mailbox: how a job and its worker speak while the work goes on.

A folder that both can see: the worker writes the fraction done, the job drops a note that asks
it to stop. It works with every executor whose workers share a file system with the program,
whether threads, processes or a cluster.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

_REPORT_EVERY_S = 0.05
_ASK_EVERY_S = 0.02


class Mailbox:
    """Progress one way, a request to stop the other. Picklable.

    Parameters
    ----------
    within : Path, optional
        Folder that both can see; by default that of temporary files.
    """

    def __init__(self, within: Path | None = None) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="mirage-job-", dir=within))
        self._reported_at = 0.0
        self._asked_at = 0.0
        self._stop = False

    def report(self, fraction: float) -> None:
        """Worker: say what fraction, 0..1, is done; cheap enough for inner loops."""
        now = time.monotonic()
        if now - self._reported_at < _REPORT_EVERY_S and fraction < 1.0:
            return
        self._reported_at = now
        fresh = self._folder / f"progress.{os.getpid()}"
        # A vanished folder means that nobody listens any more; the request to stop follows.
        with contextlib.suppress(OSError):
            fresh.write_text(f"{fraction:.6f}")
            fresh.replace(self._folder / "progress")

    def fraction(self) -> float:
        """Job: the last fraction the worker reported, 0 before the first."""
        try:
            return float((self._folder / "progress").read_text())
        except (OSError, ValueError):
            return 0.0

    def ask_to_stop(self) -> None:
        """Job: ask the worker to stop."""
        with contextlib.suppress(OSError):
            (self._folder / "stop").touch()

    def asked_to_stop(self) -> bool:
        """Worker: True once the job asked to stop, or is gone with its folder."""
        now = time.monotonic()
        if not self._stop and now - self._asked_at >= _ASK_EVERY_S:
            self._asked_at = now
            self._stop = (self._folder / "stop").exists() or not self._folder.exists()
        return self._stop

    def close(self) -> None:
        """Job: remove the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)
