"""Small scan files, and hands on the window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent, QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

from mirage_core.project import Project
from mirage_viewer.main_window import MainWindow
from mirage_viewer.settings import Settings

SHAPE = (5, 64, 96)


def write_scan(path: Path, seed: int = 1, spacing: bool = True) -> Path:
    """Write a .npz of 5 × 64 × 96 with a bright band and an SLO."""
    volume = np.random.default_rng(seed).integers(20, 60, SHAPE, dtype=np.uint8)
    volume[:, 30:40] = 200
    parts: dict[str, Any] = {"volume": volume, "slo": np.full((100, 100), 90, np.uint8)}
    if spacing:
        parts["spacing_mm"] = np.array([0.12, 0.004, 0.012])
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **parts)
    return path


def open_scan(qtbot: Any, window: MainWindow, path: Path, b: int | None = 0) -> None:
    """Open `path` in `window`, wait until it can be edited, and go to B-scan `b`.

    None leaves it where it opened.
    """
    before = window.desk.open_scan
    window.desk.opener.open_path(path)
    wait_open(qtbot, window, before)
    if b is not None:
        window.desk.show_b_scan(b)


def wait_open(qtbot: Any, window: MainWindow, before: object = None) -> None:
    """Wait until another scan than `before` is open and its pixels are in the project."""
    qtbot.waitUntil(
        lambda: (
            window.desk.editable
            and window.desk.open_scan is not before
            and window.desk.opener.importing is None
            and (window.desk.open_scan.record is None or window.desk.open_scan.record.imported)
        ),
        timeout=20_000,
    )


def open_only_scan(
    qtbot: Any, make_app_window: Callable[..., MainWindow], folder: Path, grader: str
) -> MainWindow:
    """Return the window of `grader`, with their work on the only scan of a project open."""
    window = make_app_window(
        project=folder, settings=Settings(grader=grader, research_notice_seen=True)
    )
    window.desk.projects.look_in()
    qtbot.waitUntil(lambda: bool(window.worklist_panel.list.count()), timeout=10_000)
    with Project.open(folder, read_only=True) as project:
        (record,) = project.scans.all()
    window.desk.opener.open_record(record.id)
    qtbot.waitUntil(lambda: window.desk.editable, timeout=10_000)
    return window


def stroke(window: MainWindow, points: list[tuple[float, float]]) -> None:
    """Drag the left button along ``(z, x)`` points of the B-scan shown."""
    view = window.canvas.viewport()
    places = [window.canvas.to_view(z, x).toPoint() for z, x in points]
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=places[0])
    for place in places[1:]:
        QTest.mouseMove(view, place)
        _drag(view, place)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=places[-1])


def drop(window: MainWindow, *paths: Path) -> None:
    """Drag files or folders into `window` and let them go."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(300, 300), Qt.DropAction.CopyAction, mime, buttons, keys)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(
        window, QDropEvent(QPointF(300, 300), Qt.DropAction.CopyAction, mime, buttons, keys)
    )


def _drag(view: Any, place: QPoint) -> None:
    # QTest.mouseMove carries no pressed button; a drag does.
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(place),
        QPointF(view.mapToGlobal(place)),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(view, event)


def click(widget: QWidget, place: QPoint | None = None) -> None:
    """Click `widget` with the left button, in its middle unless told where."""
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=place or widget.rect().center())


def key(window: MainWindow, sequence: str) -> None:
    """Press the keys of `sequence` with the image in focus."""
    window.activateWindow()
    window.canvas.setFocus()
    QTest.keySequence(window.canvas, sequence)
