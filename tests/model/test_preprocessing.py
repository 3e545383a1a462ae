"""Every chain gives the published model's inputs, and grids come back to where they were."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from skimage.transform import resize

from mirage_core.model.preprocessing import (
    Normalisation,
    min_max,
    prepare_image,
    prepare_layer_map,
    prepare_mask,
)
from mirage_core.model.preprocessing.inverse import labels_to_original, to_original
from mirage_core.scan.padding import registration_padding
from tests.golden import golden

Arrays = dict[str, NDArray[Any]]
LAST_BIT = 1e-6
"""Of values up to 1: other libraries round the same sums differently."""

CHAINS = list(Normalisation)
sides = st.integers(1, 90)


@pytest.fixture(scope="module")
def reference() -> Arrays:
    with np.load(golden("preprocess.npz")) as file:
        return dict(file)


def network_size(reference: Arrays, chain: str) -> tuple[int, int]:
    """Return height and width of what `chain` makes, in px."""
    height, width = reference[f"{chain}__shape"][-2:].tolist()
    return height, width


def assert_close(ours: NDArray[Any], expected: NDArray[Any]) -> None:
    np.testing.assert_allclose(ours, expected, rtol=0, atol=LAST_BIT)


def matching(reference: Arrays, pattern: str) -> Iterator[tuple[re.Match[str], NDArray[Any]]]:
    """Give every reference whose name is `pattern`; at least one must be there."""
    found = [(m, a) for name, a in reference.items() if (m := re.fullmatch(pattern, name))]
    assert found, f"no reference is named {pattern}"
    yield from found


def speckle(height: int = 60, width: int = 90, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(5, 230, (height, width)).astype(np.uint8)


def test_the_wrapper_chain_is_the_published_one(reference: Arrays) -> None:
    size = network_size(reference, "wrapper_npy")
    for match, expected in matching(reference, r"wrapper_(npy|rgbpng_channel0)__s(\d+)"):
        step = int(match[2])
        image = reference["gray_u8" if match[1] == "npy" else "rgb_u8"]
        ours = prepare_image(image, size, Normalisation.WRAPPER)
        assert_close(ours[0, ::step, ::step], expected)
    mean = prepare_image(reference["gray_u8"], size, "wrapper").mean(dtype=np.float64)
    assert mean == pytest.approx(float(reference["wrapper_npy__mean"]), abs=LAST_BIT)


def test_layer_maps_of_the_wrapper_are_the_published_ones(reference: Arrays) -> None:
    expected = reference["wrapper_layermap"][0]
    ours = prepare_layer_map(reference["layermap_u8"], expected.shape)
    np.testing.assert_array_equal(ours, expected)


def test_the_hub_chain_is_the_published_one(reference: Arrays) -> None:
    size = network_size(reference, "wrapper_npy")
    for match, expected in matching(reference, r"hf_(gray|rgb)__u8_s(\d+)"):
        step = int(match[2])
        ours = prepare_image(reference[f"{match[1]}_u8"], size, Normalisation.HUB)
        np.testing.assert_array_equal(
            ours[0, ::step, ::step], expected.astype(np.float32) / np.float32(255)
        )


def test_the_segmentation_chain_is_the_published_one(reference: Arrays) -> None:
    for match, expected in matching(reference, r"seg(\d+)__bscan_s(\d+)"):
        size, step = network_size(reference, f"seg{match[1]}"), int(match[2])
        ours = prepare_image(reference["gray_u8"], size, Normalisation.SEGMENTATION)
        assert_close(ours[:, ::step, ::step], expected)


def test_masks_of_the_segmentation_chain_are_the_published_ones(reference: Arrays) -> None:
    mask = reference["mask_u8"]
    indices = {int(value): i for i, value in enumerate(np.unique(mask))}
    for match, expected in matching(reference, r"seg(\d+)__semseg_s(\d+)"):
        size, step = network_size(reference, f"seg{match[1]}"), int(match[2])
        ours = prepare_mask(mask, size, indices)
        np.testing.assert_array_equal(ours[::step, ::step], expected)


def test_the_classification_chain_is_the_published_one(reference: Arrays) -> None:
    for match, expected in matching(reference, r"cls(\d+)_(rgb|gray_as_rgb)__s(\d+)"):
        side, step = int(match[1]), int(match[3])
        image = reference["rgb_u8" if match[2] == "rgb" else "gray_u8"]
        ours = prepare_image(image, (side, side), Normalisation.CLASSIFICATION)
        assert_close(ours[:, ::step, ::step], expected)


def test_minimum_and_maximum_are_taken_per_channel_as_published(reference: Arrays) -> None:
    assert_close(min_max(reference["minmax_in"]), reference["minmax_out"])


@settings(max_examples=20, deadline=None)
@given(height=sides, width=sides, to_height=sides, to_width=sides)
def test_the_wrapper_resizes_up_and_down_as_scikit_image_does(
    height: int, width: int, to_height: int, to_width: int
) -> None:
    image, size = speckle(height, width), (to_height, to_width)
    expected = resize(image, size, order=1, preserve_range=True, anti_aliasing=True) / 255
    ours = prepare_image(image, size, Normalisation.WRAPPER)[0]
    np.testing.assert_allclose(ours, expected, atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(height=sides, width=sides, to_height=sides, to_width=sides)
def test_the_segmentation_chain_resizes_as_torch_does_without_antialiasing(
    height: int, width: int, to_height: int, to_width: int
) -> None:
    image, size = speckle(height, width), (to_height, to_width)
    grey = torch.from_numpy(min_max(image.astype(np.float64)))[None, None]
    expected = F.interpolate(grey, size, mode="bilinear", align_corners=False)[0].float().numpy()
    ours = prepare_image(image, size, Normalisation.SEGMENTATION)
    np.testing.assert_allclose(ours, expected, atol=1e-7)


@settings(max_examples=30, deadline=None)
@given(height=st.integers(1, 800), width=st.integers(1, 800))
def test_layer_maps_are_resized_as_torch_nearest_exact(height: int, width: int) -> None:
    layer_map = np.random.default_rng(height).integers(0, 13, (height, width)).astype(np.uint8)
    expected = F.interpolate(
        torch.from_numpy(layer_map)[None, None], (128, 128), mode="nearest-exact"
    )[0, 0].numpy()
    np.testing.assert_array_equal(prepare_layer_map(layer_map), expected)


def test_masks_take_the_upper_left_corner_and_layer_maps_the_centre() -> None:
    labels = np.arange(6, dtype=np.uint8)[None]
    indices = {i: i + 10 for i in range(6)}
    assert prepare_mask(labels, (1, 2), indices).tolist() == [[10, 13]]
    assert prepare_layer_map(labels, (1, 2)).tolist() == [[1, 4]]


def test_a_grey_value_that_no_class_claims_is_named() -> None:
    mask = np.array([[0, 80], [7, 9]], np.uint8)
    with pytest.raises(ValueError, match=r"\[7, 9\].*\[0, 80\]"):
        prepare_mask(mask, (4, 4), {0: 0, 80: 1})


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("grey", [0, 90, 255])
def test_a_constant_image_is_finite(chain: Normalisation, grey: int) -> None:
    made = prepare_image(np.full((40, 30), grey, np.uint8), (32, 48), chain)
    assert made.shape == (1, 32, 48)
    stretched = chain in (Normalisation.SEGMENTATION, Normalisation.CLASSIFICATION)
    np.testing.assert_allclose(made, 0 if stretched else grey / 255, atol=1e-6)


@pytest.mark.parametrize("chain", CHAINS)
def test_grey_and_the_same_grey_in_three_channels_are_alike(chain: Normalisation) -> None:
    grey = speckle()
    ours = prepare_image(grey, (48, 64), chain)
    assert ours.dtype == np.float32
    assert ours.shape == (1, 48, 64)
    assert ours.min() >= 0
    assert ours.max() <= 1
    np.testing.assert_array_equal(prepare_image(np.dstack([grey] * 3), (48, 64), chain), ours)


def test_colours_count_by_luma_but_the_wrapper_takes_their_first_channel() -> None:
    colour = np.stack([speckle(seed=i) for i in range(3)], axis=-1)
    luma = np.asarray(Image.fromarray(colour).convert("L"))
    for chain, grey in (("segmentation", luma), ("wrapper", colour[..., 0])):
        np.testing.assert_array_equal(
            prepare_image(colour, (64, 64), chain), prepare_image(grey, (64, 64), chain)
        )


def test_a_chain_is_named_by_its_string() -> None:
    image = speckle()
    np.testing.assert_array_equal(
        prepare_image(image, (32, 32), "hub"), prepare_image(image, (32, 32), Normalisation.HUB)
    )
    with pytest.raises(ValueError, match="imagenet"):
        prepare_image(image, (32, 32), "imagenet")


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((4, 5), np.uint16), "uint16"),
        (np.zeros((4, 5, 4), np.uint8), r"\[z, x, rgb\]"),
        (np.zeros((0, 5), np.uint8), "cannot resize"),
    ],
)
def test_what_is_no_8_bit_image_is_refused(image: NDArray[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        prepare_image(image, (8, 8), "segmentation")


def test_no_padding_found_leaves_the_published_chain_to_the_last_bit() -> None:
    image = speckle()
    nothing = registration_padding(image)
    assert not nothing.any()
    np.testing.assert_array_equal(
        prepare_image(image, (77, 101), "segmentation", nothing),
        prepare_image(image, (77, 101), "segmentation"),
    )


def test_white_padding_takes_no_part_in_minimum_and_maximum() -> None:
    tissue = speckle(60, 90)
    padded = np.vstack([np.full((20, 90), 255, np.uint8), tissue])
    padding = np.zeros(padded.shape, bool)
    padding[:20] = True
    ours = prepare_image(padded, padded.shape, "segmentation", padding)[0]
    assert (ours[:20] == 0).all()
    np.testing.assert_array_equal(ours[20:], prepare_image(tissue, tissue.shape, "segmentation")[0])
    assert (prepare_image(padded, padded.shape, "segmentation")[0, :20] == 1).all()


def test_an_image_of_padding_alone_gives_zeros() -> None:
    white = np.full((30, 40), 255, np.uint8)
    assert not prepare_image(white, (32, 32), "segmentation", registration_padding(white)).any()


def test_padding_that_no_chain_would_use_or_that_does_not_fit_is_refused() -> None:
    image = speckle()
    with pytest.raises(ValueError, match="hub"):
        prepare_image(image, (32, 32), "hub", np.zeros(image.shape, bool))
    with pytest.raises(ValueError, match="does not fit"):
        prepare_image(image, (32, 32), "segmentation", np.zeros((3, 4), bool))


@pytest.mark.parametrize("network", [(512, 512), (192, 128), (250, 256)])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_ramp_comes_back_to_where_it_was(network: tuple[int, int], axis: int) -> None:
    size = (200, 256)
    ramp = np.arange(size[axis], dtype=np.uint8)
    image = np.moveaxis(np.broadcast_to(ramp, (size[1 - axis], size[axis])), 1, axis)
    made = torch.from_numpy(prepare_image(image, network, Normalisation.SEGMENTATION))
    back = to_original(made[None], size)[0, 0].numpy() * ramp.max()
    # Nothing lies beyond the outermost pixel centres to interpolate with.
    inside = slice(2, -2)
    np.testing.assert_allclose(back[inside, inside], image[inside, inside], atol=1e-3)


@given(have=st.integers(2, 300), want=st.integers(2, 300))
@settings(max_examples=50, deadline=None)
def test_positions_read_off_the_networks_grid_are_those_of_the_scan(have: int, want: int) -> None:
    position = (torch.arange(have) + 0.5) * want / have - 0.5
    back = to_original(position[None, None, :, None].expand(1, 1, have, 3), (want, 3))[0, 0, :, 1]
    inside = (torch.arange(want) >= position[0]) & (torch.arange(want) <= position[-1])
    torch.testing.assert_close(back[inside], torch.arange(want)[inside].float(), atol=1e-3, rtol=0)


def test_probabilities_still_sum_to_one() -> None:
    probabilities = torch.randn(2, 5, 16, 24).softmax(1)
    back = to_original(probabilities, (37, 41))
    assert back.shape == (2, 5, 37, 41)
    torch.testing.assert_close(back.sum(1), torch.ones(2, 37, 41))


@given(have=st.integers(1, 40), factor=st.integers(1, 5))
@settings(max_examples=30, deadline=None)
def test_labels_survive_the_way_to_a_finer_grid_and_back(have: int, factor: int) -> None:
    labels = torch.randint(0, 9, (2, have, 7))
    finer = labels_to_original(labels, (have * factor, 7 * factor))
    assert torch.equal(labels_to_original(finer, (have, 7)), labels)


@given(have=st.integers(1, 60), want=st.integers(1, 60))
@settings(max_examples=50, deadline=None)
def test_labels_are_taken_at_the_centre_of_each_px(have: int, want: int) -> None:
    rows = labels_to_original(torch.arange(have)[:, None], (want, 1))[:, 0]
    centre = (torch.arange(want, dtype=torch.float64) + 0.5) * have / want
    assert torch.equal(rows, centre.add(1e-9).floor().long())


def test_labels_are_never_blended() -> None:
    with pytest.raises(ValueError, match="labels_to_original"):
        to_original(torch.zeros(1, 1, 4, 4, dtype=torch.long), (8, 8))
