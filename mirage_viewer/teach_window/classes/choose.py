"""ClassChooseCard: which labels teach which model, with counts and what to know first."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QFormLayout,
    QFrame,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QTreeWidgetItem,
    QVBoxLayout,
)

from mirage_viewer.panels.widgets import Card, Picker, dense_table, label
from mirage_viewer.teach_classes.survey import ClassSurvey
from mirage_viewer.teach_classes.wanted import POOLS, RECIPES, TERMS, VOLUMES, ClassWanted
from mirage_viewer.teach_classes.words import LEVELS
from mirage_viewer.teach_window.cluster_field import cluster_caption, cluster_field
from mirage_viewer.teaching.words import counted
from mirage_viewer.theme import current_colors, icon, scaled

_LABEL_PX = 100
_ROW_PX, _MOST_ROWS = 21, 7
_COUNTING = "Looking at the labels…"


class ClassChooseCard(Card):
    """The first step.

    Signals
    -------
    wanted(dict)
        Choices, by the names of :class:`~mirage_viewer.teach_classes.wanted.ClassWanted`.
    start_requested()
    """

    wanted = Signal(dict)
    start_requested = Signal()

    def __init__(self) -> None:
        super().__init__("1  Choose what it learns to tell")
        # As high as its sentences need at this width, which a fixed height does not know.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self.level, self.graders, self.base = Picker(), Picker(), Picker()
        self.pool, self.volume, self.recipe = Picker(), Picker(), Picker()
        self.title = QLineEdit()
        self.title.setMaxLength(200)
        self.cluster = cluster_field()
        self.count = label("", "heading")
        self.classes = dense_table(("Label", "Examples", "Patients"))
        for at in (1, 2):
            self.classes.headerItem().setTextAlignment(at, Qt.AlignmentFlag.AlignRight)
        self.warnings = QFrame()
        self.warnings.setProperty("message", "warning")
        warned = QVBoxLayout(self.warnings)
        warned.setContentsMargins(10, 7, 10, 7)
        self.warning_text = label("")
        self.warning_text.setWordWrap(True)
        warned.addWidget(self.warning_text)
        self.about, self.how = label("", "muted"), label("", "muted")
        self.problem = label("", "error")
        for text in (self.about, self.how, self.problem):
            text.setWordWrap(True)
        self.start = QPushButton("Teach")
        self.start.setProperty("look", "primary")
        self.start.setAutoDefault(False)
        for picker, entries in (
            (self.recipe, RECIPES),
            (self.pool, POOLS),
            (self.volume, VOLUMES),
        ):
            for key, words in entries.items():
                picker.addItem(words, key)
                tip = TERMS.get(key, "")
                picker.setItemData(picker.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self._lay_out()
        self._connect()
        self.repaint_icons()

    def _lay_out(self) -> None:
        form, model = QFormLayout(), QFormLayout()
        self._model = model
        for made in (form, model):
            made.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
            made.setHorizontalSpacing(10)
            made.setVerticalSpacing(6)
        for made, text, field in (
            (form, "Teach with", self.level),
            (form, "Labelled by", self.graders),
            (model, "Begin with", self.base),
            (model, "It looks at", self.pool),
            (model, "Of a volume", self.volume),
            (model, "Recipe", self.recipe),
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
        self.body.addWidget(self.classes)
        self.body.addWidget(self.warnings)
        self.body.addLayout(model)
        self.body.addWidget(self.about)
        self.body.addWidget(self.how)
        self.body.addWidget(self.problem)
        self.body.addWidget(self.start)

    def _connect(self) -> None:
        for name, picker in (
            ("level", self.level),
            ("grader", self.graders),
            ("base", self.base),
            ("pool", self.pool),
            ("volume", self.volume),
            ("recipe", self.recipe),
        ):
            picker.activated.connect(
                lambda _, n=name, p=picker: self.wanted.emit({n: p.currentData()})
            )
        self.title.textEdited.connect(lambda text: self.wanted.emit({"title": text.strip()}))
        self.start.clicked.connect(self.start_requested)

    # ------------------------------------------------------------------ showing

    def show_choices(self, wanted: ClassWanted, found: ClassSurvey) -> None:
        """Show what can be chosen and what is."""
        levels = [(_labelled(n, level), level) for level, n in found.n_by_level]
        _fill(self.level, levels, found.level)
        people = [("everyone", ""), *((name, name) for name in found.graders)]
        if found.only_grader:
            people = [("you", found.only_grader)]
        elif wanted.grader and wanted.grader not in found.graders:
            people.append((wanted.grader, wanted.grader))
        _fill(self.graders, people, found.only_grader or wanted.grader)
        bases = [(title, id) for id, title in found.bases]
        _fill(self.base, bases, found.base[0] if found.base is not None else "")
        self.pool.setCurrentIndex(self.pool.findData(wanted.pool))
        self.volume.setCurrentIndex(self.volume.findData(wanted.volume))
        self._model.setRowVisible(self.volume, found.of_volumes)
        self.recipe.setCurrentIndex(self.recipe.findData(wanted.recipe))
        for picker in (self.pool, self.volume, self.recipe):
            picker.setToolTip(TERMS.get(str(picker.currentData()), ""))
        parent = found.base[1] if found.base is not None else "…"
        self.title.setPlaceholderText(f"{parent}, classes")
        if self.title.text().strip() != wanted.title:
            self.title.setText(wanted.title)

    def show_found(self, found: ClassSurvey, *, counting: bool, why_not: str = "") -> None:
        """Show what was counted, and what is to be said of it."""
        what = _labelled(found.n, found.level)
        whose = f" of {counted(found.n_patients, 'patient')}" if found.n else ""
        self.count.setText(_COUNTING if counting else f"{what[0].upper()}{what[1:]}{whose}")
        self.classes.clear()
        for c in found.classes:
            item = QTreeWidgetItem([c.name, str(c.n), str(c.patients)])
            for at in (1, 2):
                item.setTextAlignment(at, Qt.AlignmentFlag.AlignRight)
            self.classes.addTopLevelItem(item)
        self.classes.setVisible(bool(found.classes))
        rows = min(len(found.classes), _MOST_ROWS) + 1
        self.classes.setFixedHeight(rows * scaled(_ROW_PX) + 14)
        self.warning_text.setText("\n".join(f"•  {w}" for w in found.warnings))
        self.warnings.setVisible(bool(found.warnings))
        self.about.setText(" ".join(found.about))
        self.about.setVisible(bool(found.about))
        self.how.setText(f"How it is measured: {' '.join(found.how)}")
        self.how.setVisible(bool(found.how))
        problem = f"{found.problem} {found.hint}".strip() or why_not
        self.problem.setText("" if counting else problem)
        self.problem.setVisible(bool(self.problem.text()))

    def set_ready(self, ready: bool, *, locked: bool) -> None:
        """Say whether a run can be begun, and whether one goes on, which cannot be changed."""
        self.start.setEnabled(ready)
        for widget in (
            self.level,
            self.graders,
            self.base,
            self.pool,
            self.volume,
            self.recipe,
            self.cluster,
            self.title,
        ):
            widget.setEnabled(not locked)

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        self.start.setIcon(icon("teach", current_colors().on_accent))


def _labelled(n: int, level: str) -> str:
    return counted(n, f"labelled {LEVELS[level]}") if n else f"no labelled {LEVELS[level]}s yet"


def _fill(picker: Picker, entries: Sequence[tuple[str, str]], chosen: str) -> None:
    picker.clear()
    for title, key in entries:
        picker.addItem(title, key)
    picker.setCurrentIndex(max(0, picker.findData(chosen)))
