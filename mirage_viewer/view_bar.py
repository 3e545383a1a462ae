"""The bar above the B-scan: which one, contrast, zoom."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QAction, QResizeEvent
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QSlider, QToolButton, QWidget

from mirage_viewer.guard import guarded
from mirage_viewer.panels.widgets import label

_SHORT_TEXTS = {"view.aspect_um": "1:1 µm", "view.actual": "1:1 px"}
"""What the buttons say that an icon cannot; their tooltips and menu entries say it in full."""
_SPARE_PX = 20


@guarded
class ViewBar(QFrame):
    """Steps, contrast sliders and the view actions.

    Signals
    -------
    contrast_picked(int, int, float)
        Grey shown as black, grey shown as white, gamma.
    """

    contrast_picked = Signal(int, int, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("look", "panel")
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(8, 3, 8, 3)
        self._layout.setSpacing(3)
        self.place = QLabel("")
        self.place.setMinimumWidth(self.place.fontMetrics().horizontalAdvance("B-scan 199 of 199 "))
        self.place.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.low = _slider(0, 254, 0, "Grey that is shown as black")
        self.high = _slider(1, 255, 255, "Grey that is shown as white")
        self.gamma = _slider(30, 300, 100, "Gamma: brightens the dark parts (left) or darkens")
        for slider in (self.low, self.high, self.gamma):
            slider.valueChanged.connect(self._slid)
        self._levels = _group(("Black", self.low), ("White", self.high))
        self._gamma = _group(("Gamma", self.gamma))

    def minimumSizeHint(self) -> QSize:
        """Return the room the buttons need; the sliders make way."""
        needed = super().minimumSizeHint()
        hidden = sum(self._room(g) for g in (self._levels, self._gamma) if not g.isHidden())
        return QSize(needed.width() - hidden, needed.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show the sliders where there is room; dragging the right button does the same."""
        super().resizeEvent(event)
        spare = self.width() - self.minimumSizeHint().width() - _SPARE_PX
        for group in (self._levels, self._gamma):
            spare -= self._room(group)
            group.setVisible(spare >= 0)

    def _room(self, group: QWidget) -> int:
        return group.minimumSizeHint().width() + self._layout.spacing()

    def arrange(self, actions: dict[str, QAction]) -> None:
        """Put the actions into place; their keys are those of the registry."""
        self._button(actions["scan.previous"])
        self._layout.addWidget(self.place)
        self._button(actions["scan.next"])
        self._layout.addStretch(1)
        self._layout.addWidget(self._levels)
        self._layout.addWidget(self._gamma)
        for key in ("view.auto_contrast", "view.reset_contrast"):
            self._button(actions[key])
        self._layout.addStretch(1)
        for key, words in _SHORT_TEXTS.items():
            tip = actions[key].toolTip()
            actions[key].setIconText(words)
            actions[key].setToolTip(tip)
        for key in (
            "view.clean",
            "view.crosshair",
            "view.zoom_out",
            "view.zoom_in",
            "view.fit",
            "view.actual",
            "view.aspect_um",
        ):
            self._button(actions[key], words=key in _SHORT_TEXTS)

    def show_place(self, b: int, n: int) -> None:
        """Show that B-scan `b` of `n` is seen."""
        self.place.setText(f"B-scan {b + 1} of {n}")

    def show_contrast(self, low: int, high: int) -> None:
        """Move the sliders to what the image shows, without asking for it again."""
        for slider, value in ((self.low, low), (self.high, high)):
            slider.blockSignals(True)
            slider.setValue(value)
            slider.blockSignals(False)

    def reset(self) -> None:
        """Show grey values as they are."""
        for slider, value in ((self.low, 0), (self.high, 255), (self.gamma, 100)):
            slider.blockSignals(True)
            slider.setValue(value)
            slider.blockSignals(False)
        self._slid()

    def _slid(self) -> None:
        low, high = self.low.value(), self.high.value()
        if high <= low:
            # The slider that moves pushes the other along.
            if self.sender() is self.low:
                high = min(255, low + 1)
            else:
                low = max(0, high - 1)
            self.show_contrast(low, high)
        self.contrast_picked.emit(low, high, self.gamma.value() / 100)

    def _button(self, action: QAction, *, words: bool = False) -> None:
        button = QToolButton()
        if words:
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        button.setDefaultAction(action)
        button.setProperty("look", "flat")
        button.setIconSize(QSize(18, 18))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._layout.addWidget(button)


def _group(*named: tuple[str, QSlider]) -> QWidget:
    group = QWidget()
    inner = QHBoxLayout(group)
    inner.setContentsMargins(0, 0, 7, 0)
    inner.setSpacing(3)
    for words, slider in named:
        if inner.count():
            inner.addSpacing(7)
        inner.addWidget(label(words, "small"))
        inner.addWidget(slider)
    return group


def _slider(low: int, high: int, value: int, tip: str) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(low, high)
    slider.setValue(value)
    slider.setToolTip(tip)
    slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    slider.setMinimumWidth(36)
    slider.setMaximumWidth(110)
    return slider
