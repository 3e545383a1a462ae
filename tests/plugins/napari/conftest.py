"""Tests in a real napari viewer: they need napari and a display with OpenGL (Xvfb will do)."""

from __future__ import annotations

import gc
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

os.environ.setdefault("QT_API", "pyside6")
# Slices are there when a step returns, and no frame waits for a screen that is not there.
os.environ.setdefault("NAPARI_ASYNC", "0")
os.environ.setdefault("vblank_mode", "0")
# Settings are not read from the user's file, nor written there.
os.environ.setdefault("NAPARI_CONFIG", "")

if TYPE_CHECKING:
    from tests.plugins.napari.hands import Hands

_NO_NAPARI = importlib.util.find_spec("napari") is None


def _why_not() -> str:
    if _NO_NAPARI:
        return "napari is not installed (extra: napari)"
    platform = os.environ.get("QT_QPA_PLATFORM", "")
    if sys.platform.startswith("linux"):
        if not os.environ.get("DISPLAY"):
            return "napari draws with OpenGL: run under xvfb-run with QT_QPA_PLATFORM=xcb"
        if platform not in ("", "xcb"):
            return f"napari draws with OpenGL, which Qt's platform {platform!r} has not: use xcb"
    return ""


_NAPARIS_OWN = (
    "ignore::pydantic.warnings.PydanticDeprecatedSince20",
    "ignore::DeprecationWarning:(napari|vispy|app_model|npe2|superqt|magicgui|OpenGL).*",
)
"""Warnings that napari 0.9 and its libraries earn by themselves."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let napari's own warnings pass; ours stay errors."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            for words in _NAPARIS_OWN:
                item.add_marker(pytest.mark.filterwarnings(words))


@pytest.fixture(scope="session")
def display() -> None:
    """Skip where no viewer can be shown."""
    if why_not := _why_not():
        pytest.skip(why_not)


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep settings and projects out of the user's own."""
    monkeypatch.setenv("MIRAGE_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("MIRAGE_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture
def make_viewer(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Any]]:
    """Return a factory of viewers that are shown, without a welcome screen."""
    why_not = _why_not()
    if why_not:
        pytest.skip(why_not)
    request.getfixturevalue("qapp")
    import napari
    from qtpy.QtCore import QCoreApplication, QEvent

    # A thread that asks for the value under the pointer, at moments of its own.
    monkeypatch.setattr("napari._qt.threads.status_checker.StatusChecker.start", lambda _: None)
    made = []

    def make() -> Any:
        viewer = napari.Viewer(show=True, show_welcome_screen=False)
        viewer.window._qt_window.resize(1200, 900)
        made.append(viewer)
        QCoreApplication.processEvents()
        return viewer

    yield make
    for viewer in made:
        viewer.close()
    made.clear()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    gc.freeze()


@pytest.fixture
def viewer(make_viewer: Callable[..., Any]) -> Any:
    """Return one viewer."""
    return make_viewer()


@pytest.fixture
def plugin_viewer(make_viewer: Callable[..., Any]) -> Iterator[Any]:
    """Return a viewer in which napari has found our plugin."""
    from napari.settings import _clear_plugin_settings_cache
    from npe2 import plugin_manager

    plugin_manager.discover()
    _clear_plugin_settings_cache()
    yield make_viewer()
    _clear_plugin_settings_cache()


@pytest.fixture
def hands(viewer: Any) -> Iterator[Hands]:
    """Return a session on a canvas in a viewer, and hands on it."""
    from tests.plugins.napari.hands import Hands

    made = Hands(viewer)
    yield made
    made.close()
