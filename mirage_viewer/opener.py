"""Opener: brings a scan to the desk in two steps, and lets it go again.

First the scan is shown, then it gets its place in the project; from then on it can be edited
and every edit is durable. All reading and registering happens in the background.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mirage_core.annotate import Session
from mirage_viewer import opening
from mirage_viewer.background import Background
from mirage_viewer.messages import Level, Message, from_error
from mirage_viewer.opening import OpenScan, SpacingMm
from mirage_viewer.projects import Projects
from mirage_viewer.settings import Settings
from mirage_viewer.unwritable import NoJournal, busy_message, is_locked

if TYPE_CHECKING:
    from mirage_core.project import Project
    from mirage_core.project.records import ScanRecord, UnfinishedSession
    from mirage_core.scan import Scan


class Place(Protocol):
    """Where scans are brought to: the desk."""

    settings: Settings

    @property
    def author(self) -> str:
        """Who edits."""
        ...

    @property
    def open_scan(self) -> OpenScan | None:
        """What is shown now."""
        ...

    def show(self, opened: OpenScan | None) -> None:
        """Show a scan in place of the one shown."""
        ...

    def ready(self, opened: OpenScan) -> None:
        """The scan shown can be edited now."""
        ...

    def say(self, message: Message) -> None:
        """Tell the user."""
        ...

    def hush(self, topic: str) -> None:
        """Take back what was told on a topic."""
        ...

    def tell_conditions(self) -> None:
        """What can be done, or is being done, changed."""
        ...


class Opener:
    """Opens scans for one desk.

    Attributes
    ----------
    busy : str
        What is being done, for the status bar; empty when nothing is.
    importing : float or None
        How much of the pixels is in the project, 0..1; None when none are being copied.
    """

    def __init__(self, place: Place, background: Background, projects: Projects) -> None:
        self._place = place
        self._background = background
        self._projects = projects
        self.busy = ""
        self.importing: float | None = None
        self.held: list[OpenScan] = []
        self._turn = 0
        self._stop_import = threading.Event()
        self._told_notice_of: Project | None = None

    def open_path(self, path: Path, spacing_mm: SpacingMm | None = None) -> None:
        """Read `path`; what is open stays until it has been read."""
        path = Path(path)

        def shown() -> None:
            self._place.settings.remember(path)
            self._place.settings.save()

        self._read(
            lambda: opening.read_scan(path, spacing_mm),
            "Opening the scan…",
            shown,
            lambda: self._forget_if_gone(path),
            spacing_mm,
        )

    def open_scan(self, scan: Scan, path: Path | None = None) -> None:
        """Open a scan that has been read already, from `path`, or made."""
        self._read(lambda: OpenScan(Session(scan), path), "Opening the scan…")

    def open_demo(self) -> None:
        """Simulate the built-in eye and open it."""
        self._read(opening.simulate_scan, "Making the built-in eye…")

    def open_record(self, scan_id: str) -> None:
        """Open a scan of the project's worklist."""
        author = self._place.author
        self._stored(lambda project: opening.from_project(project, scan_id, author), scan_id)

    def offer_to_continue(self, left: UnfinishedSession) -> None:
        """Offer the work that a crash interrupted, unless something is open by now."""
        if self._place.open_scan is None and not self.busy:
            self._place.say(
                Message(
                    "Continue where you stopped?",
                    f"{left.scan.pseudonym}, {left.scan.title}: the program ended unexpectedly; "
                    "every finished stroke is saved.",
                    topic="unfinished",
                    action="Continue",
                    do=lambda: self.continue_unfinished(left),
                )
            )

    def continue_unfinished(self, left: UnfinishedSession) -> None:
        """Open the work that a crash interrupted."""
        author = self._place.author
        self._stored(
            lambda project: opening.continue_unfinished(project, left, author), left.scan.id
        )

    def try_again(self, *, take_over: bool = False) -> None:
        """Open the scan shown for writing, which could only be looked at so far.

        `take_over` it from a program on another computer, which can then save nothing more.
        """
        shown = self._place.open_scan
        if shown is None or shown.busy is None:
            return
        turn, author = self._begin("Opening the scan…"), self._place.author

        def failed(error: Exception) -> None:
            self._failed(error, turn)
            if turn == self._turn:
                self._tell_busy(shown)

        self._background.run(
            lambda: opening.for_writing(shown, self._projects.get(), author, take_over=take_over),
            lambda opened: self._arrived(opened, turn),
            failed,
        )

    def open_instead(self, open_it: Callable[[Project, str], OpenScan]) -> None:
        """Open other work on the scan shown, of the project and for the author given."""
        turn, author = self._begin("Opening the scan…"), self._place.author
        self._background.run(
            lambda: open_it(self._projects.get(), author),
            lambda opened: self._arrived(opened, turn),
            lambda error: self._failed(error, turn),
        )

    def close_scan(self) -> None:
        """Close the scan shown; its work is in the project."""
        self._turn += 1
        self.busy = ""
        self._place.show(None)
        self._place.tell_conditions()

    def stop(self) -> None:
        """Deliver nothing more."""
        self._turn += 1
        self._stop_import.set()

    def let_go(self, opened: OpenScan, *, needed: bool) -> None:
        """Close the session of a scan that is no longer shown.

        It is held open while it is `needed` (a segmentation will write into it) or has edits
        that could not be saved.
        """
        if opened.project is None and not opened.session.unsaved:
            return
        if needed or not opened.session.retry_saving():
            self.held.append(opened)
        else:
            self._close(opened)

    def let_go_again(self, opened: OpenScan) -> None:
        """Close the session of a scan that was held open, as far as it is not needed any more."""
        if opened in self.held:
            self.held.remove(opened)
            self.let_go(opened, needed=False)

    def _close(self, opened: OpenScan) -> None:
        project = opened.project
        if project is None:
            return

        def failed(error: Exception) -> None:
            if is_locked(error):
                self._close(opened)  # it passes, and nobody need know
                return
            message = from_error(error, "project")
            if message is None:
                raise error
            self._place.say(message)

        close = project.close if opened.busy else lambda: project.close_session(opened.session)
        self._background.run(close, failed=failed)

    # ------------------------------------------------------------------ steps

    def _begin(self, words: str) -> int:
        self._turn += 1
        self.busy = words
        self._place.hush("open")
        self._place.hush("locked")
        self._place.tell_conditions()
        return self._turn

    def _read(
        self,
        read: Callable[[], OpenScan],
        words: str,
        shown: Callable[[], object] = lambda: None,
        failed: Callable[[], object] = lambda: None,
        spacing_mm: SpacingMm | None = None,
    ) -> None:
        turn = self._begin(words)

        def done(opened: OpenScan) -> None:
            if turn == self._turn:
                self._place.show(opened)
                shown()
                self._register(opened, turn, spacing_mm)

        def not_read(error: Exception) -> None:
            failed()
            self._failed(error, turn)

        self._background.run(read, done, not_read)

    def _register(
        self, shown: OpenScan, turn: int, spacing_mm: SpacingMm | None, *, again: bool = False
    ) -> None:
        author = self._place.author

        def work() -> OpenScan:
            project = self._projects.get()
            return self._already_held(shown, project) or opening.register(
                shown, project, author, spacing_mm
            )

        def failed(error: Exception) -> None:
            message = from_error(error)
            if message is None:
                self._failed(error, turn)
            elif turn == self._turn and is_locked(error):
                # It passes, and corrections that no project has would be in danger till then.
                if not again:
                    hint = "The scan can be corrected as soon as that program is done."
                    self._place.say(Message(message.text, hint, Level.WARNING, "locked"))
                self._register(shown, turn, spacing_mm, again=True)
            elif turn == self._turn:
                # Without a project the scan can still be worked on; its edits wait in memory.
                shown.session.use_journal(NoJournal(message.text))
                hint = f"{message.hint} Until then corrections to this scan are not saved."
                self._place.say(Message(message.text, hint, Level.ERROR, "project"))
                self._ready(shown)

        self._background.run(work, lambda opened: self._arrived(opened, turn), failed)

    def _stored(self, open_it: Callable[[Project], OpenScan], scan_id: str) -> None:
        current = self._place.open_scan
        if current is not None and current.record is not None and current.record.id == scan_id:
            self.try_again()
            return
        turn = self._begin("Opening the scan…")
        held = self._held_of(scan_id)
        if held is not None:
            self._arrived(held, turn)
            return
        self._background.run(
            lambda: open_it(self._projects.get()),
            lambda opened: self._arrived(opened, turn),
            lambda error: self._failed(error, turn),
        )

    def _already_held(self, shown: OpenScan, project: Project) -> OpenScan | None:
        # A session that a running job or unsaved edits keep alive must not be opened twice.
        if not self.held:
            return None
        return self._held_of(project.add_scan(shown.scan, self._place.author).id)

    def _held_of(self, scan_id: str) -> OpenScan | None:
        for held in self.held:
            if held.record is not None and held.record.id == scan_id:
                return held
        return None

    def _arrived(self, opened: OpenScan, turn: int) -> None:
        if turn != self._turn:
            if opened not in self.held:
                self.let_go(opened, needed=False)
            return
        if opened in self.held:
            self.held.remove(opened)
        self._place.show(opened)
        self._ready(opened)

    def _ready(self, opened: OpenScan) -> None:
        self.busy = ""
        self._place.hush("locked")
        self._place.ready(opened)
        if opened.damage:
            self._place.say(Message(opened.damage, "", Level.WARNING, "damage"))
        project = opened.project
        if opened.busy is not None:
            self._tell_busy(opened)
        elif project is not None and project.notice and project is not self._told_notice_of:
            self._told_notice_of = project
            self._place.say(Message(project.notice, "", Level.WARNING, "project"))
        self._projects.refresh_worklist()
        self._import(opened)

    def _tell_busy(self, opened: OpenScan) -> None:
        assert opened.busy is not None
        self._place.say(
            busy_message(opened.busy, self.try_again, lambda: self.try_again(take_over=True))
        )

    def _failed(self, error: Exception, turn: int) -> None:
        if turn == self._turn:
            self.busy = ""
        self._place.tell_conditions()
        message = from_error(error, "open")
        if message is None:
            raise error
        self._place.say(message)

    def _forget_if_gone(self, path: Path) -> None:
        if not path.exists():
            self._place.settings.forget(path)
            self._place.settings.save()

    # ------------------------------------------------------------------ pixels

    def _import(self, opened: OpenScan) -> None:
        if opened.record is None or opened.record.imported:
            return

        def tell(fraction: float | None) -> None:
            self.importing = fraction
            self._place.tell_conditions()

        def done(record: ScanRecord | None) -> None:
            opened.record = record
            tell(None)
            self._projects.refresh_worklist()

        def failed(error: Exception) -> None:
            tell(None)
            message = from_error(error)
            if message is None:
                raise error
            self._place.say(
                Message(
                    f"The pixels were not copied into the project: {message.text}",
                    f"{message.hint} Corrections are saved all the same; keep the original file.",
                    Level.WARNING,
                    "import",
                )
            )

        self._background.run(
            lambda: opening.import_into_project(
                opened,
                lambda f: self._background.post(lambda: tell(f)),
                self._stop_import.is_set,
            ),
            done,
            failed,
        )
