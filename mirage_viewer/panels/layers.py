"""Layers: which surfaces and masks are seen."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QPoint, Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QCheckBox,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from mirage_core.annotate import MASKS, Session, State, ToolRunner
from mirage_core.annotate.whereabouts import violations
from mirage_core.scan import surface_kind
from mirage_viewer.canvas import STATE_STYLES
from mirage_viewer.panels.widgets import ElidedLabel, look, row, swatch
from mirage_viewer.theme import current_colors

STATE_WORDS = {
    state: f"{style.title} {style.glyph}".strip() if state is not State.UNSEEN else ""
    for state, style in STATE_STYLES.items()
}


class LayersPanel(QWidget):
    """A list of the surfaces with their state on this B-scan, masks with their opacity.

    Signals
    -------
    surface_shown(int, bool)
    all_surfaces_shown(bool)
    masks_shown(bool)
    opacity_changed(float)
    surface_picked(int)
        A surface was clicked: it is the one to correct.
    confidence_shown(bool)
    approval_asked(str, str)
        A structure, and what is asked for: ``"here"``, ``"everywhere"`` or ``"withdraw"``.
    """

    surface_shown = Signal(int, bool)
    all_surfaces_shown = Signal(bool)
    masks_shown = Signal(bool)
    opacity_changed = Signal(float)
    surface_picked = Signal(int)
    confidence_shown = Signal(bool)
    approval_asked = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session: Session | None = None
        self._runner: ToolRunner | None = None
        self._b = 0
        self._hidden: set[str] = set()
        self.surfaces = QCheckBox("Surfaces")
        self.surfaces.setChecked(True)
        self.surfaces.setToolTip("Show or hide all surfaces (D)")
        self.confidence = QCheckBox("Dashed = unsure")
        self.confidence.setChecked(True)
        self.confidence.setToolTip("Dash surfaces where the engine was unsure (N)")
        self.list = QListWidget()
        self.list.setProperty("look", "dense")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setToolTip(
            "Tick: shown. Click a name: the surface to correct. Right click: approve it alone."
        )
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.masks = QCheckBox("Masks")
        self.masks.setChecked(True)
        self.masks.setToolTip("Show or hide fluid and lesions (M)")
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(5, 100)
        self.opacity.setValue(45)
        self.opacity.setToolTip("How strongly masks cover the image")
        self.legend = ElidedLabel("small", 0)  # long words must not make the panel wider
        self.legend.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        # A click leaves the keyboard with the image; all of it is still reached with Tab.
        for widget in (self.surfaces, self.masks, self.opacity, self.confidence, self.list):
            widget.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 9, 10, 9)
        layout.setSpacing(6)
        layout.addLayout(row(self.surfaces, 1, self.confidence))
        layout.addWidget(self.list, 1)
        layout.addLayout(row(self.masks, self.opacity, spacing=12))
        layout.addWidget(self.legend)
        self.surfaces.toggled.connect(self.all_surfaces_shown)
        self.masks.toggled.connect(self.masks_shown)
        self.confidence.toggled.connect(self.confidence_shown)
        self.opacity.valueChanged.connect(lambda v: self.opacity_changed.emit(v / 100))
        self.list.itemChanged.connect(self._ticked)
        self.list.itemClicked.connect(self._clicked)
        self.list.customContextMenuRequested.connect(self._list_menu)
        self.legend.customContextMenuRequested.connect(
            lambda at: self._menu(MASKS, self.legend.mapToGlobal(at))
        )
        self.set_session(None, None)

    def set_session(self, session: Session | None, runner: ToolRunner | None) -> None:
        """List what `session` knows; without a `runner` nothing can be approved."""
        self._session, self._runner = session, runner
        self.list.blockSignals(True)
        self.list.clear()
        if session is not None:
            # The scan before may have had more B-scans; which one is shown now is told next.
            self._b = min(self._b, session.scan.n_b_scans - 1)
            for i, name in enumerate(session.annotation.surfaces.names):
                item = QListWidgetItem(swatch(surface_kind(name).color), name)
                item.setData(Qt.ItemDataRole.UserRole, i)
                item.setToolTip(surface_kind(name).title)
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                shown = name not in self._hidden
                item.setCheckState(Qt.CheckState.Checked if shown else Qt.CheckState.Unchecked)
                self.list.addItem(item)
        self.list.blockSignals(False)
        self.setEnabled(session is not None)
        self.refresh()
        if session is not None:
            for i, name in enumerate(session.annotation.surfaces.names):
                if name in self._hidden:
                    self.surface_shown.emit(i, False)

    def show_b_scan(self, b: int) -> None:
        """Show the states on B-scan `b`."""
        self._b = b
        self.refresh()

    def refresh(self) -> None:
        """Read the states again."""
        if self._session is None:
            self.legend.setText("")
            return
        annotation = self._session.annotation
        self.list.blockSignals(True)
        for i, name in enumerate(annotation.surfaces.names):
            state = STATE_WORDS[State(int(annotation.states[i, self._b]))]
            item = self.list.item(i)
            item.setText(f"{name}   ·   {state}" if state else name)
            # What is not on this B-scan stands back; it can still be chosen and drawn.
            faint = None if state else QColor(current_colors().muted)
            item.setData(Qt.ItemDataRole.ForegroundRole, faint)
        self.list.blockSignals(False)
        at = annotation.structures.index(MASKS)
        state = STATE_WORDS[State(int(annotation.states[at, self._b]))]
        outside = int(np.count_nonzero(violations(annotation, self._b)))
        words = f"Masks on this B-scan: {state or 'none yet'}"
        if outside:
            words = f"{outside} px of masks outside of their layers (W)"
        look(self.legend, "small warning" if outside else "small")
        self.legend.setText(words)
        self.legend.setToolTip(words)

    def repaint_icons(self) -> None:
        """Take the theme's colours again."""
        self.refresh()

    def choose_surface(self, at: int) -> None:
        """Mark the surface in row `at` as the one that is corrected."""
        self.list.setCurrentRow(at)

    def _ticked(self, item: QListWidgetItem) -> None:
        at = int(item.data(Qt.ItemDataRole.UserRole))
        shown = item.checkState() == Qt.CheckState.Checked
        assert self._session is not None
        name = self._session.annotation.surfaces.names[at]
        (self._hidden.discard if shown else self._hidden.add)(name)
        self.surface_shown.emit(at, shown)

    def _clicked(self, item: QListWidgetItem) -> None:
        self.surface_picked.emit(int(item.data(Qt.ItemDataRole.UserRole)))

    def _list_menu(self, at: QPoint) -> None:
        item = self.list.itemAt(at)
        if item is not None and self._session is not None:
            row_index = int(item.data(Qt.ItemDataRole.UserRole))
            name = self._session.annotation.surfaces.names[row_index]
            self._menu(name, self.list.viewport().mapToGlobal(at))

    def _menu(self, name: str, at: QPoint) -> None:
        if self._runner is None:
            return
        menu = QMenu(self)
        for text, what in (
            (f"Approve {name} on this B-scan", "here"),
            (f"Approve {name} on all B-scans", "everywhere"),
            (f"Withdraw approval of {name} here", "withdraw"),
        ):
            menu.addAction(text, lambda w=what: self.approval_asked.emit(name, w))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)
