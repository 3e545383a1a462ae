"""A program that teaches classes until it is killed: ``PROJECT BASE RECIPE``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from qtpy.QtWidgets import QApplication

from mirage_core.training.classify.config import PRESETS
from mirage_viewer.settings import Settings
from mirage_viewer.window_factory import make_window

EPOCHS = 150


def main(project: Path, base: str, recipe: str) -> None:
    """Begin as soon as the labels are counted, and go on for ever."""
    app = QApplication([])
    PRESETS[recipe] = PRESETS[recipe].changed(epochs=EPOCHS)
    window = make_window(project, Settings(grader="Anna", research_notice_seen=True))
    window.begin()
    teaching = window.desk.class_teaching
    teaching.want(base=base, recipe=recipe, grader="Anna", title="Mine")
    while not teaching.can_start:
        app.processEvents()
        time.sleep(0.002)
    teaching.start()
    app.exec()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:4])
