"""Ties the comparison of models to its panel. Nothing is decided here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QFileDialog

from mirage_viewer.comparing import TOLERANCE_PX
from mirage_viewer.controller import Desk
from mirage_viewer.model_comparing import Scope
from mirage_viewer.model_words import model_lines
from mirage_viewer.panels.widgets import duration

if TYPE_CHECKING:
    from mirage_core.annotate import Change
    from mirage_viewer.pair_run import PairRun
    from mirage_viewer.workbench import Workbench

_MEASURE_AFTER_MS = 1500
_NOTHING_YET = (
    "Choose two models and press Compare: both are run in the background, and what they find is "
    "laid over the image. Nothing of it gets into your work."
)
_LEGEND = (
    f"On the image, shaded: more than {TOLERANCE_PX:g} px apart. Striped: marked by one only. "
    "Orange and cyan by turns: both alike."
)


class CompareModelsBinding:
    """The connections of one window's comparison of models."""

    def __init__(self, window: Workbench, desk: Desk) -> None:
        self.w, self.d, self.c = window, desk, desk.model_comparing
        self.panel = window.compare_models_panel
        panel, comparing = self.panel, self.c
        window.compare_tab.source_picked.connect(self.chosen)
        panel.pair_picked.connect(comparing.pick)
        panel.scope_picked.connect(lambda scope: comparing.set_scope(Scope(scope)))
        panel.run_requested.connect(comparing.run)
        panel.cancel_requested.connect(desk.models.pair.cancel)
        panel.next_requested.connect(comparing.next_difference)
        panel.export_requested.connect(self.export)
        comparing.changed.connect(self.refresh)
        comparing.measured.connect(self.show_table)
        desk.models.changed.connect(self.show_state)
        desk.scan_changed.connect(self.show_state)
        desk.b_changed.connect(self.moved)
        desk.edited.connect(self.edited)
        self._soon = QTimer(window)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_MEASURE_AFTER_MS)
        self._soon.timeout.connect(comparing.edited)
        self.refresh()

    def chosen(self, models: bool) -> None:
        """Compare models, or graders again."""
        if models:
            self.c.enter()
        else:
            self.c.leave()

    def moved(self, _b: int) -> None:
        """Another B-scan is shown."""
        self.c.moved()

    def edited(self, _change: Change) -> None:
        """Measure anew once the hand rests."""
        if self.c.comparing:
            self._soon.start()
        self.show_state()

    def refresh(self) -> None:
        """Show which two are chosen, and the table."""
        self.panel.set_engines(self.c.choices, self.c.one, self.c.other)
        self.panel.set_scope(self.c.scope)
        self.show_table()

    def show_state(self) -> None:
        """Show how far the run is and what can be done."""
        run, opened = self.d.models.pair, self.d.open_scan
        running = ""
        if run.running:
            running = "Stopping…" if run.cancelling else f"Running both models: {_how_far(run)}"
        self.panel.show_state(
            running,
            self.c.why_not,
            comparing=self.c.comparing,
            saved=self.c.agreement is not None and opened is not None and opened.record is not None,
        )
        if running:
            self.panel.words.setText(running)
            self.panel.words.setVisible(True)

    def show_table(self) -> None:
        """Fill the table and say what it is on."""
        c, found = self.c, self.c.agreement
        on, n = len(c.measured_on), c.n_wanted
        if found is None or not on:
            words = _NOTHING_YET
            if c.comparing and on:
                words = "Working out how they differ…"
            elif c.comparing and c.scope is Scope.HERE:
                words = "They were not run on this B-scan yet; Compare runs them here."
            elif c.scope is Scope.CORRECTED and not n:
                words = "You have not corrected or approved a B-scan of this scan yet."
            self.panel.show_lines((), words, against=False)
            self.show_state()
            return
        titles = (c.title(c.one), c.title(c.other))
        infos = (c.info(c.one), c.info(c.other))
        finds = tuple(i.mask_classes if i is not None else () for i in infos)
        lines, unit = model_lines(found, titles, (finds[0], finds[1]))
        words = self._words(on, n)
        self.panel.show_lines(
            lines, words, unit, f"{words}\n{_LEGEND}", against=found.against is not None
        )
        self.show_state()

    def _words(self, on: int, n: int) -> str:
        c, found = self.c, self.c.agreement
        assert found is not None
        where = f"On {on} of {n} B-scans. " if c.scope is Scope.ALL or on < n else ""
        if found.against is None:
            return f"{where}You corrected none of these, so nothing says which is better."
        words = f"{where}Last columns: off what you corrected on {_counted(len(found.by_hand))}."
        if c.favoured:
            words += f" You began from {c.title(c.favoured)}, which favours it."
        return words

    def export(self) -> None:
        """Ask where the table goes."""
        path, _ = QFileDialog.getSaveFileName(
            self.w, "Write the comparison to", "models.csv", "CSV (*.csv)"
        )
        if path:
            self.c.export(Path(path))


def _how_far(run: PairRun) -> str:
    progress = run.progress
    if progress is None or progress.fraction <= 0:
        return "loading…"
    left = f", {duration(progress.left_s)} left" if progress.left_s is not None else ""
    return f"{progress.fraction:.0%}{left}"


def _counted(n: int) -> str:
    return f"{n} B-scan{'' if n == 1 else 's'}"
