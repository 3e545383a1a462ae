"""Small pieces that the panels are made of."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QColor, QIcon, QPainter, QPaintEvent, QPixmap, QWheelEvent
from qtpy.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionComboBox,
    QStylePainter,
    QToolButton,
    QTreeWidget,
    QVBoxLayout,
    QWidget,
)

from mirage_viewer.guard import guarded
from mirage_viewer.theme import icon


def look(widget: QWidget, name: str) -> QWidget:
    """Give `widget` one of the style sheet's looks, and return it."""
    if widget.property("look") != name:
        widget.setProperty("look", name)
        widget.style().unpolish(widget)
        widget.style().polish(widget)
    return widget


def label(text: str = "", name: str = "") -> QLabel:
    """Return a label in the look called `name`."""
    made = QLabel(text)
    if name:
        made.setProperty("look", name)
    return made


def swatch(rgb: tuple[int, int, int], size_px: int = 14) -> QIcon:
    """Return a round patch of colour, as an icon."""
    pixmap = QPixmap(size_px * 2, size_px * 2)
    pixmap.setDevicePixelRatio(2)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(0, 0, 0, 90))
    painter.setBrush(QColor(*rgb))
    painter.drawEllipse(1, 1, size_px - 2, size_px - 2)
    painter.end()
    made = QIcon(pixmap)
    # Without its own, the colour of a chosen row would be mixed with that of the selection.
    made.addPixmap(pixmap, QIcon.Mode.Selected)
    return made


def dense_table(columns: Sequence[str]) -> QTreeWidget:
    """Return a table of close rows that are only read, its columns as wide as what they hold."""
    made = QTreeWidget()
    made.setColumnCount(len(columns))
    made.setHeaderLabels(columns)
    made.setRootIsDecorated(False)
    made.setUniformRowHeights(True)
    made.setProperty("look", "dense")
    made.setSelectionMode(QTreeWidget.SelectionMode.NoSelection)
    made.header().setStretchLastSection(False)
    made.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    return made


class IconButton(QToolButton):
    """A button whose icon follows the theme.

    Clicking it leaves the keyboard with the image; it is still reached with Tab.
    """

    def __init__(
        self,
        icon_name: str,
        text: str = "",
        tooltip: str = "",
        look_name: str = "flat",
        size_px: int = 18,
    ) -> None:
        super().__init__()
        self._icon_name = icon_name
        self.setProperty("look", look_name)
        self.setText(text)
        self.setToolTip(tooltip)
        self.setAccessibleName(text or tooltip)
        self.setIconSize(QSize(size_px, size_px))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if text:
            self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.repaint_icon()

    def repaint_icon(self) -> None:
        """Draw the icon in the theme's colours again."""
        self.setIcon(icon(self._icon_name))


@guarded
class Picker(QComboBox):
    """A combo box that may be narrow: what does not fit ends in an ellipsis.

    Choosing leaves the keyboard with the image; it is still reached with Tab.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setItemDelegate(QStyledItemDelegate(self))  # the usual one has no colours of entries
        self.setMinimumContentsLength(10)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the box, then its text as far as there is room."""
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        field = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox,
            option,
            QStyle.SubControl.SC_ComboBoxEditField,
            self,
        )
        icon_px = 0 if option.currentIcon.isNull() else option.iconSize.width() + 6
        option.currentText = self.fontMetrics().elidedText(
            option.currentText, Qt.TextElideMode.ElideRight, field.width() - icon_px - 4
        )
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to what lies behind: passing over a box must not change it."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def showPopup(self) -> None:
        """Give the list the room its words need."""
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + 24)
        super().showPopup()


@guarded
class ElidedLabel(QLabel):
    """A line that takes what room there is; what does not fit ends in an ellipsis."""

    def __init__(self, name: str = "", inset_px: int = 7) -> None:
        super().__init__()
        self._inset_px = inset_px
        self.setProperty("look", name)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def minimumSizeHint(self) -> QSize:
        """Return that it may be as narrow as there is no room."""
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw as much of the text as fits."""
        painter = QStylePainter(self)
        room = self.contentsRect().adjusted(self._inset_px, 0, -self._inset_px, 0)
        words = self.fontMetrics().elidedText(
            self.text(), Qt.TextElideMode.ElideRight, room.width()
        )
        painter.drawItemText(
            room,
            int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter),
            self.palette(),
            self.isEnabled(),
            words,
            self.foregroundRole(),
        )


class Card(QFrame):
    """A titled box; add to its `body`, and to its `header` on the right."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.setProperty("look", "card")
        # Never squeezed: a window too low for all of it scrolls.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(11, 7, 11, 10)
        self.body.setSpacing(7)
        self.header = QHBoxLayout()
        self.header.setSpacing(6)
        self.header.addWidget(label(title, "heading"))
        self.header.addStretch()
        self.body.addLayout(self.header)


def column(parent: QWidget, spacing: int = 6) -> QVBoxLayout:
    """Give `parent` a layout without margins, top to bottom, and return it."""
    made = QVBoxLayout(parent)
    made.setContentsMargins(0, 0, 0, 0)
    made.setSpacing(spacing)
    return made


def row(*items: QWidget | int, spacing: int = 6, wide: QWidget | None = None) -> QHBoxLayout:
    """Return widgets side by side; an int is a stretch of that weight, `wide` takes the rest."""
    made = QHBoxLayout()
    made.setContentsMargins(0, 0, 0, 0)
    made.setSpacing(spacing)
    for item in items:
        if isinstance(item, int):
            made.addStretch(item)
        else:
            made.addWidget(item, 1 if item is wide else 0)
    return made


def duration(seconds: float) -> str:
    """Return a time for people: "a few seconds", "40 s", "3 min"."""
    if seconds < 5:
        return "a few seconds"
    if seconds < 90:
        return f"{round(seconds / 5) * 5} s"
    return f"{round(seconds / 60)} min"
