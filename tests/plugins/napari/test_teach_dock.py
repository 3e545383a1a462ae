"""Teaching is a dock: shown by the menu or the button, hidden by Esc, back with what it showed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from tests.plugins.napari.hands import make_scan


def test_the_teach_window_is_a_dock(make_viewer: Callable[..., Any], qtbot: Any) -> None:
    from napari_mirage.bench.attach import bench_of

    viewer = make_viewer()
    bench = bench_of(viewer)
    bench.docks.show("Workbench")
    bench.desk.opener.open_scan(make_scan())
    qtbot.waitUntil(lambda: bench.desk.editable, timeout=20_000)
    for _ in range(2):
        bench.qt_actions.trigger("scan.teach")
        dock = viewer.window._wrapped_dock_widgets["Teach (MIRAGE)"]
        dialog = bench.teach.dialog
        assert dock.isVisible()
        assert dialog.isVisible()
        assert dock.isAncestorOf(dialog)
        teaching = bench.desk.teaching
        qtbot.waitUntil(lambda t=teaching: t.counting is None, timeout=20_000)
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        assert not dock.isVisible()
    dock.destroyOnClose()
    bench.teach.show()
    assert viewer.window._wrapped_dock_widgets["Teach (MIRAGE)"].isVisible()
    assert bench.teach.dialog.isVisible()
