"""Makes a window with everything it needs; tests make theirs the same way."""

from __future__ import annotations

from pathlib import Path

from mirage_core.places import data_dir
from mirage_viewer.controller import Desk
from mirage_viewer.main_window import MainWindow
from mirage_viewer.qt_background import QtBackground
from mirage_viewer.settings import Settings, load_settings
from mirage_viewer.workers import Workers


def make_window(
    project: Path | None = None,
    settings: Settings | None = None,
    workers: Workers | None = None,
) -> MainWindow:
    """Return a window on `project`, by default the one used last or the user's own.

    It is not shown yet, and nothing is opened or written.
    """
    settings = settings or load_settings()
    background = QtBackground()
    folder = project or (
        Path(settings.last_project) if settings.last_project else data_dir() / "project"
    )
    desk = Desk(background, settings, folder, workers or Workers())
    window = MainWindow(desk)
    background.setParent(window)
    window.closing.connect(background.close)
    return window
