"""The Follow-up window: visits, maps, what changed, by mouse and keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QFont, QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QApplication,
    QCheckBox,
    QLabel,
    QPushButton,
    QToolButton,
    QWidget,
)

from mirage_core.annotate import Proposal
from mirage_core.scan import Laterality, State, Surfaces
from mirage_viewer.action_table import ACTIONS
from mirage_viewer.follow_up import desk as follow_up_desk
from mirage_viewer.follow_up.binding import FollowUpBinding
from mirage_viewer.follow_up.visit_list import BASELINE, COMPARED
from mirage_viewer.main_window import MainWindow
from tests.viewer.eyes import click, key
from tests.viewer.follow_up.conftest import follow, settle, show
from tests.viewer.follow_up.studies import GROWN_UM
from tests.viewer.test_finding import _is_cut

Open = Callable[..., MainWindow]


def roles(part: FollowUpBinding) -> list[str]:
    assert part.dialog is not None
    table = part.dialog.visits.table
    return [table.topLevelItem(i).text(4) for i in range(table.topLevelItemCount())]


def column(part: FollowUpBinding, at: int) -> list[str]:
    assert part.dialog is not None
    table = part.dialog.changes.table
    return [table.topLevelItem(i).text(at) for i in range(table.topLevelItemCount())]


def hover(view: QWidget, at: QPoint) -> None:
    """Move the pointer to `at` of a picture, no button pressed."""
    pressed = Qt.MouseButton.NoButton
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(at),
        QPointF(view.mapToGlobal(at)),
        pressed,
        pressed,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(view.viewport(), event)  # type: ignore[attr-defined]


def test_the_first_visit_is_compared_with_the_one_shown(qtbot: Any, opened: Open) -> None:
    window = opened("three", 1)
    part = follow(qtbot, window)
    assert part.dialog is not None
    assert part.dialog.isVisible()
    assert roles(part) == [BASELINE, COMPARED, ""]
    shown = part.following.shown
    assert shown is not None
    assert column(part, 5)[0] == f"{shown.found.changes[0].change:+.0f}"
    central = column(part, 2).index("CST")
    assert float(column(part, 5)[central]) == pytest.approx(GROWN_UM, abs=2)
    assert shown.registration is not None
    assert "found by the vessels" in part.dialog.how.text()
    for view in part.dialog.maps.views:
        assert view.layer.map_shown
        assert view.layer.grid is not None


def test_of_the_scan_in_the_window_the_work_there_is_measured(qtbot: Any, opened: Open) -> None:
    window = opened("two", 0)
    part = follow(qtbot, window)
    states = [line.state for line in part.following.visits]
    assert states == ["in the window: predicted, 0 of 25 approved", "as the device drew it"]


def test_it_is_had_by_a_key_and_in_the_scan_menu(qtbot: Any, opened: Open) -> None:
    window = opened("two")
    action = ACTIONS["measure.follow_up"]
    assert action.menu.value == "&Scan"
    key(window, action.shortcuts[0])
    settle(qtbot, window)
    assert window.measure.follow_up.following.shown is not None


def test_the_first_visit_shown_is_compared_with_the_last(qtbot: Any, opened: Open) -> None:
    window = opened("three", 0)
    assert roles(follow(qtbot, window)) == [BASELINE, "", COMPARED]


def test_rows_and_buttons_choose_what_is_compared(qtbot: Any, opened: Open) -> None:
    window = opened("three")
    part = follow(qtbot, window)
    assert part.dialog is not None
    visits = part.dialog.visits
    place = visits.table.visualItemRect(visits.table.topLevelItem(1)).center()
    click(visits.table.viewport(), place)
    settle(qtbot, window)
    assert roles(part) == [BASELINE, COMPARED, ""]
    QTest.keyClick(visits.table, Qt.Key.Key_Down)
    settle(qtbot, window)
    assert roles(part) == [BASELINE, "", COMPARED]
    second = part.following.visits[1].id
    click(visits.buttons[second])
    settle(qtbot, window)
    assert roles(part) == ["", BASELINE, COMPARED]
    shown = part.following.shown
    assert shown is not None
    assert shown.lines[0].id == second


def test_no_other_visit_is_said_with_what_to_do(qtbot: Any, opened: Open) -> None:
    window = opened("one")
    part = follow(qtbot, window)
    assert part.dialog is not None
    assert part.dialog.empty.isVisible()
    words = part.dialog.empty.text()
    assert words.startswith("There is no other visit of this eye in the project.")
    assert "Import folder" in words
    assert not part.dialog.content.isVisible()
    assert not part.dialog.csv.isEnabled()
    assert not part.dialog.copy.isEnabled()


def test_another_device_is_warned_of_above_the_table(qtbot: Any, opened: Open) -> None:
    window = opened("three")
    part = follow(qtbot, window)
    dialog = part.dialog
    assert dialog is not None
    assert dialog.warnings.isVisible()
    assert "The devices differ (Simulated and Cirrus HD-OCT)" in dialog.warning_words.text()
    bottom = dialog.warnings.mapTo(dialog, QPoint(0, dialog.warnings.height())).y()
    assert bottom <= dialog.changes.mapTo(dialog, QPoint(0, 0)).y()
    show(qtbot, window, 1)
    settle(qtbot, window)
    assert "devices differ" not in dialog.warning_words.text()


def test_it_follows_the_scan_shown_and_edits(qtbot: Any, opened: Open) -> None:
    window = opened("two")
    part = follow(qtbot, window)
    before = part.following.shown
    assert before is not None
    session = window.desk.session
    assert session is not None
    ilm = session.annotation.surfaces["ILM"] - np.float32(3)
    b_scans = tuple(range(session.scan.n_b_scans))
    session.adopt(
        Proposal(b_scans, Surfaces(ilm[None].copy(), ("ILM",)), None, None, "graph", "Graph"),
        overwrite=True,
    )
    qtbot.waitUntil(lambda: part.following.shown is not before, timeout=30_000)
    settle(qtbot, window)
    after = part.following.shown
    assert after is not None
    grown = after.found.changes[0].change - before.found.changes[0].change
    assert grown == pytest.approx(3 * 20, abs=0.5)


def whose(part: FollowUpBinding) -> list[str]:
    return [line.whose for line in part.following.visits]


def test_another_grader_at_the_window_and_a_blind_project_have_the_visits_listed_anew(
    qtbot: Any, opened: Open
) -> None:
    window = opened("two")
    part = follow(qtbot, window)
    for name, theirs in (("Clara", ["Clara", "the device"]), ("Ben", ["Clara", "the device"])):
        before = part.following.shown
        window.desk.set_grader(name)  # the first names whoever worked without a name
        qtbot.waitUntil(lambda b=before: part.following.shown is not b, timeout=20_000)
        qtbot.waitUntil(lambda t=theirs: whose(part) == t, timeout=20_000)
        settle(qtbot, window)
    window.desk.grading.set_blind(True)
    qtbot.waitUntil(lambda: whose(part) == ["the device"] * 2, timeout=20_000)
    settle(qtbot, window)
    shown = part.following.shown
    assert shown is not None
    assert "Clara" not in str(shown.lines)
    assert not any("Clara" in words for words in shown.found.warnings)
    assert (shown.visits[0].annotated.states[0] == State.VENDOR).all()


def test_a_baseline_cannot_be_taken_before_two_visits_are_compared(
    qtbot: Any, opened: Open
) -> None:
    part = follow(qtbot, opened("two"))
    assert part.dialog is not None
    first, part.following.later = part.following.first, ""
    part.dialog.visits.baseline_wanted.emit(first)
    assert part.following.later == ""


def test_a_visit_of_the_other_eye_is_not_written_and_a_refusal_is_said(
    qtbot: Any, opened: Open
) -> None:
    from mirage_core.measure.measured import NotMeasuredError

    part = follow(qtbot, opened("three"))
    following = part.following
    eyes = Laterality.OD, Laterality.OS, Laterality.UNKNOWN
    following.visits = tuple(
        replace(line, laterality=eye) for line, eye in zip(following.visits, eyes, strict=True)
    )
    assert [v.laterality for v in following.later_than_first()] == [Laterality.UNKNOWN]
    following._not_written(NotMeasuredError("One scan is of a right eye."))
    assert part.dialog is not None
    assert part.dialog.state.text() == "The table was not written: One scan is of a right eye."


def test_nothing_of_other_visits_is_seen_meanwhile(qtbot: Any, opened: Open) -> None:
    window = opened("three")
    part = follow(qtbot, window)
    dialog = part.dialog
    assert dialog is not None
    first = part.following.visits[0].id
    part.following.choose(first, part.following.visits[1].id)
    assert part.following.shown is None
    views = (*dialog.maps.views, dialog.overlay)
    for view in views:
        image = view.grab_image()
        colors = {image.pixel(x, y) for x in range(0, 150, 7) for y in range(0, 130, 7)}
        assert len(colors) == 1
    assert column(part, 0) == []
    settle(qtbot, window)
    dialog.show_page(registration=True)
    for view in views:
        assert view.image_size == (384, 384)


def test_other_surfaces_are_picked(qtbot: Any, opened: Open) -> None:
    window = opened("two")
    part = follow(qtbot, window)
    dialog = part.dialog
    assert dialog is not None
    dialog.upper_surface.setFocus()
    dialog.upper_surface.setCurrentText("RNFL/GCL")
    dialog.upper_surface.activated.emit(dialog.upper_surface.currentIndex())
    settle(qtbot, window)
    assert part.following.pair == ("RNFL/GCL", "BM")
    assert "RNFL/GCL to BM" in dialog.maps.titles[2].text()
    shown = part.following.shown
    assert shown is not None
    assert shown.pictures.change is not None
    assert abs(np.nanmedian(shown.pictures.change.values)) < 1


def test_the_pointer_tells_both_values_and_the_change(qtbot: Any, opened: Open) -> None:
    window = opened("two")
    part = follow(qtbot, window)
    assert part.dialog is not None
    maps = part.dialog.maps
    grid = maps.first.layer.grid
    assert grid is not None
    at = maps.first.to_view(*grid.frame.to_px(grid.centre_mm)).toPoint()
    hover(maps.first, at)
    shown = part.following.shown
    assert shown is not None
    change = shown.pictures.change
    assert change is not None
    middle = change.values[tuple(n // 2 for n in change.values.shape)]
    words = maps.values.text()
    assert words.startswith("Here: ")
    told = float(words.rpartition("change ")[2].removesuffix(" µm"))
    assert told == pytest.approx(middle, abs=3)
    hover(maps.first, QPoint(-9, -9))
    assert not maps.values.text().startswith("Here")


def test_the_pictures_move_together(qtbot: Any, opened: Open) -> None:
    window = opened("two")
    part = follow(qtbot, window)
    assert part.dialog is not None
    first, later, change = part.dialog.maps.views
    first.zoom_by(2.0)
    assert later.zoom == first.zoom == change.zoom
    first.pan_by(20, 10)
    middle = first.to_image(first.viewport().rect().center().toPointF())
    assert change.to_image(change.viewport().rect().center().toPointF()) == pytest.approx(
        middle, abs=0.5
    )


def test_it_is_stopped_and_begun_again(qtbot: Any, opened: Open) -> None:
    window = opened("two")
    window.qt_actions["measure.follow_up"].trigger()
    part = window.measure.follow_up
    assert part.dialog is not None
    qtbot.waitUntil(lambda: part.following._work.busy, timeout=20_000)
    click(part.dialog.cancel)
    assert not part.following.busy
    assert part.dialog.state.text() == "Stopped."
    assert part.dialog.again.isVisible()
    click(part.dialog.again)
    settle(qtbot, window)
    assert part.following.shown is not None
    assert not part.dialog.again.isVisible()


def test_closing_while_it_compares_does_no_harm(
    qtbot: Any, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised: list[object] = []
    monkeypatch.setattr("sys.excepthook", lambda *error: raised.append(error))
    window = opened("two")
    window.qt_actions["measure.follow_up"].trigger()
    part = window.measure.follow_up
    assert part.dialog is not None
    qtbot.waitUntil(lambda: part.following._work.busy, timeout=20_000)
    part.dialog.close()
    assert not part.following.busy
    assert part.following.shown is None
    follow(qtbot, window)
    assert part.following.shown is not None
    part.compare()
    assert part.following.busy
    window.close()
    QTest.qWait(300)
    assert not part.dialog.isVisible()
    assert raised == []


def test_a_visit_that_cannot_be_read_is_said(
    qtbot: Any, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = opened("two")
    project = window.desk.projects.current
    assert project is not None
    first = project.scans.all()[0]
    (project.folder / "scans" / f"{first.id}.h5").write_bytes(b"not a scan")
    part = follow(qtbot, window)
    assert part.dialog is not None
    assert part.dialog.empty.isVisible()
    assert part.following.problem
    assert part.following.problem in part.dialog.empty.text()


def test_the_eyes_must_agree(qtbot: Any, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    from mirage_core.measure.measured import NotMeasuredError

    def refuse(*_: object) -> None:
        raise NotMeasuredError("One scan is of a right eye, the other of a left eye.")

    monkeypatch.setattr(follow_up_desk, "compare", refuse)
    part = follow(qtbot, opened("two"))
    assert part.dialog is not None
    assert "left eye" in part.dialog.empty.text()


@pytest.fixture(params=[0, 2], ids=["own text size", "text 2 pt larger"])
def text_size(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[int]:
    """Systems differ in the size of their text."""
    usual = QFont(qapp.font())
    larger = QFont(usual)
    larger.setPointSize(usual.pointSize() + request.param)
    qapp.setFont(larger)
    yield request.param
    qapp.setFont(usual)


@pytest.mark.parametrize(("theme", "size"), [("dark", (1080, 680)), ("light", (1320, 900))])
def test_no_words_are_cut_off(
    text_size: int, qtbot: Any, opened: Open, theme: str, size: tuple[int, int]
) -> None:
    window = opened("three")
    window.set_theme(theme)
    part = follow(qtbot, window)
    dialog = part.dialog
    assert dialog is not None
    dialog.resize(*size)
    for registration in (False, True):
        dialog.show_page(registration=registration)
        QApplication.processEvents()
        kinds = (QPushButton, QLabel, QToolButton, QCheckBox)
        widgets = [widget for kind in kinds for widget in dialog.findChildren(kind)]
        cut = [w.text() for w in widgets if w.isVisible() and w.text() and _is_cut(w)]
        assert cut == []
    for table in (dialog.visits.table, dialog.changes.table):
        for at in range(table.columnCount() - 1):
            narrow = table.sizeHintForColumn(at) > table.columnWidth(at)
            assert not narrow or table.headerItem().text(at) in ("Structure", "Work measured")
    assert dialog.minimumSizeHint().width() <= 1080
    assert dialog.minimumSizeHint().height() <= 680 + 45 * text_size


def test_greyed_rows_are_read_in_either_theme(qtbot: Any, opened: Open) -> None:
    from mirage_viewer.theme import current_colors

    window = opened("two")
    part = follow(qtbot, window)
    assert part.dialog is not None
    table = part.dialog.changes.table
    for name in ("light", "dark"):
        window.set_theme(name)
        QApplication.processEvents()
        rows = [table.topLevelItem(i) for i in range(table.topLevelItemCount())]
        quiet = {r.foreground(0).color().name() for r in rows if r.text(5) == "–"}
        assert quiet == {current_colors().muted}


def test_a_project_of_one_says_so_once_more_when_the_scan_is_closed(
    qtbot: Any, opened: Open
) -> None:
    window = opened("two")
    part = follow(qtbot, window)
    window.desk.opener.close_scan()
    settle(qtbot, window)
    assert part.dialog is not None
    assert part.dialog.empty.text() == follow_up_desk.NO_SCAN
    assert part.dialog.windowTitle() == "Follow-up"
    assert replace(ACTIONS["measure.follow_up"]).when.value == "scan"
