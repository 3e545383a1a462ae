"""Desk: what is open and everything that can be done with it. No Qt: the window listens.

Opening has two steps, so that the first B-scan is seen at once: the scan is shown, then it is
registered in the project and can be edited. From then on every edit is durable.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from psygnal import Signal

from mirage_core.annotate import Change, Session, ToolRunner
from mirage_core.annotate.annotation import State
from mirage_viewer import opening
from mirage_viewer.actions import Circumstances
from mirage_viewer.background import Background, Inline
from mirage_viewer.export_run import ExportCancelledError, ExportChoice, prepare_export
from mirage_viewer.messages import Level, Message, from_error
from mirage_viewer.opening import OpenScan, ProjectHolder, SpacingMm
from mirage_viewer.segmentation import Segmentation
from mirage_viewer.settings import Settings

if TYPE_CHECKING:
    from mirage_core.project import Project
    from mirage_core.project.records import UnfinishedSession, WorklistRow

_NOBODY = "grader"


class Desk:
    """The controller of one window.

    Signals
    -------
    scan_changed()
        Another scan is shown, or none, or it became editable, or its spacing changed.
    b_changed(int)
    crosshair_changed(float, float)
        ``(z, x)`` in px on the current B-scan.
    said(Message)
    hushed(str)
        The messages on a topic have no object any more.
    edited(Change)
        The annotation changed.
    conditions_changed()
        What can be done, or is being done, changed: opening, running, saving.
    worklist_changed(tuple)
        Rows of the project's worklist.
    exported(object)
        Progress 0..1 as float while an export runs, None when it ended.
    """

    scan_changed: ClassVar[Signal] = Signal()
    b_changed: ClassVar[Signal] = Signal(int)
    crosshair_changed: ClassVar[Signal] = Signal(float, float)
    said: ClassVar[Signal] = Signal(Message)
    hushed: ClassVar[Signal] = Signal(str)
    edited: ClassVar[Signal] = Signal(Change)
    conditions_changed: ClassVar[Signal] = Signal()
    worklist_changed: ClassVar[Signal] = Signal(tuple)
    exported: ClassVar[Signal] = Signal(object)

    def __init__(
        self,
        background: Background,
        settings: Settings,
        project_folder: Path,
        segmentation: Segmentation | None = None,
    ) -> None:
        self._background = background
        self.settings = settings
        self.holder = ProjectHolder(project_folder)
        self.segmentation = segmentation or Segmentation(background)
        self.segmentation.changed.connect(lambda: self.conditions_changed.emit())
        self.segmentation.said.connect(self.say)
        self.segmentation.ended.connect(self._segmentation_ended)
        self.open_scan: OpenScan | None = None
        self.opening = ""
        self.importing: float | None = None
        self.b = 0
        self.crosshair = (0.0, 0.0)
        self._turn = 0
        self._held: list[OpenScan] = []
        self._stop_import = threading.Event()
        self._stop_export: threading.Event | None = None
        self._told_project_notice = False

    # ------------------------------------------------------------------ what is open

    @property
    def session(self) -> Session | None:
        """The session shown, or None."""
        return self.open_scan.session if self.open_scan is not None else None

    @property
    def runner(self) -> ToolRunner | None:
        """The tool runner of an editable session, else None."""
        return self.open_scan.runner if self.editable and self.open_scan is not None else None

    @property
    def editable(self) -> bool:
        """True once the scan shown is registered (or there is no project to be had)."""
        return self.open_scan is not None and not self.opening

    @property
    def author(self) -> str:
        """Who edits."""
        return self.settings.grader or _NOBODY

    @property
    def circumstances(self) -> Circumstances:
        """What the actions need to know."""
        session = self.session
        history = session.history if session is not None and self.editable else None
        return Circumstances(
            scan=session is not None,
            editable=self.editable,
            ready=self.editable and not self.segmentation.running,
            running=self.segmentation.running,
            undo=bool(history and history.done),
            redo=bool(history and history.undone),
            unsaved=bool(session is not None and session.unsaved),
        )

    def say(self, message: Message) -> None:
        """Show `message`."""
        self.said.emit(message)

    # ------------------------------------------------------------------ opening

    def open_path(self, path: Path, spacing_mm: SpacingMm | None = None) -> None:
        """Read `path` in the background; what is open stays until it has been read."""
        path = Path(path)
        self._open(
            lambda: opening.read_scan(path, spacing_mm), "Opening the scan…", path, spacing_mm
        )

    def open_demo(self) -> None:
        """Simulate the built-in eye in the background and open it."""
        self._open(opening.simulate_scan, "Making the built-in eye…")

    def open_record(self, scan_id: str) -> None:
        """Open a scan of the project's worklist."""
        self._open_stored(
            lambda project: opening.from_project(project, scan_id, self.author), scan_id
        )

    def continue_unfinished(self, left: UnfinishedSession) -> None:
        """Open the work that a crash interrupted."""
        self._open_stored(
            lambda project: opening.continue_unfinished(project, left, self.author), left.scan.id
        )

    def _begin(self, words: str) -> int:
        self._turn += 1
        self.opening = words
        self.hushed.emit("open")
        self.conditions_changed.emit()
        return self._turn

    def _open(
        self,
        read: Callable[[], OpenScan],
        words: str,
        path: Path | None = None,
        spacing_mm: SpacingMm | None = None,
    ) -> None:
        turn = self._begin(words)

        def shown(opened: OpenScan) -> None:
            if turn != self._turn:
                return
            self._replace(opened)
            if path is not None:
                self.settings.remember(path)
                self.settings.save()
            self._register(opened, turn, spacing_mm)

        self._background.run(read, shown, lambda error: self._open_failed(error, turn, path))

    def _register(self, shown: OpenScan, turn: int, spacing_mm: SpacingMm | None) -> None:
        """Give the scan its place in the project; without one it can be edited in memory."""

        def work() -> OpenScan:
            project = self.holder.get()
            return self._already_held(shown, project) or opening.register(
                shown, project, self.author, spacing_mm
            )

        def failed(error: Exception) -> None:
            if turn != self._turn:
                return
            message = from_error(error, "open")
            if message is None:
                raise error
            self.say(
                Message(
                    message.text,
                    f"{message.hint} Until then corrections to this scan are not saved.",
                    Level.ERROR,
                    "project",
                )
            )
            shown.session.use_journal(_no_journal(message.text))
            self._ready(shown)

        self._background.run(work, lambda opened: self._arrived(opened, turn), failed)

    def _already_held(self, shown: OpenScan, project: Project) -> OpenScan | None:
        # A session that a running job or unsaved edits keep alive must not be opened twice.
        if not self._held:
            return None
        record = project.add_scan(shown.scan, self.author)
        return self._held_of(record.id)

    def _held_of(self, scan_id: str) -> OpenScan | None:
        for held in self._held:
            if held.record is not None and held.record.id == scan_id:
                return held
        return None

    def _open_stored(self, open_it: Callable[[Project], OpenScan], scan_id: str) -> None:
        current = self.open_scan
        if current is not None and current.record is not None and current.record.id == scan_id:
            return
        turn = self._begin("Opening the scan…")
        held = self._held_of(scan_id)
        if held is not None:
            self._arrived(held, turn)
            return
        self._background.run(
            lambda: open_it(self.holder.get()),
            lambda opened: self._arrived(opened, turn),
            lambda error: self._open_failed(error, turn, None),
        )

    def _arrived(self, opened: OpenScan, turn: int) -> None:
        if turn != self._turn:
            if opened not in self._held:
                self._release(opened)
            return
        b = self.b if self.open_scan is not None and self.open_scan.path == opened.path else 0
        self._replace(opened, b)
        self._ready(opened)

    def _ready(self, opened: OpenScan) -> None:
        self.opening = ""
        self.scan_changed.emit()
        self.conditions_changed.emit()
        if opened.damage:
            self.say(Message(opened.damage, "", Level.WARNING, "damage"))
        if opened.project is not None and opened.project.notice and not self._told_project_notice:
            self._told_project_notice = True
            self.say(Message(opened.project.notice, "", Level.WARNING, "project"))
        self.refresh_worklist()
        self._import(opened)

    def _open_failed(self, error: Exception, turn: int, path: Path | None) -> None:
        if turn == self._turn:
            self.opening = ""
        self.conditions_changed.emit()
        message = from_error(error, "open")
        if message is None:
            raise error
        if path is not None and not path.exists():
            self.settings.forget(path)
            self.settings.save()
        self.say(message)

    def _import(self, opened: OpenScan) -> None:
        stop = self._stop_import
        if opened.record is None or opened.record.imported:
            return

        def tell(fraction: float | None) -> None:
            self.importing = fraction
            self.conditions_changed.emit()

        def done(record: Any) -> None:
            opened.record = record
            tell(None)
            self.refresh_worklist()

        def failed(error: Exception) -> None:
            tell(None)
            message = from_error(error, "import")
            if message is None:
                raise error
            self.say(
                Message(
                    f"The pixels were not copied into the project: {message.text}",
                    f"{message.hint} Corrections are saved all the same; keep the original file.",
                    Level.WARNING,
                    "import",
                )
            )

        self._background.run(
            lambda: opening.import_into_project(
                opened, lambda f: self._background.post(lambda: tell(f)), stop.is_set
            ),
            done,
            failed,
        )

    # ------------------------------------------------------------------ closing

    def close_scan(self) -> None:
        """Close the scan shown; its work is in the project."""
        self._turn += 1
        self.opening = ""
        self._replace(None)
        self.conditions_changed.emit()

    def _replace(self, opened: OpenScan | None, b: int = 0) -> None:
        old = self.open_scan
        if old is opened:
            return
        if old is not None:
            old.runner.finish()
            old.session.changed.disconnect(self._edited)
            old.session.save_problem_changed.disconnect(self._saving_changed)
            self._release(old)
        self.open_scan = opened
        if opened is not None:
            self._held = [held for held in self._held if held is not opened]
            opened.session.changed.connect(self._edited)
            opened.session.save_problem_changed.connect(self._saving_changed)
            n, height, width = opened.scan.shape
            self.b = min(b, n - 1)
            self.crosshair = (height / 2, width / 2)
        self.hushed.emit("spacing")
        self.scan_changed.emit()
        if opened is not None:
            self.b_changed.emit(self.b)

    def _release(self, opened: OpenScan) -> None:
        if opened.project is None:
            return
        if opened is self.segmentation.target or not opened.session.retry_saving():
            self._held.append(opened)
            return
        opened.project.close_session(opened.session)

    def _segmentation_ended(self, target: OpenScan) -> None:
        self.conditions_changed.emit()
        if target in self._held:
            self._held.remove(target)
            self._release(target)
            self.refresh_worklist()

    def unsaved(self) -> int:
        """Return how many edits of all open scans wait to be written."""
        open_ones = [*self._held, *([self.open_scan] if self.open_scan is not None else [])]
        return sum(len(opened.session.unsaved) for opened in open_ones)

    def shut_down(self) -> None:
        """End everything; call once, when the window closes."""
        self._turn += 1
        self._stop_import.set()
        if self._stop_export is not None:
            self._stop_export.set()
        self.segmentation.close()
        if self.open_scan is not None:
            self.open_scan.runner.finish()
        self.holder.close()

    # ------------------------------------------------------------------ moving about

    def show_b_scan(self, b: int) -> None:
        """Go to B-scan `b`, or as near as there is one."""
        if self.open_scan is None:
            return
        b = max(0, min(b, self.open_scan.scan.n_b_scans - 1))
        if b != self.b:
            self.b = b
            self.open_scan.runner.go_to(b)
            self.b_changed.emit(b)

    def step(self, by: int) -> None:
        """Go `by` B-scans on."""
        self.show_b_scan(self.b + by)

    def next_open(self) -> None:
        """Go to the next B-scan that is not approved, from the first after the last."""
        if self.session is None:
            return
        states = self.session.annotation.b_scan_states()
        order = [(self.b + i) % len(states) for i in range(1, len(states) + 1)]
        b = next((b for b in order if states[b] is not State.APPROVED), None)
        if b is None:
            self.say(Message("Every B-scan is approved.", topic="approved"))
        else:
            self.show_b_scan(b)

    def set_crosshair(self, z: float, x: float) -> None:
        """Put the point that the views share at row `z`, column `x` (px)."""
        if self.open_scan is not None:
            _, height, width = self.open_scan.scan.shape
            self.crosshair = (min(max(z, 0), height - 1), min(max(x, 0), width - 1))
            self.crosshair_changed.emit(*self.crosshair)

    def pick(self, b: int, x: float) -> None:
        """Go to column `x` of B-scan `b`, as picked on the SLO."""
        self.show_b_scan(b)
        self.set_crosshair(self.crosshair[0], x)

    # ------------------------------------------------------------------ working

    def undo(self) -> None:
        """Take the last change back and go where it was."""
        if self.session is not None and self.editable:
            assert self.open_scan is not None
            if self.open_scan.runner.busy:
                self.open_scan.runner.cancel()
            else:
                self._go_to(self.session.undo())

    def redo(self) -> None:
        """Bring the last undone change back and go where it is."""
        if self.session is not None and self.editable:
            self._go_to(self.session.redo())

    def _go_to(self, edit: Any) -> None:
        if edit is not None and edit.b_scans and self.b not in edit.b_scans:
            self.show_b_scan(min(edit.b_scans, key=lambda b: abs(b - self.b)))

    def approve(self) -> None:
        """Approve the B-scan shown and step on."""
        if self.session is not None and self.editable:
            self.session.set_state([self.b], State.APPROVED)
            self.step(1)

    def approve_all(self) -> None:
        """Approve every B-scan on which something is known."""
        if self.session is not None and self.editable:
            states = self.session.annotation.b_scan_states()
            chosen = [b for b, s in enumerate(states) if State.VENDOR < s < State.APPROVED]
            if chosen:
                self.session.set_state(chosen, State.APPROVED)

    def unapprove(self) -> None:
        """Set the B-scan shown back to edited."""
        if self.session is not None and self.editable:
            annotation = self.session.annotation
            approved = [
                name
                for name, state in zip(
                    annotation.structures, annotation.states[:, self.b], strict=True
                )
                if state == State.APPROVED
            ]
            if approved:
                self.session.set_state([self.b], State.EDITED, approved)

    def segment(self, engine: str, *, whole: bool, keep_corrected: bool = True) -> None:
        """Run `engine` on the volume or on the B-scan shown."""
        if self.open_scan is not None and self.circumstances.ready:
            self.hushed.emit("segment")
            self.open_scan.runner.finish()
            self.segmentation.start(
                self.open_scan,
                engine,
                None if whole else (self.b,),
                overwrite=not keep_corrected,
            )

    def set_spacing(self, spacing_mm: SpacingMm) -> None:
        """Set the spacing in mm as the user says; None leaves a component as it is."""
        opened = self.open_scan
        if opened is None:
            return
        opened.session.scan = opened.scan.with_spacing(opened.scan.spacing.with_user(*spacing_mm))
        self.hushed.emit("spacing")
        self.scan_changed.emit()
        project, record = opened.project, opened.record
        if project is None or record is None:
            return

        def done(fresh: Any) -> None:
            opened.record = fresh

        self._background.run(
            lambda: project.set_spacing(record, *spacing_mm, author=self.author),
            done,
            self._report,
        )

    def set_grader(self, name: str) -> None:
        """Keep `name` with every edit from now on."""
        self.settings.grader = name.strip()
        self.settings.save()
        if self.session is not None:
            self.session.author = self.author

    def retry_saving(self) -> None:
        """Try again to write what waits."""
        if self.session is not None and self.session.retry_saving():
            self.hushed.emit("saving")
        self.conditions_changed.emit()

    def save_copy(self, folder: Path, *, wait: bool = False) -> bool:
        """Write the scan's work into a project in `folder`, in the background unless `wait`.

        Returns False if it is known to have failed.
        """
        opened = self.open_scan
        if opened is None:
            return False
        opened.runner.finish()
        edits = tuple(opened.session.history.done)
        failures: list[Exception] = []

        def done(n: int) -> None:
            self.say(Message(f"Saved a copy with {n} change{'s' if n != 1 else ''} to {folder}"))

        def failed(error: Exception) -> None:
            failures.append(error)
            self._report(error)

        background = Inline() if wait else self._background
        background.run(lambda: opening.copy_work(opened, edits, folder, self.author), done, failed)
        return not failures

    def export(self, choice: ExportChoice) -> None:
        """Export the scan as it is now, in the background."""
        if self.open_scan is None or self._stop_export is not None:
            return
        self.hushed.emit("export")
        self.open_scan.runner.finish()
        stop = self._stop_export = threading.Event()
        work = prepare_export(
            self.open_scan,
            choice,
            lambda f: self._background.post(lambda: self._export_progress(f, stop)),
            stop,
        )
        self.exported.emit(0.0)
        self._background.run(work, self._export_done, self._export_failed)

    def cancel_export(self) -> None:
        """Stop the export; nothing of it stays."""
        if self._stop_export is not None:
            self._stop_export.set()

    def _export_progress(self, fraction: float, stop: threading.Event) -> None:
        if stop is self._stop_export:
            self.exported.emit(fraction)

    def _export_done(self, result: Any) -> None:
        self._stop_export = None
        self.exported.emit(None)
        n = result.n_b_scans
        self.say(
            Message(
                f"Exported {n} B-scan{'s' if n != 1 else ''} to {result.target}",
                topic="export",
                action="Show folder",
                do=lambda: self.folder_wanted.emit(result.target),
            )
        )

    folder_wanted: ClassVar[Signal] = Signal(Path)

    def _export_failed(self, error: Exception) -> None:
        self._stop_export = None
        self.exported.emit(None)
        if isinstance(error, ExportCancelledError):
            self.say(Message("Export cancelled; nothing was written.", topic="export"))
        else:
            self._report(error)

    # ------------------------------------------------------------------ project

    def use_project(self, folder: Path) -> None:
        """Close the scan and keep scans in the project in `folder` from now on."""
        new = ProjectHolder(folder)

        def opened(project: Project) -> None:
            self.close_scan()
            if self._held:
                # Their sessions still write into the old project, which stays open for them.
                self.say(Message("Work in the previous project is still being finished."))
            else:
                self.holder.close()
            self.holder = new
            self.settings.last_project = str(folder)
            self.settings.save()
            self._told_project_notice = bool(project.notice)
            if project.notice:
                self.say(Message(project.notice, "", Level.WARNING, "project"))
            self.conditions_changed.emit()
            self.refresh_worklist()
            self.offer_unfinished()

        self._background.run(new.get, opened, self._report)

    def refresh_worklist(self) -> None:
        """Read the worklist again."""
        project = self.holder.opened
        if project is None:
            return

        def done(rows: tuple[WorklistRow, ...]) -> None:
            if project is self.holder.opened:
                self.worklist_changed.emit(rows)

        self._background.run(project.worklist, done, self._report)

    def look_into_project(self) -> None:
        """Open the project if there is one already, for its worklist and unfinished work."""
        if not (self.holder.folder / "project.db").exists():
            return

        def opened(_project: Project) -> None:
            self.refresh_worklist()
            self.offer_unfinished()

        self._background.run(self.holder.get, opened, self._report)

    def offer_unfinished(self) -> None:
        """Offer to continue what a crash interrupted."""
        project = self.holder.opened
        if project is None or project.read_only:
            return

        def found(left: tuple[UnfinishedSession, ...]) -> None:
            if left and self.open_scan is None:
                first = left[0]
                self.say(
                    Message(
                        "Continue where you stopped?",
                        f"{first.scan.pseudonym}, {first.scan.title}: the program ended "
                        "unexpectedly; every finished stroke is saved.",
                        topic="unfinished",
                        action="Continue",
                        do=lambda: self.continue_unfinished(first),
                    )
                )

        self._background.run(project.unfinished, found, self._report)

    # ------------------------------------------------------------------ listening

    def _report(self, error: Exception) -> None:
        message = from_error(error, type(error).__name__)
        if message is None:
            raise error
        self.say(message)

    def _edited(self, change: Change) -> None:
        self.edited.emit(change)
        self.conditions_changed.emit()

    def _saving_changed(self, problem: str) -> None:
        if problem:
            self.say(
                Message(
                    f"Not saved: {problem}",
                    "Your corrections are kept in memory; nothing is lost while the window is "
                    "open.",
                    Level.ERROR,
                    "saving",
                    "Retry",
                    self.retry_saving,
                )
            )
        else:
            self.hushed.emit("saving")
        self.conditions_changed.emit()


class _NoJournal:
    def __init__(self, reason: str) -> None:
        self._reason = reason

    def record(self, events: object) -> None:
        from mirage_core.annotate import JournalError

        raise JournalError(self._reason)


def _no_journal(reason: str) -> _NoJournal:
    """Return a journal that refuses, so that edits wait and the window says "not saved"."""
    return _NoJournal(reason)
