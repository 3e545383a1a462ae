"""ClassesWindow: what a model takes a scan for, with probabilities; it stays beside the scan."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from mirage_viewer.classifying import Classes
from mirage_viewer.panels.widgets import Picker, label, row
from mirage_viewer.theme import icon, scaled

NOTICE = (
    "Research use only – not a diagnosis. The figures are what a model puts out, not the chance "
    "that this eye has a disease."
)
WHY = (
    "The heat map shows where the model saw what speaks for a class, as coarse as its tokens. It "
    "is not a segmentation and not to be measured. It goes with another B-scan, or with Esc."
)
_MOST = 12
_WORTH_A_LOOK = 0.01


class ClassesWindow(QDialog):
    """Class probabilities of the last classification, and buttons for another.

    Signals
    -------
    classify_requested(bool)
        True for the whole volume, False for the B-scan shown.
    model_picked(str)
    b_scan_picked(int)
    why_requested(str, str)
        Name of the model, and a class: where on the B-scan shown it sees evidence of it. Once
        more, and that goes.
    """

    classify_requested = Signal(bool)
    model_picked = Signal(str)
    b_scan_picked = Signal(int)
    why_requested = Signal(str, str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Classify")
        self.resize(540, 340)
        self.model = Picker()
        self.model.setToolTip("The model that classifies")
        self.title = label("", "heading")
        self.title.setWordWrap(True)
        self.state = label("", "muted")
        self.state.setWordWrap(True)
        self.rows: list[tuple[str, float]] = []
        self.whys: dict[str, QPushButton] = {}
        self._why: tuple[str, bool, str] = ("", False, "")
        self._table = QWidget()
        self.notice = label(NOTICE, "warning")
        self.notice.setWordWrap(True)
        self.why = label(WHY, "muted")
        self.why.setWordWrap(True)
        self.why.setVisible(False)
        self.one = QPushButton("This B-scan")
        self.all = QPushButton("Whole volume")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        buttons.addButton(self.one, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(self.all, QDialogButtonBox.ButtonRole.ActionRole)
        self._layout = QVBoxLayout(self)
        self._layout.setSpacing(10)
        self._layout.addLayout(row(label("Model", "muted"), self.model, wide=self.model))
        self._layout.addWidget(self.title)
        self._layout.addWidget(self.state)
        self._layout.addWidget(self._table)
        self._layout.addWidget(self.why)
        self._layout.addStretch()
        self._layout.addWidget(self.notice)
        self._layout.addWidget(buttons)
        self.one.clicked.connect(lambda: self.classify_requested.emit(False))
        self.all.clicked.connect(lambda: self.classify_requested.emit(True))
        self.model.activated.connect(lambda _: self.model_picked.emit(self.model.currentData()))
        self.repaint_icons()

    def set_models(self, models: Sequence[tuple[str, str]], chosen: str) -> None:
        """Offer `models` as (name, title)."""
        self.model.clear()
        for name, title in models:
            self.model.addItem(title, name)
        self.model.setCurrentIndex(max(0, self.model.findData(chosen)))

    def set_ready(self, ready: bool, why: str) -> None:
        """Say whether something can be classified now, and if not, why."""
        for button in (self.one, self.all):
            button.setEnabled(ready)
            button.setToolTip(why)

    def show_state(self, words: str) -> None:
        """Say how far it is, or ``""``."""
        self.state.setText(words)
        self.state.setVisible(bool(words))

    def forget(self) -> None:
        """Another scan is shown: the figures are not of it."""
        self.title.setText("Nothing classified yet")
        self._replace([], None)

    def show_classes(self, classes: Classes) -> None:
        """Show the probabilities, the likeliest class first."""
        of = classes.b_scans
        where = (
            f"B-scan {of[0] + 1} of {classes.n_b_scans}"
            if len(of) == 1
            else f"mean over {len(of)} B-scans"
        )
        self.title.setText(f"{classes.model} · {where}")
        means = classes.probabilities.mean(axis=0)
        order = np.argsort(-means, kind="stable")[:_MOST]
        self._replace([(int(k), float(means[k])) for k in order], classes)

    def show_why(self, label: str, *, running: bool, why_not: str) -> None:
        """Show for which class it is shown, or being worked out, what speaks for it.

        `why_not` says why that cannot be asked now, or is ``""``.
        """
        self._why = label, running, why_not
        for name, button in self.whys.items():
            own = name == label
            button.setChecked(own)
            button.setText("Looking…" if own and running else "Hide why" if own else "Show why")
            button.setEnabled(not why_not and not running)
            button.setToolTip(why_not or f"What on the B-scan shown speaks for {name}")
        self.why.setVisible(bool(label) and not running)

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        self.one.setIcon(icon("segment_one"))
        self.all.setIcon(icon("layers"))

    def _replace(self, shown: list[tuple[int, float]], classes: Classes | None) -> None:
        fresh = QWidget()
        grid = QGridLayout(fresh)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setColumnStretch(1, 1)
        self.rows, self.whys = [], {}
        for at, (k, mean) in enumerate(shown):
            assert classes is not None
            self.rows.append((classes.labels[k], mean))
            grid.addWidget(label(classes.labels[k]), at, 0)
            bar = QProgressBar()
            bar.setRange(0, 1000)
            bar.setValue(round(1000 * mean))
            bar.setTextVisible(False)
            grid.addWidget(bar, at, 1)
            percent = label(_percent(mean))
            percent.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(percent, at, 2)
            grid.setRowMinimumHeight(at, scaled(26))
            if len(classes.b_scans) > 1 and classes.most(k) >= _WORTH_A_LOOK:
                grid.addWidget(self._link(classes, k), at, 3)
            if classes.engine:
                grid.addWidget(self._why_button(classes.engine, classes.labels[k]), at, 4)
        self._layout.replaceWidget(self._table, fresh)
        # A layout shows new widgets only on the next turn of the event loop: without a gap.
        fresh.show()
        self._table.hide()
        self._table.deleteLater()
        self._table = fresh
        shown_for, running, why_not = self._why
        self.show_why(shown_for, running=running, why_not=why_not)

    def _why_button(self, engine: str, name: str) -> QPushButton:
        button = QPushButton("Show why")
        button.setCheckable(True)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: self.why_requested.emit(engine, name))
        self.whys[name] = button
        return button

    def _link(self, classes: Classes, k: int) -> QPushButton:
        b = classes.highest(k)
        link = QPushButton(f"highest on B-scan {b + 1}: {_percent(classes.most(k))}")
        link.setProperty("look", "link")
        link.setToolTip("Go to this B-scan")
        link.clicked.connect(lambda: self.b_scan_picked.emit(b))
        return link


def _percent(share: float) -> str:
    if share < 0.001:
        return "< 0.1%"
    return "> 99.9%" if share > 0.999 else f"{share:.1%}"
