"""ReportDialog: what stands over a report, and as what it is written."""

from __future__ import annotations

from qtpy.QtWidgets import QDialog, QFormLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from mirage_core import RESEARCH_USE_ONLY
from mirage_viewer.panels.widgets import label, row

_NOTHING = "Left empty, nothing of the patient is on the page."


class ReportDialog(QDialog):
    """Asks for the heading of a report.

    Parameters
    ----------
    parent : QWidget
    name : str
        Pseudonym of the scan.
    grader : str
    """

    def __init__(self, parent: QWidget, name: str, grader: str) -> None:
        super().__init__(parent)
        self.setWindowTitle("Save report")
        self.suffix = ".pdf"
        self.name, self.grader, self.patient = QLineEdit(name), QLineEdit(grader), QLineEdit()
        self.patient.setPlaceholderText("Not on the page")
        self.patient.setToolTip(_NOTHING)
        self.pdf, self.html = QPushButton("Save as PDF…"), QPushButton("Save as HTML…")
        self.pdf.setProperty("look", "primary")
        self.pdf.setDefault(True)
        cancel = QPushButton("Cancel")
        form = QFormLayout()
        form.addRow("Scan", self.name)
        form.addRow("Grader", self.grader)
        form.addRow("Patient", self.patient)
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addLayout(form)
        layout.addWidget(label(_NOTHING, "small"))
        layout.addWidget(label(RESEARCH_USE_ONLY, "warning"))
        layout.addLayout(row(1, cancel, self.html, self.pdf))
        self.pdf.clicked.connect(lambda: self._chosen(".pdf"))
        self.html.clicked.connect(lambda: self._chosen(".html"))
        cancel.clicked.connect(self.reject)

    def _chosen(self, suffix: str) -> None:
        self.suffix = suffix
        self.accept()
