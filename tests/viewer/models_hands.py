"""Hands on the models dialog."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from qtpy.QtTest import QTest

from mirage_viewer.main_window import MainWindow
from mirage_viewer.models_dialog import ModelsDialog
from mirage_viewer.workers import Workers


@pytest.fixture
def open_dialog(
    qtbot: Any, make_app_window: Callable[..., MainWindow]
) -> Callable[..., tuple[MainWindow, ModelsDialog]]:
    """Return a factory of windows with the models dialog open and its list read.

    Files are worked on in a thread, which is there at once, unless processes are asked for.
    """

    def make(
        *, processes: bool = False, **tasks: Callable[..., Any]
    ) -> tuple[MainWindow, ModelsDialog]:
        threads = None if processes else lambda _keep_s: ThreadPoolExecutor(1)
        window = make_app_window(workers=Workers(tasks, threads))
        seen: list[object] = []
        window.desk.models.library.listed.connect(seen.append)
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        QTest.keySequence(window, "Ctrl+Shift+M")
        qtbot.waitUntil(lambda: bool(seen), timeout=20_000)
        dialog = window.model_windows.dialog
        assert dialog is not None
        assert dialog.isVisible()
        assert not dialog.isModal()
        return window, dialog

    return make


def titles(dialog: ModelsDialog) -> list[str]:
    return [dialog.list.item(i).text().split("\n")[0] for i in range(dialog.list.count())]


def choose(dialog: ModelsDialog, title: str) -> None:
    dialog.list.setCurrentRow(titles(dialog).index(title))


def wait_for_message(qtbot: Any, dialog: ModelsDialog, words: str) -> str:
    def said() -> bool:
        message = dialog.work.message
        return message is not None and words in f"{message.text} {message.hint}"

    qtbot.waitUntil(said, timeout=60_000)
    assert dialog.work.frame.isVisible()
    return f"{dialog.work.message.text} {dialog.work.message.hint}"
