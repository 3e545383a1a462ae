"""Measure: what lies over the fundus, the table of figures, the fovea, and the report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QBrush, QColor
from qtpy.QtWidgets import (
    QCheckBox,
    QHeaderView,
    QProgressBar,
    QPushButton,
    QSlider,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from mirage_core.annotate import Session, ToolRunner
from mirage_viewer.canvas.color_maps import COLOR_MAPS
from mirage_viewer.measuring.maps import MapChoice, MapKind
from mirage_viewer.measuring.words import FigureLine
from mirage_viewer.panels.fitting import WrappedLabel
from mirage_viewer.panels.measure_plot import TsnitPlot
from mirage_viewer.panels.widgets import (
    ElidedLabel,
    IconButton,
    Picker,
    column,
    dense_table,
    label,
    row,
)
from mirage_viewer.theme import current_colors, icon, scaled

_OPACITY = 65
_TABLE_PX = 230
_KEY = Qt.ItemDataRole.UserRole
_OPEN_AT_FIRST = ("Retina, ILM to BM", "RNFL", "Layers", "Fluid", "Quality")


class MeasurePanel(QWidget):
    """Map, grid, fovea, table and report.

    Signals
    -------
    map_picked(object)
        A MapChoice.
    smooth_picked(bool), grid_picked(bool)
    look_picked(str, float)
        Colours of maps by name, and opacity 0..1.
    fovea_here_requested(), fovea_sought_requested()
    report_requested(), table_requested(), copy_requested()
    """

    map_picked = Signal(object)
    smooth_picked = Signal(bool)
    grid_picked = Signal(bool)
    look_picked = Signal(str, float)
    fovea_here_requested = Signal()
    fovea_sought_requested = Signal()
    report_requested = Signal()
    table_requested = Signal()
    copy_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._listed: tuple[object, ...] = ()
        self._opened: dict[str, bool] = {}
        self._lines: tuple[FigureLine, ...] = ()
        self._unfolded: list[QTreeWidgetItem] = []
        self.map, self.upper_surface, self.lower_surface, self.colors = (
            Picker(),
            Picker(),
            Picker(),
            Picker(),
        )
        self.map.setToolTip("What lies over the fundus")
        self.colors.setMinimumContentsLength(4)
        for picker in (self.upper_surface, self.lower_surface):
            picker.setMinimumContentsLength(3)
        for name in COLOR_MAPS:
            self.colors.addItem(name)
        self.colors.setToolTip("Colours of the map; all are safe for colour-blind eyes")
        self.grid = QCheckBox("Grid")
        self.grid.setToolTip("The ETDRS grid with its nine means of the map")
        self.smooth = QCheckBox("Smooth")
        self.smooth.setToolTip("Interpolate between A-scans and B-scans; off shows each as it is")
        for box in (self.grid, self.smooth):
            box.setChecked(True)
            box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(5, 100)
        self.opacity.setValue(_OPACITY)
        self.opacity.setToolTip("Opacity of the map")
        self.opacity.setMinimumWidth(36)
        self.opacity.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.fovea = ElidedLabel("small", 0)
        self.here = IconButton("crosshair", tooltip="Put the fovea at the crosshair (Shift+F7)")
        self.seek = IconButton("search", tooltip="Seek the fovea again")
        self.state = WrappedLabel("small")
        self.plot = TsnitPlot()
        self.table = dense_table(("Figure", "", "✓"))
        self.table.headerItem().setToolTip(2, "Share that a human approved")
        self.table.headerItem().setTextAlignment(2, Qt.AlignmentFlag.AlignRight)
        self.table.header().setMinimumSectionSize(30)
        self.table.setRootIsDecorated(True)
        self.table.setIndentation(12)
        self.table.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.table.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.table.setMinimumHeight(scaled(_TABLE_PX))
        self.copy = QPushButton("Copy")
        self.copy.setToolTip("Copy all figures, a row each, for a spreadsheet")
        self.csv = QPushButton("CSV…")
        self.csv.setToolTip("Write all figures as CSV, a row each")
        self.report = QPushButton("Save report…")
        self.report.setProperty("look", "primary")
        self.report.setToolTip("Write one page with map, grid, B-scan and figures")
        for button in (self.copy, self.csv, self.report):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        kept = self.bar.sizePolicy()
        kept.setRetainSizeWhenHidden(True)  # nothing moves when a report is written
        self.bar.setSizePolicy(kept)
        self._lay_out()
        self._connect()
        self.set_session(None, None)
        self.show_progress(None)
        self.repaint_icons()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 9, 10, 9)
        layout.setSpacing(5)
        self._pair = QWidget()
        pair = row(self.upper_surface, label("to", "muted"), self.lower_surface, spacing=4)
        pair.setStretch(0, 1)
        pair.setStretch(2, 1)
        column(self._pair, 0).addLayout(pair)
        layout.addLayout(row(self.map, self.grid, wide=self.map))
        layout.addWidget(self._pair)
        looks = row(self.colors, self.opacity, self.smooth)
        looks.setStretch(0, 1)
        looks.setStretch(1, 1)
        layout.addLayout(looks)
        layout.addLayout(row(self.fovea, self.here, self.seek, wide=self.fovea, spacing=2))
        layout.addWidget(self.state)
        layout.addWidget(self.plot)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.bar)
        layout.addLayout(row(self.copy, self.csv, self.report, wide=self.report))

    def _connect(self) -> None:
        self.map.activated.connect(self._picked)
        self.upper_surface.activated.connect(self._picked)
        self.lower_surface.activated.connect(self._picked)
        self.colors.activated.connect(self.tell_look)
        self.opacity.valueChanged.connect(self.tell_look)
        self.smooth.toggled.connect(self.smooth_picked)
        self.grid.toggled.connect(self.grid_picked)
        self.here.clicked.connect(self.fovea_here_requested)
        self.seek.clicked.connect(self.fovea_sought_requested)
        self.copy.clicked.connect(self.copy_requested)
        self.csv.clicked.connect(self.table_requested)
        self.report.clicked.connect(self.report_requested)
        self.table.itemExpanded.connect(lambda item: self._remember(item, True))
        self.table.itemCollapsed.connect(lambda item: self._remember(item, False))

    # ------------------------------------------------------------------ what is chosen

    @property
    def choice(self) -> MapChoice:
        """The map that is chosen."""
        kind, value = self.map.currentData() or (MapKind.NONE, 0)
        return MapChoice(
            kind, self.upper_surface.currentText(), self.lower_surface.currentText(), value
        )

    def tell_look(self) -> None:
        """Tell colours and opacity."""
        self.look_picked.emit(self.colors.currentText(), self.opacity.value() / 100)

    def _picked(self) -> None:
        self._show_pickers()
        self.map_picked.emit(self.choice)

    def _show_pickers(self) -> None:
        self._pair.setVisible(self.choice.kind is MapKind.THICKNESS)
        for widget in (self.colors, self.opacity, self.smooth):
            widget.setEnabled(self.choice.kind is not MapKind.NONE)
        self.upper_surface.setToolTip(f"Upper surface: {self.upper_surface.currentText()}")
        self.lower_surface.setToolTip(f"Lower surface: {self.lower_surface.currentText()}")

    # ------------------------------------------------------------------ what is shown

    def set_session(self, session: Session | None, runner: ToolRunner | None) -> None:
        """List the surfaces and classes of `session`; what was chosen stays where it can."""
        names = session.annotation.surfaces.names if session is not None else ()
        classes = session.annotation.masks.scheme.classes if session is not None else ()
        listed = (names, classes)
        if listed != self._listed or not self.map.count():
            self._listed = listed
            before = self.choice if self.map.count() else MapChoice()
            self.map.clear()
            self.map.addItem("Thickness", (MapKind.THICKNESS, 0))
            self.map.addItem("Height of drusen", (MapKind.DRUSEN, 0))
            for c in classes:
                self.map.addItem(c.title, (MapKind.MARKED, c.value))
            self.map.addItem("No map", (MapKind.NONE, 0))
            rows = (self.map.itemData(i) for i in range(self.map.count()))
            at = next((i for i, d in enumerate(rows) if d == (before.kind, before.value)), 0)
            self.map.setCurrentIndex(at)
            for picker, wanted, usual in (
                (self.upper_surface, before.upper, "ILM"),
                (self.lower_surface, before.lower, "BM"),
            ):
                picker.clear()
                picker.addItems(list(names))
                found = picker.findText(wanted)
                picker.setCurrentIndex(found if found >= 0 else max(picker.findText(usual), 0))
            self._show_pickers()
        there = session is not None
        for widget in (
            self.map,
            self.upper_surface,
            self.lower_surface,
            self.here,
            self.copy,
            self.csv,
        ):
            widget.setEnabled(there)
        self.report.setEnabled(there)
        self.seek.setEnabled(False)
        if not there:
            self.show_lines(())
            self.show_state("Open a scan first.")
            self.show_fovea("", by_hand=False)

    def show_fovea(self, words: str, *, by_hand: bool) -> None:
        """Say where the fovea comes from; one that a person put can be sought again."""
        self.fovea.setText(words)
        self.fovea.setToolTip("Drag the middle of the grid on the fundus to move it." * bool(words))
        self.seek.setEnabled(by_hand)

    def show_state(self, words: str) -> None:
        """Say what is going on, or why there is no map."""
        self.state.setText(words)

    def show_profile(self, points: Sequence[tuple[float, float]], circle: str = "") -> None:
        """Draw the profile around the disc, of a circle scan; `circle` says of which of several."""
        self.plot.show_points(points, circle)

    def show_lines(self, lines: Iterable[FigureLine]) -> None:
        """Fill the table; what was unfolded stays so."""
        place = self.table.verticalScrollBar().value()
        colors = current_colors()
        self._brushes = QBrush(QColor(colors.text)), QBrush(QColor(colors.muted))
        self._lines = tuple(lines)
        self._unfolded = []
        # In the table at once, not one by one: it measures its columns at every change.
        items = [self._item(line, "") for line in self._lines]
        self.table.blockSignals(True)
        self.table.clear()
        self.table.addTopLevelItems(items)
        for item in items:
            item.setFirstColumnSpanned(not item.text(1))
        for item in self._unfolded:
            item.setExpanded(True)
            self._span_words(item)
        self.table.blockSignals(False)
        self.table.verticalScrollBar().setValue(place)

    def _item(self, line: FigureLine, above: str) -> QTreeWidgetItem:
        key = f"{above}/{line.name}"
        item = QTreeWidgetItem([line.name, line.text, line.approved])
        tip = f"{line.name}: {line.text}\n{line.tip}" if line.text else line.tip
        for at in range(3):
            item.setToolTip(at, tip)
            item.setForeground(at, self._brushes[line.quiet])
        for at in (1, 2):
            item.setTextAlignment(at, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if line.lines and not line.text:
            font = self.table.font()
            font.setBold(True)
            item.setFont(0, font)
        item.setData(0, _KEY, key)
        item.addChildren([self._item(below, key) for below in line.lines])
        first = not above and line.name.startswith(_OPEN_AT_FIRST)
        if self._opened.get(key, first):
            self._unfolded.append(item)
        return item

    def _remember(self, item: QTreeWidgetItem, opened: bool) -> None:
        self._opened[str(item.data(0, _KEY))] = opened
        if opened:
            self._span_words(item)

    def _span_words(self, above: QTreeWidgetItem) -> None:
        """Give lines without a figure the width of the table."""
        for i in range(above.childCount()):
            if not above.child(i).text(1):
                above.child(i).setFirstColumnSpanned(True)

    def show_progress(self, fraction: float | None) -> None:
        """Show that a report is at `fraction` (0..1); None when there is none."""
        self.bar.setVisible(fraction is not None)
        self.bar.setValue(round((fraction or 0.0) * 1000))
        for button in (self.csv, self.report):
            button.setEnabled(fraction is None and self.map.isEnabled())

    def repaint_icons(self) -> None:
        """Draw icons and greyed figures in the theme's colours again."""
        self.report.setIcon(icon("export", current_colors().on_accent))
        self.here.repaint_icon()
        self.seek.repaint_icon()
        self.show_lines(self._lines)
        self.plot.update()
