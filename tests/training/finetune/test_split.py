"""What is held back: patients where there are several, distant B-scans of one, each of a few."""

from __future__ import annotations

import pytest

from mirage_core.training.finetune.config import preset
from mirage_core.training.finetune.errors import TeachError
from mirage_core.training.finetune.labelled import TeachingData
from mirage_core.training.finetune.split import FINAL, Curriculum, curriculum, near
from tests.training.finetune.lessons import b_scan

FEW = preset("few-shot")


def of(*places: tuple[str, int], part: str = "") -> TeachingData:
    """Return B-scans of patients by their numbers."""
    return TeachingData(
        tuple(b_scan(i, patient=p, number=n, part=part) for i, (p, n) in enumerate(places))
    )


def one_eye(numbers: range) -> TeachingData:
    return of(*(("P1", n) for n in numbers))


def assert_apart(plan: Curriculum, data: TeachingData, gap: int = 2) -> None:
    for lesson in plan.lessons:
        assert not set(lesson.train) & set(lesson.test)
        assert not any(
            near(data.b_scans[i], data.b_scans[j], gap) for i in lesson.train for j in lesson.test
        )


def test_the_model_one_gets_is_taught_first_and_with_all() -> None:
    plan = curriculum(one_eye(range(0, 80, 10)), FEW)
    assert [lesson.name for lesson in plan.lessons] == [FINAL, "measured"]
    assert plan.lessons[0].train == tuple(range(8))
    assert len(plan.measured) == 2
    assert any("taught with all" in note for note in plan.notes)


def test_with_fewer_than_eight_each_is_left_out_once() -> None:
    data = one_eye(range(0, 50, 10))
    plan = curriculum(data, FEW)
    assert [lesson.test for lesson in plan.lessons[1:]] == [(i,) for i in range(5)]
    assert all(set(lesson.train) == set(range(5)) - {*lesson.test} for lesson in plan.lessons[1:])
    assert any("leaving each B-scan out once" in note for note in plan.notes)


def test_a_left_out_b_scan_is_not_taught_by_its_neighbours() -> None:
    data = of(("P1", 10), ("P1", 11), ("P1", 30), ("P1", 50))
    plan = curriculum(data, FEW)
    assert_apart(plan, data)
    assert plan.lessons[1].train == (2, 3)


def test_only_neighbours_to_learn_from_is_said() -> None:
    plan = curriculum(one_eye(range(10, 13)), FEW)
    assert any("only neighbours" in note for note in plan.notes)
    assert all(lesson.train for lesson in plan.lessons)


def test_several_patients_are_left_out_whole() -> None:
    data = of(("A", 0), ("A", 20), ("B", 0), ("C", 0), ("C", 9))
    plan = curriculum(data, FEW)
    assert [lesson.test for lesson in plan.lessons[1:]] == [(0, 1), (2,), (3, 4)]


def test_patients_are_held_back_whole() -> None:
    places = [(name, 7 * i) for name in "ABCDE" for i in range(4)]
    data = of(*places)
    lesson = curriculum(data, FEW).lessons[1]
    held = {data.b_scans[i].patient for i in lesson.test}
    taught = {data.b_scans[i].patient for i in lesson.train}
    assert held
    assert not held & taught
    assert held | taught == set("ABCDE")


def test_of_one_patient_distant_b_scans_are_held_back_and_that_is_said() -> None:
    data = one_eye(range(0, 120, 10))
    plan = curriculum(data, FEW)
    assert_apart(plan, data)
    assert len(plan.lessons[1].train) + len(plan.measured) == 12
    assert any("one patient" in note and "neighbours" in note for note in plan.notes)


def test_of_a_dense_series_runs_are_held_back_with_a_gap() -> None:
    data = one_eye(range(40))
    plan = curriculum(data, FEW)
    assert_apart(plan, data)
    lesson = plan.lessons[1]
    assert len(lesson.test) == 10
    assert len(lesson.train) >= 22
    assert any("not used for measuring" in note for note in plan.notes)


def test_parts_of_the_data_are_taken_as_they_are() -> None:
    data = TeachingData(
        tuple(
            b_scan(i, patient=f"P{i}", part=part)
            for i, part in enumerate(("train", "train", "val", "test"))
        )
    )
    (lesson,) = curriculum(data, FEW).lessons
    assert (lesson.name, lesson.train, lesson.val, lesson.test) == (FINAL, (0, 1), (2,), (3,))


def test_measuring_where_the_best_was_chosen_is_said() -> None:
    data = TeachingData((b_scan(0, part="train"), b_scan(9, part="val")))
    plan = curriculum(data, FEW)
    assert plan.measured == (1,)
    assert "chosen too" in plan.notes[0]


def test_one_b_scan_is_taught_but_nothing_is_measured() -> None:
    plan = curriculum(one_eye(range(1)), FEW)
    assert plan.measured == ()
    assert "one B-scan only" in plan.notes[0]


def test_nothing_to_teach_with_is_refused() -> None:
    with pytest.raises(TeachError, match="no corrected B-scan"):
        curriculum(TeachingData(()), FEW)
    with pytest.raises(TeachError, match="train/ holds no"):
        curriculum(of(("A", 0), part="test"), FEW)


def test_the_paper_keeps_b_scans_to_choose_the_best_with() -> None:
    data = of(*((name, 7 * i) for name in "ABCDEFGH" for i in range(3)))
    (lesson,) = curriculum(data, preset("paper")).lessons
    assert lesson.val
    assert lesson.test
    names = [{data.b_scans[i].patient for i in part} for part in (lesson.train, lesson.val)]
    assert not names[0] & names[1]


def test_not_measuring_is_said_too() -> None:
    plan = curriculum(one_eye(range(20)), FEW.changed(measure="none"))
    assert (len(plan.lessons), plan.measured) == (1, ())
    assert plan.notes
