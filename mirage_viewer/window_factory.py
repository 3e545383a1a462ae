"""Makes a window with everything it needs; tests make theirs the same way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mirage_core.places import data_dir
from mirage_viewer.background import Background
from mirage_viewer.controller import Desk
from mirage_viewer.main_window import MainWindow
from mirage_viewer.qt_background import QtBackground
from mirage_viewer.segmentation import Segmentation
from mirage_viewer.settings import Settings, load_settings


def make_window(
    project: Path | None = None,
    settings: Settings | None = None,
    segmentation: Callable[[Background], Segmentation] = Segmentation,
) -> MainWindow:
    """Return a window on `project`, by default the one used last or the user's own.

    It is not shown yet, and nothing is opened or written.
    """
    settings = settings or load_settings()
    background = QtBackground()
    folder = project or (
        Path(settings.last_project) if settings.last_project else data_dir() / "project"
    )
    desk = Desk(background, settings, folder, segmentation(background))
    window = MainWindow(desk)
    background.setParent(window)
    window.closing.connect(background.close)
    return window
