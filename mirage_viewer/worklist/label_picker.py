"""LabelPicker: what a scan of the worklist is labelled as, as a button with a list."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QMenu, QSizePolicy, QToolButton, QWidget

from mirage_viewer.panels.labels import NONE_OF_THEM
from mirage_viewer.panels.widgets import ElidedLabel, label, row

NOT_LABELLED = "Not labelled"
_TIP = "The scan as a whole. Choose a label again to take it back."


class LabelPicker(QWidget):
    """The labels of one scan as a whole, and how often its B-scans are labelled.

    Signals
    -------
    chosen(str, object)
        Id of the scan, and name of a label, None for none of them.
    define_requested()
        What there is to choose from is to be changed.
    """

    chosen = Signal(str, object)
    define_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._scan_id = ""
        self.button = QToolButton()
        self.button.setProperty("look", "button")
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.button.setAccessibleName("Labels of the scan")
        self.menu = QMenu(self.button)
        self.button.setMenu(self.menu)
        self.others = ElidedLabel("muted", 0)
        layout = row(label("Labels", "muted"), self.button, self.others, wide=self.others)
        self.setLayout(layout)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def show_labels(
        self,
        scan_id: str,
        names: Sequence[str],
        given: Sequence[str] | None,
        others: str,
        why_not: str,
        *,
        several: bool,
    ) -> None:
        """Show what a scan is labelled as.

        Parameters
        ----------
        scan_id : str
            ``""``: no scan is chosen.
        names : sequence of str
            What there is to choose from.
        given : sequence of str or None
        others : str
            What else is to be said: labels of others, and of B-scans.
        why_not : str
            Why nothing can be chosen, or ``""``.
        several : bool
        """
        self._scan_id = scan_id
        words = NOT_LABELLED if given is None else ", ".join(given) or NONE_OF_THEM
        self.button.setText(words.replace("&", "&&"))
        self.button.setEnabled(bool(scan_id) and not why_not)
        self.button.setToolTip(why_not or _TIP)
        self.others.setText(others)
        self.others.setToolTip(others)
        self.menu.clear()
        for name in (*names, *((None,) if several else ())):
            entry = self.menu.addAction((name or NONE_OF_THEM).replace("&", "&&"))
            entry.setCheckable(True)
            on = given is not None and (not given if name is None else name in given)
            entry.setChecked(on)
            entry.triggered.connect(lambda _=False, n=name: self._choose(n))
        self.menu.addSeparator()
        self.menu.addAction("Labels of the project…").triggered.connect(
            lambda _=False: self.define_requested.emit()
        )

    def _choose(self, name: str | None) -> None:
        if self._scan_id:
            self.chosen.emit(self._scan_id, name)
