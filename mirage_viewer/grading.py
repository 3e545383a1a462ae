"""Grading: whether graders see each other's work, and the trail of who did what. No Qt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from psygnal import Signal

from mirage_viewer.background import Background
from mirage_viewer.messages import Message, from_error
from mirage_viewer.opening import own_work

if TYPE_CHECKING:
    from mirage_core.project import Project
    from mirage_viewer.controller import Desk

_TOPIC = "graders"


class Grading:
    """What concerns all graders of the project in use.

    Signals
    -------
    blind_told(bool)
        Whether graders see only their own work.
    """

    blind_told: ClassVar[Signal] = Signal(bool)

    def __init__(self, desk: Desk, background: Background) -> None:
        self._desk = desk
        self._background = background

    def look(self) -> None:
        """Tell whether the project is blind; nothing is opened for that."""
        project = self._desk.projects.current
        if project is not None:
            self._background.run(lambda: project.blind, self.blind_told.emit, self._report)

    def set_blind(self, on: bool) -> None:
        """Turn blinding on or off; the project's log keeps who did."""
        author = self._desk.author

        def work() -> None:
            self._desk.projects.get().set_blind(on, author)

        def done(_nothing: Any) -> None:
            self.blind_told.emit(on)
            self._desk.projects.refresh_worklist()
            self._desk.comparing.another_scan()
            text = (
                "Graders see only their own work from now on."
                if on
                else "Graders see each other's work from now on."
            )
            self._desk.say(Message(text, "The project's log keeps who changed it.", topic=_TOPIC))

        def failed(error: Exception) -> None:
            self.blind_told.emit(not on)
            self._report(error)

        self._background.run(work, done, failed)

    def renamed(self, unnamed: str) -> None:
        """Let whoever is at work now have their own work on the scan shown.

        Parameters
        ----------
        unnamed : str
            What they were called while they had no name; empty if someone else had the window.
        """
        shown, author = self._desk.open_scan, self._desk.author
        record = shown.record if shown is not None and not shown.consensus else None
        if shown is not None and (unnamed or record is None):
            shown.session.author = author  # at once: the next stroke is theirs by name
        if self._desk.projects.current is None:
            return

        def work() -> frozenset[str]:
            project = self._desk.projects.get()
            return project.graders.give_a_name(unnamed, author) if unnamed else frozenset()

        def done(named: frozenset[str]) -> None:
            self._desk.projects.refresh_worklist()
            if shown is None or shown is not self._desk.open_scan:
                return
            if record is None or record.id in named:
                self._desk.comparing.another_scan()
            else:
                shown.runner.finish()
                self._desk.opener.open_instead(lambda p, who: own_work(shown, p, who))

        self._background.run(work, done, self._report)

    def export_audit(self, path: Path) -> None:
        """Write who did what in the whole project as CSV."""
        author = self._desk.author

        def work() -> int:
            from mirage_core.project.tables import write_audit

            project = self._desk.projects.get()
            trail = _trail(project, author)
            write_audit(path, trail, overwrite=True)
            return sum(len(rows) for _, rows in trail)

        def done(n: int) -> None:
            self._desk.say(Message(f"{n} entries are written to {path.name}.", topic=_TOPIC))

        self._background.run(work, done, self._report)

    def _report(self, error: Exception) -> None:
        message = from_error(error, _TOPIC)
        if message is None:
            raise error
        self._desk.say(message)


def _trail(project: Project, viewer: str) -> list[tuple[Any, tuple[Any, ...]]]:
    """Return what happened to the project and to every scan, as far as `viewer` may see it."""
    of_scans = [(record, project.audit(record.id, viewer)) for record in project.scans.all()]
    return [(None, project.audit_of_project()), *of_scans]
