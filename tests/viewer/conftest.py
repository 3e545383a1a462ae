"""The app's tests run without a display unless one is asked for, and in folders of their own."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_API", "pyside6")

if TYPE_CHECKING:
    from mirage_viewer.main_window import MainWindow


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep settings and the default project out of the user's own."""
    monkeypatch.setenv("MIRAGE_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("MIRAGE_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture
def make_app_window(
    qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., MainWindow]]:
    """Return a factory of real windows, shown, in the size of a laptop screen."""
    from qtpy.QtCore import QCoreApplication, QEvent

    from mirage_viewer import workbench
    from mirage_viewer.dialogs import Unsaved
    from mirage_viewer.window_factory import make_window

    # A test that leaves unsaved work behind must not wait for an answer for ever.
    monkeypatch.setattr(workbench, "ask_about_unsaved", lambda *_: Unsaved.LEAVE)
    made = []

    def make(**parts: Any) -> MainWindow:
        window = make_window(**parts)
        made.append(window)
        window.resize(1440, 900)
        window.show()
        qtbot.waitExposed(window)
        return window

    yield make
    for window in made:
        window.close()
        window.deleteLater()
    made.clear()
    # Windows end here and now: left to the collector, their parts would be freed in the middle of
    # another window's events, in an order that Qt does not survive. What is left is of the
    # libraries and need not be looked through again: that took most of a second each time.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    gc.freeze()


@pytest.fixture
def window(make_app_window: Callable[..., MainWindow]) -> MainWindow:
    """Return a window with nothing open."""
    return make_app_window()
