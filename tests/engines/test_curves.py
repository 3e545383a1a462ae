"""Curves keep what they must when smoothed or brought to every A-scan."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mirage_core.engines.graph.curves import smooth_along, upsample


@given(st.integers(12, 90), st.floats(0.3, 4), st.floats(-3, 3), st.floats(0, 200))
def test_a_tilted_line_stays_where_it_is(width, sigma, slope, start):
    line = (start + slope * np.arange(width))[None].astype(np.float32)
    np.testing.assert_allclose(smooth_along(line, sigma), line, atol=1e-2)


def test_smoothing_takes_noise_away_up_to_the_ends():
    noise = np.random.default_rng(0).normal(0, 1, (1, 400)).astype(np.float32)
    smooth = smooth_along(noise, 8)
    assert smooth.std() < 0.35
    assert np.abs(smooth[0, [0, -1]]).max() < 1.2


@given(st.integers(1, 6), st.integers(0, 5), st.floats(-2, 2))
def test_upsampling_block_means_of_a_line_gives_the_line(factor, rest, slope):
    width = 10 * factor + min(rest, factor - 1)
    line = slope * np.arange(width)
    means = line[: 10 * factor].reshape(10, factor).mean(axis=1)[None].astype(np.float32)
    up = upsample(means, factor, width)[0]
    inside = slice(factor // 2, 10 * factor - factor // 2 - 1)
    np.testing.assert_allclose(up[inside], line[inside], atol=1e-4)
