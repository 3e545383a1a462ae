"""UnsaidForm: asks for what a file of weights does not say, and imports it with that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QIntValidator
from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from mirage_viewer.model_tasks import Told
from mirage_viewer.panels.widgets import IconButton, label, row
from mirage_viewer.theme import scaled

_INTRO = (
    "Enter what you know; whoever trained the model can tell. A wrong number of attention heads "
    "gives wrong results without any error."
)
_MOST_HEADS = 64


class UnsaidForm(QDialog):
    """Heads and the list of classes, for one file; it blocks nothing.

    Signals
    -------
    told(Path, Told)
        The file is to be imported with this.
    """

    told = Signal(object, object)

    def __init__(self, path: Path, why: str, known: Told, parent: QWidget) -> None:
        super().__init__(parent)
        self.path, self._known = path, known
        self.setWindowTitle(f"Import {path.name}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.why = label(why, "heading")
        intro = label(_INTRO, "muted")
        for text in (self.why, intro):
            text.setWordWrap(True)
        self.heads = _heads(known.heads)
        self.decoder_heads = _heads(known.decoder_heads)
        self.segmenter_heads = _heads(known.segmenter_heads)
        self.classes = QLineEdit(str(known.classes) if known.classes is not None else "")
        self.classes.setPlaceholderText("INFO.json, if it has a head")
        self.choose = IconButton("open", tooltip="Choose the INFO.json with the names of classes")
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Attention heads of the encoder", self.heads)
        form.addRow("Heads of the decoders", self.decoder_heads)
        form.addRow("Heads of a Segmenter head", self.segmenter_heads)
        form.addRow("Classes of its head", row(self.classes, self.choose, wide=self.classes))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.go = QPushButton("Import")
        self.go.setProperty("look", "primary")
        buttons.addButton(self.go, QDialogButtonBox.ButtonRole.AcceptRole)
        self.go.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addWidget(self.why)
        layout.addWidget(intro)
        layout.addLayout(form)
        layout.addWidget(buttons)
        self.setMinimumWidth(scaled(520))
        self.choose.clicked.connect(self._choose)

    def accept(self) -> None:
        """Import with what was entered."""
        classes = self.classes.text().strip()
        self.told.emit(
            self.path,
            replace(
                self._known,
                heads=_number(self.heads),
                decoder_heads=_number(self.decoder_heads),
                segmenter_heads=_number(self.segmenter_heads),
                classes=Path(classes).expanduser() if classes else None,
            ),
        )
        super().accept()

    def _choose(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(
            self, "Names of the classes", str(self.path.parent), "INFO.json (*.json)"
        )
        if chosen:
            self.classes.setText(chosen)


def _heads(known: int | None) -> QLineEdit:
    made = QLineEdit(str(known) if known is not None else "")
    made.setValidator(QIntValidator(1, _MOST_HEADS, made))
    made.setPlaceholderText("as usual for its size")
    return made


def _number(entry: QLineEdit) -> int | None:
    return int(entry.text()) if entry.hasAcceptableInput() else None
