"""Ties the Compare panel and the canvas to the comparison. Nothing is decided here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QFileDialog

from mirage_viewer.agreement_files import PLOT_KINDS, plot_path
from mirage_viewer.agreement_words import agreement_lines
from mirage_viewer.comparing import ENGINE, NOBODY, TOLERANCE_PX
from mirage_viewer.controller import Desk
from mirage_viewer.panels.bland_altman import BlandAltmanDialog

if TYPE_CHECKING:
    from mirage_core.annotate import Change
    from mirage_viewer.workbench import Workbench

_MEASURE_AFTER_MS = 1500


class CompareBinding:
    """The connections of one window's comparison."""

    def __init__(self, window: Workbench, desk: Desk) -> None:
        self.w, self.d, self.panel = window, desk, window.compare_panel
        comparing, panel = desk.comparing, window.compare_panel
        comparing.changed.connect(self.show_pair)
        comparing.measured.connect(self.show_agreement)
        panel.pair_picked.connect(comparing.pick)
        panel.scope_picked.connect(comparing.set_whole)
        panel.next_requested.connect(comparing.next_difference)
        panel.consensus_requested.connect(
            lambda on: desk.adjudicating.begin() if on else desk.adjudicating.end()
        )
        panel.take_requested.connect(desk.adjudicating.take)
        panel.take_agreeing_requested.connect(desk.adjudicating.take_agreeing)
        panel.export_requested.connect(self.export)
        panel.plot_requested.connect(self.show_plot)
        self._plot: BlandAltmanDialog | None = None
        self._soon = QTimer(window)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_MEASURE_AFTER_MS)
        self._soon.timeout.connect(comparing.measure)
        desk.teaching.held_out.changed.connect(self.show_overlay)
        desk.model_comparing.changed.connect(self.show_overlay)
        window.compare_models_panel.work_shown.connect(lambda _: self.show_overlay())
        window.correct_panel.tool_changed.connect(lambda _: self.show_overlay())
        window.tabs.currentChanged.connect(lambda _: self.show_overlay())
        window.qt_actions["view.clean"].toggled.connect(lambda _: self.show_overlay())
        desk.b_changed.connect(self.moved)
        desk.edited.connect(self.edited)
        desk.measuring.fovea_put.connect(self.fovea_put)
        desk.grading.blind_told.connect(self.blind_told)
        desk.projects.worklist_changed.connect(lambda _rows: desk.grading.look())
        self.show_pair()

    def moved(self, _b: int) -> None:
        """Show what differs on another B-scan."""
        self.show_overlay()
        self.d.comparing.moved()

    def edited(self, change: Change) -> None:
        """Show what differs now, and measure anew once the hand rests."""
        if self.d.comparing.comparing:
            if self.d.b in change.b_scans:
                self.show_overlay()
            self.d.comparing.edited()
            self._soon.start()

    def fovea_put(self) -> None:
        """Measure anew about the fovea that a person put."""
        if self.d.comparing.comparing:
            self.d.comparing.fovea_put()
            self._soon.start()

    def blind_told(self, blind: bool) -> None:
        """Show whether graders see each other's work."""
        self.w.qt_actions.check("graders.blind", blind)

    def show_pair(self) -> None:
        """Show who can be compared, and lay the one over the other."""
        comparing = self.d.comparing
        self.panel.set_candidates(
            comparing.candidates,
            comparing.one,
            comparing.other,
            consensus=comparing.consensus,
            why=comparing.why,
            engine=comparing.engine,
        )
        self.show_overlay()
        self.show_agreement()

    def show_overlay(self) -> None:
        """Show on the B-scan what differs: before and after teaching, models, or graders."""
        legend = self.w.canvas.legend
        self._lay_over()
        if self.w.canvas.legend != legend:
            self.w.messages.place()  # below whose is whose

    def _lay_over(self) -> None:
        b, canvas, models = self.d.b, self.w.canvas, self.d.model_comparing
        if self.w.qt_actions["view.clean"].isChecked():
            canvas.set_compared(None)
            return
        before_after = self.d.teaching.held_out.on(b)
        if before_after is not None:
            canvas.set_compared(before_after, "before teaching", "after teaching")
        elif models.on_show:
            # A tool needs the work it draws into to be seen.
            tool = self.d.runner.tool if self.d.runner is not None else None
            in_front = self.w.tabs.currentWidget() is self.w.compare_tab
            wanted = self.w.compare_models_panel.work.isChecked()
            alone = tool is None and in_front and not wanted
            titles = (models.title(models.one), models.title(models.other))
            canvas.set_compared(models.on(b), *titles, alone=alone)
        else:
            c = self.d.comparing
            one = c.name_of(c.one) if c.consensus else ""
            canvas.set_compared(c.on(b), one, c.name_of(c.other))

    def show_agreement(self) -> None:
        """Fill the table."""
        comparing = self.d.comparing
        self._fill_plot()
        if comparing.other == NOBODY:
            return
        if comparing.agreement is None:
            self.panel.show_lines((), "Working out how they agree…")
            return
        engine = comparing.other == ENGINE
        lines, unit = agreement_lines(comparing.agreement, with_engine=engine)
        one, other = comparing.name_of(comparing.one), comparing.name_of(comparing.other)
        whose = f"Orange: {one}. Cyan: {other}." if comparing.consensus else f"Cyan: {other}."
        words = f"{whose} Shaded: more than {TOLERANCE_PX:g} px apart."
        if not comparing.agreement.b_scans:
            words = "There is no B-scan yet that both worked on."
            if engine:
                words = "Correct or approve a B-scan; the model is compared with that."
        elif comparing.stale:
            words = "This work changed since; measured anew in a moment."
        self.panel.show_lines(lines, words, unit)

    def show_plot(self) -> None:
        """Open the Bland-Altman plot of thickness; it follows what is compared."""
        if self._plot is None:
            self._plot = BlandAltmanDialog(self.w)
            self._plot.save_requested.connect(self.save_plot)
        self._fill_plot()
        self._plot.show()
        self._plot.raise_()

    def _fill_plot(self) -> None:
        if self._plot is None:
            return
        comparing, found = self.d.comparing, self.d.comparing.agreement
        names = (comparing.name_of(comparing.one), comparing.name_of(comparing.other))
        if found is None or comparing.other == NOBODY:
            why = "Choose whom to compare with." if comparing.other == NOBODY else "Comparing…"
            self._plot.show_layers((), names, why)
        else:
            self._plot.show_layers(found.thickness, names, found.why_no_thickness)

    def save_plot(self) -> None:
        """Ask where the plots go."""
        path, kind = QFileDialog.getSaveFileName(
            self.w, "Write the plots to", "bland-altman.pdf", PLOT_KINDS
        )
        if path:
            self.d.comparing.export(plot_path(path, kind))

    def export(self) -> None:
        """Ask where the table goes."""
        path, _ = QFileDialog.getSaveFileName(
            self.w, "Write the agreement to", "agreement.csv", "CSV (*.csv)"
        )
        if path:
            self.d.comparing.export(Path(path))
