"""A viewer that is closed takes the workbench with it: nothing of ours stays behind."""

from __future__ import annotations

import gc
import threading
import weakref
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import QCoreApplication, QEvent
from qtpy.QtWidgets import QApplication

from mirage_core.project import Project
from tests.plugins.napari.hands import make_scan

VIEWERS = 20


def settle() -> None:
    for _ in range(3):
        QApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()


def widgets_of_ours() -> Counter[str]:
    return Counter(
        type(widget).__name__
        for widget in QApplication.allWidgets()
        if type(widget).__module__.startswith(("mirage_", "napari_mirage"))
    )


def at_work(make_viewer: Callable[..., Any], qtbot: Any, seed: int = 1) -> tuple[Any, Any]:
    """Return a viewer and its bench, at work on a scan."""
    from napari_mirage.bench.attach import bench_of

    viewer = make_viewer()
    bench = bench_of(viewer)
    bench.docks.show("Workbench")
    bench.desk.opener.open_scan(make_scan(seed))
    qtbot.waitUntil(lambda: bench.desk.editable, timeout=20_000)
    return viewer, bench


def open_and_close(make_viewer: Callable[..., Any], qtbot: Any, seed: int) -> weakref.ref[Any]:
    """Work in a viewer and close it; in a frame of its own, into which napari looks for names."""
    viewer, bench = at_work(make_viewer, qtbot, seed)
    viewer.close()
    return weakref.ref(bench)


@pytest.mark.timeout(900)
def test_twenty_viewers_leave_no_widget_no_bench_and_no_thread(
    make_viewer: Callable[..., Any], qtbot: Any
) -> None:
    threads = {thread.name for thread in threading.enumerate()}
    benches = [open_and_close(make_viewer, qtbot, seed) for seed in range(VIEWERS)]
    for _ in range(2):
        settle()
    assert not widgets_of_ours()
    assert [bench for bench in benches if bench() is not None] == []
    assert {thread.name for thread in threading.enumerate()} - threads == set()


def test_work_of_a_viewer_that_was_closed_is_in_the_project(
    make_viewer: Callable[..., Any], qtbot: Any, tmp_path: Path
) -> None:
    from mirage_core.annotate import State

    viewer, bench = at_work(make_viewer, qtbot)
    folder = bench.desk.projects.folder
    bench.desk.session.set_state((1,), State.EDITED)
    viewer.close()
    settle()
    with Project.open(folder, read_only=True) as project:
        (row,) = project.worklist(None)
        assert row.annotations
    assert project.folder == folder


def test_a_dock_that_is_closed_comes_back_with_the_work(
    make_viewer: Callable[..., Any], qtbot: Any
) -> None:
    from napari_mirage.bench.attach import bench_of

    viewer, bench = at_work(make_viewer, qtbot)
    viewer.window._wrapped_dock_widgets["Workbench (MIRAGE)"].destroyOnClose()
    settle()
    assert not bench.isVisible()
    assert bench.desk.session is not None
    bench.docks.show("Workbench")
    assert bench.isVisible()
    assert bench_of(viewer) is bench


def test_a_question_of_naparis_at_closing_does_not_keep_the_work_open(
    make_viewer: Callable[..., Any], qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari._qt.qt_main_window import _QtMainWindow

    close_event = _QtMainWindow.closeEvent

    def asks_first(window: Any, event: Any) -> None:
        settle()  # a dialog has an event loop of its own
        close_event(window, event)

    monkeypatch.setattr(_QtMainWindow, "closeEvent", asks_first)
    viewer, bench = at_work(make_viewer, qtbot)
    closing: list[bool] = []
    bench.closing.connect(lambda: closing.append(True))
    project = bench.desk.projects.current
    viewer.close()
    settle()
    assert closing == [True]
    assert project is not None
    with Project.open(project.folder) as again:
        assert again.unfinished("grader") == ()
