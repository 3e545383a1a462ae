"""A viewer that is closed takes the workbench with it: nothing of ours stays behind."""

from __future__ import annotations

import gc
import threading
import weakref
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

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


def test_twenty_viewers_leave_no_widget_no_bench_and_no_thread(
    make_viewer: Callable[..., Any], qtbot: Any
) -> None:
    from napari_mirage.bench.attach import bench_of

    benches = []
    threads = {thread.name for thread in threading.enumerate()}
    for seed in range(VIEWERS):
        viewer = make_viewer()
        bench = bench_of(viewer)
        bench.docks.show("Workbench")
        bench.docks.show("Worklist")
        bench.desk.opener.open_scan(make_scan(seed))
        qtbot.waitUntil(lambda bench=bench: bench.desk.editable, timeout=20_000)
        benches.append(weakref.ref(bench))
        viewer.close()
        del viewer, bench
        settle()
    settle()
    assert not widgets_of_ours()
    assert [bench for bench in benches if bench() is not None] == []
    assert {thread.name for thread in threading.enumerate()} - threads == set()


def test_work_of_a_viewer_that_was_closed_is_in_the_project(
    make_viewer: Callable[..., Any], qtbot: Any, tmp_path: Path
) -> None:
    from mirage_core.annotate import State
    from napari_mirage.bench.attach import bench_of

    viewer = make_viewer()
    bench = bench_of(viewer)
    bench.docks.show("Workbench")
    bench.desk.opener.open_scan(make_scan())
    qtbot.waitUntil(lambda: bench.desk.editable, timeout=20_000)
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

    viewer = make_viewer()
    bench = bench_of(viewer)
    bench.docks.show("Workbench")
    bench.desk.opener.open_scan(make_scan())
    qtbot.waitUntil(lambda: bench.desk.editable, timeout=20_000)
    viewer.window._wrapped_dock_widgets["Workbench (MIRAGE)"].destroyOnClose()
    settle()
    assert not bench.isVisible()
    assert bench.desk.session is not None
    bench.docks.show("Workbench")
    assert bench.isVisible()
    assert bench_of(viewer) is bench
