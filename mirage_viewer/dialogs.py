"""The few dialogs: shortcuts, spacing, about, unsaved work."""

from __future__ import annotations

from html import escape

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLineEdit,
    QMessageBox,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from mirage_core import RESEARCH_USE_ONLY, __version__
from mirage_core.scan import Provenance, Scan
from mirage_viewer.actions import ActionRegistry, Menu
from mirage_viewer.panels.widgets import label, look
from mirage_viewer.qt_actions import shortcut_text
from mirage_viewer.theme import current_colors

_MOUSE = (
    ("Wheel", "Step through the B-scans"),
    ("Ctrl + wheel", "Zoom at the pointer"),
    ("Middle button, or Space held", "Move the image"),
    ("Right button, dragged", "Contrast: sideways brightness, up and down range"),
    ("Click on the SLO", "Go to that B-scan and column"),
)


def shortcut_html(registry: ActionRegistry) -> str:
    """Return all shortcuts as a table, menu by menu."""
    colors = current_colors()
    parts = []
    for menu in Menu:
        rows = "".join(
            _two_columns(a.text.replace("&", ""), "  or  ".join(_keys(a.shortcuts)))
            for a in registry.menu(menu)
            if a.shortcuts
        )
        parts.append(f"<h3>{menu.value.replace('&', '')}</h3><table>{rows}</table>")
    rows = "".join(_two_columns(what, how) for how, what in _MOUSE)
    parts.append(f"<h3>Mouse</h3><table>{rows}</table>")
    return f"<div style='color:{colors.text}'>{''.join(parts)}</div>"


def _two_columns(what: str, how: str) -> str:
    # The same width in every table, so that all of them line up.
    return (
        f"<tr><td width='290' style='padding:2px 0'>{escape(what)}</td>"
        f"<td><b>{escape(how)}</b></td></tr>"
    )


def _keys(shortcuts: tuple[str, ...]) -> list[str]:
    from qtpy.QtGui import QKeySequence

    native = QKeySequence.SequenceFormat.NativeText
    return [QKeySequence(s).toString(native) for s in shortcuts]


class ShortcutSheet(QDialog):
    """All keyboard shortcuts, generated from the registry."""

    def __init__(self, registry: ActionRegistry, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(560, 640)
        self.text = QTextBrowser()
        self.text.setHtml(shortcut_html(registry))
        find = shortcut_text(registry["help.palette"])
        layout = QVBoxLayout(self)
        layout.addWidget(label(f"{find} finds every command by name.", "muted"))
        layout.addWidget(self.text)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)


_FIELDS = (
    ("b", "Between B-scans", "gap of neighbouring B-scans, e.g. 0.120"),
    ("z", "In depth", "height of a pixel, e.g. 0.0039 (Spectralis)"),
    ("x", "Along a B-scan", "width of a pixel, e.g. 0.0117 (6 mm over 512)"),
)


class SpacingDialog(QDialog):
    """Asks for the spacing in mm. What is left empty stays as it is."""

    def __init__(self, scan: Scan, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Set spacing")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._scan = scan
        self.fields: dict[str, QLineEdit] = {}
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        why = label(
            "Figures in µm and mm need the size of a pixel. Values you enter are marked as "
            "entered by you.",
            "muted",
        )
        why.setWordWrap(True)
        layout.addWidget(why)
        form = QFormLayout()
        for axis, title, hint in _FIELDS:
            field = QLineEdit()
            field.setPlaceholderText(hint)
            known = scan.spacing[axis]
            if known.mm is not None:
                field.setText(f"{known.mm:.6g}")
                source = {
                    Provenance.FILE: "from the file",
                    Provenance.DERIVED: "derived from the file",
                    Provenance.USER: "entered before",
                }[known.source]
                field.setToolTip(source)
            field.setMinimumWidth(330)
            field.textChanged.connect(self._check)
            self.fields[axis] = field
            form.addRow(f"{title} (mm)", field)
        layout.addLayout(form)
        self.result_line = label("", "muted")
        self.result_line.setWordWrap(True)
        layout.addWidget(self.result_line)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout.addWidget(self.buttons)
        self._check()

    def spacing_mm(self) -> tuple[float | None, float | None, float | None]:
        """Return ``(db, dz, dx)`` in mm; None where the field is empty or unchanged.

        Raises
        ------
        ValueError
            If a field holds something else than a length an eye can have, in mm.
        """
        from mirage_core.io.options import is_spacing

        values: list[float | None] = []
        for axis, _, _ in _FIELDS:
            text = self.fields[axis].text().strip().replace(",", ".")
            known = self._scan.spacing[axis].mm
            if not text or (known is not None and text == f"{known:.6g}"):
                values.append(None)
                continue
            values.append(float(text))
        if not is_spacing(values):
            raise ValueError("not the spacing of an eye in mm")
        return values[0], values[1], values[2]

    def _check(self) -> None:
        ok = (
            self.buttons.button(QDialogButtonBox.StandardButton.Ok)
            if hasattr(self, "buttons")
            else None
        )
        try:
            given = self.spacing_mm()
        except ValueError:
            self.result_line.setText("Enter positive numbers in mm, not µm: for example 0.0039.")
            look(self.result_line, "error")
            if ok is not None:
                ok.setEnabled(False)
            return
        n, height, width = self._scan.shape
        sizes = []
        for (axis, _, _), value, count, words in zip(
            _FIELDS, given, (n, height, width), ("across", "deep", "wide"), strict=True
        ):
            mm = value if value is not None else self._scan.spacing[axis].mm
            if mm is not None:
                sizes.append(f"{mm * count:.2f} mm {words}")
        self.result_line.setText(
            f"The scan is then {', '.join(reversed(sizes))}."
            if sizes
            else f"The scan has {n} B-scans of {width} × {height} pixels."
        )
        look(self.result_line, "muted")
        if ok is not None:
            ok.setEnabled(any(v is not None for v in given))


def show_about(parent: QWidget) -> None:
    """Show version and terms."""
    box = QMessageBox(parent)
    box.setWindowTitle("About MIRAGE Viewer")
    box.setTextFormat(Qt.TextFormat.RichText)
    box.setText(
        f"<h3>MIRAGE Viewer {__version__}</h3><p>Open an eye, get its layers and fluid, correct "
        f"what is wrong, take the masks with you.</p><p><b>{RESEARCH_USE_ONLY}</b></p>"
        "<p>BSD 3-Clause licence.</p>"
    )
    box.open()


GOES_ON = "It can go on from its last checkpoint the next time the program is started."


def ask_about_teaching(parent: QWidget, words: str) -> bool:
    """Ask whether to close while a model is being taught; `words` say how far it is."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("Teaching goes on")
    box.setText("A model is being taught.")
    box.setInformativeText(f"{words}.\n\nIf you close now it stops. {GOES_ON}")
    stay = box.addButton("Stay", QMessageBox.ButtonRole.RejectRole)
    close = box.addButton("Stop it and close", QMessageBox.ButtonRole.DestructiveRole)
    box.setDefaultButton(stay)
    box.exec()
    return box.clickedButton() is close


class Unsaved:
    """Answers to the question of what to do with unsaved work."""

    RETRY, COPY, LEAVE, STAY = "retry", "copy", "leave", "stay"


def ask_about_unsaved(parent: QWidget, n: int, why: str) -> str:
    """Ask what to do with `n` edits that could not be saved; return one of :class:`Unsaved`."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Warning)
    box.setWindowTitle("Not everything is saved")
    box.setText(f"{n} change{'s' if n != 1 else ''} could not be saved.")
    box.setInformativeText(f"{why}\n\nClosing now would lose them.")
    retry = box.addButton("Retry", QMessageBox.ButtonRole.AcceptRole)
    copy = box.addButton("Save a copy elsewhere…", QMessageBox.ButtonRole.ActionRole)
    leave = box.addButton("Close and lose them", QMessageBox.ButtonRole.DestructiveRole)
    box.addButton("Go back", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(retry)
    box.exec()
    chosen = box.clickedButton()
    answers = {retry: Unsaved.RETRY, copy: Unsaved.COPY, leave: Unsaved.LEAVE}
    return next((a for b, a in answers.items() if b is chosen), Unsaved.STAY)
