"""Colours of the canvases: states, pointer, background, overlay text.

State colours are of the Okabe-Ito set, which stays apart for the common colour-vision
deficiencies; approval also has a glyph of its own, so that colour never stands alone for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from qtpy.QtGui import QColor

from mirage_core.scan import State


@dataclass(frozen=True, slots=True)
class StateStyle:
    """How a state looks: `title` in lower case for people, `color`, and a `glyph` or ``""``."""

    title: str
    color: tuple[int, int, int]
    glyph: str = ""

    @property
    def qcolor(self) -> QColor:
        """The colour as a QColor."""
        return QColor(*self.color)


STATE_STYLES: dict[State, StateStyle] = {
    State.UNSEEN: StateStyle("not segmented", (98, 104, 112)),
    State.VENDOR: StateStyle("from the device", (204, 121, 167)),
    State.PREDICTED: StateStyle("predicted", (86, 180, 233)),
    State.EDITED: StateStyle("edited", (230, 159, 0)),
    State.APPROVED: StateStyle("approved", (0, 178, 125), "✓"),
}

# Near-black in both themes: graders judge grey values, and a light surround hides the dark ones.
CANVAS_BACKGROUND = QColor(12, 13, 16)
CURRENT = QColor(255, 221, 70)
CROSSHAIR = QColor(255, 221, 70, 150)
GUIDE = QColor(255, 240, 120)
WANTED = QColor(90, 225, 140)
NOT_WANTED = QColor(255, 150, 60)
HALO = QColor(0, 0, 0, 190)
OVERLAY_TEXT = QColor(240, 242, 245)
QUIET_TEXT = QColor(165, 171, 180)
# What a model imagined must never pass for an image: amber stands for it alone.
IMAGINED = QColor(255, 191, 71)
ON_IMAGINED = QColor(28, 20, 0)
DOUBT = QColor(213, 94, 0)
# Marks that contradict the layers, and marks that an offer would take away.
MISPLACED = QColor(255, 80, 60)
LEAVING = QColor(255, 255, 255)
# The annotations of a comparison that are not the one shown, and where the two differ.
ONE = QColor(255, 176, 32)
OTHER = QColor(64, 224, 255)
DIFFERENCE = QColor(255, 64, 200, 110)

CLASS_COLORS: tuple[tuple[int, int, int], ...] = (
    (58, 62, 70),
    (230, 75, 53),
    (77, 187, 213),
    (0, 160, 135),
    (243, 195, 0),
    (135, 110, 220),
    (241, 143, 178),
    (126, 200, 80),
    (60, 84, 160),
    (243, 155, 100),
    (160, 95, 60),
    (190, 240, 215),
    (145, 150, 160),
)
"""Of the classes of a layer map, 0 to 12; nobody has published what they are."""
