"""ChooseCard: which corrections teach which model, with counts and what to know first."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import (
    QFormLayout,
    QFrame,
    QLineEdit,
    QListView,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
)

from mirage_viewer.panels.widgets import Card, Picker, label
from mirage_viewer.teach_window.cluster_field import cluster_caption, cluster_field
from mirage_viewer.teaching.survey import Survey
from mirage_viewer.teaching.wanted import PRESETS, Wanted
from mirage_viewer.teaching.words import counted
from mirage_viewer.theme import icon, scaled

_KEY = Qt.ItemDataRole.UserRole
_COLUMN_PX, _ROW_PX = 124, 25
_MOST_ROWS = 5
_LABEL_PX = 84
_HOW = "The gain is measured"


class ChooseCard(Card):
    """The first step.

    Signals
    -------
    wanted(dict)
        Choices, by the names of :class:`~mirage_viewer.teaching.wanted.Wanted`.
    start_requested()
    """

    wanted = Signal(dict)
    start_requested = Signal()

    def __init__(self) -> None:
        super().__init__("1  Choose what it learns from")
        # As high as its sentences need at this width, which a fixed height does not know.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self.count = label("", "heading")
        self.scans, self.graders, self.states = Picker(), Picker(), Picker()
        self.base, self.preset = Picker(), Picker()
        self.title = QLineEdit()
        self.title.setMaxLength(200)
        self.cluster = cluster_field()
        self.structures = QListWidget()
        self.structures.setProperty("look", "dense")
        self.structures.setFlow(QListView.Flow.LeftToRight)
        self.structures.setWrapping(True)
        self.structures.setResizeMode(QListView.ResizeMode.Adjust)
        self.structures.setGridSize(QSize(scaled(_COLUMN_PX), scaled(_ROW_PX)))
        self.structures.setTextElideMode(Qt.TextElideMode.ElideNone)
        self.structures.setSelectionMode(QListWidget.SelectionMode.NoSelection)
        self.structures.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.warnings = QFrame()
        self.warnings.setProperty("message", "warning")
        self._warned = QVBoxLayout(self.warnings)
        self._warned.setContentsMargins(10, 7, 10, 7)
        self._warned.setSpacing(5)
        self.warning_text = label("")
        self.warning_text.setWordWrap(True)
        self._warned.addWidget(self.warning_text)
        self.how = label("", "muted")
        self.how.setWordWrap(True)
        self.problem = label("", "error")
        self.problem.setWordWrap(True)
        self.start = QPushButton("Teach")
        self.start.setProperty("look", "primary")
        self.start.setAutoDefault(False)
        self._filling = False
        self._lay_out()
        self._connect()
        for key, title in PRESETS.items():
            self.preset.addItem(title, key)
        self.states.addItem("corrected and approved", False)
        self.states.addItem("approved alone", True)
        self.repaint_icons()

    def _lay_out(self) -> None:
        form, model = QFormLayout(), QFormLayout()
        for made in (form, model):
            made.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
            made.setHorizontalSpacing(10)
            made.setVerticalSpacing(6)
        for made, text, field in (
            (form, "Scans", self.scans),
            (form, "Corrected by", self.graders),
            (form, "B-scans", self.states),
            (model, "Begin with", self.base),
            (model, "Recipe", self.preset),
            (model, "Runs on", self.cluster),
            (model, "Name it", self.title),
        ):
            words = label(text, "muted")
            words.setMinimumWidth(scaled(_LABEL_PX))
            made.addRow(words, field)
            if field is self.cluster:
                made.addRow("", cluster_caption())
        self.body.addLayout(form)
        self.body.addWidget(self.count)
        self.body.addWidget(self.structures)
        self.body.addWidget(self.warnings)
        self.body.addLayout(model)
        self.body.addWidget(self.how)
        self.body.addWidget(self.problem)
        self.body.addWidget(self.start)

    def _connect(self) -> None:
        for name, picker in (
            ("scan", self.scans),
            ("grader", self.graders),
            ("approved_only", self.states),
            ("base", self.base),
            ("preset", self.preset),
        ):
            picker.activated.connect(
                lambda _, n=name, p=picker: self.wanted.emit({n: p.currentData()})
            )
        self.title.textChanged.connect(lambda text: self._want(title=text.strip()))
        self.structures.itemChanged.connect(lambda _: self._want(left_out=self._left_out()))
        self.start.clicked.connect(self.start_requested)

    def show_choices(self, wanted: Wanted, shown_scan: str, found: Survey) -> None:
        """Show what can be chosen and what is; `shown_scan` is the id of the scan shown, or ""."""
        self._filling = True
        scans = [("all of the project", "")]
        scans += [("the one shown", shown_scan)] if shown_scan else []
        if wanted.scan and wanted.scan != shown_scan:
            scans.append((found.scans.get(wanted.scan, "the one chosen"), wanted.scan))
        _fill(self.scans, scans, wanted.scan)
        people = [(f"{p.title}: {counted(p.n_b_scans, 'B-scan')}", p.key) for p in found.graders]
        if found.only_grader:
            people = [p for p in people if p[1] == found.only_grader] or [("you", "")]
        else:
            people.insert(0, ("everyone", ""))
        if wanted.grader and wanted.grader not in [key for _, key in people]:
            people.append((f"{wanted.grader}: no B-scan", wanted.grader))
        _fill(self.graders, people, found.only_grader or wanted.grader)
        self.states.setCurrentIndex(int(wanted.approved_only))
        bases = [(b.title if b.has_head else f"{b.title} (a new head)", b.id) for b in found.bases]
        _fill(self.base, bases, found.base.id if found.base is not None else "")
        self.preset.setCurrentIndex(self.preset.findData(wanted.preset))
        parent = found.base.title if found.base is not None else "…"
        self.title.setPlaceholderText(f"{parent}, taught")
        self._fill_structures(wanted, found)
        self._filling = False

    def show_found(self, found: Survey, counting: float | None, why_not: str = "") -> None:
        """Show what was counted, and what is to be said of it."""
        if counting is not None:
            self.count.setText(
                f"Counting: {counting:.0%}" if counting else "Looking at the corrections…"
            )
        else:
            self.count.setText(
                f"{counted(found.n_b_scans, 'B-scan')} of "
                f"{counted(found.n_scans, 'scan')}, {counted(found.n_patients, 'patient')}"
            )
        self.warning_text.setText("\n".join(f"•  {w}" for w in found.warnings))
        self.warnings.setVisible(bool(found.warnings))
        how = " ".join(found.how)
        said = how.startswith(_HOW)
        self.how.setText(how if said else f"How {_HOW[0].lower()}{_HOW[1:]}: {how}")
        self.how.setVisible(bool(found.how))
        problem = f"{found.problem} {found.hint}".strip() or why_not
        self.problem.setText(problem if counting is None else "")
        self.problem.setVisible(bool(self.problem.text()))

    def set_ready(self, ready: bool, locked: bool) -> None:
        """Say whether a run can be begun, and whether one goes on, which cannot be changed."""
        self.start.setEnabled(ready)
        for widget in (
            self.scans,
            self.graders,
            self.states,
            self.base,
            self.preset,
            self.title,
            self.cluster,
            self.structures,
        ):
            widget.setEnabled(not locked)

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        from mirage_viewer.theme import current_colors

        self.start.setIcon(icon("teach", current_colors().on_accent))

    def _fill_structures(self, wanted: Wanted, found: Survey) -> None:
        parts = found.structures
        shown = [self.structures.item(i) for i in range(self.structures.count())]
        if [item.data(_KEY) for item in shown] != [part.key for part in parts]:
            self.structures.clear()
            for part in parts:
                item = QListWidgetItem(self.structures)
                item.setData(_KEY, part.key)
                item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
        for i, part in enumerate(parts):
            item = self.structures.item(i)
            item.setText(f"{part.title} · {part.n_b_scans}")
            item.setToolTip(f"{part.title} on {counted(part.n_b_scans, 'B-scan')}")
            on = part.key not in wanted.left_out
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        self.structures.setVisible(bool(parts))
        rows = min(-(-len(parts) // 3), _MOST_ROWS)
        self.structures.setFixedHeight(rows * scaled(_ROW_PX) + 8)

    def _left_out(self) -> frozenset[str]:
        items = (self.structures.item(i) for i in range(self.structures.count()))
        return frozenset(
            str(item.data(_KEY)) for item in items if item.checkState() != Qt.CheckState.Checked
        )

    def _want(self, **choices: object) -> None:
        if not self._filling:
            self.wanted.emit(choices)


def _fill(picker: Picker, entries: list[tuple[str, str]], chosen: str) -> None:
    picker.clear()
    for title, key in entries:
        picker.addItem(title, key)
    picker.setCurrentIndex(max(0, picker.findData(chosen)))
