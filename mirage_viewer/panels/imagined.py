"""ImaginedControls: how strongly what a model imagined covers the image, and away with it."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QEvent, QObject, Qt, Signal
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QFrame, QSlider, QVBoxLayout, QWidget

from mirage_viewer.canvas import CLASS_COLORS
from mirage_viewer.guard import guarded
from mirage_viewer.panels.widgets import IconButton, label, row
from mirage_viewer.theme import current_colors, scaled

_BLEND = 60
_WIDTH_PX = 300
_MARGIN_PX = 10


@guarded
class ImaginedControls(QFrame):
    """A blend slider and a button to remove, in a corner of the image they are about.

    They come and go with the pictures, without moving anything else.

    Parameters
    ----------
    image : QWidget
        In whose lower right corner they stand.

    Signals
    -------
    blended(float)
        0 shows the real image only, 1 the imagined one only.
    remove_requested()
    """

    blended = Signal(float)
    remove_requested = Signal()

    def __init__(self, image: QWidget) -> None:
        super().__init__(image)
        self._image = image
        self._what = self._hidden = ""
        self._classes: tuple[int, ...] = ()
        self.setProperty("look", "card")
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.title = label("", "muted")
        self.title.setWordWrap(True)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setValue(_BLEND)
        self.slider.setToolTip("How strongly the imagined picture covers the real image")
        self.percent = label("", "small")
        self.percent.setMinimumWidth(self.percent.fontMetrics().horizontalAdvance("100% "))
        self.remove = IconButton("close", tooltip="Remove what was imagined for this B-scan")
        self.legend = label("", "small")
        self.legend.setWordWrap(True)
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.legend.setToolTip("Numbers of classes; nobody has published what they are")
        for widget in (self.slider, self.remove):
            widget.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 8, 7)
        layout.setSpacing(3)
        layout.addWidget(self.title)
        layout.addLayout(row(self.slider, self.percent, self.remove, wide=self.slider))
        layout.addWidget(self.legend)
        self.slider.valueChanged.connect(self._blended)
        self.remove.clicked.connect(self.remove_requested)
        image.installEventFilter(self)
        self._show_percent()
        self.show_pictures((), ())

    @property
    def blend(self) -> float:
        """How strongly the imagined picture covers the real image, 0..1."""
        return self.slider.value() / 100

    def show_pictures(self, titles: Sequence[str], classes: Sequence[int]) -> None:
        """Say what was imagined for the B-scan shown; nothing hides the controls.

        Parameters
        ----------
        titles : sequence of str
            "layer map", "SLO image".
        classes : sequence of int
            Class numbers in a layer map that is shown.
        """
        self._what, self._classes = " and ".join(titles), tuple(classes)
        self._show_words()
        self.setVisible(bool(titles))
        self._settle()

    def say_hidden(self, why: str) -> None:
        """Say that the picture over the B-scan is hidden, and why; ``""`` if it is not."""
        self._hidden = why
        self._show_words()
        self._settle()

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        self.remove.repaint_icon()
        self._show_words()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay in the corner of the image."""
        if event.type() == QEvent.Type.Resize:
            self._settle()
        return super().eventFilter(watched, event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Keep clicks on the plate from the image behind it."""
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Keep clicks on the plate from the image behind it."""
        event.accept()

    def _show_words(self) -> None:
        hidden = f"; hidden {self._hidden}" if self._hidden else ""
        self.title.setText(f"Imagined {self._what}{hidden}")
        self.legend.setText("&nbsp; ".join(_entry(n) for n in self._classes))
        self.legend.setVisible(bool(self._classes))

    def _settle(self) -> None:
        room = self._image.size()
        width = min(scaled(_WIDTH_PX), room.width() - 2 * _MARGIN_PX)
        height = self.layout().heightForWidth(width)
        self.setGeometry(
            room.width() - width - _MARGIN_PX,
            room.height() - height - _MARGIN_PX,
            width,
            height,
        )

    def _blended(self) -> None:
        self._show_percent()
        self.blended.emit(self.blend)

    def _show_percent(self) -> None:
        self.percent.setText(f"{self.slider.value()}%")


def _entry(number: int) -> str:
    red, green, blue = CLASS_COLORS[number]
    text = current_colors().text
    return (
        f"<span style='color:rgb({red},{green},{blue})'>■</span>"
        f"<span style='color:{text}'>&nbsp;class&nbsp;{number}</span>"
    )
