"""Ties the Measure panel and the fundus to what is measured. Nothing is decided here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QDialog, QFileDialog

from mirage_viewer.controller import Desk
from mirage_viewer.follow_up.binding import FollowUpBinding
from mirage_viewer.measuring.desk import source_words
from mirage_viewer.measuring.dialog import ReportDialog
from mirage_viewer.measuring.report import ReportWish
from mirage_viewer.measuring.words import figure_lines
from mirage_viewer.messages import Message

if TYPE_CHECKING:
    from mirage_core.annotate import Change
    from mirage_core.measure.tables import ScanFigures
    from mirage_viewer.canvas.fundus_figures import HeatMap
    from mirage_viewer.workbench import Workbench

_MEASURE_AFTER_MS = 400
_GROWN_MS = 50


class MeasureBinding:
    """The connections of one window's measuring; the window keeps it."""

    def __init__(self, window: Workbench, desk: Desk) -> None:
        self.w, self.d, self.panel = window, desk, window.measure_panel
        self.follow_up = FollowUpBinding(window, desk)
        self._filled: ScanFigures | None = None
        self._heat: HeatMap | None = None
        self._soon = QTimer(window)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_MEASURE_AFTER_MS)
        self._soon.timeout.connect(desk.measuring.measure)
        panel, measuring = self.panel, desk.measuring
        desk.scan_changed.connect(self.scan_changed)
        desk.edited.connect(self.edited)
        desk.b_changed.connect(self.point_moved)
        desk.crosshair_changed.connect(self.point_moved)
        desk.models.engines.changed.connect(measuring.engines_changed)
        measuring.changed.connect(self.show_figures)
        measuring.laid.connect(self.show_laid)
        measuring.reports.progressed.connect(panel.show_progress)
        measuring.reports.said.connect(desk.say)
        measuring.reports.file_wanted.connect(window.show_folder)
        panel.map_picked.connect(measuring.choose)
        panel.smooth_picked.connect(measuring.set_smooth)
        panel.grid_picked.connect(self.show_laid)
        panel.look_picked.connect(window.slo.set_heat_look)
        panel.fovea_here_requested.connect(self.fovea_here)
        panel.fovea_sought_requested.connect(measuring.seek_fovea)
        panel.copy_requested.connect(self.copy)
        panel.table_requested.connect(self.save_table)
        panel.report_requested.connect(self.save_report)
        window.slo.fovea_dragged.connect(
            lambda x, y, final: measuring.drag_fovea(x, y, final=final)
        )
        window.tabs.currentChanged.connect(self.tab_changed)
        window.qt_actions["view.clean"].toggled.connect(self.show_or_hide)
        panel.tell_look()
        self.scan_changed()

    # ------------------------------------------------------------------ from the desk

    def scan_changed(self) -> None:
        """List what can be mapped of the scan shown."""
        opened = self.d.open_scan
        self.panel.set_session(opened.session if opened is not None else None, None)
        if self.d.measuring.choice != self.panel.choice:
            self.d.measuring.choose(self.panel.choice)
        self.show_figures()
        self.show_laid()

    def edited(self, _change: Change) -> None:
        """Measure anew once the hand rests."""
        measuring = self.d.measuring
        measuring.edited()
        if measuring.active:
            self._soon.start()

    def tab_changed(self, _index: int) -> None:
        """Measure as soon as somebody looks, and show it on the fundus from then on."""
        front = self.w.tabs.currentWidget() is self.panel
        if front and not self.d.measuring.active:
            self.w.qt_actions.check("view.map", True)
            self.d.measuring.activate()
            self.show_or_hide()

    def show_or_hide(self) -> None:
        """Show map and grid if they are wanted."""
        actions = self.w.qt_actions
        wanted = actions["view.map"].isChecked() and not actions["view.clean"].isChecked()
        self.w.slo.set_measured_visible(wanted)

    def show_figures(self) -> None:
        """Fill the table."""
        opened, measuring, panel = self.d.open_scan, self.d.measuring, self.panel
        if opened is None:
            self._filled = None
            panel.show_profile(())
            return
        self._show_state()
        seen = measuring.seen
        if seen is None:
            self._filled = None
            panel.show_lines(())
            panel.show_profile(())
            panel.show_fovea("", by_hand=False)
            return
        if measuring.stale or seen.figures is self._filled:
            return
        self._filled = seen.figures
        titles = {c.name: c.title for c in opened.session.annotation.masks.scheme}
        panel.show_lines(figure_lines(seen.figures, titles))
        before = panel.plot.isHidden()
        self._show_profile()
        if panel.plot.isHidden() != before and self.w.tabs.currentWidget() is panel:
            self.w.tabs.make_room(_GROWN_MS)  # by the plot, of a circle scan
        self._show_fovea()

    def _show_profile(self) -> None:
        opened, b = self.d.open_scan, self.d.b
        several = opened is not None and opened.scan.n_b_scans > 1
        circle = f"circle {b + 1}" if several else ""
        self.panel.show_profile(self.d.measuring.profile(b), circle)

    def _show_fovea(self) -> None:
        fovea = self.d.measuring.fovea
        words = f"Fovea: {source_words(fovea)}" if fovea is not None else ""
        self.panel.show_fovea(words, by_hand=self.d.measuring.put is not None)

    def _show_state(self) -> None:
        before = self.panel.state.minimumHeight()
        self._tell_state()
        if self.panel.state.minimumHeight() > before and self.w.tabs.currentWidget() is self.panel:
            self.w.tabs.make_room(_GROWN_MS)  # by lines, which push its buttons down

    def _tell_state(self) -> None:
        measuring = self.d.measuring
        seen = measuring.seen
        self.panel.copy.setEnabled(measuring.current)
        if measuring.problem:
            self.panel.show_state(f"Could not be measured: {measuring.problem}")
        elif seen is None:
            self.panel.show_state("Measuring…" if measuring.busy else "")
        elif measuring.stale:
            self.panel.show_state("The work changed; measured anew in a moment.")
        else:
            self.panel.show_state(seen.why or self._value_here())

    def _value_here(self) -> str:
        value = self.d.measuring.value_at(self.d.b, self.d.crosshair[1])
        if value is None:
            return ""
        return f"Map at the crosshair: {value:.0f} µm" if value == value else "Map: nothing here"

    def point_moved(self, *_where: float) -> None:
        """Tell the map's value at another point."""
        seen = self.d.measuring.seen
        if seen is not None:
            self._show_state()
            if seen.ground.is_circle:
                self._show_profile()

    def show_laid(self, *_on: bool) -> None:
        """Lay map and grid over the fundus."""
        seen, slo = self.d.measuring.seen, self.w.slo
        heat = seen.heat if seen is not None else None
        moving = heat is not None and heat is self._heat  # only the grid is another
        if not moving:
            slo.set_heat(heat)
        self._heat = heat
        wanted = seen is not None and self.panel.grid.isChecked()
        slo.set_grid(seen.grid if wanted and seen is not None else None)
        if not moving:
            self.show_or_hide()
        if seen is not None:
            self._show_state()
            self._show_fovea()

    # ------------------------------------------------------------------ what is asked for

    def fovea_here(self) -> None:
        """Put the fovea at the crosshair."""
        self.d.measuring.put_fovea(float(self.d.b), self.d.crosshair[1])

    def copy(self) -> None:
        """Copy all figures to the clipboard, a row each, columns by tabs."""
        opened, seen = self.d.open_scan, self.d.measuring.seen
        if opened is None or seen is None or not self.d.measuring.current:
            return
        from mirage_core.cli.measure_files import HEADER, figure_rows

        rows = [HEADER, *figure_rows(opened.name, self.d.author, seen.figures)]
        QApplication.clipboard().setText("\n".join("\t".join(cells) for cells in rows))
        self.d.say(Message(f"{len(rows) - 1} figures copied.", topic="report"))

    def save_table(self) -> None:
        """Ask where the table goes."""
        opened = self.d.open_scan
        if opened is None:
            return
        start = self._start(f"{opened.name}-figures.csv")
        path, _ = QFileDialog.getSaveFileName(self.w, "Write the figures to", start, "CSV (*.csv)")
        if path:
            measuring = self.d.measuring
            measuring.reports.write_table(opened, measuring.put, Path(path), self.d.author)

    def save_report(self) -> None:
        """Ask what stands over the report and where it goes."""
        opened = self.d.open_scan
        if opened is None:
            return
        dialog = ReportDialog(self.w, opened.name, self.d.settings.grader)
        if dialog.exec() != QDialog.DialogCode.Accepted:
            return
        kind = "PDF (*.pdf)" if dialog.suffix == ".pdf" else "HTML (*.html)"
        start = self._start(f"{opened.name}-report{dialog.suffix}")
        path, _ = QFileDialog.getSaveFileName(self.w, "Save report", start, kind)
        if not path:
            return
        target = Path(path) if Path(path).suffix else Path(path + dialog.suffix)
        wish = ReportWish(target, dialog.name.text(), dialog.grader.text(), dialog.patient.text())
        self.d.measuring.reports.write_report(opened, self.d.measuring.put, wish)

    def _start(self, name: str) -> str:
        folder = self.d.settings.export_folder
        return str(Path(folder) / name) if folder else name
