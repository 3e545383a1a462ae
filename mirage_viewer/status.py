"""The status bar: hint, position, structure, device, terms, saved state."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QPushButton, QStatusBar, QToolButton, QWidget

from mirage_core import RESEARCH_USE_ONLY
from mirage_viewer.panels.widgets import ElidedLabel, label, look

_SAVED = "All changes saved"


class SaysState:
    """How the tool in hand is used, whether all is saved, how teaching gets on.

    To be mixed into a widget, which has the signals and puts the parts where it wants them.
    """

    retry_requested: Any
    teaching_clicked: Any

    def make_parts(self) -> None:
        """Make the parts."""
        self.hint = ElidedLabel("muted")
        self.terms = label(RESEARCH_USE_ONLY.rstrip("."), "chip")
        self.terms.setToolTip("Not for diagnosis or treatment decisions")
        self.teaching = QToolButton()
        self.teaching.setProperty("look", "words")
        self.teaching.setToolTip("Show the Teach window")
        self.teaching.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.teaching.clicked.connect(self.teaching_clicked)
        self.teaching.hide()
        self.saved = label("", "good")
        self.retry = QPushButton("Retry")
        self.retry.hide()
        self.retry.clicked.connect(self.retry_requested)

    def show_hint(self, text: str) -> None:
        """Show how the tool in hand is used."""
        self.hint.setText(text)
        self.hint.setToolTip(text)

    def show_teaching(self, words: str) -> None:
        """Show how teaching gets on, ``""`` while nothing is taught."""
        self.teaching.setText(words)
        self.teaching.setVisible(bool(words))

    def show_saved(self, problem: str | None, *, note: str = "") -> None:
        """Show the saved state: None when nothing is open, ``""`` when all is saved."""
        self.retry.setVisible(bool(problem))
        if problem:
            self.saved.setText("Not saved")
            self.saved.setToolTip(problem)
            look(self.saved, "error")
        else:
            self.saved.setText("" if problem is None else note or _SAVED)
            writing = not note or note.startswith(_SAVED)
            tip = "Every stroke is written to the project before the next" if writing else ""
            self.saved.setToolTip(tip)
            look(self.saved, "muted" if note else "good")


class StatusBar(SaysState, QStatusBar):
    """What is under the pointer, and whether everything is saved.

    Signals
    -------
    retry_requested()
        The grader wants to try saving again.
    teaching_clicked()
        The grader wants to see how teaching gets on.
    """

    retry_requested = Signal()
    teaching_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self.setContentsMargins(0, 0, 8, 0)
        self.make_parts()
        self.structure = label()
        self.pixels = label()
        self.microns = label()
        self.device = label("", "muted")
        self.device.setToolTip("The device that took the scan")
        self.addWidget(self.hint, 1)
        for widget in (self.structure, self.pixels, self.microns, self.device):
            self.addPermanentWidget(widget)
        self.addPermanentWidget(self.teaching)
        self.addPermanentWidget(self.terms)
        self.addPermanentWidget(self.saved)
        self.addPermanentWidget(self.retry)
        self.pixels.setMinimumWidth(
            self.fontMetrics().horizontalAdvance("B-scan 999  x 9999  z 9999 px  ")
        )
        for widget in (self.pixels, self.microns, self.structure):
            widget.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def show_device(self, name: str) -> None:
        """Show what took the scan, ``""`` if nothing is open or it is not known."""
        self.device.setText(name)
        self.device.setVisible(bool(name))

    def show_point(self, pixels: str, microns: str, structure: str) -> None:
        """Show where the pointer is and what lies there; empty when it is elsewhere."""
        self.pixels.setText(pixels)
        self.microns.setText(microns)
        self.structure.setText(structure)
