"""FolderRun: a folder of scans into the project, in a worker process. No Qt."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from psygnal import Signal

from mirage_viewer.background import Background
from mirage_viewer.errand import Errand
from mirage_viewer.messages import Level, Message, from_error
from mirage_viewer.projects import Projects
from mirage_viewer.workers import Workers

if TYPE_CHECKING:
    from mirage_core.jobs import Job
    from mirage_core.project.folder_import import FailedScan, FolderImport, ImportProgress

_TOPIC = "import folder"
_GROWS_EVERY_S = 2.0
_REASONS = 3


class FolderRun:
    """Finds the scans under a folder and imports them, one folder at a time.

    Parameters
    ----------
    background : Background
    workers : Workers
    projects : Projects
    author : callable
        Returns who imports.

    Signals
    -------
    changed()
        It began, got on, was cancelled, or ended.
    grew()
        There are more scans in the project; told every few seconds at most, and at the end.
    said(Message)
    list_wanted(str)
        The user wants to know which files failed: a text that names them.
    """

    changed: ClassVar[Signal] = Signal()
    grew: ClassVar[Signal] = Signal()
    said: ClassVar[Signal] = Signal(Message)
    list_wanted: ClassVar[Signal] = Signal(str)

    def __init__(
        self,
        background: Background,
        workers: Workers,
        projects: Projects,
        author: Callable[[], str],
    ) -> None:
        self._background = background
        self._workers = workers
        self._projects = projects
        self._author = author
        self._errand = Errand(background)
        self._errand.changed.connect(self._got_on)
        self._looking = 0
        self._turn = 0
        self._total = 0
        self._grew_at = 0.0
        self._done_then = 0

    @property
    def running(self) -> bool:
        """True from start to end."""
        return bool(self._looking) or self._errand.running

    @property
    def cancelling(self) -> bool:
        """True while what was cancelled winds down."""
        return self._errand.cancelling and self._errand.running

    @property
    def progress(self) -> ImportProgress | None:
        """How far it is; None while scans are looked for."""
        if not self._errand.running:
            return None
        from mirage_core.project.folder_import import ImportProgress

        told = self._errand.progress
        if told is None:
            return ImportProgress(0, self._total, 0.0)
        return ImportProgress.at(told.fraction, self._total, told.left_s)

    @property
    def words(self) -> str:
        """What is going on, in short."""
        progress = self.progress
        if progress is None:
            return "Looking for scans…"
        return f"Importing scan {min(progress.done + 1, progress.total)} of {progress.total}"

    def start(self, paths: Sequence[Path]) -> None:
        """Import the scans at and under `paths`; ignored while others are imported."""
        if self.running:
            return
        self._turn += 1
        turn = self._looking = self._turn

        def look() -> tuple[Path, list[Path]]:
            from mirage_core.io import find_scans

            return self._projects.get().folder, [s for path in paths for s in find_scans(path)]

        def found(there: tuple[Path, list[Path]]) -> None:
            if turn == self._looking:
                self._looking = 0
                self._import(*there)

        def failed(error: Exception) -> None:
            if turn == self._looking:
                self._looking = 0
                self._failed(error)

        self._background.run(look, found, failed)
        self.changed.emit()

    def cancel(self) -> None:
        """Stop; scans that are in the project stay there, and nothing is left of the others."""
        if self._looking:
            self._looking = 0
            self._cancelled()
        self._errand.cancel()

    def close(self) -> None:
        """Stop at once, for the end of the program."""
        self._looking = 0
        self._errand.close()

    def _import(self, project: Path, sources: Sequence[Path]) -> None:
        if not sources:
            self._say("No scan was found there.", "Choose the folder that holds them.")
            self.changed.emit()
            return
        from mirage_core.project.import_folder import import_scans

        self._total, self._done_then = len(sources), 0
        self._grew_at = time.monotonic()

        def submit(**listeners: Any) -> Job:
            return self._workers.import_scans(
                import_scans, project, sources, self._author(), **listeners
            )

        self._errand.start(submit, self._done, self._failed, self._cancelled)

    def _got_on(self) -> None:
        self.changed.emit()
        progress, now = self.progress, time.monotonic()
        if (
            progress is not None
            and progress.done > self._done_then
            and now - self._grew_at >= _GROWS_EVERY_S
        ):
            self._done_then, self._grew_at = progress.done, now
            self.grew.emit()

    def _done(self, result: FolderImport) -> None:
        self.grew.emit()
        bad = bool(result.failed or result.stopped)
        hint = result.stopped or _reasons(result.failed)
        self.said.emit(
            Message(
                result.words,
                hint,
                Level.WARNING if bad else Level.INFO,
                _TOPIC,
                "Copy list of files" if result.failed else "",
                lambda: self.list_wanted.emit(_list_of(result.failed)),
            )
        )

    def _cancelled(self) -> None:
        self.grew.emit()
        self._say("Import cancelled; scans that came into the project before that stay there.")
        self.changed.emit()

    def _failed(self, error: Exception) -> None:
        self.grew.emit()
        self.changed.emit()
        message = from_error(error, _TOPIC)
        if message is None:
            reason = type(error).__name__  # what it says may name a file
            message = Message(f"The import ended: {reason}.", "", Level.ERROR, _TOPIC)
        self.said.emit(message)

    def _say(self, text: str, hint: str = "") -> None:
        self.said.emit(Message(text, hint, topic=_TOPIC))


def _reasons(failed: Sequence[FailedScan]) -> str:
    """Return why scans could not be read, the most frequent reasons first; names none."""
    counts = Counter(scan.what for scan in failed).most_common()
    words = [f"{n} × {what}" if n > 1 else what for what, n in counts[:_REASONS]]
    return " ".join([*words, "…"] if len(counts) > _REASONS else words)


def _list_of(failed: Sequence[FailedScan]) -> str:
    """Return a line for each scan that could not be read, with its path."""
    return "\n".join(f"{scan.path}\t{scan.what} {scan.hint}".rstrip() for scan in failed)
