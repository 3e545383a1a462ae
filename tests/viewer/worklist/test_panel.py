"""The narrow list beside the image: searched, and kept while scans come and change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from qtpy.QtCore import QRect, Qt
from qtpy.QtTest import QTest

from mirage_core.annotate import State
from mirage_core.project.records import Remark
from mirage_viewer.panels.worklist import WorklistPanel
from tests.project.records import record, row

ROWS = (
    row(record("1", "P1"), tags=["drusen"]),
    row(record("2", "P2", device="Cirrus"), [State.APPROVED, State.EDITED]),
    row(record("3", "P3")),
)


@pytest.fixture
def panel(qtbot: Any) -> WorklistPanel:
    made = WorklistPanel()
    qtbot.addWidget(made)
    made.resize(300, 400)
    made.set_rows(ROWS, "2")
    made.show()
    return made


def seen(panel: WorklistPanel) -> list[str]:
    entries = [panel.list.item(i) for i in range(panel.list.count())]
    return [e.text().split(" · ")[0] for e in entries if not e.isHidden()]


def test_the_newest_scan_stands_first_and_the_open_one_is_marked(panel: WorklistPanel) -> None:
    assert seen(panel) == ["P3", "P2", "P1"]
    assert panel.list.currentItem().text().startswith("P2")


def test_a_search_leaves_out_what_does_not_fit(panel: WorklistPanel) -> None:
    QTest.keyClicks(panel.search, "Cirrus")
    assert seen(panel) == ["P2"]
    QTest.keyClick(panel.search, Qt.Key.Key_Escape)
    assert seen(panel) == ["P3", "P2", "P1"]
    QTest.keyClicks(panel.search, "drus")
    assert seen(panel) == ["P1"]


def test_when_nothing_fits_that_is_said(panel: WorklistPanel) -> None:
    QTest.keyClicks(panel.search, "zzz")
    assert not panel.list.isVisible()
    assert panel.empty.text() == "No scan fits what you search for."
    panel.search.clear()
    assert panel.list.isVisible()


def test_a_search_goes_on_while_scans_come_and_change(panel: WorklistPanel) -> None:
    QTest.keyClicks(panel.search, "drusen")
    changed = replace(ROWS[2], remark=Remark("", ("drusen",)))
    panel.set_rows((*ROWS[:2], changed), "2")
    assert seen(panel) == ["P3", "P1"]
    panel.set_rows((*ROWS, row(record("4", "P4"), tags=["drusen"])), "2")
    assert seen(panel) == ["P4", "P1"]


def test_an_entry_that_did_not_change_is_left_alone(panel: WorklistPanel) -> None:
    before = panel.list.item(0)
    panel.set_rows((replace(ROWS[0], remark=Remark("x")), *ROWS[1:]), "3")
    assert panel.list.item(0) is before
    assert panel.list.currentItem() is before


@pytest.mark.parametrize("width", range(180, 340, 7))
def test_how_far_a_scan_is_can_be_read_at_every_width(
    qtbot: Any, panel: WorklistPanel, width: int
) -> None:
    made = [
        row(record(str(n), f"P000{n}", device="Heidelberg Spectralis"), [State.EDITED])
        for n in range(9)
    ]
    panel.set_rows(made)
    panel.resize(width, 300)
    shown = panel.list
    qtbot.waitUntil(lambda: shown.visualItemRect(shown.item(0)).width() <= shown.viewport().width())
    assert shown.verticalScrollBar().isVisible()
    rect = shown.visualItemRect(shown.item(0))
    room = QRect(0, 0, rect.width() - 18, 1000)
    text = shown.item(0).text()
    needed = shown.fontMetrics().boundingRect(room, int(Qt.TextFlag.TextWordWrap), text)
    assert rect.height() >= needed.height() + 8


def test_without_scans_it_says_where_they_come_from(panel: WorklistPanel) -> None:
    panel.set_rows(())
    assert panel.empty.text() == "Scans you open are listed here."
    assert not panel.search.isVisible()


def test_the_button_wants_the_whole_worklist(qtbot: Any, panel: WorklistPanel) -> None:
    with qtbot.waitSignal(panel.all_requested):
        QTest.mouseClick(panel.all_button, Qt.MouseButton.LeftButton)
