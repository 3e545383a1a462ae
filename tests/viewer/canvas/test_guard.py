"""An error in an event handler is reported; the window stays."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QWidget

from mirage_viewer.canvas import guarded
from tests.viewer.canvas.scenes import show


def test_an_interpreter_error_in_a_handler_is_reported_and_survived(qtbot):
    @guarded
    class Widget(QWidget):
        clicks = 0

        def mousePressEvent(self, event):  # noqa: N802
            self.clicks += 1
            self.clicks // 0

    widget = Widget()
    show(qtbot, widget)
    with qtbot.captureExceptions() as errors:
        QTest.mouseClick(widget, Qt.LeftButton)
        QTest.mouseClick(widget, Qt.LeftButton)
    assert [kind for kind, *_ in errors] == [ZeroDivisionError, ZeroDivisionError]
    assert widget.clicks == 2
