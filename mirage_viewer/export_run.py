"""Export in the background, with progress and cancel. No Qt."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from psygnal import Signal

from mirage_core.scan.states import State
from mirage_viewer.background import Background
from mirage_viewer.messages import Message, from_error
from mirage_viewer.opening import OpenScan

if TYPE_CHECKING:
    from mirage_core.io.exporting import Exported


class ExportCancelledError(Exception):
    """The user cancelled an export; nothing of it stays."""


@dataclass(frozen=True, slots=True)
class ExportChoice:
    """What the export panel asks for.

    Attributes
    ----------
    format : str
        Name of the exporter.
    states : frozenset of State
        B-scans in one of these states are written.
    folder : Path
        The export becomes a new folder in it.
    """

    format: str
    states: frozenset[State]
    folder: Path


def new_folder(parent: Path, stem: str) -> Path:
    """Return a folder name in `parent` that is free: `stem`, or `stem` with a number."""
    target = parent / stem
    n = 1
    while target.exists():
        n += 1
        target = parent / f"{stem}-{n}"
    return target


class ExportRun:
    """One export at a time, in the background.

    Signals
    -------
    progressed(object)
        Fraction 0..1 as float while an export runs, None when it ended.
    said(Message)
    folder_wanted(Path)
        The user wants to see a folder.
    """

    progressed: ClassVar[Signal] = Signal(object)
    said: ClassVar[Signal] = Signal(Message)
    folder_wanted: ClassVar[Signal] = Signal(Path)

    def __init__(self, background: Background) -> None:
        self._background = background
        self._stop: threading.Event | None = None

    def start(self, opened: OpenScan, choice: ExportChoice) -> None:
        """Export `opened` as it is now; ignored while an export runs."""
        if self._stop is not None:
            return
        stop = self._stop = threading.Event()
        work = _prepare(
            opened, choice, lambda f: self._background.post(lambda: self._tell(f, stop)), stop
        )
        self.progressed.emit(0.0)
        self._background.run(work, self._done, self._failed)

    def cancel(self) -> None:
        """Stop the export; nothing of it stays."""
        if self._stop is not None:
            self._stop.set()

    def _tell(self, fraction: float, stop: threading.Event) -> None:
        if stop is self._stop:
            self.progressed.emit(fraction)

    def _done(self, result: Exported) -> None:
        self._finish()
        n = result.n_b_scans
        self.said.emit(
            Message(
                f"Exported {n} B-scan{'s' if n != 1 else ''} to {result.target}",
                topic="export",
                action="Show folder",
                do=lambda: self.folder_wanted.emit(result.target),
            )
        )

    def _failed(self, error: Exception) -> None:
        self._finish()
        if isinstance(error, ExportCancelledError):
            self.said.emit(Message("Export cancelled; nothing was written.", topic="export"))
            return
        message = from_error(error, "export")
        if message is None:
            raise error
        self.said.emit(message)

    def _finish(self) -> None:
        self._stop = None
        self.progressed.emit(None)


def _prepare(
    opened: OpenScan,
    choice: ExportChoice,
    report: Callable[[float], None],
    cancelled: threading.Event,
) -> Callable[[], Exported]:
    """Return the work of an export of `opened` as it is now."""
    scan, annotation, name = opened.scan, opened.session.annotation.copy(), opened.name

    def tell(fraction: float) -> None:
        if cancelled.is_set():
            raise ExportCancelledError
        report(fraction)

    def work() -> Exported:
        from mirage_core.io.export_request import ExportRequest, safe_stem
        from mirage_core.io.exporting import export, make_exporter

        request = ExportRequest.by_states(scan, annotation, choice.states, name)
        target = new_folder(choice.folder, f"{safe_stem(name)}-{choice.format}")
        return export(make_exporter(choice.format), [request], target, report=tell)

    return work
