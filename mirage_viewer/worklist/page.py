"""WorklistPage: every scan of the project, to find, import, tag and open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtGui import QKeyEvent, QKeySequence
from qtpy.QtWidgets import QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from mirage_core.scan import Laterality
from mirage_viewer.guard import guarded
from mirage_viewer.panels.widgets import IconButton, Picker, label, row
from mirage_viewer.theme import scaled
from mirage_viewer.worklist.columns import Column
from mirage_viewer.worklist.criteria import Show, words_of
from mirage_viewer.worklist.details import Details
from mirage_viewer.worklist.empty import EmptyWorklist
from mirage_viewer.worklist.filter import WorklistFilter
from mirage_viewer.worklist.import_bar import ImportBar
from mirage_viewer.worklist.model import WorklistModel
from mirage_viewer.worklist.pictures import Pictures
from mirage_viewer.worklist.search import SearchField
from mirage_viewer.worklist.table import WorklistTable

if TYPE_CHECKING:
    from mirage_core.project.records import WorklistRow
    from mirage_viewer.labelling import Labels

_SEARCH_PX, _PICKER_PX = 300, 132
_LEAST_PX = 500
_EYES = (
    ("Both eyes", None),
    ("OD, right", Laterality.OD),
    ("OS, left", Laterality.OS),
    ("Eye not known", Laterality.UNKNOWN),
)
_NO_SCANS = (
    "No scans in this project yet",
    "Import a folder: every scan under it comes into the project, and a scan that is here already "
    "stays as it is. Or open a scan; it is listed here from then on.",
)
_NONE_FIT = ("No scan fits", "Search for something else, or show all scans again.")


@guarded
class WorklistPage(QWidget):
    """Search, filters, table, details.

    Parameters
    ----------
    pictures : Pictures

    Signals
    -------
    opened(str)
        Id of a scan that is wanted.
    closed()
        The image is wanted back.
    """

    opened = Signal(str)
    closed = Signal()

    def __init__(self, pictures: Pictures, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = WorklistModel(pictures)
        self.rows = WorklistFilter(self.model)
        self.table = WorklistTable(self.rows)
        self.details = Details()
        self.imports = ImportBar()
        self.search = SearchField()
        self.show_picker, self.eye = Picker(), Picker()
        self.tag, self.device, self.label = Picker(), Picker(), Picker()
        self._labels: Labels | None = None
        self._given: Callable[[str], tuple[str, ...] | None] = lambda _id: None
        self._why_no_label = ""
        self.count = label("", "muted")
        self.back = IconButton("close", tooltip="Back to the image (Esc)")
        self.empty = EmptyWorklist()
        self._lay_out()
        self._fill_pickers()
        self._connect()
        self._show_or_hide()

    def _lay_out(self) -> None:
        self._below = QStackedWidget()
        self._below.addWidget(self.table)
        self._below.addWidget(self.empty)
        self.search.setMinimumWidth(scaled(140))
        self.search.setMaximumWidth(scaled(_SEARCH_PX))
        pickers = self._pickers
        for picker in pickers:
            picker.setMaximumWidth(scaled(_PICKER_PX))
            picker.setMinimumContentsLength(4)
        self.imports.setFixedHeight(self.imports.sizeHint().height())
        # How narrow the window may be, the panels decide that stand beside the image, not here.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setMinimumWidth(scaled(_LEAST_PX))
        whole = QVBoxLayout(self)
        whole.setContentsMargins(12, 10, 12, 10)
        whole.setSpacing(9)
        title = label("Worklist", "title")
        whole.addLayout(
            row(title, self.count, self.imports, self.back, spacing=12, wide=self.imports)
        )
        line = row(self.search, *pickers, 1, spacing=8)
        for at in range(1 + len(pickers)):
            line.setStretch(at, 3 if at == 0 else 2)
        whole.addLayout(line)
        whole.addWidget(self._below, 1)
        whole.addWidget(self.details)
        QWidget.setTabOrder(self.table, self.details.tags)

    def _fill_pickers(self) -> None:
        for show in Show:
            self.show_picker.addItem(show.value, show)
        for words, eye in _EYES:
            self.eye.addItem(words, eye)
        self.show_picker.setToolTip("Scans by how far they are, or that are here twice")
        self.eye.setToolTip("Scans of one eye")
        self.tag.setToolTip("Scans with one tag")
        self.device.setToolTip("Scans of one device")
        self.label.setToolTip("Scans that are labelled so, as a whole or on a B-scan")
        for picker, words in (
            (self.tag, "All tags"),
            (self.device, "All devices"),
            (self.label, "All labels"),
        ):
            picker.addItem(words, None)
        self.label.setVisible(False)

    def _connect(self) -> None:
        table, details = self.table, self.details
        self.search.textChanged.connect(lambda text: self._change(words=words_of(text)))
        self.search.go_on.connect(self._into_table)
        self.search.returnPressed.connect(table.open_current)
        self.search.left.connect(self.closed)
        # Qt keeps of an enumeration of texts only the text.
        for picker, field, kind in (
            (self.show_picker, "show", Show),
            (self.eye, "eye", Laterality),
            (self.tag, "tag", str),
            (self.device, "device", str),
            (self.label, "label", str),
        ):
            picker.currentIndexChanged.connect(self._picked(picker, field, kind))
        table.opened.connect(self.opened)
        table.left.connect(self.closed)
        table.typed.connect(self._begin_search)
        table.chosen.connect(self._show_details)
        details.open_requested.connect(self.opened)
        details.left.connect(table.setFocus)
        self.back.clicked.connect(self.closed)
        self.empty.import_button.clicked.connect(self.imports.import_requested)
        self.empty.clear_button.clicked.connect(self.show_all)

    def _picked(
        self, picker: Picker, field: str, kind: Callable[[str], Any]
    ) -> Callable[[int], None]:
        def change(_at: int) -> None:
            chosen = picker.currentData()
            self._change(**{field: None if chosen is None else kind(chosen)})

        return change

    # ------------------------------------------------------------------ showing

    def set_rows(self, rows: Sequence[WorklistRow], current: str = "") -> None:
        """List `rows`, which are in the order they were added; `current` is the scan that is open.

        Search, filters, place and choice stay.
        """
        first = not self.model.lines
        self.model.set_rows(rows)
        self.table.fit(self.model.lines)
        spelling: dict[str, str] = {}
        tags = (tag for row in rows for tag in row.remark.tags)
        used = Counter(spelling.setdefault(tag.casefold(), tag) for tag in tags)
        _refill(self.tag, used)
        _refill(self.device, {row.scan.device for row in rows if row.scan.device})
        self.details.offer_tags([tag for tag, _ in used.most_common()])
        if first and current:
            self.table.choose(current)
        self._show_or_hide()
        self._show_details()

    def set_labels(
        self,
        known: Labels,
        given: Callable[[str], tuple[str, ...] | None],
        why_not: str,
    ) -> None:
        """Show what scans are labelled as.

        Parameters
        ----------
        known : Labels
        given : callable
            What the grader labelled a scan as, by its id.
        why_not : str
            Why nothing can be labelled, or ``""``.
        """
        self._labels, self._given, self._why_no_label = known, given, why_not
        there = bool(known.names or known.by_scan)
        self.table.setColumnHidden(Column.LABELS, not there)
        self.label.setVisible(there)
        _refill(self.label, known.names, (("Not labelled", ""),) if there else ())
        self.model.set_labels(known.by_scan)
        self._show_or_hide()
        self._show_details()

    def show_all(self) -> None:
        """Search for nothing and filter nothing."""
        self.search.clear()
        for picker in self._pickers:
            picker.setCurrentIndex(0)

    def appear(self, current: str) -> None:
        """Take the keyboard; choose the scan that is open, else the one chosen last."""
        if current:
            self.table.choose(current)
        elif not self.table.current_id:
            self.table.choose_row(0)
        self.table.setFocus()

    def repaint_icons(self) -> None:
        """Draw icons in the theme's colours again."""
        for part in (self.details, self.imports, self.empty):
            part.repaint_icons()
        self.back.repaint_icon()
        self.search.repaint_icons()

    def _change(self, **parts: Any) -> None:
        self.rows.change(**parts)
        self._show_or_hide()
        self._show_details()

    def _show_or_hide(self) -> None:
        n, listed = len(self.model.lines), self.rows.rowCount()
        self.empty.show_words(*(_NONE_FIT if n else _NO_SCANS), filtered=bool(n))
        self._below.setCurrentIndex(0 if listed else 1)
        self.details.setVisible(bool(n))
        scans = "1 scan" if n == 1 else f"{n} scans"
        self.count.setText("" if not n else scans if listed == n else f"{listed} of {scans}")

    def _show_details(self) -> None:
        index = self.table.currentIndex()
        line = self.rows.line(index.row()) if index.isValid() else None
        self.details.show_row(line.row if line is not None else None)
        known = self._labels
        if known is not None:
            id = line.row.scan.id if line is not None else ""
            given = self._given(id) if id else None
            self.details.labels.show_labels(
                id,
                known.names,
                given,
                line.label_tip.replace("\n", " · ") if line is not None else "",
                self._why_no_label,
                several=known.multi_label,
            )

    @property
    def _pickers(self) -> tuple[Picker, ...]:
        return self.show_picker, self.eye, self.label, self.tag, self.device

    # ------------------------------------------------------------------ keys

    def _begin_search(self, text: str) -> None:
        self.search.setFocus()
        self.search.setText(self.search.text() + text)

    def _into_table(self) -> None:
        if not self.table.currentIndex().isValid():
            self.table.choose_row(0)
        self.table.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Search with the system's key for it, leave with Escape."""
        if event.matches(QKeySequence.StandardKey.Find):
            self.search.setFocus()
            self.search.selectAll()
        elif event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)


def _refill(picker: Picker, names: Iterable[str], besides: Iterable[tuple[str, str]] = ()) -> None:
    """Offer `names` below the entry for all of them; what is chosen stays chosen if it can.

    `besides` are further entries, what they say and what they stand for.
    """
    wanted: dict[str, str] = {}
    for name in sorted(names, key=str.casefold):
        wanted.setdefault(name.casefold(), name)
    wanted |= {key: words for words, key in besides}
    if list(wanted) == [picker.itemData(i) for i in range(1, picker.count())]:
        return
    chosen = picker.currentData()
    with QSignalBlocker(picker):
        while picker.count() > 1:
            picker.removeItem(1)
        for key, name in wanted.items():
            picker.addItem(name, key)
        picker.setCurrentIndex(max(picker.findData(chosen), 0) if chosen is not None else 0)
    if picker.currentData() != chosen:
        picker.currentIndexChanged.emit(0)
