"""Correct: tools, and what they draw with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QSizePolicy,
    QSlider,
    QToolButton,
    QWidget,
)

from mirage_core.annotate import Ordering, Session, ToolRunner
from mirage_core.scan import surface_kind
from mirage_viewer.panels.widgets import Card, IconButton, Picker, label, row, swatch
from mirage_viewer.solving import Solving
from mirage_viewer.theme import current_colors

NAVIGATE = ""
"""Name of "no tool": the pointer moves the image."""
DEFAULT_SURFACE = "RPE"

# name, text on the button, icon, shortcut shown, what it draws
_SURFACE_TOOLS = (
    ("pen", "Pen", "pen", "P"),
    ("spline", "Spline", "spline", "S"),
    ("pull", "Pull", "pull", "T"),
    ("snap", "Snap", "snap", "L"),
    ("undefine", "Undefine", "undefine", "X"),
)
_MASK_TOOLS = (
    ("brush", "Brush", "brush", "B"),
    ("eraser", "Eraser", "eraser", "E"),
    ("polygon", "Polygon", "polygon", "G"),
    ("fill", "Fill", "fill", "F"),
    ("box", "Box", "box", "Shift+B"),
    ("scribble", "Scribble", "scribble", "J"),
)
_MASK_COLUMNS = 3
_RADII_PX = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40)


class CorrectPanel(Card):
    """Tools, surface and class pickers, radius, ordering, undo and redo, approve.

    Signals
    -------
    tool_changed(str)
        Name of the tool in hand, ``""`` for navigating.
    surface_changed(int)
        Row of the surface that is drawn.
    ordering_changed(str)
    lock_changed(bool)
        Whether the chosen class is locked.
    undo_requested(), redo_requested(), approve_requested()
    """

    tool_changed = Signal(str)
    surface_changed = Signal(int)
    ordering_changed = Signal(str)
    lock_changed = Signal(bool)
    undo_requested = Signal()
    redo_requested = Signal()
    approve_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Correct")
        if parent is not None:
            self.setParent(parent)
        self._session: Session | None = None
        self._runner: ToolRunner | None = None
        self._tool = NAVIGATE
        self._wanted = NAVIGATE
        self._missing: frozenset[str] = frozenset()
        self._locked: frozenset[int] = frozenset()
        self.undo = IconButton("undo", tooltip="Undo (Ctrl+Z)")
        self.redo = IconButton("redo", tooltip="Redo (Ctrl+Shift+Z)")
        self.tools: dict[str, QToolButton] = {}
        self._group = QButtonGroup(self)
        navigate = self._tool_button(NAVIGATE, "Navigate", "navigate", "V")
        navigate.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        navigate.setIconSize(self.undo.iconSize())
        for button in (navigate, self.undo, self.redo):
            self.header.addWidget(button)
        self.surface = Picker()
        self.surface.setToolTip("The surface that is drawn (Shift+Up, Shift+Down)")
        self.body.addLayout(row(label("Surface", "muted"), self.surface, wide=self.surface))
        self.body.addLayout(self._grid(_SURFACE_TOOLS, len(_SURFACE_TOOLS)))
        self.ordering = Picker()
        self.ordering.addItem("are pushed aside", Ordering.PUSH.value)
        self.ordering.addItem("hold the stroke back", Ordering.CLAMP.value)
        self.ordering.setToolTip("Surfaces never cross: what gives way when they meet")
        self.body.addLayout(row(label("Neighbours", "muted"), self.ordering, wide=self.ordering))
        self.mask_class = Picker()
        self.mask_class.setToolTip("The class that is painted (keys 1 to 6)")
        self.lock = IconButton("lock", tooltip="Lock this class: no tool changes it (Shift+L)")
        self.lock.setCheckable(True)
        classes = row(label("Class", "muted"), self.mask_class, self.lock, wide=self.mask_class)
        self.body.addLayout(classes)
        self.body.addLayout(self._grid(_MASK_TOOLS, _MASK_COLUMNS))
        self.radius = QSlider(Qt.Orientation.Horizontal)
        self.radius.setRange(0, len(_RADII_PX) - 1)
        self.radius.setToolTip("Radius of brush and eraser ([ and ])")
        self.radius_words = label("", "muted")
        self.radius_words.setMinimumWidth(40)
        self.body.addLayout(row(label("Radius", "muted"), self.radius, self.radius_words))
        self.radius.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.approve = IconButton(
            "approve",
            "Approve B-scan",
            "Approve this B-scan as it is and go to the next (Ctrl+Enter)",
            "button",
        )
        self.approve.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.body.addWidget(self.approve)
        self.radius.setValue(_RADII_PX.index(6))
        self._connect()
        self.set_session(None, None)

    def _connect(self) -> None:
        self._group.idClicked.connect(lambda i: self.choose_tool([*self.tools][i]))
        self.surface.currentIndexChanged.connect(self._surface_picked)
        self.mask_class.currentIndexChanged.connect(self._options_changed)
        self.ordering.currentIndexChanged.connect(self._ordering_picked)
        self.lock.toggled.connect(self.lock_class)
        self.radius.valueChanged.connect(self._options_changed)
        self.undo.clicked.connect(self.undo_requested)
        self.redo.clicked.connect(self.redo_requested)
        self.approve.clicked.connect(self.approve_requested)
        self._options_changed()

    def _tool_button(self, name: str, text: str, icon_name: str, key: str) -> QToolButton:
        button = IconButton(icon_name, text, "", "tool", 22)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setCheckable(True)
        button.setSizePolicy(
            self.undo.sizePolicy().Policy.Expanding, button.sizePolicy().Policy.Fixed
        )
        button.setToolTip(f"{text} ({key})")
        self._group.addButton(button, len(self.tools))
        self.tools[name] = button
        return button

    def _grid(self, tools: tuple[tuple[str, str, str, str], ...], columns: int) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(5)
        for i, (name, text, icon_name, key) in enumerate(tools):
            button = self._tool_button(name, text, icon_name, key)
            if columns < len(tools):  # two lines of words would take the room of three
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
                button.setIconSize(self.undo.iconSize())
            grid.addWidget(button, *divmod(i, columns))
            grid.setColumnStretch(i % columns, 1)
        return grid

    # ------------------------------------------------------------------ session

    def set_session(self, session: Session | None, runner: ToolRunner | None) -> None:
        """Work on `session` with `runner`; without a runner nothing can be corrected."""
        fresh = session is not self._session
        self._session, self._runner = session, runner
        self.setEnabled(True)
        if fresh:
            self._fill_pickers()
        if session is not None and runner is not None:
            runner.options = replace(runner.options, solve=Solving(session.scan.spacing))
        for name, button in self.tools.items():
            button.setEnabled(name == NAVIGATE or runner is not None)
        for widget in (
            self.surface,
            self.ordering,
            self.mask_class,
            self.lock,
            self.radius,
            self.approve,
        ):
            widget.setEnabled(runner is not None)
        self._options_changed()
        # A tool in hand stays in hand from scan to scan, also over the moment without a runner.
        self._take(self._wanted)

    def _fill_pickers(self) -> None:
        keep_surface = self.surface.currentData() or DEFAULT_SURFACE
        keep_class = self.mask_class.currentData()
        for picker in (self.surface, self.mask_class):
            picker.blockSignals(True)
            picker.clear()
        if self._session is not None:
            annotation = self._session.annotation
            for name in annotation.surfaces.names:
                self.surface.addItem(swatch(surface_kind(name).color), name, name)
            for c in annotation.masks.scheme:
                self.mask_class.addItem(swatch(c.color), f"{c.name}  {c.title}", c.value)
            self.surface.setCurrentIndex(max(0, self.surface.findData(keep_surface)))
            self.mask_class.setCurrentIndex(max(0, self.mask_class.findData(keep_class)))
        for picker in (self.surface, self.mask_class):
            picker.blockSignals(False)
        self._missing = frozenset()
        self._name_surfaces(self._missing_now())

    def refresh(self) -> None:
        """Tell again which surfaces exist on this scan."""
        missing = self._missing_now()
        if missing != self._missing:
            self._name_surfaces(missing)

    def _missing_now(self) -> frozenset[str]:
        if self._session is None:
            return frozenset()
        surfaces = self._session.annotation.surfaces
        return frozenset(
            name
            for name, depths in zip(surfaces.names, surfaces.values, strict=True)
            if not _drawn_somewhere(depths)
        )

    def _name_surfaces(self, missing: frozenset[str]) -> None:
        self._missing = missing
        for i in range(self.surface.count()):
            name = str(self.surface.itemData(i))
            title = surface_kind(name).title
            words = "not drawn yet" if name in missing else "" if title == name else title
            self.surface.setItemText(i, f"{name}  {words}".strip())
            muted = QColor(current_colors().muted) if name in missing else None
            self.surface.setItemData(i, muted, Qt.ItemDataRole.ForegroundRole)
            self.surface.setItemData(i, title, Qt.ItemDataRole.ToolTipRole)

    def set_can(self, *, undo: bool, redo: bool) -> None:
        """Say whether there is something to undo and redo."""
        self.undo.setEnabled(undo)
        self.redo.setEnabled(redo)

    def set_ordering(self, ordering: str) -> None:
        """Choose what gives way when surfaces meet."""
        self.ordering.setCurrentIndex(max(0, self.ordering.findData(ordering)))

    # ------------------------------------------------------------------ choosing

    @property
    def tool(self) -> str:
        """Name of the tool in hand."""
        return self._tool

    def choose_tool(self, name: str) -> None:
        """Take the tool called `name` in hand, ``""`` for none."""
        self._wanted = name
        self._take(name)

    def _take(self, name: str) -> None:
        if self._runner is None:
            name = NAVIGATE
        changed, self._tool = name != self._tool, name
        self.tools[name].setChecked(True)
        if self._runner is not None:
            if name == NAVIGATE:
                self._runner.take(None)
            else:
                from mirage_core.annotate.tools import TOOLS

                if self._runner.tool is None or self._runner.tool.name != name:
                    self._runner.take(TOOLS[name]())
        self._show_relevant()
        if changed:
            self.tool_changed.emit(name)

    def choose_surface(self, row_index: int) -> None:
        """Draw the surface in row `row_index`."""
        self.surface.setCurrentIndex(row_index)

    def step_surface(self, by: int) -> None:
        """Choose the surface `by` rows further down."""
        at = self.surface.currentIndex() + by
        if 0 <= at < self.surface.count():
            self.surface.setCurrentIndex(at)

    def choose_class(self, value: int) -> None:
        """Paint with the class of pixel value `value`."""
        at = self.mask_class.findData(value)
        if at >= 0:
            self.mask_class.setCurrentIndex(at)

    def lock_class(self, on: bool) -> None:
        """Lock the chosen class, so that no tool changes its marks, or unlock it."""
        value = self.mask_class.currentData()
        if value is not None and (value in self._locked) is not on:
            self._locked ^= {value}
            self._options_changed()

    def step_radius(self, by: int) -> None:
        """Make the brush `by` steps larger."""
        self.radius.setValue(self.radius.value() + by)

    def _surface_picked(self) -> None:
        self._options_changed()
        if self.surface.currentIndex() >= 0:
            self.surface_changed.emit(self.surface.currentIndex())

    def _ordering_picked(self) -> None:
        self._options_changed()
        self.ordering_changed.emit(str(self.ordering.currentData()))

    def _options_changed(self) -> None:
        radius_px = _RADII_PX[self.radius.value()]
        self.radius_words.setText(f"{radius_px} px")
        locked = self.mask_class.currentData() in self._locked
        if locked is not self.lock.isChecked():
            self.lock.blockSignals(True)
            self.lock.setChecked(locked)
            self.lock.blockSignals(False)
        self.lock_changed.emit(locked)
        if self._runner is None:
            return
        if self._runner.busy:
            self._runner.finish()
        self._runner.options = replace(
            self._runner.options,
            surface=max(0, self.surface.currentIndex()),
            mask_class=int(self.mask_class.currentData() or 1),
            radius_px=float(radius_px),
            ordering=Ordering(self.ordering.currentData()),
            locked=self._locked,
        )

    def _show_relevant(self) -> None:
        """Only brush and eraser have a radius."""
        active = self._runner is not None and self._tool in ("brush", "eraser", NAVIGATE)
        self.radius.setEnabled(active)

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        for button in self.findChildren(IconButton):
            button.repaint_icon()
        self._name_surfaces(self._missing)


def _drawn_somewhere(depths: NDArray[np.float32]) -> bool:
    """Return whether a surface ``[b, x]`` is defined anywhere; B-scan by B-scan, to end early."""
    return any(bool(np.isfinite(row).any()) for row in depths)
