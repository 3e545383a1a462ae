"""ImaginedControls: how strongly what a model imagined covers the image, and away with it."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFrame, QSlider, QVBoxLayout, QWidget

from mirage_viewer.canvas import CLASS_COLORS
from mirage_viewer.panels.widgets import IconButton, label, row
from mirage_viewer.theme import current_colors

_BLEND = 60


class ImaginedControls(QFrame):
    """A blend slider and a button to remove; hidden while nothing of the scan was imagined.

    Signals
    -------
    blended(float)
        0 shows the real image only, 1 the imagined one only.
    remove_requested()
    """

    blended = Signal(float)
    remove_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = label("", "muted")
        self.title.setWordWrap(True)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setValue(_BLEND)
        self.slider.setToolTip("How strongly the imagined picture covers the real image")
        self.percent = label("", "small")
        self.percent.setMinimumWidth(self.percent.fontMetrics().horizontalAdvance("100 % "))
        self.remove = IconButton("close", tooltip="Remove what was imagined for this B-scan")
        self.classes = label("", "small")
        self.classes.setWordWrap(True)
        self.classes.setTextFormat(Qt.TextFormat.RichText)
        for widget in (self.slider, self.remove):
            widget.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(3)
        layout.addWidget(self.title)
        layout.addLayout(row(self.slider, self.percent, self.remove, wide=self.slider))
        layout.addWidget(self.classes)
        self.slider.valueChanged.connect(self._blended)
        self.remove.clicked.connect(self.remove_requested)
        self._show_percent()
        self.show_pictures((), (), any_at_all=False)

    @property
    def blend(self) -> float:
        """How strongly the imagined picture covers the real image, 0..1."""
        return self.slider.value() / 100

    def show_pictures(
        self, titles: Sequence[str], classes: Sequence[int], *, any_at_all: bool
    ) -> None:
        """Say what was imagined for the B-scan shown.

        Parameters
        ----------
        titles : sequence of str
            "layer map", "SLO image"; empty if nothing was.
        classes : sequence of int
            Class numbers in a layer map that is shown.
        any_at_all : bool
            Whether anything of the scan was imagined.
        """
        self.setVisible(any_at_all)
        what = " and ".join(titles)
        self.title.setText(f"Imagined {what}" if what else "Nothing imagined for this B-scan")
        for widget in (self.slider, self.percent, self.remove):
            widget.setEnabled(bool(titles))
        self.classes.setText("&nbsp; ".join(_entry(n) for n in classes))
        self.classes.setVisible(bool(classes))
        self.classes.setToolTip("Numbers of classes; nobody has published what they are")

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        self.remove.repaint_icon()

    def _blended(self) -> None:
        self._show_percent()
        self.blended.emit(self.blend)

    def _show_percent(self) -> None:
        self.percent.setText(f"{self.slider.value()} %")


def _entry(number: int) -> str:
    red, green, blue = CLASS_COLORS[number]
    text = current_colors().text
    return (
        f"<span style='color:rgb({red},{green},{blue})'>■</span>"
        f"<span style='color:{text}'>&nbsp;class&nbsp;{number}</span>"
    )
