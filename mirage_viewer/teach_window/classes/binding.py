"""Ties the Classes page of the Teach window to teaching classes. Nothing is decided here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer

from mirage_viewer.teach_classes.desk import TOPIC
from mirage_viewer.teach_classes.survey import ClassSurvey
from mirage_viewer.teach_window.classes.run import NOT_BEGUN
from mirage_viewer.teaching import Stage, words

if TYPE_CHECKING:
    from mirage_viewer.controller import Desk
    from mirage_viewer.teach_window.classes.page import ClassesPage
    from mirage_viewer.teach_window.window import TeachWindow
    from mirage_viewer.workbench import Workbench

_POLL_MS = 300


class ClassTeachBinding:
    """The connections of one window's teaching of classes; the Teach window's binding keeps it."""

    def __init__(self, window: Workbench, desk: Desk) -> None:
        self.w, self.d, self.t = window, desk, desk.class_teaching
        self.dialog: TeachWindow | None = None
        self._poll = QTimer(window)
        self._poll.setInterval(_POLL_MS)
        self._poll.timeout.connect(self.t.run.poll)
        self.t.changed.connect(self.refresh)
        self.t.progressed.connect(self.got_on)
        self.t.window_wanted.connect(self.show)
        desk.labelling.changed.connect(self.labels_changed)
        desk.models.engines.changed.connect(self.engines_changed)
        desk.teaching.changed.connect(self.show_ready)

    @property
    def page(self) -> ClassesPage | None:
        """The page, once there is one."""
        return self.dialog.classes if self.dialog is not None else None

    def follow(self, dialog: TeachWindow) -> None:
        """Tie the page of `dialog` to the desk."""
        self.dialog, page, teaching = dialog, dialog.classes, self.t
        page.choose.wanted.connect(lambda choices: teaching.want(**choices))
        page.choose.start_requested.connect(teaching.start)
        page.run.cancel_requested.connect(teaching.run.cancel)
        page.run.go_on_requested.connect(teaching.go_on)
        page.run.again_requested.connect(teaching.choose_again)
        page.result.use_requested.connect(self.use)
        page.result.again_requested.connect(teaching.choose_again)
        dialog.page_shown.connect(self.page_shown)

    def show(self) -> None:
        """Bring the page to the front."""
        self.w.teach.show(classes=True)

    def page_shown(self, classes: bool) -> None:
        """Count what is labelled when the page comes."""
        if classes:
            self.w.messages.hush(TOPIC)
            if not self.t.at_work or self.t.found is None:
                self.t.look()
            self.refresh()

    def labels_changed(self) -> None:
        """Count anew what is labelled, while that is looked at."""
        dialog = self.dialog
        if dialog is not None and dialog.isVisible() and dialog.on_classes and not self.t.at_work:
            self.t.look()

    def use(self) -> None:
        """Classify with the new model, and show where that is done."""
        self.t.use_it()
        self.w.model_windows.show_classes()

    # ------------------------------------------------------------------ what is shown

    def refresh(self) -> None:
        """Show the choices, what was counted and the stage."""
        if self.t.at_work and not self._poll.isActive():
            self._poll.start()
        if not self.t.at_work:
            self._poll.stop()
        if self.page is not None:
            self.page.choose.show_choices(self.t.wanted, self.t.found or ClassSurvey())
        self.show_ready()
        self.engines_changed()
        self.got_on()

    def show_ready(self) -> None:
        """Show what was counted, and whether a run can be begun."""
        if self.page is not None:
            card, found = self.page.choose, self.t.found or ClassSurvey()
            card.show_found(found, counting=self.t.counting, why_not=self.t.why_not)
            card.set_ready(self.t.can_start, locked=self.t.at_work)

    def got_on(self) -> None:
        """Show how far the run is."""
        if self.t.at_work:
            self.w.status.show_teaching(self.status())
        elif not self.d.teaching.at_work:
            self.w.status.show_teaching("")
        if self.page is None:
            return
        run, stage, card = self.t.run, self.t.stage, self.page.run
        known = self.t.found or ClassSurvey()
        said_before = {*known.warnings, *known.how}
        notes = tuple(n for n in run.told.notes if n not in said_before)
        done = 1.0 if stage is Stage.DONE else run.fraction if stage is not Stage.CHOOSING else 0.0
        going_on = stage is Stage.RUNNING and not run.cancelling
        card.show_progress(run.told, done, notes, running=going_on)
        card.show_state(
            self._phase(),
            running=stage is Stage.RUNNING,
            cancelling=run.cancelling,
            over=stage in (Stage.CANCELLED, Stage.FAILED),
            can_go_on=self._can_go_on,
        )

    def status(self) -> str:
        """Return how far the run is, for the status bar."""
        run = self.t.run
        if run.cancelling:
            return "Teaching: stopping…"
        return words.status(run.fraction, run.told.left_s)

    @property
    def _can_go_on(self) -> bool:
        request = self.t.run.request
        return request is not None and request.can_go_on

    def _phase(self) -> str:
        run, stage, why = self.t.run, self.t.stage, self.t.why
        if stage is Stage.CHOOSING:
            return NOT_BEGUN
        if stage is Stage.STARTING:
            return "Starting…"
        if stage is Stage.DONE:
            took = run.told.seconds
            return "Done" if took is None else f"Done in {words.duration(took)}"
        if stage is Stage.CANCELLED:
            more = " It can be gone on with." if self._can_go_on else ""
            return f"Teaching was cancelled; there is no model.{more}"
        if stage is Stage.FAILED:
            return f"{why.text} {why.hint}".strip() if why is not None else ""
        return "Stopping…" if run.cancelling else run.told.phase()

    def engines_changed(self) -> None:
        """Show the result; another model may classify now."""
        if self.page is None:
            return
        card, outcome = self.page.result, self.t.outcome
        if outcome is None:
            card.forget()
            return
        card.show_result(outcome.title, outcome.report)
        card.show_used(self.t.used)
