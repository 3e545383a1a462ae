"""White registration padding is found, and bright tissue is not taken for it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirage_core.scan.padding import registration_padding


def speckle(height=120, width=160, seed=0):
    rng = np.random.default_rng(seed)
    return np.clip(rng.gamma(2, 30, (height, width)), 0, 235).astype(np.uint8)


@settings(max_examples=30)
@given(
    top=st.integers(0, 30),
    bottom=st.integers(0, 30),
    left=st.integers(0, 20),
    right=st.integers(0, 20),
)
def test_bands_at_every_border_are_found_exactly(top, bottom, left, right):
    image = speckle()
    truth = np.zeros(image.shape, bool)
    truth[:top] = truth[image.shape[0] - bottom :] = True
    truth[:, :left] = truth[:, image.shape[1] - right :] = True
    image[truth] = 255
    found = registration_padding(image)
    # Bands too thin to be told from saturation may be missed, never more.
    thick = (top >= 5 and bottom >= 5) or top == bottom == 0
    assert not found[~truth].any() or found[~truth].mean() < 0.01
    if thick:
        assert found[truth].all()


def test_a_rotated_wedge_is_found():
    image = speckle()
    truth = np.arange(120)[:, None] > 110 - np.arange(160)[None] * 0.3
    image[truth] = 255
    found = registration_padding(image)
    assert (found & truth).sum() > 0.97 * truth.sum()
    assert (found & ~truth).mean() < 0.01


def test_compression_ringing_does_not_hide_it():
    image = speckle()
    noise = np.random.default_rng(3).integers(0, 12, (20, 160))
    image[:20] = 255 - noise // 2
    assert registration_padding(image)[:18].all()


def test_saturated_layers_icons_and_speckle_are_not_padding():
    image = speckle()
    image[60:66] = np.where(np.random.default_rng(1).random((6, 160)) < 0.8, 255, 180)
    image[90:110, 10] = image[90:110, 30] = 255
    image[90, 10:30] = image[110, 10:30] = 255
    image[0, ::3] = 255
    assert not registration_padding(image).any()


def test_a_solid_block_inside_the_image_is_not_padding():
    image = speckle()
    image[40:70, 40:90] = 255
    assert not registration_padding(image).any()


def test_a_single_white_border_column_is_padding():
    image = speckle()
    image[:, 0] = 255
    found = registration_padding(image)
    assert found[:, 0].all()
    assert not found[:, 1:].any()


def test_a_wholly_white_image_is_all_padding():
    assert registration_padding(np.full((40, 50), 255, np.uint8)).all()


def test_only_single_b_scans_are_accepted():
    with pytest.raises(ValueError, match=r"\[z, x\]"):
        registration_padding(np.zeros((2, 3, 4), np.uint8))
