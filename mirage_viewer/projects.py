"""Projects: the project in use, its worklist, and what a crash left unfinished. No Qt."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from psygnal import Signal

from mirage_viewer.background import Background
from mirage_viewer.messages import Level, Message, from_error, print_message

if TYPE_CHECKING:
    from mirage_core.project import Project
    from mirage_core.project.default_engine import DefaultEngine
    from mirage_core.project.records import UnfinishedSession, WorklistRow

_EDIT_WAIT_MS = 20
"""A frame or so: enough for what another thread writes in passing; else a stroke waits its turn."""


class Projects:
    """Opens the project when it is first needed, from whichever thread.

    Signals
    -------
    worklist_changed(tuple)
        Rows of the worklist, in the order the scans were added.
    said(Message)
    unfinished_found(UnfinishedSession)
        Work that a crash interrupted, the latest.

    Attributes
    ----------
    engine : DefaultEngine or None
        What the project in use segmented with when it was opened.
    """

    worklist_changed: ClassVar[Signal] = Signal(tuple)
    said: ClassVar[Signal] = Signal(Message)
    unfinished_found: ClassVar[Signal] = Signal(object)

    def __init__(
        self,
        background: Background,
        folder: Path,
        viewer: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._background = background
        self._viewer = viewer
        self.folder = folder
        self._lock = threading.Lock()
        self._project: Project | None = None
        self.engine: DefaultEngine | None = None
        self._earlier: list[Project] = []

    def get(self) -> Project:
        """Return the project, opening or creating it first; for a background thread.

        Raises
        ------
        ProjectError
        """
        with self._lock:
            if self._project is None:
                # Its engine first: who finds a project here finds its engine, too.
                opened, self.engine = _open(self.folder)
                self._project = opened
            return self._project

    @property
    def current(self) -> Project | None:
        """The project in use; None while it has not been needed yet."""
        return self._project

    def use(self, folder: Path, then: Callable[[Project], object]) -> None:
        """Open or create the project in `folder` and use it from now on.

        `then` is called before the worklist of the new one is read. Sessions of the old one
        may still be written to; it is closed at the end of the program.
        """

        def opened(found: tuple[Project, DefaultEngine | None]) -> None:
            project, engine = found
            with self._lock:
                if self._project is not None:
                    self._earlier.append(self._project)
                self._project, self.engine, self.folder = project, engine, folder
            then(project)
            self.refresh_worklist()
            self._look_for_unfinished(project)

        self._background.run(lambda: _open(folder), opened, self._report)

    def look_in(self) -> None:
        """Open the project if there is one already, for its worklist and unfinished work."""
        if not (self.folder / "project.db").exists():
            return

        def opened(project: Project) -> None:
            if project.notice:
                self.said.emit(Message(project.notice, "", Level.WARNING, "project"))
            self.refresh_worklist()
            self._look_for_unfinished(project)

        self._background.run(self.get, opened, self._report)

    def refresh_worklist(self) -> None:
        """Read the worklist again."""
        project = self._project
        if project is None:
            return

        def done(rows: tuple[WorklistRow, ...]) -> None:
            if project is self._project:
                self.worklist_changed.emit(rows)

        viewer = self._viewer()
        self._background.run(lambda: project.worklist(viewer), done, self._report)

    def close(self) -> None:
        """Close every project; their sessions that are saved are closed properly."""
        with self._lock:
            for project in (*self._earlier, *([self._project] if self._project else [])):
                try:
                    project.close()
                except Exception as error:
                    # The drive may be gone; the window closes all the same.
                    message = from_error(error)
                    if message is None:
                        raise
                    print_message(message)
            self._earlier, self._project = [], None

    def _look_for_unfinished(self, project: Project) -> None:
        if project.read_only:
            return

        def found(left: tuple[UnfinishedSession, ...]) -> None:
            if left:
                self.unfinished_found.emit(left[0])

        viewer = self._viewer()
        self._background.run(lambda: project.unfinished(viewer), found, self._report)

    def _report(self, error: Exception) -> None:
        message = from_error(error, "project")
        if message is None:
            raise error
        self.said.emit(message)


def _open(folder: Path) -> tuple[Project, DefaultEngine | None]:
    """Open or create the project in `folder` for a window, which no stroke may hold up."""
    from mirage_core.project import Project

    project = Project.open_or_create(folder)
    project.log.edit_wait_ms = _EDIT_WAIT_MS
    return project, project.default_engine.get()
