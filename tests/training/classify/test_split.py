"""Nobody is both taught with and measured on; rare classes come into every fold they can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mirage_core.scan import ArrayPixels, Scan
from mirage_core.training.classify.config import preset
from mirage_core.training.classify.examples import ClassData, Example
from mirage_core.training.classify.split import FINAL, folds_of, plan_of

SCAN = Scan(ArrayPixels(np.zeros((1, 8, 8), np.uint8)))


def of(pairs: Sequence[tuple[int, int]]) -> ClassData:
    """Return examples of (patient, class)."""
    examples = tuple(Example(SCAN, (0,), (c,), f"P{p}") for p, c in pairs)
    return ClassData(examples, ("a", "b", "c"))


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2)), min_size=2, max_size=40),
    st.integers(2, 6),
)
def test_folds_share_no_patient_and_leave_every_class_to_learn_from(
    pairs: list[tuple[int, int]], n: int
) -> None:
    data = of(pairs)
    every = tuple(range(len(data)))
    folds = folds_of(data, every, n, seed=1)
    assert len(folds) <= n
    seen: set[str] = set()
    for fold in folds:
        patients = {data.examples[i].patient for i in fold}
        assert not patients & seen
        seen |= patients
        rest = {c for i in every if i not in fold for c in data.examples[i].classes}
        assert len(folds) == 1 or rest == {c for _, c in pairs}


def test_each_class_is_spread_over_the_folds() -> None:
    data = of([(p, 0 if p < 20 else 1) for p in range(25)])
    folds = folds_of(data, tuple(range(25)), 5, seed=0)
    assert [sum(i >= 20 for i in fold) for fold in folds] == [1] * 5
    assert [len(fold) for fold in folds] == [5] * 5


def test_all_is_taught_first_and_every_patient_held_back_once() -> None:
    data = of([(p // 2, p // 2 % 2) for p in range(20)])
    plan = plan_of(data, preset("probe"))
    assert plan.lessons[0].name == FINAL
    assert plan.lessons[0].train == tuple(range(20))
    assert sorted(plan.measured) == list(range(20))
    for lesson in plan.lessons[1:]:
        taught = {data.examples[i].patient for i in lesson.train}
        assert not taught & {data.examples[i].patient for i in lesson.test}


def test_a_whole_model_is_measured_once() -> None:
    data = of([(p // 2, p // 2 % 2) for p in range(40)])
    plan = plan_of(data, preset("whole"))
    assert len(plan.lessons) == 2
    assert 6 <= len(plan.measured) <= 14


def test_parts_hold_and_shared_patients_are_said() -> None:
    data = of([(0, 0), (1, 1), (1, 0), (2, 1)])
    parts = ("train", "train", "test", "val")
    examples = tuple(replace(e, part=p) for e, p in zip(data.examples, parts, strict=True))
    plan = plan_of(replace(data, examples=examples), preset("probe"))
    (only,) = plan.lessons
    assert (only.train, only.val, only.test) == ((0, 1), (3,), (2,))
    assert "1 patient is both taught with and measured on" in plan.notes[0]


def test_without_a_test_part_val_is_measured_on_and_that_is_said() -> None:
    data = of([(0, 0), (1, 1), (2, 0)])
    parts = ("train", "train", "val")
    examples = tuple(replace(e, part=p) for e, p in zip(data.examples, parts, strict=True))
    plan = plan_of(replace(data, examples=examples), preset("probe"))
    assert plan.lessons[0].test == (2,)
    assert "no part test/" in plan.notes[0]
