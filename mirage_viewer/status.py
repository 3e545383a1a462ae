"""The status bar: hint, position, structure, device, terms, saved state."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QRect, QSize, Qt, Signal
from qtpy.QtGui import QFont, QFontMetrics, QPaintEvent
from qtpy.QtWidgets import (
    QLabel,
    QPushButton,
    QSizePolicy,
    QStatusBar,
    QStylePainter,
    QToolButton,
    QWidget,
)

from mirage_core import RESEARCH_USE_ONLY
from mirage_viewer.guard import guarded
from mirage_viewer.panels.widgets import label, look
from mirage_viewer.theme import text_px

_SAVED = "All changes saved"


@guarded
class HintLabel(QLabel):
    """A line, or two smaller ones where one is not enough; what is longer ends in an ellipsis."""

    _INSET_PX = 7
    _KEPT = 0.9
    """Share of two lines that words fill for certain, however they are broken."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("look", "muted")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def minimumSizeHint(self) -> QSize:
        """Return that it may be narrow, and is as high as two smaller lines."""
        return QSize(0, 2 * QFontMetrics(self._smaller()).lineSpacing())

    def sizeHint(self) -> QSize:
        """Return that height, at the width of one line."""
        return QSize(super().sizeHint().width(), self.minimumSizeHint().height())

    def shown_in(self, width_px: int) -> tuple[QFont, str]:
        """Return in which letters, and how much of the words, fit into a width."""
        room = width_px - 2 * self._INSET_PX
        if self.fontMetrics().horizontalAdvance(self.text()) <= room:
            return self.font(), self.text()
        font = self._smaller()
        metrics, both = QFontMetrics(font), QRect(0, 0, room, 10_000)
        wrapped = metrics.boundingRect(both, int(Qt.TextFlag.TextWordWrap), self.text())
        if wrapped.height() <= 2 * metrics.lineSpacing():
            return font, self.text()
        elide = Qt.TextElideMode.ElideRight
        return font, metrics.elidedText(self.text(), elide, round(2 * self._KEPT * room))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the words."""
        painter = QStylePainter(self)
        font, words = self.shown_in(self.width())
        painter.setFont(font)
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawItemText(
            self.rect().adjusted(self._INSET_PX, 0, -self._INSET_PX, 0),
            int(flags) | int(Qt.TextFlag.TextWordWrap),
            self.palette(),
            self.isEnabled(),
            words,
            self.foregroundRole(),
        )

    def _smaller(self) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(text_px() - 2)
        return font


class SaysState:
    """How the tool in hand is used, whether all is saved, how teaching gets on.

    To be mixed into a widget, which has the signals and puts the parts where it wants them.
    """

    retry_requested: Any
    teaching_clicked: Any

    def make_parts(self) -> None:
        """Make the parts."""
        self.hint = HintLabel()
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
