"""What is listed, in which order: no window is needed to know."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirage_core.annotate import State
from mirage_core.scan import Laterality
from mirage_viewer.worklist.columns import ABOUT, Column, in_order, natural
from mirage_viewer.worklist.criteria import Criteria, Show, words_of
from mirage_viewer.worklist.lines import Line
from mirage_viewer.worklist.work import Stage, Work
from tests.project.records import record, row

A, E, P, V, U = State.APPROVED, State.EDITED, State.PREDICTED, State.VENDOR, State.UNSEEN


def names(lines: list[Line]) -> list[str]:
    return [line.row.scan.pseudonym for line in lines]


def line(*args: object, **kwargs: object) -> Line:
    return Line.of(row(*args, **kwargs))  # type: ignore[arg-type]


def test_pseudonyms_are_in_the_order_that_people_count() -> None:
    lines = [line(record(name, name)) for name in ("P10", "P2", "study B", "P1", "Study a")]
    assert names(in_order(lines, Column.PSEUDONYM)) == ["P1", "P2", "P10", "Study a", "study B"]
    falling = in_order(lines, Column.PSEUDONYM, falling=True)
    assert names(falling) == ["study B", "Study a", "P10", "P2", "P1"]


@given(st.lists(st.text(alphabet="P0123456789 a²", max_size=5)))
def test_any_names_can_be_compared(texts: list[str]) -> None:
    assert len(sorted(texts, key=natural)) == len(texts)


def test_dates_sort_as_dates_and_unknown_ones_stand_last_either_way() -> None:
    days = {"a": date(2024, 2, 1), "b": None, "c": date(2023, 12, 31), "d": date(2024, 10, 1)}
    lines = [line(record(name, name, acquired=day)) for name, day in days.items()]
    assert names(in_order(lines, Column.ACQUIRED)) == ["c", "a", "d", "b"]
    assert names(in_order(lines, Column.ACQUIRED, falling=True)) == ["d", "a", "c", "b"]


def test_progress_sorts_by_what_is_approved_then_edited() -> None:
    lines = [
        line(record("all", "all"), [A, A]),
        line(record("none", "none")),
        line(record("edited", "edited"), [E, P]),
        line(record("half", "half"), [A, P]),
        line(record("predicted", "predicted"), [P, P]),
    ]
    expected = ["none", "predicted", "edited", "half", "all"]
    assert names(in_order(lines, Column.WORK)) == expected


@pytest.mark.parametrize("column", Column)
def test_what_is_equal_stays_in_the_order_it_was_added(column: Column) -> None:
    lines = [line(record(name, "P1")) for name in "cab"]
    for falling in (False, True):
        ordered = in_order(lines, column, falling=falling)
        assert [ln.row.scan.id for ln in ordered] == ["c", "a", "b"]


@pytest.mark.parametrize("column", Column)
def test_every_column_says_something_of_a_scan_of_which_little_is_known(column: Column) -> None:
    bare = line(record(laterality=Laterality.UNKNOWN, acquired=None, device=""))
    assert isinstance(ABOUT[column].text(bare), str)


@pytest.mark.parametrize(
    ("states", "stage"),
    [
        ((), Stage.NOT_STARTED),
        ((U, V), Stage.NOT_STARTED),
        ((P, U), Stage.IN_WORK),
        ((A, P), Stage.IN_WORK),
        ((A, U), Stage.IN_WORK),
        ((A, A), Stage.ALL_APPROVED),
    ],
)
def test_how_far_a_scan_is(states: tuple[State, ...], stage: Stage) -> None:
    assert Work.of(states).stage is stage


LINES = [
    line(record("1", "P1", device="Spectralis"), [A, A], tags=["wet AMD"]),
    line(record("2", "P2", device="Cirrus", laterality=Laterality.OS), [E, P], note="Motion Fovea"),
    line(record("3", "P3", device="", laterality=Laterality.UNKNOWN), tags=["WET amd", "check"]),
    line(record("4", "P4"), duplicate_of=record("1", "P1")),
]


@pytest.mark.parametrize(
    ("criteria", "found"),
    [
        (Criteria(), ["P1", "P2", "P3", "P4"]),
        (Criteria(words_of("p2")), ["P2"]),
        (Criteria(words_of("FOVEA motion")), ["P2"]),
        (Criteria(words_of("amd check")), ["P3"]),
        (Criteria(words_of("spectralis")), ["P1", "P4"]),
        (Criteria(words_of("volume 496")), ["P1", "P2", "P3", "P4"]),
        (Criteria(words_of("amd fovea")), []),
        (Criteria(eye=Laterality.OS), ["P2"]),
        (Criteria(eye=Laterality.UNKNOWN), ["P3"]),
        (Criteria(tag="wet amd"), ["P1", "P3"]),
        (Criteria(device="cirrus"), ["P2"]),
        (Criteria(device=""), ["P3"]),
        (Criteria(show=Show.NOT_STARTED), ["P3", "P4"]),
        (Criteria(show=Show.IN_WORK), ["P2"]),
        (Criteria(show=Show.ALL_APPROVED), ["P1"]),
        (Criteria(show=Show.DUPLICATES), ["P4"]),
        (Criteria(words_of("p"), eye=Laterality.OD, tag="wet amd"), ["P1"]),
    ],
)
def test_which_scans_are_wanted(criteria: Criteria, found: list[str]) -> None:
    assert names([ln for ln in LINES if criteria.accept(ln)]) == found


def test_words_do_not_run_from_one_field_into_the_next() -> None:
    assert not Criteria(("p1spectralis",)).accept(LINES[0])


def test_a_grader_who_only_looked_is_not_listed() -> None:
    from dataclasses import replace

    looked = row(record(), [U, U])
    looked = replace(looked, annotations=(replace(looked.annotations[0], n_events=0),))
    assert Line.of(looked).graders == ()


def test_a_duplicate_says_of_which_scan() -> None:
    assert LINES[3].duplicate_words == "same as P1"
    assert line(record("5", "P1"), duplicate_of=record("1", "P1")).duplicate_words == "here twice"
    assert LINES[0].duplicate_words == ""
