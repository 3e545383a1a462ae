"""DeviceButton: where models run, as words that open a menu."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QAction, QActionGroup
from qtpy.QtWidgets import QMenu, QToolButton, QWidget

_DEVICES = (
    ("auto", "Automatic", "on the GPU if there is one", "The fastest this computer has"),
    ("gpu", "GPU", "on the GPU", "The graphics card; a run says so if there is none"),
    ("cpu", "CPU", "on the CPU", "The processor: slower, and always there"),
)
"""Name, title, words while it is chosen, what it means. Which cards there are only a worker knows:
asking would take the libraries of the models."""


class DeviceButton(QToolButton):
    """Shows where models run and lets it be chosen.

    Signals
    -------
    picked(str)
        ``auto``, ``gpu``, ``cpu``.
    """

    picked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("look", "words")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setToolTip("Where the model runs; always in a process of its own beside the window")
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        self._group = QActionGroup(self)
        self._actions: dict[str, QAction] = {}
        for name, title, _, meaning in _DEVICES:
            action = menu.addAction(title)
            action.setToolTip(meaning)
            action.setCheckable(True)
            action.triggered.connect(lambda _=False, n=name: self.picked.emit(n))
            self._group.addAction(action)
            self._actions[name] = action
        self.setMenu(menu)
        self.show_choice("auto")

    def show_choice(self, name: str) -> None:
        """Show that models run on the device called `name`; it need not be in the menu."""
        words = next((w for n, _, w, _ in _DEVICES if n == name), f"on {name}")
        self.setText(f"{words}  ▾")
        checked = self._group.checkedAction()
        if name in self._actions:
            self._actions[name].setChecked(True)
        elif checked is not None:
            self._group.setExclusive(False)
            checked.setChecked(False)
            self._group.setExclusive(True)
