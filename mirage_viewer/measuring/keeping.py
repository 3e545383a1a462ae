"""Keeping: where people put foveas, written into their projects in order. No Qt."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mirage_core.measure.fovea import Fovea
from mirage_viewer.background import Background
from mirage_viewer.messages import Level, Message, from_error
from mirage_viewer.opening import OpenScan
from mirage_viewer.pending import PendingWrites, not_saved

if TYPE_CHECKING:
    from mirage_core.project import Project
    from mirage_core.scan import Scan

TOPIC = "fovea"
NOT_KEPT = "The place of the fovea is kept while the scan is open, no longer."
READ_ONLY = "Its project can only be read."


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


@dataclass(frozen=True, slots=True, eq=False)
class _Early:
    """The fovea of a scan that was left before it had its place in the project."""

    open_project: Callable[[], Project]
    scan: Scan
    fovea: Fovea
    author: str


class FoveaKeeper:
    """Writes foveas in the background, one at a time; of one scan only the last is written."""

    def __init__(self, teller: Teller, background: Background) -> None:
        self._teller, self._background = teller, background
        self._waiting: PendingWrites[_Wish] = PendingWrites()
        self._early: list[_Early] = []
        self._pen = threading.Lock()

    def stored(self, opened: OpenScan) -> Fovea | None:
        """Return where the fovea of a scan was put, from any thread; None: it is to be sought.

        Raises
        ------
        ProjectError
        """
        project, record = opened.project, opened.record
        if project is None or record is None:
            return None
        return self.of(project, record.id)

    def of(self, project: Project, scan_id: str) -> Fovea | None:
        """Return where the fovea of a scan of `project` was put, written or not; as :meth:`stored`.

        Raises
        ------
        ProjectError
        """
        waiting = self._waiting.get((project, scan_id))
        return waiting.fovea if waiting is not None else project.foveas.get(scan_id)

    def keep(self, project: Project, scan_id: str, fovea: Fovea | None, author: str) -> None:
        """Keep `fovea` for a scan, None to have it sought again."""
        self._waiting.put((project, scan_id), _Wish(project, scan_id, fovea, author))
        self.retry()

    def keep_early(
        self, open_project: Callable[[], Project], scan: Scan, fovea: Fovea, author: str
    ) -> None:
        """Keep `fovea` for a scan that is not in the project yet; it gets its place there."""
        self.hold(open_project, scan, fovea, author)
        self.retry()

    def hold(
        self, open_project: Callable[[], Project], scan: Scan, fovea: Fovea, author: str
    ) -> None:
        """Have what :meth:`keep_early` keeps wait for :meth:`retry` or :meth:`finish`."""
        self._early.append(_Early(open_project, scan, fovea, author))

    def retry(self) -> None:
        """Write what waits."""

        def work() -> bool:
            kept = self._register()
            self._waiting.write_or_raise()
            return kept

        def done(kept: bool) -> None:
            if not self._waiting and not self._early:
                self._teller.hush(TOPIC)
            if not kept:
                self._teller.say(Message(NOT_KEPT, READ_ONLY, Level.INFO, TOPIC))

        self._background.run(work, done, self._failed)

    def _register(self) -> bool:
        """Give scans that were left too early their place in the project; whether all got one."""
        kept = True
        with self._pen:
            while self._early:
                early = self._early[0]
                project = early.open_project()
                if project.read_only:
                    kept = False
                else:
                    scan_id = project.add_scan(early.scan, early.author).id
                    wish = _Wish(project, scan_id, early.fovea, early.author)
                    self._waiting.put((project, scan_id), wish)
                del self._early[0]
        return kept

    def finish(self) -> str:
        """Write what waits here and now; return why it cannot be, ``""`` if it is.

        For the end of the program.
        """
        problem = ""
        try:
            if not self._register():
                problem = f"The place of the fovea cannot be kept. {READ_ONLY}"
        except Exception as error:
            message = from_error(error)
            if message is None:
                raise
            problem = message.text
        why, _refused = self._waiting.finish()
        return why or problem

    def _failed(self, error: Exception) -> None:
        self._teller.say(not_saved(error, TOPIC, "The place of the fovea was", self.retry))
