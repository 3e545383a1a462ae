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
    desk, background = make_desk(project, settings, workers)
    window = MainWindow(desk)
    background.setParent(window)
    window.closing.connect(background.close)
    return window


def make_desk(
    project: Path | None = None,
    settings: Settings | None = None,
    workers: Workers | None = None,
) -> tuple[Desk, QtBackground]:
    """Return a desk as `make_window` has it, and what works in the background for it.

    The window takes the latter as its child, and closes it when it goes.
    """
    settings = settings or load_settings()
    background = QtBackground()
    folder = project or (
        Path(settings.last_project) if settings.last_project else data_dir() / "project"
    )
    return Desk(background, settings, folder, workers or Workers()), background
