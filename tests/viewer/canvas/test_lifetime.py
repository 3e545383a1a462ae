"""Sessions outlive their views, and views their sessions."""

from __future__ import annotations

from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QApplication, QHBoxLayout, QWidget

from mirage_core.annotate import ToolRunner
from mirage_core.annotate.tools.base import Point
from mirage_core.annotate.tools.brush import Brush
from mirage_core.scan import State
from mirage_viewer.canvas import BScanCanvas, BScanStrip, SloCanvas
from tests.viewer.canvas.scenes import small_session


def test_a_session_goes_on_after_qt_deleted_its_views(qapp):
    session = small_session()
    runner = ToolRunner(session)
    window = QWidget()
    layout = QHBoxLayout(window)
    views = (BScanCanvas(), SloCanvas(), BScanStrip())
    for view in views:
        layout.addWidget(view)
    window.show()
    views[0].set_session(session, runner)
    views[1].set_session(session)
    views[2].set_session(session)
    QApplication.processEvents()
    window.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.DeferredDelete)
    runner.take(Brush())
    runner.press(Point(10, 10))
    runner.release(Point(10, 10))
    session.set_state([0], State.APPROVED)
    assert len(session.history.done) == 2
    assert len(views) == 3
