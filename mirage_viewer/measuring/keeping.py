"""Keeping: where people put foveas, written into their projects in order. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mirage_core.measure.fovea import Fovea
from mirage_viewer.background import Background
from mirage_viewer.messages import Level, Message, from_error
from mirage_viewer.opening import OpenScan
from mirage_viewer.pending import PendingWrites

if TYPE_CHECKING:
    from mirage_core.project import Project

TOPIC = "fovea"


class Teller(Protocol):
    """Who tells the user."""

    def say(self, message: Message) -> None:
        """Tell the user."""
        ...

    def hush(self, topic: str) -> None:
        """Take back what was told."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class _Wish:
    """Where the fovea of a scan is to be; None: it is to be sought."""

    project: Project
    scan_id: str
    fovea: Fovea | None
    author: str

    def write(self) -> None:
        self.project.foveas.set(self.scan_id, self.fovea, self.author)


class FoveaKeeper:
    """Writes foveas in the background, one at a time; of one scan only the last is written."""

    def __init__(self, teller: Teller, background: Background) -> None:
        self._teller, self._background = teller, background
        self._waiting: PendingWrites[_Wish] = PendingWrites()

    def stored(self, opened: OpenScan) -> Fovea | None:
        """Return where the fovea of a scan was put, from any thread; None: it is to be sought.

        Raises
        ------
        ProjectError
        """
        project, record = opened.project, opened.record
        if project is None or record is None:
            return None
        waiting = self._waiting.get((project, record.id))
        return waiting.fovea if waiting is not None else project.foveas.get(record.id)

    def keep(self, project: Project, scan_id: str, fovea: Fovea | None, author: str) -> None:
        """Keep `fovea` for a scan, None to have it sought again."""
        self._waiting.put((project, scan_id), _Wish(project, scan_id, fovea, author))
        self.retry()

    def retry(self) -> None:
        """Write what waits."""

        def done(_nothing: None) -> None:
            if not self._waiting:
                self._teller.hush(TOPIC)

        self._background.run(self._waiting.write_or_raise, done, self._failed)

    def finish(self) -> str:
        """Write what waits here and now; return why it cannot be, ``""`` if it is.

        For the end of the program.
        """
        why, _refused = self._waiting.finish()
        return why

    def _failed(self, error: Exception) -> None:
        message = from_error(error, TOPIC)
        if message is None:
            raise error
        self._teller.say(
            Message(
                f"The place of the fovea was not saved: {message.text}",
                f"{message.hint} It is kept while the window is open.",
                Level.ERROR,
                TOPIC,
                "Retry",
                self.retry,
            )
        )
