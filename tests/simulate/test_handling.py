"""What becomes of a B-scan moves its truth along."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.simulate import handling
from mirage_core.simulate.anatomy import SURFACE_NAMES
from mirage_core.simulate.handling import LabelledBScan

ILM, RPE, BM = (SURFACE_NAMES.index(name) for name in ("ILM", "RPE", "BM"))


@pytest.fixture
def stripes() -> LabelledBScan:
    """A retina of grey 100 from row 80 to 160, a druse of grey 200 in it, on a slope."""
    height, width = 256, 200
    edge = 80 + np.arange(width) // 10
    rows = np.arange(height)[:, None]
    image = np.where((rows >= edge) & (rows < edge + 80), 100, 10).astype(np.uint8)
    labels = np.zeros((height, width), np.uint8)
    labels[150:158, 90:120] = 5
    image[labels > 0] = 200
    surfaces = np.linspace(0, 80, len(SURFACE_NAMES))[:, None] + edge
    slo = np.tile(np.linspace(0, 250, 128).astype(np.uint8), (128, 1))
    return LabelledBScan(image, surfaces.astype(np.float32), labels, (0.004, 0.01), slo)


def assert_truth_fits(b: LabelledBScan, within_px: float = 1.0) -> None:
    """ILM is where it gets bright, and lesions are the brightest."""
    x = np.flatnonzero(np.isfinite(b.surfaces[ILM]) & (b.surfaces[ILM] > 4))
    x = x[(x > 2) & (x < b.image.shape[1] - 3)]
    z = b.surfaces[ILM, x]
    margin = 1 + within_px
    above = b.image[np.floor(z - margin).astype(int), x]
    below = b.image[np.ceil(z + margin).astype(int), x]
    assert np.mean(above < 55) > 0.97
    assert np.mean(below > 55) > 0.97
    if b.labels.any():
        assert b.image[b.labels > 0].mean() > 170


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("step", ["bent", "cropped", "stretched", "padded"])
def test_truth_moves_with_the_image(stripes: LabelledBScan, step: str, seed: int) -> None:
    moved = getattr(handling, step)(stripes, np.random.default_rng(seed))
    assert moved.image.shape == moved.labels.shape
    assert moved.surfaces.shape == (len(SURFACE_NAMES), moved.image.shape[1])
    assert_truth_fits(moved, within_px=2.0)


def test_the_other_eye_of_the_other_eye_is_the_eye(stripes: LabelledBScan) -> None:
    twice = handling.flipped(handling.flipped(stripes))
    np.testing.assert_array_equal(twice.image, stripes.image)
    np.testing.assert_array_equal(twice.surfaces, stripes.surfaces)
    np.testing.assert_array_equal(twice.slo, stripes.slo)
    assert (handling.flipped(stripes).surfaces != stripes.surfaces).any()


def test_edges_and_lines_keep_their_meaning_when_rows_are_added(stripes: LabelledBScan) -> None:
    twice = handling.resampled(stripes, 512, 200)
    np.testing.assert_allclose(twice.surfaces[BM], 2 * stripes.surfaces[BM], rtol=1e-6)
    np.testing.assert_allclose(twice.surfaces[RPE], 2 * stripes.surfaces[RPE] + 0.5, rtol=1e-6)
    assert twice.spacing_mm == pytest.approx((0.002, 0.01))


def test_a_part_of_the_width_is_a_part_of_the_fundus(stripes: LabelledBScan) -> None:
    cropped = handling.cropped(stripes, np.random.default_rng(3))
    assert stripes.slo is not None
    assert cropped.slo is not None
    share = np.ptp(cropped.slo.astype(int)) / np.ptp(stripes.slo.astype(int))
    assert share == pytest.approx(cropped.image.shape[1] / stripes.image.shape[1], abs=0.03)


def test_what_padding_covers_is_not_known(stripes: LabelledBScan) -> None:
    for seed in range(8):
        padded = handling.padded(stripes, np.random.default_rng(seed))
        covered = (padded.image != stripes.image) & np.isin(padded.image, (0, 255))
        assert not padded.labels[covered].any()
        z = np.nan_to_num(np.rint(padded.surfaces)).astype(int)
        on_padding = covered[z, np.arange(z.shape[1])] & np.isfinite(padded.surfaces)
        assert not on_padding.any()


def test_the_retina_folds_back_at_the_upper_border(stripes: LabelledBScan) -> None:
    folded = handling.mirrored_at_the_top(stripes, np.random.default_rng(0))
    inside = handling.within_the_image(folded)
    assert np.isnan(inside.surfaces[ILM]).any()
    assert np.isfinite(inside.surfaces[BM]).all()
    assert folded.image[0].max() >= 100


def test_burned_in_marks_and_compression_leave_most_of_the_image(stripes: LabelledBScan) -> None:
    for seed in range(8):
        rng = np.random.default_rng(seed)
        marked = handling.branded(stripes.image, rng)
        assert 0 < (marked != stripes.image).mean() < 0.05
        lossy = handling.compressed(stripes.image, rng).astype(int)
        assert np.abs(lossy - stripes.image).mean() < 6
