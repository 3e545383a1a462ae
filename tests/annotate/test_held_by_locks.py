"""What a lock holds of a change."""

from __future__ import annotations

import numpy as np

from mirage_core.annotate.locks import held_by_locks


def test_taking_and_adding_are_held_and_what_stays_is_not() -> None:
    was = np.array([0, 1, 1, 2, 3, 3], np.uint8)
    is_now = np.array([1, 1, 2, 1, 3, 0], np.uint8)
    held, touched = held_by_locks(was, is_now, frozenset({1, 4}))
    assert held.tolist() == [True, False, True, True, False, False]
    assert touched == {1}


def test_without_a_lock_nothing_is_held() -> None:
    held, touched = held_by_locks(np.array([0, 1]), np.array([1, 0]), frozenset())
    assert not held.any()
    assert touched == frozenset()
