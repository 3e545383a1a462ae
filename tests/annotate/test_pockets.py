"""Pockets: what hangs together through the B-scans is found, measured and relabelled as one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from mirage_core.annotate import MASKS, Annotation, Session, State
from mirage_core.annotate.pockets import Pocket, pocket_at, relabel_pocket, relabelled, volume_nl
from mirage_core.scan import Spacing
from tests.annotate.eyes import scan, state_of

SHAPE = (4, 20, 24)


def eye_with(labels: np.ndarray) -> Session:
    """Return a session on a scan of noise with these masks."""
    one = scan(*labels.shape)
    annotation = Annotation.for_scan(one)
    annotation.masks.labels[...] = labels
    return Session(one, annotation, "grader")


def cyst_through_three() -> np.ndarray:
    """Return labels with one IRF pocket on B-scans 1 to 3 and a second one apart from it."""
    labels = np.zeros(SHAPE, np.uint8)
    labels[1, 4:8, 5:9] = 1
    labels[2, 7:10, 8:12] = 1  # shares pixel (7, 8) with the B-scan before, and no other
    labels[3, 9, 9:15] = 1
    labels[1, 15:18, 5:9] = 1
    return labels


def found_at(labels: np.ndarray, b: int, z: int, x: int) -> Pocket:
    pocket = pocket_at(labels, b, z, x)
    assert pocket is not None
    return pocket


def spread(pocket: Pocket, shape: tuple[int, ...]) -> np.ndarray:
    whole = np.zeros(shape, bool)
    whole[pocket.where] = pocket.inside
    return whole


def test_a_pocket_is_followed_through_pixels_that_lie_over_each_other() -> None:
    pocket = found_at(cyst_through_three(), 3, 9, 14)
    assert pocket.value == 1
    assert pocket.b_scans == range(1, 4)
    assert pocket.where == (slice(1, 4), slice(4, 10), slice(5, 15))
    assert pocket.inside.shape == (3, 6, 10)
    assert pocket.voxels == 16 + 12 + 6


def test_corners_and_other_classes_do_not_join_pockets() -> None:
    labels = np.zeros(SHAPE, np.uint8)
    labels[0, 2:4, 2:4] = 1
    labels[0, 4:6, 4:6] = 1  # touches by a corner
    labels[1, 4:6, 2:4] = 1  # lies beside, not over
    labels[0, 2:4, 4:6] = 2  # another class
    labels[1, 2:4, 2:4] = 2
    assert found_at(labels, 0, 2, 2).voxels == 4


def test_parts_of_one_b_scan_that_meet_only_in_the_next_are_one_pocket() -> None:
    labels = np.zeros(SHAPE, np.uint8)
    labels[1, 5, [3, 4, 10, 11]] = 4
    labels[2, 5, 3:12] = 4
    assert found_at(labels, 1, 5, 3).voxels == 13


def test_background_is_no_pocket_and_outside_is_an_error() -> None:
    assert pocket_at(cyst_through_three(), 0, 0, 0) is None
    for outside in ((4, 0, 0), (0, -1, 0), (0, 0, 24)):
        with pytest.raises(IndexError, match="no voxel"):
            pocket_at(cyst_through_three(), *outside)


@given(seed=st.integers(0, 10_000), share=st.floats(0.1, 0.6))
@settings(max_examples=50, deadline=None)
def test_it_finds_what_labelling_the_whole_volume_finds(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    labels = (rng.random((5, 9, 8)) < share).astype(np.uint8) * rng.choice([1, 3], (5, 9, 8))
    labels = labels.astype(np.uint8)
    at = tuple(int(i) for i in rng.choice(np.argwhere(labels)))
    parts, _ = ndimage.label(labels == labels[at])
    pocket = found_at(labels, *at)
    assert (spread(pocket, labels.shape) == (parts == parts[at])).all()
    for axis in range(3):
        ends = np.moveaxis(pocket.inside, axis, 0)[[0, -1]]
        assert ends.any(axis=(1, 2)).all(), "the box is the smallest"


def test_b_scans_that_a_pocket_does_not_reach_are_not_looked_at() -> None:
    seen: set[int] = set()

    class Watched(np.ndarray):
        def __getitem__(self, key: object) -> object:
            if isinstance(key, int):
                seen.add(key)
            return super().__getitem__(key)

    labels = np.zeros((40, 20, 24), np.uint8)
    labels[20:22, 4:8, 4:8] = 1
    labels[30, 4:8, 4:8] = 1
    found_at(labels.view(Watched), 20, 5, 5)
    assert seen == {19, 20, 21, 22}


def test_its_volume_is_told_only_where_every_spacing_is_known() -> None:
    pocket = found_at(cyst_through_three(), 1, 5, 5)
    assert volume_nl(pocket, Spacing.from_mm(0.12, 0.004, 0.01)) == pytest.approx(
        34 * 0.12 * 0.004 * 0.01 * 1000
    )
    for unknown in ((None, 0.004, 0.01), (0.12, None, 0.01), (0.12, 0.004, None)):
        assert volume_nl(pocket, Spacing.from_mm(*unknown)) is None


def test_relabelling_is_one_edit_on_all_its_b_scans_and_nowhere_else() -> None:
    eye = eye_with(cyst_through_three())
    eye.set_state([0, 1], State.APPROVED)
    before, states = state_of(eye.annotation), eye.annotation.states[-1].tolist()
    pocket = found_at(eye.annotation.masks.labels, 1, 5, 5)
    edit = relabel_pocket(eye, pocket, 2)
    assert edit is not None
    assert (edit.b_scans, edit.label) == ((1, 2, 3), "IRF pocket made SRF on 3 B-scans")
    labels = eye.annotation.masks.labels
    assert ((labels == 2) == spread(pocket, SHAPE)).all()
    assert (labels[1, 15:18, 5:9] == 1).all()
    assert eye.annotation.structures[-1] == MASKS
    assert eye.annotation.states[-1].tolist() == [states[0]] + [State.EDITED] * 3
    eye.undo()
    assert state_of(eye.annotation) == before


def test_label_0_deletes_a_pocket() -> None:
    eye = eye_with(cyst_through_three())
    edit = relabel_pocket(eye, found_at(eye.annotation.masks.labels, 1, 16, 6), 0)
    assert edit is not None
    assert edit.label == "IRF pocket deleted on B-scan 2"
    expected = cyst_through_three()
    expected[1, 15:18, 5:9] = 0
    assert (eye.annotation.masks.labels == expected).all()


def test_nothing_happens_to_a_locked_pocket_or_for_the_label_it_has() -> None:
    eye = eye_with(cyst_through_three())
    pocket = found_at(eye.annotation.masks.labels, 1, 5, 5)
    assert relabel_pocket(eye, pocket, 0, locked=frozenset({1})) is None
    assert relabel_pocket(eye, pocket, 2, locked=frozenset({2})) is None
    assert relabel_pocket(eye, pocket, 1) is None
    assert eye.history.done == []
    assert (eye.annotation.masks.labels == cyst_through_three()).all()


def test_a_label_that_is_no_class_is_refused() -> None:
    eye = eye_with(cyst_through_three())
    with pytest.raises(KeyError):
        relabelled(eye.annotation, found_at(eye.annotation.masks.labels, 1, 5, 5), 99)


def test_what_was_corrected_since_the_pocket_was_found_stays() -> None:
    eye = eye_with(cyst_through_three())
    pocket = found_at(eye.annotation.masks.labels, 1, 5, 5)
    eye.annotation.masks.labels[1, 4, 5:9] = 3
    relabel_pocket(eye, pocket, 2)
    assert (eye.annotation.masks.labels[1, 4, 5:9] == 3).all()
    assert (eye.annotation.masks.labels[1, 5:8, 5:9] == 2).all()
