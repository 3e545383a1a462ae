"""Remarking: writes notes and tags into the project, in order, in the background. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from psygnal import Signal

from mirage_viewer.background import Background
from mirage_viewer.messages import Message
from mirage_viewer.pending import PendingWrites, not_saved

if TYPE_CHECKING:
    from mirage_core.project import Project
    from mirage_core.project.records import ScanRecord

_TOPIC = "remarks"


@dataclass(frozen=True, slots=True)
class _Change:
    """A note or tags that wait to be written, and where they belong."""

    project: Project
    scan: ScanRecord
    author: str
    note: str | None = None
    tags: tuple[str, ...] | None = None

    def write(self) -> None:
        if self.note is not None:
            self.project.set_note(self.scan, self.note, self.author)
        if self.tags is not None:
            self.project.set_tags(self.scan, self.tags, self.author)


class Remarking:
    """Keeps what was typed until the project has it.

    Of several changes to one note only the latest is written, and one is written at a time, so
    that an earlier one never comes after a later one.

    Parameters
    ----------
    background : Background
    project : callable
        Returns the project in use, None before there is one.
    author : callable
        Returns who types.

    Signals
    -------
    kept()
        Everything is written.
    said(Message), hushed(str)
    """

    kept: ClassVar[Signal] = Signal()
    said: ClassVar[Signal] = Signal(Message)
    hushed: ClassVar[Signal] = Signal(str)

    def __init__(
        self,
        background: Background,
        project: Callable[[], Project | None],
        author: Callable[[], str],
    ) -> None:
        self._background = background
        self._project = project
        self._author = author
        self._waiting: PendingWrites[_Change] = PendingWrites()

    @property
    def waiting(self) -> bool:
        """True while something is not in the project yet."""
        return bool(self._waiting)

    def set_note(self, scan: ScanRecord, note: str) -> None:
        """Write a note."""
        project = self._project()
        if project is not None:
            self._add((scan.id, "note"), _Change(project, scan, self._author(), note=note))

    def set_tags(self, scan: ScanRecord, tags: tuple[str, ...]) -> None:
        """Write tags."""
        project = self._project()
        if project is not None:
            self._add((scan.id, "tags"), _Change(project, scan, self._author(), tags=tags))

    def retry(self) -> None:
        """Try again to write what waits."""
        self._background.run(self._waiting.write_or_raise, self._done, self._failed)

    def finish(self) -> str:
        """Write what waits here and now; return why it cannot be, in a sentence, ``""`` if it is.

        For the end of the program.
        """
        why, _refused = self._waiting.finish()
        return why

    def _add(self, key: tuple[str, str], change: _Change) -> None:
        self._waiting.put(key, change)
        self.retry()

    def _done(self, _nothing: None) -> None:
        if not self._waiting:
            self.hushed.emit(_TOPIC)
            self.kept.emit()

    def _failed(self, error: Exception) -> None:
        what = "The note or tags were"
        self.said.emit(not_saved(error, _TOPIC, what, self.retry, kept="They are kept"))
