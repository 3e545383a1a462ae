"""Pixels of one grid on another over the same field."""

import numpy as np
import pytest

from mirage_core.engines.strata.grid import covered, nearest_columns, resampling, rows_of


@pytest.mark.parametrize(("have", "want"), [(1024, 496), (1024, 1000), (10, 5), (7, 3), (100, 99)])
def test_a_coarser_pixel_is_the_mean_of_what_it_covers(have, want):
    """An edge at any depth gives the pixel it runs through its exact share."""
    edge = 0.37 * have
    fine = np.clip(np.arange(have) + 1 - edge, 0, 1)
    coarse = np.clip(np.arange(want) + 1 - edge * want / have, 0, 1)
    inner = np.abs(np.arange(want) + 0.5 - edge * want / have) > 1
    got = resampling(have, want) @ fine
    np.testing.assert_allclose(got[inner], coarse[inner], atol=1e-5)
    np.testing.assert_allclose(got.sum() * have / want, fine.sum(), rtol=1e-5)


@pytest.mark.parametrize(("have", "want"), [(1024, 496), (128, 496), (96, 96), (512, 768)])
def test_a_slope_stays_the_same_slope(have, want):
    centres = (np.arange(have) + 0.5) / have
    got = resampling(have, want) @ centres
    inner = slice(want // have + 1, -(want // have + 1))
    np.testing.assert_allclose(
        got[inner], ((np.arange(want) + 0.5) / want)[inner], atol=0.02 / want
    )


@pytest.mark.parametrize("want", [300, 496, 1024, 1500])
def test_a_band_gives_the_rows_it_touches_as_the_whole_does(want):
    line = np.random.default_rng(0).random(1024)
    band = range(301, 700)
    rows = covered(band, 1024, want)
    part = resampling(1024, want, band) @ line[band.start : band.stop]
    whole = resampling(1024, want) @ line
    assert len(part) == len(rows)
    np.testing.assert_allclose(part[2:-2], whole[rows.start + 2 : rows.stop - 2], atol=1e-5)


def test_between_coarse_rows_logits_run_straight():
    """The edge of a sigmoid known at few rows stays where it was."""
    edge, softness = 20.3, 0.5
    coarse = 1 / (1 + np.exp(-(np.arange(40) + 0.5 - edge) / softness))
    maps = np.stack([1 - coarse, coarse])[:, :, None].astype(np.float32)
    fine = rows_of(maps, resampling(40, 400), 1e-6)[:, :, 0]
    ratio = np.log(fine[1] / fine[0])
    crossing = np.interp(0, ratio[195:212], (np.arange(195, 212) + 0.5) / 10)
    assert crossing == pytest.approx(edge, abs=0.01)


def test_a_mask_is_taken_at_the_centres_of_columns():
    mask = np.array([[True, False, False, True]])
    assert nearest_columns(mask, 2).tolist() == [[False, True]]
    assert nearest_columns(mask, 8).tolist() == [[True, True] + [False] * 4 + [True, True]]
