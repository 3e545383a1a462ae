"""ModelsDialog: the models on this computer, and how they come, go and are passed on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import (
    QDialog,
    QFileDialog,
    QInputDialog,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMessageBox,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from mirage_viewer.guard import guarded
from mirage_viewer.messages import Message
from mirage_viewer.models_dialog import words
from mirage_viewer.models_dialog.card_view import CardView
from mirage_viewer.models_dialog.download_page import DownloadPage
from mirage_viewer.models_dialog.work_bar import WorkBar
from mirage_viewer.panels.widgets import column, row
from mirage_viewer.theme import current_colors, icon

if TYPE_CHECKING:
    from mirage_core.model.store.store import BrokenModel, StoredModel

_FILES = "Weights and exported models (*.pth *.pt *.ckpt *.safetensors *.zip);;All files (*)"


@guarded
class ModelsDialog(QDialog):
    """A list of models with the card of the chosen one; it stays open beside the window.

    Signals
    -------
    import_requested(Path)
    download_opened()
        The page for downloads is wanted.
    export_requested(str, Path)
        Id, file to write.
    rename_requested(str, str)
        Id, new title.
    remove_requested(str, str), verify_requested(str, str)
        Id, title.
    """

    import_requested = Signal(object)
    download_opened = Signal()
    export_requested = Signal(str, object)
    rename_requested = Signal(str, str)
    remove_requested = Signal(str, str)
    verify_requested = Signal(str, str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Models")
        self.resize(940, 620)
        self._entries: tuple[StoredModel | BrokenModel, ...] = ()
        self._wanted = ""
        self._working = False
        self.confirm: Callable[[str, str], bool] = self._ask
        self.list = QListWidget()
        self.list.setWordWrap(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.card = CardView()
        self.import_button = _button("&Import file…", "Take in a file of weights you have")
        self.download_button = _button("&Download…", "Get published weights, after their terms")
        self.rename_button = _button("Re&name…", "Give it another title (F2)")
        self.export_button = _button("&Export…", "Write it to one file, for another computer")
        self.verify_button = _button("&Verify", "Check that its weights are unchanged")
        self.remove_button = _button("&Remove…", "Delete it from this computer (Del)")
        self.download_page = DownloadPage()
        self.work = WorkBar()
        self.pages = QStackedWidget()
        self._lay_out()
        self.list.currentRowChanged.connect(self._picked)
        self.import_button.clicked.connect(self._import)
        self.download_button.clicked.connect(self.download_opened)
        self.download_page.back_requested.connect(self.show_models)
        self.rename_button.clicked.connect(self._rename)
        self.export_button.clicked.connect(self._export)
        self.verify_button.clicked.connect(self._verify)
        self.remove_button.clicked.connect(self._remove)
        self.work.close_requested.connect(self.reject)
        self.set_entries(())
        self.repaint_icons()

    def _lay_out(self) -> None:
        left = QWidget()
        beside = column(left, 8)
        beside.addWidget(self.list, 1)
        beside.addLayout(row(self.import_button, self.download_button, 1))
        right = QWidget()
        inner = column(right, 8)
        inner.addWidget(self.card, 1)
        inner.addLayout(
            row(
                self.rename_button,
                self.export_button,
                self.verify_button,
                1,
                self.remove_button,
            )
        )
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(left)
        splitter.addWidget(right)
        splitter.setSizes([360, 560])
        splitter.setStretchFactor(1, 1)
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(10)
        self.pages.addWidget(splitter)
        self.pages.addWidget(self.download_page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(10)
        layout.addWidget(self.pages, 1)
        layout.addWidget(self.work)

    # ------------------------------------------------------------------ what is shown

    def set_entries(self, entries: tuple[StoredModel | BrokenModel, ...]) -> None:
        """List `entries`, the one chosen before, or the new one, chosen again."""
        wanted = self._wanted or self.chosen
        self._entries, self._wanted = entries, ""
        self.list.blockSignals(True)
        self.list.clear()
        for entry in entries:
            item = QListWidgetItem(f"{words.title_of(entry)}\n{words.list_line(entry)}")
            item.setData(Qt.ItemDataRole.UserRole, words.id_of(entry))
            if words.card_of(entry) is None:
                item.setIcon(icon("warning", current_colors().warning))
            item.setToolTip(words.title_of(entry))
            self.list.addItem(item)
        ids = [words.id_of(e) for e in entries]
        self.list.setCurrentRow(ids.index(wanted) if wanted in ids else 0 if ids else -1)
        self.list.blockSignals(False)
        self._picked(self.list.currentRow())

    def choose_next(self, id: str) -> None:
        """Choose the model `id` when the list is read next: it is new."""
        self._wanted = id

    def show_models(self) -> None:
        """Show the list."""
        self.pages.setCurrentIndex(0)
        self.list.setFocus()

    def show_download(self, known: tuple[str, ...], *, offline: bool) -> None:
        """Show the page for downloads."""
        self.pages.setCurrentIndex(1)
        self.work.hush()
        self.download_page.begin(known, offline=offline)

    def show_message(self, message: Message) -> None:
        """Show `message` at the bottom."""
        self.work.show_message(message)

    def show_work(self, words_: str, fraction: float | None, *, cancelling: bool = False) -> None:
        """Show what is being done, ``""`` when nothing is."""
        self._working = bool(words_)
        self.work.show_work(words_, fraction, cancelling=cancelling)
        self.download_page.set_working(self._working)
        self._enable()

    @property
    def chosen(self) -> str:
        """Id of the model that is chosen, ``""`` for none."""
        item = self.list.currentItem()
        return str(item.data(Qt.ItemDataRole.UserRole)) if item is not None else ""

    @property
    def _entry(self) -> StoredModel | BrokenModel | None:
        at = self.list.currentRow()
        return self._entries[at] if 0 <= at < len(self._entries) else None

    def _picked(self, _row: int) -> None:
        self.card.show_entry(self._entry)
        self._enable()

    def _enable(self) -> None:
        entry, idle = self._entry, not self._working
        usable = entry is not None and words.card_of(entry) is not None
        own = entry is not None and not words.came_with_the_program(entry)
        self.rename_button.setEnabled(usable and own)
        self.remove_button.setEnabled(own and idle)
        for button in (self.export_button, self.verify_button):
            button.setEnabled(usable and idle)
        for button in (self.import_button, self.download_button):
            button.setEnabled(idle)

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        self.import_button.setIcon(icon("open"))
        self.download_button.setIcon(icon("drop"))
        self.export_button.setIcon(icon("export"))
        self.verify_button.setIcon(icon("check"))
        self.card.repaint_icons()
        self.download_page.repaint_icons()
        self.work.repaint_icons()

    # ------------------------------------------------------------------ what is asked for

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Rename with F2 and remove with Del; Enter is the focused button's alone."""
        on_list = self.pages.currentIndex() == 0
        if event.key() == Qt.Key.Key_F2 and on_list and self.rename_button.isEnabled():
            self._rename()
        elif event.key() == Qt.Key.Key_Delete and on_list and self.remove_button.isEnabled():
            self._remove()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()
        else:
            super().keyPressEvent(event)

    def _import(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(
            self, "Import a file of weights", str(Path.home()), _FILES
        )
        if chosen:
            self.import_requested.emit(Path(chosen))

    def _rename(self) -> None:
        entry = self._entry
        assert entry is not None
        title, ok = QInputDialog.getText(
            self,
            "Rename model",
            "Title; results keep naming the model by its id:",
            QLineEdit.EchoMode.Normal,
            words.title_of(entry),
        )
        if ok and title.strip() and title.strip() != words.title_of(entry):
            self.rename_requested.emit(self.chosen, title.strip())

    def _export(self) -> None:
        from mirage_core.model.store.archive import SUFFIX

        target, _ = QFileDialog.getSaveFileName(
            self,
            "Export the model to",
            str(Path.home() / f"{self.chosen}{SUFFIX}"),
            f"Exported model (*{SUFFIX})",
        )
        if target:
            self.export_requested.emit(self.chosen, Path(target))

    def _verify(self) -> None:
        entry = self._entry
        assert entry is not None
        self.verify_requested.emit(self.chosen, words.title_of(entry))

    def _remove(self) -> None:
        entry = self._entry
        assert entry is not None
        title = words.title_of(entry)
        if self.confirm(
            f"Remove {title} from this computer?",
            "Its weights are deleted. Results made with it stay as they are.",
        ):
            self.remove_requested.emit(self.chosen, title)

    def _ask(self, question: str, more: str) -> bool:
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("Remove model")
        box.setText(question)
        box.setInformativeText(more)
        remove = box.addButton("Remove", QMessageBox.ButtonRole.DestructiveRole)
        keep = box.addButton("Keep it", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)
        box.exec()
        return box.clickedButton() is remove


def _button(text: str, tooltip: str) -> QPushButton:
    made = QPushButton(text)
    made.setToolTip(tooltip)
    made.setAutoDefault(False)
    return made
