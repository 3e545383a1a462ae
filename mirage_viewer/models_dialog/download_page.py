"""DownloadPage: name the weights, read their terms, accept them, and only then fetch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from mirage_viewer.models_dialog import words
from mirage_viewer.panels.widgets import label, look, row
from mirage_viewer.theme import current_colors, icon

if TYPE_CHECKING:
    from mirage_core.model.store.consent import Consent
    from mirage_core.model.store.hub import Offer

_INTRO = (
    "Choose the published weights, or write the name of any repository as owner/name. The hub is "
    "asked for its description and its terms when you press Show terms; weights are fetched only "
    "after you have accepted them."
)
_OFFLINE = (
    "The program is set to stay offline (MIRAGE_OFFLINE or HF_HUB_OFFLINE), so nothing can be "
    "downloaded. If you have the weights as a file, go back and import that."
)


class DownloadPage(QWidget):
    """Name, terms, tick, download.

    Signals
    -------
    look_up_requested(str)
    download_requested(object, str)
        The Offer whose terms were shown and accepted, and a title or ``""``.
    back_requested()
    """

    look_up_requested = Signal(str)
    download_requested = Signal(object, str)
    back_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._offer: Offer | None = None
        self._working = False
        self._offline = False
        self.intro = label(_INTRO, "muted")
        self.intro.setWordWrap(True)
        self.name = QComboBox()
        self.name.setEditable(True)
        self.name.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.name.setMinimumWidth(260)
        self.look_up = QPushButton("Show terms")
        self.what = label("", "heading")
        self.what.setWordWrap(True)
        self.terms = QPlainTextEdit()
        self.terms.setReadOnly(True)
        self.terms.setPlaceholderText("The terms of the weights are shown here in full.")
        self.terms.setTabChangesFocus(True)
        self.earlier = label("", "small")
        self.accept = QCheckBox("I accept these terms")
        self.title = QLineEdit()
        self.title.setPlaceholderText("Title of the model (optional)")
        self.download = QPushButton("Download")
        self.download.setProperty("look", "primary")
        self.back = QPushButton("Back to the models")
        self._lay_out()
        self.look_up.clicked.connect(self._ask)
        self.name.lineEdit().returnPressed.connect(self._ask)
        self.name.editTextChanged.connect(self._renamed)
        self.accept.toggled.connect(self._show_state)
        self.download.clicked.connect(self._download)
        self.back.clicked.connect(self.back_requested)
        self._show_state()
        self.repaint_icons()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(9)
        layout.addWidget(self.intro)
        layout.addLayout(row(label("Weights", "muted"), self.name, self.look_up, wide=self.name))
        layout.addWidget(self.what)
        layout.addWidget(self.terms, 1)
        layout.addWidget(self.earlier)
        layout.addWidget(self.accept)
        layout.addLayout(row(self.back, 1, self.title, self.download))
        self.title.setMinimumWidth(220)

    def begin(self, known: tuple[str, ...], *, offline: bool) -> None:
        """Start over, with the names the program knows; offline nothing can be asked."""
        self._offline = offline
        self.name.blockSignals(True)
        self.name.clear()
        self.name.addItems(known)
        self.name.blockSignals(False)
        self.intro.setText(_OFFLINE if offline else _INTRO)
        look(self.intro, "warning" if offline else "muted")
        self._forget()
        self.name.setFocus()

    def show_offer(self, offer: Offer, earlier: Consent | None) -> None:
        """Show what the hub has, and its terms in full."""
        self._offer = offer
        self.what.setText(words.offer_line(offer))
        self.terms.setPlainText(f"{offer.terms.title}\n\n{offer.terms.shown}")
        self.accept.setChecked(earlier is not None)
        self.earlier.setText(
            f"You accepted these terms on {earlier.given.astimezone():%Y-%m-%d}; they have not "
            "changed since."
            if earlier is not None
            else ""
        )
        self._show_state()
        self.accept.setFocus()

    def set_working(self, working: bool) -> None:
        """Say whether something is being asked or fetched."""
        self._working = working
        self._show_state()

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        self.download.setIcon(icon("drop", current_colors().on_accent))
        self.back.setIcon(icon("previous"))

    def _ask(self) -> None:
        name = self.name.currentText().strip()
        if name and not self._working and not self._offline:
            self._forget()
            self.look_up_requested.emit(name)

    def _renamed(self, _text: str) -> None:
        # The terms on show must always be those of the name above them.
        self._forget()

    def _forget(self) -> None:
        self._offer = None
        self.what.setText("")
        self.terms.setPlainText("")
        self.earlier.setText("")
        self.accept.setChecked(False)
        self._show_state()

    def _download(self) -> None:
        if self._offer is not None and self.accept.isChecked():
            self.download_requested.emit(self._offer, self.title.text().strip())

    def _show_state(self) -> None:
        idle = not self._working and not self._offline
        shown = self._offer is not None
        self.name.setEnabled(idle)
        self.look_up.setEnabled(idle)
        self.what.setVisible(shown)
        self.earlier.setVisible(bool(self.earlier.text()))
        self.accept.setEnabled(idle and shown)
        self.title.setEnabled(idle and shown)
        self.download.setEnabled(idle and shown and self.accept.isChecked())
        self.download.setToolTip(
            "" if self.download.isEnabled() else "Read the terms and accept them first"
        )
