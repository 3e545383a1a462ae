"""Desk: what is open and everything that can be done with it. No Qt: the window listens.

It holds the parts that do the work (opener, projects, engines, exports) and tells the window
what changed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from psygnal import Signal

from mirage_core.annotate import Change, Session, State, ToolRunner, approval
from mirage_core.annotate.patches import UnreadableEditError
from mirage_viewer.actions import Circumstances
from mirage_viewer.adjudicating import Adjudicating
from mirage_viewer.background import Background
from mirage_viewer.circumstances import circumstances_of
from mirage_viewer.comparing import Comparing
from mirage_viewer.engine_desk import EngineDesk
from mirage_viewer.export_run import ExportChoice, ExportRun
from mirage_viewer.grading import Grading
from mirage_viewer.labelling import Labelling
from mirage_viewer.measuring import Measuring
from mirage_viewer.messages import Level, Message, from_error
from mirage_viewer.misplaced import Misplaced
from mirage_viewer.model_comparing import ModelComparing
from mirage_viewer.offers import Offers
from mirage_viewer.opener import Opener
from mirage_viewer.opening import OpenScan, SpacingMm
from mirage_viewer.project_model import ProjectModel
from mirage_viewer.projects import Projects
from mirage_viewer.queueing import Queueing
from mirage_viewer.saving import Saving
from mirage_viewer.segmentation import Segmentation
from mirage_viewer.settings import Settings
from mirage_viewer.teach_classes.desk import ClassTeaching
from mirage_viewer.teaching import Teaching
from mirage_viewer.unwritable import BUSY
from mirage_viewer.workers import Workers
from mirage_viewer.worklist.desk import WorklistDesk

if TYPE_CHECKING:
    from collections.abc import Callable

    from mirage_core.project import Project

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
    """

    scan_changed: ClassVar[Signal] = Signal()
    b_changed: ClassVar[Signal] = Signal(int)
    crosshair_changed: ClassVar[Signal] = Signal(float, float)
    said: ClassVar[Signal] = Signal(Message)
    hushed: ClassVar[Signal] = Signal(str)
    edited: ClassVar[Signal] = Signal(Change)
    conditions_changed: ClassVar[Signal] = Signal()

    def __init__(
        self,
        background: Background,
        settings: Settings,
        project_folder: Path,
        workers: Workers,
    ) -> None:
        self._background = background
        self.settings = settings
        self.open_scan: OpenScan | None = None
        self.b = 0
        self.crosshair = (0.0, 0.0)
        self.projects = Projects(background, project_folder, lambda: self.author)
        self.projects.said.connect(self.say)
        self.opener = Opener(self, background, self.projects)
        self.projects.unfinished_found.connect(self.opener.offer_to_continue)
        self.saving = Saving(background, self._open_scans)
        self.saving.changed.connect(self.tell_conditions)
        self.saving.said.connect(self.say)
        self.saving.hushed.connect(self.hush)
        self.saving.settled.connect(self._saved)
        self.models = EngineDesk(background, settings, workers)
        self.models.changed.connect(self.tell_conditions)
        self.models.said.connect(self.say)
        self.segmentation.ended.connect(self._segmentation_ended)
        self.project_model = ProjectModel(self, self.models.engines, background)
        self.project_model.changed.connect(self.tell_conditions)
        self.projects.worklist_changed.connect(self.project_model.look)
        self.queue = Queueing(self, background)
        self.misplaced = Misplaced(self, background)
        self.offers = Offers(background)
        self.offers.changed.connect(self.tell_conditions)
        self.offers.said.connect(self.say)
        self.offers.hushed.connect(self.hush)
        self.comparing = Comparing(self, background, lambda *of: self.measuring.keeper.of(*of))
        self.model_comparing = ModelComparing(self, background)
        self.adjudicating = Adjudicating(self, self.comparing, background)
        self.grading = Grading(self, background)
        self.labelling = Labelling(self, background)
        self.teaching = Teaching(self, background, workers)
        self.class_teaching = ClassTeaching(self, background, workers)
        self.exports = ExportRun(background)
        self.exports.said.connect(self.say)
        engines = self.models.engines
        self.measuring = Measuring(self, background, self.projects.get, lambda: engines.segmenters)
        self.worklist = WorklistDesk(background, workers, self.projects, lambda: self.author)
        for part in (self.worklist.folders, self.worklist.remarks):
            part.said.connect(self.say)
        self.worklist.remarks.hushed.connect(self.hush)

    # ------------------------------------------------------------------ what is open

    @property
    def session(self) -> Session | None:
        """The session shown, or None."""
        return self.open_scan.session if self.open_scan is not None else None

    @property
    def segmentation(self) -> Segmentation:
        """The segmentation that runs, or will."""
        return self.models.segmentation

    @property
    def runner(self) -> ToolRunner | None:
        """The tool runner of an editable session, else None."""
        return self.open_scan.runner if self.editable and self.open_scan is not None else None

    @property
    def editable(self) -> bool:
        """True once the scan shown is registered (or there is no project to be had)."""
        return self.open_scan is not None and self.open_scan.editable

    @property
    def author(self) -> str:
        """Who edits."""
        return self.settings.grader or _NOBODY

    @property
    def circumstances(self) -> Circumstances:
        """What the actions need to know."""
        return circumstances_of(self)

    def say(self, message: Message) -> None:
        """Show `message`."""
        self.said.emit(message)

    def hush(self, topic: str) -> None:
        """Take away the messages on `topic`."""
        self.hushed.emit(topic)

    def tell_conditions(self) -> None:
        """Let listeners look again at what can be done."""
        self.conditions_changed.emit()

    # ------------------------------------------------------------------ opening and closing

    def show(self, opened: OpenScan | None) -> None:
        """Show `opened` in place of what is shown; the opener brings scans."""
        old = self.open_scan
        if old is opened:
            return
        if old is not None:
            old.runner.finish()
            old.session.changed.disconnect(self._edited)
            self.saving.leave(old.session)
            self.opener.let_go(old, needed=old is self.segmentation.target)
        self.offers.forget()
        self.open_scan = opened
        same = old is not None and opened is not None and old.scan.pixels is opened.scan.pixels
        if not same:
            self.models.another_scan()
            self.queue.forget()
            self.misplaced.forget()
        if opened is not None:
            opened.session.changed.connect(self._edited)
            self.saving.follow(opened.session)
            n, height, width = opened.scan.shape
            # A scan that was only shown so far keeps its place when it becomes editable, unless
            # nobody has moved from where it opened.
            if not same:
                self.crosshair = (height / 2, width / 2)
            if not same or old is None or self.b == old.begins_at:
                self.b = min(opened.begins_at, n - 1)
            opened.runner.go_to(self.b)
        self.hush("spacing")
        self.hush(BUSY)
        self.project_model.follow()
        if not same:
            self.model_comparing.forget()
        self.scan_changed.emit()
        self.conditions_changed.emit()
        self.comparing.another_scan()

    def ready(self, opened: OpenScan) -> None:
        """The scan shown can be edited now, unless its project can only be read."""
        opened.editable = not opened.read_only
        self.project_model.follow()
        self.scan_changed.emit()
        self.conditions_changed.emit()
        self.comparing.another_scan()

    def use_project(self, folder: Path, then: Callable[[], object] = lambda: None) -> None:
        """Close the scan, keep scans in the project in `folder` from now on, and do `then`."""

        def opened(project: Project) -> None:
            self.opener.close_scan()
            self.settings.last_project = str(folder)
            self.settings.save()
            if project.notice:
                self.say(Message(project.notice, "", Level.WARNING, "project"))
            then()

        self.projects.use(folder, opened)

    def _segmentation_ended(self, target: OpenScan) -> None:
        self.conditions_changed.emit()
        self.projects.refresh_worklist()
        self.opener.let_go_again(target)
        self.saving.check()

    def _saved(self) -> None:
        self.projects.refresh_worklist()
        for opened in tuple(self.opener.held):
            if opened is not self.segmentation.target:
                self.opener.let_go_again(opened)

    def _open_scans(self) -> tuple[OpenScan, ...]:
        shown = (self.open_scan,) if self.open_scan is not None else ()
        return *self.opener.held, *shown

    def shut_down(self) -> None:
        """End everything; call once, when the window closes."""
        self.opener.stop()
        self.exports.cancel()
        self.worklist.close()
        self.teaching.close()
        self.class_teaching.close()
        self.models.close()
        if self.open_scan is not None:
            self.open_scan.runner.finish()
        self.projects.close()

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
                self._go_back_or_on(self.session.undo)

    def redo(self) -> None:
        """Bring the last undone change back and go where it is."""
        if self.session is not None and self.editable:
            self._go_back_or_on(self.session.redo)

    def _go_back_or_on(self, step: Callable[[], Any]) -> None:
        try:
            edit = step()
        except UnreadableEditError as error:
            self._report(error)
            return
        if edit is not None and edit.b_scans and self.b not in edit.b_scans:
            self.show_b_scan(min(edit.b_scans, key=lambda b: abs(b - self.b)))

    def approve(self) -> None:
        """Approve the B-scan shown and step on."""
        if self.session is not None and self.editable:
            b = self.b
            self.session.set_state([b], State.APPROVED)
            self.step(1)
            self.misplaced.approved((b,))

    def approve_all(self) -> None:
        """Approve every B-scan on which something is known."""
        if self.session is not None and self.editable:
            approval.approve_all(self.session)
            self.misplaced.approved(range(self.session.scan.n_b_scans))

    def unapprove(self) -> None:
        """Set the B-scan shown back to edited."""
        if self.session is not None and self.editable:
            approval.unapprove(self.session, self.b)

    def segment(self, engine: str, *, whole: bool, keep_corrected: bool = True) -> None:
        """Run `engine` on the volume or on the B-scan shown."""
        if self.open_scan is not None and self.circumstances.ready:
            self.hush("segment")
            self.open_scan.runner.finish()
            self.models.segment(
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
        self.hush("spacing")
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
        """Be called `name` from now on; what was done without a name becomes that of `name`."""
        before, unnamed = self.author, not self.settings.grader
        self.settings.grader = name.strip()
        self.settings.save()
        if self.author != before:
            self.grading.renamed(before if unnamed else "")

    def save_copy(self, folder: Path, *, wait: bool = False) -> bool:
        """Write the scan's work into a project in `folder`; see :meth:`Saving.copy`."""
        opened = self.open_scan
        return opened is not None and self.saving.copy(opened, folder, self.author, wait=wait)

    def export(self, choice: ExportChoice) -> None:
        """Export the scan as it is now."""
        if self.open_scan is not None:
            self.hush("export")
            self.open_scan.runner.finish()
            self.exports.start(self.open_scan, choice)

    # ------------------------------------------------------------------ listening

    def _report(self, error: Exception) -> None:
        message = from_error(error, type(error).__name__)
        if message is None:
            raise error
        self.say(message)

    def _edited(self, change: Change) -> None:
        self.misplaced.edited(change)
        self.edited.emit(change)
        self.conditions_changed.emit()
