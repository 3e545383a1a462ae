"""Ties the Follow-up window to what is compared. Nothing is decided here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QFileDialog

from mirage_viewer.follow_up.desk import FollowingUp
from mirage_viewer.follow_up.visits import eye_words
from mirage_viewer.messages import Message

if TYPE_CHECKING:
    from mirage_core.measure.registration import Registration
    from mirage_viewer.controller import Desk
    from mirage_viewer.follow_up.comparison import Comparison
    from mirage_viewer.follow_up.window import FollowUpWindow
    from mirage_viewer.workbench import Workbench

F64 = NDArray[np.float64]

_AFTER_EDIT_MS = 700
_AFTER_NUDGE_MS = 350
_NOT_KEPT = "This project can only be read: what you move is kept until the window is closed."


class FollowUpBinding:
    """The connections of one window's follow-up; the dialog is made when it is first wanted.

    The window keeps it; signals hold it only weakly.
    """

    def __init__(self, window: Workbench, desk: Desk) -> None:
        self.w, self.d = window, desk
        self.dialog: FollowUpWindow | None = None
        self.following = FollowingUp(
            desk,
            desk.worklist.background,
            lambda: desk.measuring.put,
            lambda: desk.models.engines.segmenters,
            desk.measuring.keeper.of,
        )
        self._filled: Comparison | None = None
        self._matrix: F64 | None = None
        self._whose: object = None
        self._blind: bool | None = None
        self._fovea: object = None
        self._soon, self._nudged = QTimer(window), QTimer(window)
        for timer, ms, call in (
            (self._soon, _AFTER_EDIT_MS, self.compare),
            (self._nudged, _AFTER_NUDGE_MS, self.place),
        ):
            timer.setSingleShot(True)
            timer.setInterval(ms)
            timer.timeout.connect(call)
        self.following.changed.connect(self.refresh)
        self.following.said.connect(self.tell)
        desk.scan_changed.connect(self.scan_changed)
        desk.edited.connect(self.edited)
        desk.measuring.changed.connect(self.fovea_moved)
        desk.measuring.fovea_put.connect(self.fovea_moved)
        desk.grading.blind_told.connect(self.blind_told)
        desk.comparing.changed.connect(self.scan_changed)  # also where only the grader is another
        window.closing.connect(self.close)

    def show(self) -> None:
        """Open the window, and compare the first visit with the one shown."""
        if self.dialog is None:
            self.dialog = self._make()
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()
        self._whose = self._whose_now()
        self._fovea = self.d.measuring.put
        self.following.look()

    def _make(self) -> FollowUpWindow:
        from mirage_viewer.follow_up.window import FollowUpWindow

        dialog, following = FollowUpWindow(self.w), self.following
        dialog.visits.picked.connect(self.pick)
        dialog.visits.baseline_wanted.connect(self.take_as_baseline)
        dialog.pair_picked.connect(following.choose_pair)
        dialog.cancel_requested.connect(following.cancel)
        dialog.again_requested.connect(self.compare)
        dialog.copy_requested.connect(self.copy)
        dialog.table_requested.connect(self.save_table)
        dialog.overlay.placed.connect(self.moved)
        dialog.card.turned.connect(self.turn)
        dialog.card.scaled.connect(self.scale)
        dialog.card.find_requested.connect(self.find_again)
        dialog.card.keep_requested.connect(self.use_as_it_is)
        dialog.finished.connect(self.left)
        return dialog

    def close(self) -> None:
        """The program ends."""
        for timer in (self._soon, self._nudged):
            timer.stop()
        if self.dialog is not None:
            self.dialog.close()

    def left(self, *_: int) -> None:
        """The window was closed."""
        if self._nudged.isActive():
            self._nudged.stop()
            self.place()
        self._soon.stop()
        self.following.leave()

    def finish(self) -> str:
        """Write what a person moved; return why it cannot be, ``""`` if it is."""
        if self._nudged.isActive():
            self._nudged.stop()
            self.place()
        return self.following.finish()

    @property
    def _seen(self) -> bool:
        return self.dialog is not None and self.dialog.isVisible()

    # ------------------------------------------------------------------ from the desk

    def _whose_now(self) -> object:
        """Return what decides which visits are listed, and whose work on each is measured."""
        opened = self.d.open_scan
        if opened is None:
            return None
        scan = opened.scan
        work = opened.session, self.d.author, self._blind
        return (scan.pixels, scan.spacing, opened.project, *work)

    def scan_changed(self) -> None:
        """Another scan, other work on it or another spacing is shown: list its visits."""
        now = self._whose_now()
        if self._seen and now != self._whose:
            self._whose = now
            self._keep_nudged()
            self.following.look()

    def blind_told(self, blind: bool) -> None:
        """Whether graders may see each other's work: list only what may be seen."""
        self._blind = blind
        self.scan_changed()

    def edited(self, *_: object) -> None:
        """Compare anew once the hand rests."""
        if self._seen:
            self.following.edited()
            self._soon.start()

    def fovea_moved(self) -> None:
        """Compare about the fovea that a person put."""
        if self.d.measuring.put != self._fovea:
            self._fovea = self.d.measuring.put
            self.edited()

    def compare(self) -> None:
        """Compare anew."""
        self.following.compare()

    def tell(self, message: Message) -> None:
        """Say how writing ended, where it is seen."""
        if self.dialog is not None and self._seen:
            self.dialog.state.setText(f"{message.text} {message.hint}".strip())
            self.dialog.state.setToolTip(self.dialog.state.text())
        self.d.say(message)

    def refresh(self) -> None:
        """Show visits, comparison and what goes on."""
        dialog, following, opened = self.dialog, self.following, self.d.open_scan
        if dialog is None:
            return
        title = "Follow-up"
        if opened is not None and opened.record is not None:
            title = f"Follow-up: {opened.name}, {eye_words(opened.scan.laterality)}"
        dialog.setWindowTitle(title)
        dialog.visits.show_visits(following.visits, following.first, following.later)
        dialog.visits.setVisible(bool(following.visits))
        dialog.show_empty(following.why or following.problem)
        dialog.show_work(self._state(), busy=following.busy, stopped=following.stopped)
        shown = following.shown
        dialog.copy.setEnabled(shown is not None and not following.stale)
        dialog.csv.setEnabled(following.lines is not None and not following.writing)
        if shown is not self._filled:
            self._filled = shown
            self._show(shown)

    def _state(self) -> str:
        following = self.following
        if following.busy:
            return "Comparing…" if following.shown is None else "Comparing anew…"
        if following.writing:
            return "Writing the table…"
        if following.stopped:
            return "Stopped. What is shown may be out of date." if following.shown else "Stopped."
        return "The work changed; compared anew in a moment." if following.stale else ""

    def _show(self, shown: Comparison | None) -> None:
        from mirage_viewer.follow_up.words import change_lines, how_words

        dialog = self.dialog
        assert dialog is not None
        pair = self.following.pair
        what = f"{pair[0]} to {pair[1]}"
        if shown is None:
            dialog.maps.show_pictures(None, ("", ""), what)
            dialog.changes.show_lines(())
            dialog.show_warnings(())
            dialog.how.setText("")
            if not self._nudged.isActive():
                self._matrix = None
                dialog.overlay.clear()
            return
        days = shown.lines[0].day_words, shown.lines[1].day_words
        dialog.show_surfaces(shown.surfaces, pair)
        dialog.maps.show_pictures(shown.pictures, days, what)
        dialog.changes.show_lines(change_lines(shown.found.changes, shown.titles))
        dialog.show_warnings(shown.found.warnings)
        dialog.how.setText(f"Registration: {how_words(shown.registration)}")
        first, second = shown.pictures.first.fundus, shown.pictures.second.fundus
        dialog.overlay.show_pictures(first, second, (f"baseline, {days[0]}", f"later, {days[1]}"))
        # What is moved meanwhile stays under the hand.
        if not (self._nudged.isActive() or dialog.overlay.held):
            self._matrix = shown.start.matrix if shown.start is not None else None
            dialog.overlay.set_matrix(self._matrix, shown.why_not_moved)
        self._show_card(shown.start, shown)

    def _show_card(self, registration: Registration | None, shown: Comparison) -> None:
        from mirage_core.measure.followup import nominal_scale
        from mirage_core.measure.registration import RegistrationSource
        from mirage_viewer.follow_up.words import how_words, registration_words

        assert self.dialog is not None
        card = self.dialog.card
        if registration is None:
            card.show_registration(
                "Not brought together", (shown.why_not_moved,), None, by_hand=True, can_keep=False
            )
            return
        scans = shown.visits[0].scan, shown.visits[1].scan
        facts = registration_words(registration, *scans)
        used = shown.registration is not None
        card.show_registration(
            how_words(registration) if used else "Not found: lay one over the other by hand",
            facts if used else ("The vessels do not match anywhere.",),
            (registration.rotation_deg, registration.scale / nominal_scale(*scans)),
            by_hand=not used or registration.source is RegistrationSource.USER,
            can_keep=not used or registration.source is RegistrationSource.VESSELS,
        )
        card.note.setText("" if self.following.kept else _NOT_KEPT)

    # ------------------------------------------------------------------ by hand

    def moved(self, matrix: F64, final: bool) -> None:
        """The later picture was dragged or nudged."""
        self._matrix = matrix
        self._show_moved()
        if final:
            self._nudged.start()

    def turn(self, degrees: float) -> None:
        """Turn the later picture to `degrees`."""
        from mirage_core.measure.placing import turned

        found = self._now()
        if found is not None:
            by = degrees - found.rotation_deg
            self._change(turned(found.matrix, by, self._middle()))

    def scale(self, scale: float) -> None:
        """Scale the later picture to `scale` times what the files say."""
        from mirage_core.measure.followup import nominal_scale
        from mirage_core.measure.placing import scaled

        found, shown = self._now(), self.following.shown
        if found is not None and shown is not None:
            usual = nominal_scale(shown.visits[0].scan, shown.visits[1].scan)
            factor = scale * usual / found.scale
            self._change(scaled(found.matrix, factor, self._middle()))

    def _change(self, matrix: F64) -> None:
        assert self.dialog is not None
        self.dialog.overlay.set_matrix(matrix)
        self.moved(matrix, True)

    def _middle(self) -> tuple[float, float]:
        assert self.dialog is not None
        rows, cols = self.dialog.overlay.image_size
        return rows / 2 - 0.5, cols / 2 - 0.5

    def _now(self) -> Registration | None:
        """Return the registration as it was moved, how well it fits not known yet."""
        from mirage_core.measure.registration import Registration, RegistrationSource

        if self._matrix is None or self.following.shown is None:
            return None
        nan = float("nan")
        return Registration(self._matrix, nan, nan, RegistrationSource.USER)

    def _show_moved(self) -> None:
        shown, now = self.following.shown, self._now()
        if shown is not None and now is not None:
            found = replace(shown.found, registration=now)
            self._show_card(now, replace(shown, found=found))
        self.following.edited()

    def place(self) -> None:
        """Take how the later picture lies now, and compare by it."""
        if self._matrix is not None and self.following.lines is not None:
            self.following.place(self._matrix)

    def _keep_nudged(self) -> bool:
        """Keep what was moved last for the visits that it was moved on; return whether it was."""
        if not self._nudged.isActive() or self._matrix is None:
            return False
        self._nudged.stop()
        self.following.keep(self._matrix)
        return True

    def find_again(self) -> None:
        """Drop what was moved by hand."""
        self._nudged.stop()
        self.following.find_again()

    def use_as_it_is(self) -> None:
        """Keep how it lies, as looked at."""
        self._nudged.stop()
        self.following.use_as_it_is()

    # ------------------------------------------------------------------ what is asked for

    def pick(self, scan_id: str) -> None:
        """Compare another visit with the baseline."""
        self._choose(self.following.first, scan_id)

    def _choose(self, first: str, later: str) -> None:
        following, kept = self.following, self._keep_nudged()
        before = following.first, following.later
        following.choose(first, later)
        if kept and before == (following.first, following.later):
            following.compare()

    def take_as_baseline(self, scan_id: str) -> None:
        """Compare with another baseline; the visit compared stays where it is later."""
        following = self.following
        if following.lines is None:
            return  # nothing is compared yet
        order = [v.id for v in following.visits if v.stored]
        later = following.later
        if order.index(scan_id) >= order.index(later):
            later = order[-1]
        self._choose(scan_id, later)

    def copy(self) -> None:
        """Copy the table as it is sorted, with what makes it doubtful above it."""
        shown = self.following.shown
        if self.dialog is None or shown is None:
            return
        lines = [f"Warning: {w}" for w in shown.found.warnings]
        QApplication.clipboard().setText("\n".join([*lines, self.dialog.changes.text()]))
        self.tell(Message(f"{len(shown.found.changes)} figures copied.", topic="follow-up"))

    def save_table(self) -> None:
        """Ask where the table goes."""
        opened = self.d.open_scan
        if opened is None or self.dialog is None:
            return
        folder, name = self.d.settings.export_folder, f"{opened.name}-follow-up.csv"
        start = str(Path(folder) / name) if folder else name
        path, _ = QFileDialog.getSaveFileName(
            self.dialog, "Write the changes to", start, "CSV (*.csv)"
        )
        if path:
            self.following.write_table(Path(path))
