"""Tidying: smoother outlines, no holes, no specks, and no other class touched."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from mirage_core.annotate import Annotation, Session, State
from mirage_core.annotate.tidy import Tidying, smoothed, tidy, without_holes, without_specks
from mirage_core.scan import ArrayPixels, Scan, Spacing, SpacingUnknownError
from tests.annotate.eyes import HEIGHT, WIDTH, state_of

SPACING = Spacing.from_mm(0.12, 0.004, 0.01)
PIXEL_UM2 = 40.0


def blank() -> np.ndarray:
    return np.zeros((HEIGHT, WIDTH), np.uint8)


def disc(z: float = 40, x: float = 30, radius: float = 14) -> np.ndarray:
    rows, columns = np.ogrid[:HEIGHT, :WIDTH]
    return (rows - z) ** 2 + (columns - x) ** 2 <= radius**2


def eye_with(labels: np.ndarray, spacing: Spacing = SPACING, b_scans: int = 3) -> Session:
    """Return a session whose every B-scan carries `labels`."""
    one = Scan(ArrayPixels(np.zeros((b_scans, HEIGHT, WIDTH), np.uint8)), spacing)
    annotation = Annotation.for_scan(one)
    annotation.masks.labels[...] = labels
    return Session(one, annotation, "grader")


def outline_px(region: np.ndarray) -> int:
    """Return how many sides of pixels the outline of `region` has."""
    padded = np.pad(region, 1)
    return int(sum(np.count_nonzero(np.diff(padded, axis=axis)) for axis in (0, 1)))


def test_smoothing_takes_spikes_and_dents_and_keeps_the_area() -> None:
    rng = np.random.default_rng(4)
    labels = blank()
    labels[disc()] = 1
    ring = disc(radius=16) & ~disc(radius=12)
    labels[ring] = rng.integers(0, 2, ring.sum())
    labels[40, 46:56] = 1  # a spike
    labels[labels == 1] = np.where(ndimage.label(labels)[0][labels == 1] == 1, 1, 0)
    after = smoothed(labels, 1, (1.5, 1.5))
    assert outline_px(after == 1) < 0.7 * outline_px(labels == 1)
    assert not after[40, 50:].any()
    assert np.count_nonzero(after) == pytest.approx(np.count_nonzero(labels), rel=0.03)


@pytest.mark.parametrize("thickness", [1, 2, 4])
def test_smoothing_keeps_thin_fluid_and_small_cysts(thickness: int) -> None:
    labels = blank()
    labels[50 : 50 + thickness, 10:50] = 2
    labels[10:13, 30:33] = 2
    after = smoothed(labels, 2, (3.0, 1.5))
    for region in (slice(40, 60), slice(0, 20)):
        assert np.count_nonzero(after[region]) == pytest.approx(
            np.count_nonzero(labels[region]), rel=0.25
        )


def test_smoothing_leaves_a_border_with_another_class_in_its_place() -> None:
    labels = blank()
    labels[20:40, 10:30], labels[20:40, 30:50] = 1, 2
    after = smoothed(labels, 1, (2.0, 2.0))
    assert (after[24:36, 29] == 1).all()
    assert ((after == 2) == (labels == 2)).all()


def test_smoothing_goes_on_at_the_edge_of_the_image() -> None:
    labels = blank()
    labels[30:50, :12] = 1
    after = smoothed(labels, 1, (2.0, 2.0))
    assert (after[33:47, :10] == 1).all()


def test_holes_are_filled_but_bays_and_other_classes_in_them_are_not() -> None:
    labels = blank()
    labels[20:40, 10:30] = 1
    labels[24:30, 14:20] = 0  # a hole
    labels[26:28, 16:18] = 3  # and something in it
    labels[32:36, 25:30] = 0  # a bay
    after = without_holes(labels, 1)
    expected = labels.copy()
    expected[24:30, 14:20] = 1
    expected[26:28, 16:18] = 3
    assert (after == expected).all()


def test_specks_are_pieces_below_an_area_in_um() -> None:
    labels = blank()
    labels[10:13, 10:13] = 1  # 9 px: 360 µm²
    labels[30:35, 10:12] = 1  # 10 px: 400 µm²
    labels[13, 13] = 2
    after = without_specks(labels, 1, 10 * PIXEL_UM2, SPACING)
    assert not after[10:13, 10:13].any()
    assert (after[30:35, 10:12] == 1).all()
    assert after[13, 13] == 2


@pytest.mark.parametrize("missing", [(0.12, None, 0.01), (0.12, 0.004, None)])
def test_an_area_is_not_guessed(missing: tuple[float | None, ...]) -> None:
    with pytest.raises(SpacingUnknownError):
        without_specks(blank(), 1, 400, Spacing.from_mm(*missing))
    without_specks(blank(), 1, 400, Spacing.from_mm(None, 0.004, 0.01))


ACTIONS: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
    lambda labels: smoothed(labels, 1, (1.5, 1.0)),
    lambda labels: without_holes(labels, 1),
    lambda labels: without_specks(labels, 1, 200.0, SPACING),
)


@given(seed=st.integers(0, 10_000), action=st.sampled_from(ACTIONS))
@settings(max_examples=40, deadline=None)
def test_only_the_class_and_background_change_and_the_input_stays(
    seed: int, action: Callable[[np.ndarray], np.ndarray]
) -> None:
    rng = np.random.default_rng(seed)
    labels = np.kron(rng.integers(0, 4, (8, 9)), np.ones((3, 3))).astype(np.uint8)
    labels[rng.random(labels.shape) < 0.1] = rng.integers(0, 4)
    before = labels.copy()
    after = action(labels)
    assert (labels == before).all()
    assert after.dtype == np.uint8
    changed = after != labels
    assert np.isin(labels[changed], (0, 1)).all()
    assert np.isin(after[changed], (0, 1)).all()


ragged = blank()
ragged[disc()] = 1
ragged[40, 20:60] = 1
ragged[36:38, 26:30] = 0
ragged[2, 2] = 1


@pytest.mark.parametrize(
    ("action", "label"),
    [
        (Tidying.SMOOTH, "IRF smoothed on 2 B-scans"),
        (Tidying.FILL_HOLES, "Holes in IRF filled on 2 B-scans"),
        (Tidying.REMOVE_SPECKS, "Specks of IRF removed on 2 B-scans"),
    ],
)
def test_tidying_b_scans_is_one_edit_that_can_be_undone(action: Tidying, label: str) -> None:
    eye = eye_with(ragged)
    before = state_of(eye.annotation)
    edit = tidy(eye, [2, 0, 2], 1, action)
    assert edit is not None
    assert (edit.label, edit.b_scans) == (label, (0, 2))
    labels = eye.annotation.masks.labels
    assert (labels[0] != ragged).any()
    assert (labels[0] == labels[2]).all()
    assert (labels[1] == ragged).all()
    assert eye.annotation.states[-1].tolist() == [State.EDITED, State.UNSEEN, State.EDITED]
    eye.undo()
    assert state_of(eye.annotation) == before


@pytest.mark.parametrize("action", Tidying)
def test_a_locked_class_is_not_tidied(action: Tidying) -> None:
    eye = eye_with(ragged)
    assert tidy(eye, [0], 1, action, frozenset({1})) is None
    assert tidy(eye, [0], 2, action) is None
    assert eye.history.done == []
    assert tidy(eye, [0], 1, action, frozenset({2})) is not None


def test_without_a_spacing_outlines_are_smoothed_in_px_and_specks_refused() -> None:
    eye = eye_with(ragged, Spacing())
    assert tidy(eye, [0], 1, Tidying.SMOOTH) is not None
    assert (eye.annotation.masks.labels[0] == smoothed(ragged, 1, (1.5, 1.5))).all()
    with pytest.raises(SpacingUnknownError):
        tidy(eye, [0], 1, Tidying.REMOVE_SPECKS)


def test_a_smoothing_radius_is_the_same_length_along_depth_and_columns() -> None:
    eye = eye_with(ragged)
    tidy(eye, [0], 1, Tidying.SMOOTH)
    assert (eye.annotation.masks.labels[0] == smoothed(ragged, 1, (3.0, 1.2))).all()
