"""Export: format, which B-scans, where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QGridLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from mirage_core.annotate import Session, State, ToolRunner
from mirage_viewer.canvas import STATE_STYLES
from mirage_viewer.panels.widgets import IconButton, Picker, column, label, row
from mirage_viewer.theme import current_colors, icon

# Name in the registry of exporters, title, what it is good for.
FORMATS = (
    ("mirage", "Training folder (MIRAGE)", "PNG images and masks to train on"),
    ("hdf5", "HDF5, everything in one file", "Surfaces, masks, states, spacing"),
    ("nifti", "NIfTI labels", "Masks and layers for ITK-SNAP, 3D Slicer"),
    ("csv", "CSV of surfaces", "Depth of every surface per A-scan"),
    ("png", "PNG masks", "One grey mask per B-scan"),
)
_STATES = (
    (State.APPROVED, True),
    (State.EDITED, True),
    (State.PREDICTED, True),
    (State.VENDOR, False),
)


class ExportPanel(QWidget):
    """Chooses what to export and shows how far it is.

    Signals
    -------
    export_requested(str, object, object)
        Exporter name, frozenset of State, parent folder as Path.
    cancel_requested()
    """

    export_requested = Signal(str, object, object)
    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session: Session | None = None
        self.ask_folder: Callable[[str], str] = lambda start: QFileDialog.getExistingDirectory(
            self, "Export to", start
        )
        self.format = Picker()
        for name, title, use in FORMATS:
            self.format.addItem(title, name)
            self.format.setItemData(self.format.count() - 1, use, Qt.ItemDataRole.ToolTipRole)
        self.use = label("", "small")
        self.states = {state: QCheckBox(STATE_STYLES[state].title) for state, _ in _STATES}
        for state, ticked in _STATES:
            self.states[state].setChecked(ticked)
        self.folder = QLineEdit()
        self.folder.setPlaceholderText("Folder to export to")
        self.browse = IconButton("open", tooltip="Choose the folder", look_name="button")
        self.count = label("", "small")
        self.button = QPushButton("Export")
        self.button.setProperty("look", "primary")
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.cancel = QPushButton("Cancel")
        for button in (self.button, self.cancel):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._lay_out()
        self.format.currentIndexChanged.connect(self._format_picked)
        for box in self.states.values():
            box.toggled.connect(self.refresh)
            box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.folder.textChanged.connect(self.refresh)
        self.browse.clicked.connect(self._browse)
        self.button.clicked.connect(self.request)
        self.cancel.clicked.connect(self.cancel_requested)
        self._format_picked()
        self.show_progress(None)
        self.repaint_icons()
        self.set_session(None, None)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 10)
        layout.setSpacing(6)
        layout.addWidget(self.format)
        layout.addWidget(self.use)
        layout.addWidget(label("B-scans that are", "muted"))
        grid = QGridLayout()
        grid.setSpacing(4)
        for i, box in enumerate(self.states.values()):
            grid.addWidget(box, i // 2, i % 2)
        layout.addLayout(grid)
        layout.addLayout(row(self.folder, self.browse))
        layout.addLayout(row(self.count, self.button, wide=self.count))
        self._progress = QWidget()
        inner = column(self._progress, 4)
        inner.addLayout(row(self.bar, self.cancel, wide=self.bar))
        layout.addWidget(self._progress)
        layout.addStretch()

    def set_session(self, session: Session | None, runner: ToolRunner | None) -> None:
        """Export from `session`."""
        self._session = session
        self.refresh()

    def show_b_scan(self, b: int) -> None:
        """Nothing here depends on the B-scan shown."""

    def refresh(self) -> None:
        """Count again what would be exported."""
        if self._session is None:
            self.count.setText("Open a scan first.")
            self.button.setEnabled(False)
            return
        chosen = self.chosen_states()
        states = self._session.annotation.b_scan_states()
        n = sum(state in chosen for state in states)
        self.count.setText(
            f"{n} of {len(states)} B-scans"
            + ("" if n else ": segment first" if chosen else ": tick a state")
        )
        self.button.setEnabled(
            n > 0 and bool(self.folder.text().strip()) and self._progress.isHidden()
        )

    def chosen_states(self) -> frozenset[State]:
        """Return the states that are ticked."""
        return frozenset(state for state, box in self.states.items() if box.isChecked())

    def request(self) -> None:
        """Ask for the export that is chosen here."""
        self.export_requested.emit(
            str(self.format.currentData()),
            self.chosen_states(),
            Path(self.folder.text().strip()).expanduser(),
        )

    def show_progress(self, fraction: float | None) -> None:
        """Show that an export is at `fraction` (0..1); None when there is none."""
        self._progress.setVisible(fraction is not None)
        self.bar.setValue(round((fraction or 0.0) * 1000))
        self.refresh()

    def _format_picked(self) -> None:
        self.use.setText(FORMATS[self.format.currentIndex()][2])

    def _browse(self) -> None:
        chosen = self.ask_folder(self.folder.text())
        if chosen:
            self.folder.setText(chosen)

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        self.button.setIcon(icon("export", current_colors().on_accent))
        self.browse.repaint_icon()
