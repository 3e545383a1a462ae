"""An error in an event handler is reported; the window stays."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QGraphicsItem, QWidget

import mirage_viewer
from mirage_viewer.guard import guarded, is_handler
from mirage_viewer.main_window import MainWindow
from tests.viewer.canvas.scenes import show
from tests.viewer.eyes import drop


def _classes() -> set[type]:
    found = set()
    for module in pkgutil.walk_packages(mirage_viewer.__path__, "mirage_viewer."):
        for _, cls in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if cls.__module__.startswith("mirage_viewer.") and issubclass(
                cls, QObject | QGraphicsItem
            ):
                found.add(cls)
    return found


def test_every_override_that_qt_calls_is_guarded() -> None:
    handlers = [
        (cls, name, member)
        for cls in _classes()
        for name, member in vars(cls).items()
        if inspect.isfunction(member) and is_handler(name)
    ]
    assert len(handlers) > 20
    assert [f"{c.__name__}.{n}" for c, n, m in handlers if not hasattr(m, "__wrapped__")] == []


def test_an_interpreter_error_in_a_handler_is_reported_and_survived(qtbot: Any) -> None:
    @guarded
    class Widget(QWidget):
        clicks = 0

        def mousePressEvent(self, event: Any) -> None:  # noqa: N802
            self.clicks += 1
            self.clicks // 0

    widget = Widget()
    show(qtbot, widget)
    with qtbot.captureExceptions() as errors:
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton)
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton)
    assert [kind for kind, *_ in errors] == [ZeroDivisionError, ZeroDivisionError]
    assert widget.clicks == 2


def test_a_filter_that_fails_lets_the_event_through(qtbot: Any) -> None:
    @guarded
    class Filter(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
            return [][0]

    widget, watcher = QWidget(), Filter()
    show(qtbot, widget)
    widget.installEventFilter(watcher)
    with qtbot.captureExceptions() as errors:
        widget.resize(widget.width() + 10, widget.height())
        QApplication.processEvents()
    widget.removeEventFilter(watcher)
    assert errors
    assert {kind for kind, *_ in errors} == {IndexError}


def test_the_window_survives_an_error_while_it_takes_a_file(
    qtbot: Any, window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(window.desk.opener, "open_path", lambda *_: 1 // 0)
    with qtbot.captureExceptions() as errors:
        drop(window, tmp_path / "eye.vol")
    assert [kind for kind, *_ in errors] == [ZeroDivisionError]
    assert window.isVisible()
