"""The table of scans: what is chosen stays chosen while scans come, go and change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from qtpy.QtCore import QPersistentModelIndex, Qt

from mirage_core.annotate import State
from mirage_core.project.records import Remark, WorklistRow
from mirage_viewer.background import Inline
from mirage_viewer.worklist.columns import Column
from mirage_viewer.worklist.criteria import words_of
from mirage_viewer.worklist.filter import WorklistFilter
from mirage_viewer.worklist.model import WorklistModel, tip
from mirage_viewer.worklist.pictures import Pictures
from tests.project.records import record, row


def rows_of(*names: str) -> list[WorklistRow]:
    return [row(record(name, name), [State.PREDICTED] * 2) for name in names]


@pytest.fixture
def model(qtbot: Any, qtmodeltester: Any) -> WorklistModel:
    made = WorklistModel(Pictures(Inline(), lambda _scan: None))
    made.set_rows(rows_of("P10", "P2", "P1"))
    qtmodeltester.check(made)
    return made


@pytest.fixture
def rows(model: WorklistModel, qtmodeltester: Any) -> WorklistFilter:
    made = WorklistFilter(model)
    qtmodeltester.check(made)
    return made


def names(rows: WorklistFilter | WorklistModel) -> list[str]:
    return [rows.line(i).row.scan.pseudonym for i in range(rows.rowCount())]


def mark(rows: WorklistFilter, name: str) -> QPersistentModelIndex:
    return QPersistentModelIndex(rows.index(names(rows).index(name), Column.PSEUDONYM))


def test_it_is_sorted_by_patient_at_first(rows: WorklistFilter) -> None:
    assert names(rows) == ["P1", "P2", "P10"]


@pytest.mark.parametrize(
    "after",
    [
        ["P10", "P2", "P1", "P3"],
        ["P0", "P10", "P2", "P1"],
        ["P2"],
        ["P9", "P2", "P4"],
        ["P10", "P1", "P2"],
    ],
)
def test_a_scan_stays_chosen_while_others_come_and_go(
    rows: WorklistFilter, model: WorklistModel, after: Sequence[str]
) -> None:
    chosen = mark(rows, "P2")
    model.set_rows(rows_of(*after))
    assert sorted(names(rows)) == sorted(after)
    assert names(rows) == names(model)
    assert rows.line(chosen.row()).row.scan.pseudonym == "P2"


def test_sorting_keeps_what_is_chosen(rows: WorklistFilter) -> None:
    chosen = mark(rows, "P2")
    rows.sort(Column.PSEUDONYM, Qt.SortOrder.DescendingOrder)
    assert names(rows) == ["P10", "P2", "P1"]
    rows.sort(Column.PICTURE)
    assert names(rows) == ["P10", "P2", "P1"], "equal times: as they were added"
    assert rows.line(chosen.row()).row.scan.pseudonym == "P2"


def test_a_scan_that_is_not_there_any_more_is_not_chosen(
    rows: WorklistFilter, model: WorklistModel
) -> None:
    chosen = mark(rows, "P2")
    model.set_rows(rows_of("P10", "P1"))
    assert not chosen.isValid()


def test_only_what_changed_is_drawn_again(qtbot: Any, model: WorklistModel) -> None:
    changed: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda a, b, _=None: changed.append((a.row(), b.row())))
    model.set_rows(rows_of("P10", "P2", "P1"))
    assert changed == []
    fresh = rows_of("P10", "P2", "P1")
    fresh[1] = replace(fresh[1], remark=Remark("new"))
    model.set_rows(fresh)
    assert changed == [(1, 1)]
    assert model.index(1, Column.NOTE).data() == "new"


def test_what_is_typed_and_removed_again_brings_back_everything_in_order(
    rows: WorklistFilter,
) -> None:
    for text, found in (("p1", ["P1", "P10"]), ("p10", ["P10"]), ("x", []), ("", None)):
        rows.change(words=words_of(text))
        assert names(rows) == (found if found is not None else ["P1", "P2", "P10"])


def test_a_scan_that_comes_to_fit_appears_in_its_place(
    rows: WorklistFilter, model: WorklistModel
) -> None:
    rows.change(words=("new",))
    assert names(rows) == []
    fresh = rows_of("P10", "P2", "P1")
    fresh[1] = replace(fresh[1], remark=Remark("new"))
    fresh[0] = replace(fresh[0], remark=Remark("new"))
    model.set_rows(fresh)
    assert names(rows) == ["P2", "P10"]


def test_another_project_takes_the_place_of_this_one(
    rows: WorklistFilter, model: WorklistModel
) -> None:
    other = [f"Q{i}" for i in range(200)]
    model.set_rows(rows_of(*other))
    assert names(rows) == other
    model.set_rows(())
    assert names(rows) == []


def test_cells_say_what_they_are(model: WorklistModel) -> None:
    cells = [model.index(0, column).data() for column in Column]
    assert cells[1:] == [
        "P1",
        "OD",
        "2024-05-06",
        "Spectralis",
        "5",
        "predicted, 0 of 2 approved",
        "ada",
        "",
        "",
        "",
    ]
    titles = [model.headerData(c, Qt.Orientation.Horizontal) for c in Column]
    assert titles[1:4] == ["Patient and scan", "Eye", "Acquired"]


def test_tips_tell_more(model: WorklistModel) -> None:
    model.set_rows([row(record("1", imported=False), duplicate_of=record("2", "P7"))])
    words = tip(model.line(0), Column.PSEUDONYM)
    assert "Not copied into the project yet" in words
    assert "P7" in words
    model.set_rows([row(record("1"), [State.APPROVED])])
    assert tip(model.line(0), Column.WORK) == "ada: all approved"
