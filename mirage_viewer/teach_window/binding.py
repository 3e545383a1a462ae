"""Ties the Teach window, the status bar and the messages to teaching. Nothing is decided here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer

from mirage_viewer.dialogs import ask_about_teaching
from mirage_viewer.messages import Message
from mirage_viewer.teach_window.classes.binding import ClassTeachBinding
from mirage_viewer.teach_window.run import NOT_BEGUN
from mirage_viewer.teach_window.window import TeachWindow
from mirage_viewer.teaching import Stage, words
from mirage_viewer.teaching.desk import TOPIC as TEACHING
from mirage_viewer.teaching.held_out import TOPIC as HELD_OUT
from mirage_viewer.teaching.survey import Survey

if TYPE_CHECKING:
    from mirage_viewer.controller import Desk
    from mirage_viewer.workbench import Workbench

_POLL_MS = 300
_ELSEWHERE = "These B-scans are in another project; open that one to look at them."


class TeachBinding:
    """The connections of one window's teaching; the dialog is made when it is first wanted.

    The window keeps it; signals hold it only weakly.
    """

    def __init__(self, window: Workbench, desk: Desk) -> None:
        self.w, self.d, self.t = window, desk, desk.teaching
        self.dialog: TeachWindow | None = None
        self.classes = ClassTeachBinding(window, desk)
        self._poll = QTimer(window)
        self._poll.setInterval(_POLL_MS)
        self._poll.timeout.connect(self.t.run.poll)
        self.t.changed.connect(self.refresh)
        self.t.progressed.connect(self.got_on)
        self.t.window_wanted.connect(self.show)
        self.t.held_out.listed.connect(self.list_held_out)
        self.t.held_out.changed.connect(self.looked_at)
        desk.scan_changed.connect(self.went)
        desk.b_changed.connect(self.went)
        desk.models.engines.changed.connect(self.engines_changed)
        desk.class_teaching.changed.connect(self.show_ready)
        window.status.teaching_clicked.connect(self.show_at_work)

    def show_at_work(self) -> None:
        """Open the Teach window where something is taught."""
        self.show(classes=self.d.class_teaching.at_work)

    def show(self, *, classes: bool | None = None) -> None:
        """Open the Teach window, and count what there is to teach with.

        None leaves the page that was shown last: that of classes, or of layers and lesions.
        """
        dialog = self.made()
        if classes is not None:
            dialog.show_page(classes=classes)
        if dialog.on_classes:
            self.classes.page_shown(True)
        self.w.show_dialog(dialog)
        self.look()

    def look(self) -> None:
        """Count what there is to teach with, and show how far teaching is."""
        self.w.messages.hush(TEACHING)
        self.t.look()
        self.refresh()
        self.list_held_out()

    def made(self) -> TeachWindow:
        """Return the Teach window, made now if it has not been wanted yet."""
        if self.dialog is None:
            self.dialog = self._make()
        return self.dialog

    def _make(self) -> TeachWindow:
        dialog, teaching = TeachWindow(self.w), self.t
        dialog.choose_card.wanted.connect(lambda choices: teaching.want(**choices))
        dialog.choose_card.start_requested.connect(teaching.start)
        run = dialog.run_card
        run.pause_requested.connect(lambda on: teaching.run.pause() if on else teaching.run.go_on())
        run.stop_requested.connect(teaching.run.stop_early)
        run.cancel_requested.connect(teaching.run.cancel)
        run.go_on_requested.connect(teaching.go_on_with_last)
        run.again_requested.connect(teaching.choose_again)
        result = dialog.result_card
        result.use_requested.connect(teaching.use_it)
        result.again_requested.connect(teaching.choose_again)
        result.picked.connect(self.look_at)
        self.classes.follow(dialog)
        one, other = dialog.choose_card.cluster, dialog.classes.choose.cluster
        one.setText(teaching.cluster)
        other.setText(teaching.cluster)
        one.textChanged.connect(teaching.run_on)
        one.textChanged.connect(other.setText)
        other.textChanged.connect(one.setText)
        return dialog

    def may_close(self) -> bool:
        """Ask before the program ends while a model is taught."""
        classes = self.d.class_teaching.at_work
        if classes and not ask_about_teaching(self.w, self.classes.status()):
            return False
        return not self.t.at_work or ask_about_teaching(self.w, self._status())

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        if self.dialog is not None:
            self.dialog.repaint_icons()
            self._show_result()

    # ------------------------------------------------------------------ what is shown

    def refresh(self) -> None:
        """Show the choices, what was counted and the stage."""
        if self.t.at_work and not self._poll.isActive():
            self._poll.start()
        if not self.t.at_work:
            self._poll.stop()
        if self.dialog is not None:
            found = self.t.found or Survey()
            shown = self.t.shown_scan
            id = shown.record.id if shown is not None and shown.record is not None else ""
            self.dialog.choose_card.show_choices(self.t.wanted, id, found)
            self.show_ready()
            self._show_result()
        self.got_on()

    def show_ready(self) -> None:
        """Show what was counted, and whether a run can be begun."""
        if self.dialog is not None:
            card = self.dialog.choose_card
            card.show_found(self.t.found or Survey(), self.t.counting, self.t.why_not)
            card.set_ready(self.t.can_start, locked=self.t.at_work)

    def got_on(self) -> None:
        """Show how far the run is."""
        if self.t.at_work or not self.d.class_teaching.at_work:
            self.w.status.show_teaching(self._status() if self.t.at_work else "")
        if self.dialog is None:
            return
        run, card, stage = self.t.run, self.dialog.run_card, self.t.stage
        told = run.told
        card.show_running(
            stage is Stage.RUNNING,
            pausing=run.pausing,
            stopping=run.stopping,
            cancelling=run.cancelling,
        )
        known = self.t.found or Survey()
        said_before = {*known.warnings, *known.how}
        notes = tuple(n for n in told.notes if n not in said_before) if told.n_lessons else ()
        done = 1.0 if stage is Stage.DONE else run.fraction if stage is not Stage.CHOOSING else 0.0
        going_on = stage is Stage.RUNNING and not (run.cancelling or run.pausing)
        card.show_progress(told, done, notes, running=going_on)
        card.show_phase(self._phase())
        text, can_go_on = self._over()
        card.show_over(text, can_go_on=can_go_on)

    def _status(self) -> str:
        run = self.t.run
        if run.cancelling:
            return "Teaching: stopping…"
        if run.pausing:
            return f"Teaching paused at {round(100 * run.fraction)} %"
        return words.status(run.fraction, run.told.left_s)

    def _phase(self) -> str:
        run, stage = self.t.run, self.t.stage
        if stage is Stage.STARTING:
            return "Starting…"
        if stage is Stage.DONE:
            took = run.told.seconds
            return "Done" if took is None else f"Done in {words.duration(took)}"
        if stage is not Stage.RUNNING:
            return NOT_BEGUN
        if run.cancelling:
            return "Saving where it stands…"
        if run.told.paused and run.pausing:
            return f"Paused. {run.told.phase()}"
        if run.stopping:
            return f"Stopping early: the best so far is kept. {run.told.phase()}"
        return run.told.phase()

    def _over(self) -> tuple[str, bool]:
        if self.t.stage not in (Stage.CANCELLED, Stage.FAILED):
            return "", False
        request = self.t.run.request
        can_go_on = request is not None and request.can_go_on
        if self.t.stage is Stage.CANCELLED:
            more = " It can be gone on with." if can_go_on else ""
            return f"Teaching was cancelled.{more}", can_go_on
        why = self.t.why
        return f"{why.text} {why.hint}".strip() if why is not None else "", can_go_on

    def _show_result(self) -> None:
        assert self.dialog is not None
        card, outcome, gain = self.dialog.result_card, self.t.outcome, self.t.run.told.gain
        if outcome is None:
            card.forget()
            return
        card.show_result(
            outcome.sentence or words.NOT_MEASURED,
            words.gain_lines(gain) if gain is not None else (),
            suggested=outcome.suggested,
            compared=gain is not None and gain["beats_parent"] is not None,
        )
        card.show_used(self.t.used)

    def engines_changed(self) -> None:
        """Another engine was chosen, or there are others."""
        if self.dialog is not None:
            self._show_result()

    # ------------------------------------------------------------------ held-out B-scans

    def list_held_out(self) -> None:
        """List the held-out B-scans."""
        if self.dialog is None:
            return
        names = self.t.found.scans if self.t.found is not None else {}
        several = len({c.scan for c in self.t.held_out.b_scans}) > 1
        titles = []
        for c in self.t.held_out.b_scans:
            surfaces = bool((c.curves_after == c.curves_after).any())
            change = words.error_change(c.error_before, c.error_after, surfaces=surfaces)
            where = f"{names.get(c.scan, 'scan').split(',')[0]}, " if several else ""
            titles.append(f"{where}B-scan {c.b_scan + 1}:  {change}")
        request = self.t.run.request
        other = request is not None and request.project != self.d.projects.folder
        self.dialog.result_card.show_worst(titles, _ELSEWHERE if other else "")

    def look_at(self, number: int) -> None:
        """Show a held-out B-scan in the window, which the dialog would hide."""
        assert self.dialog is not None
        self.w.hide_dialog(self.dialog)
        self.w.pages.show_worklist(False)
        self.t.held_out.look_at(number)

    def went(self, *_: object) -> None:
        """Another scan or B-scan is shown."""
        self.t.held_out.went()

    def looked_at(self) -> None:
        """Say which B-scan is looked at, and what the colours mean."""
        held = self.t.held_out
        if held.at < 0:
            self.w.messages.hush(HELD_OUT)
            return
        self.w.messages.hush(TEACHING)
        compared = held.b_scans[held.at]
        surfaces = bool((compared.curves_after == compared.curves_after).any())
        change = words.error_change(compared.error_before, compared.error_after, surfaces=surfaces)
        following = (held.at + 1) % len(held.b_scans)
        self.w.show_message(
            Message(
                f"Held-out B-scan {compared.b_scan + 1}: error {change}",
                "Orange: the model before. Cyan: after. They lie over the grader's lines.",
                topic=HELD_OUT,
                action="Back to the result",
                do=self.back,
                other="Next",
                do_other=lambda: held.look_at(following),
            )
        )

    def back(self) -> None:
        """Take the curves away and show the result again."""
        self.t.held_out.leave()
        self.show()
