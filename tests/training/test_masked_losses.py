"""Losses of masked pre-training."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from mirage_core.training.losses import UNLABELLED
from mirage_core.training.masked_losses import (
    masked_cross_entropy,
    masked_mse,
    normalise_patches,
)
from tests.golden import golden

PATCH = 2


def patch_side(mask: torch.Tensor, target: torch.Tensor) -> int:
    height, width = target.shape[-2:]
    return math.isqrt(height * width // mask.shape[1])


def reference():
    arrays = np.load(golden("losses.npz"))
    return {key: torch.from_numpy(np.asarray(arrays[key])) for key in arrays.files}


def pictures(n: int = 2):
    random = torch.Generator().manual_seed(0)
    shape = (n, 1, 4, 6)
    found = torch.randn(shape, generator=random, dtype=torch.float64)
    return found, torch.randn(shape, generator=random, dtype=torch.float64)


def test_reference_masked_mse_is_reproduced():
    of = reference()
    found, target, mask = of["mmse_input"], of["mmse_target"], of["mask"]
    patch = patch_side(mask, target)
    got = {
        "mmse": masked_mse(found, target, mask, patch=patch),
        "mmse_nomask": masked_mse(found, target, None, patch=patch),
        "mmse_allzero": masked_mse(found, target, torch.zeros_like(mask), patch=patch),
        "mmse_normpix": masked_mse(found, target, mask, patch=patch, norm_pix=True),
    }
    for key, loss in got.items():
        assert loss.item() == pytest.approx(of[key].item(), abs=1e-5), key


def test_reference_masked_cross_entropy_is_reproduced():
    of = reference()
    logits, target, mask = of["mce_input"], of["mce_target"], of["mask"]
    patch = patch_side(mask, target)
    got = {
        "mce": masked_cross_entropy(logits, target, mask, patch=patch),
        "mce_nomask": masked_cross_entropy(logits, target, None, patch=patch),
    }
    for key, loss in got.items():
        assert loss.item() == pytest.approx(of[key].item(), abs=1e-5), key


def test_only_pixels_of_masked_patches_count():
    found, target = pictures(1)
    mask = torch.tensor([[0, 0, 0, 0, 1, 0]])  # second row of patches, second column
    inside = (found - target)[0, 0, 2:4, 2:4].square().mean()
    assert masked_mse(found, target, mask, patch=PATCH).item() == pytest.approx(inside.item())


def test_samples_weigh_alike_however_much_of_them_is_masked():
    found, target = torch.zeros(2, 1, 4, 6), torch.zeros(2, 1, 4, 6)
    target[0], target[1] = 1.0, 3.0
    mask = torch.zeros(2, 6)
    mask[0], mask[1, 0] = 1, 1
    assert masked_mse(found, target, mask, patch=PATCH).item() == pytest.approx((1 + 9) / 2)


def test_a_sample_with_nothing_masked_is_left_out():
    found, target = pictures(2)
    mask = torch.tensor([[1, 0, 1, 0, 0, 1], [0] * 6])
    alone = masked_mse(found[:1], target[:1], mask[:1], patch=PATCH)
    assert masked_mse(found, target, mask, patch=PATCH).item() == pytest.approx(alone.item())


def test_nothing_masked_at_all_costs_nothing_and_pulls_nowhere():
    found, target = pictures()
    found.requires_grad_()
    loss = masked_mse(found, target, torch.zeros(2, 6), patch=PATCH)
    loss.backward()
    assert loss.item() == 0
    assert not found.grad.any()


def test_gradients_agree_with_differences():
    found, target = pictures()
    mask = torch.tensor([[1, 0, 1, 0, 0, 1], [0, 1, 0, 0, 0, 0]])
    assert torch.autograd.gradcheck(
        lambda x: masked_mse(x, target, mask, patch=PATCH, norm_pix=True), found.requires_grad_()
    )
    logits = torch.randn(2, 3, 4, 6, dtype=torch.float64, requires_grad=True)
    labels = torch.randint(3, (2, 4, 6))
    labels[0, 0] = UNLABELLED
    assert torch.autograd.gradcheck(
        lambda x: masked_cross_entropy(x, labels, mask, patch=PATCH), logits
    )


def test_normalised_patches_have_mean_zero_and_variance_one():
    image = 5 + 3 * pictures()[0]
    tiles = normalise_patches(image, PATCH)[:, :, 2:4, 4:6].flatten(1)
    torch.testing.assert_close(tiles.mean(1), torch.zeros(2, dtype=torch.float64))
    torch.testing.assert_close(tiles.var(1), torch.ones(2, dtype=torch.float64), atol=1e-4, rtol=0)


def test_a_flat_patch_normalises_to_zero():
    assert not normalise_patches(torch.full((1, 1, 4, 4), 7.0), PATCH).any()


def test_masked_pixels_without_a_label_do_not_count():
    logits = torch.zeros(1, 4, 4, 6)
    logits[0, 0, :, 0] = 100.0  # sure of class 0 in the first column
    labels = torch.zeros((1, 4, 6), dtype=torch.uint8)
    labels[0, :, 0] = UNLABELLED
    loss = masked_cross_entropy(logits, labels, torch.ones(1, 6), patch=PATCH)
    assert loss.item() == pytest.approx(math.log(4))


def test_masked_patches_without_any_label_cost_nothing():
    labels = torch.full((1, 4, 6), UNLABELLED)
    assert masked_cross_entropy(torch.ones(1, 4, 4, 6), labels, None, patch=PATCH).item() == 0


def test_half_precision_is_summed_in_single():
    found = torch.full((1, 1, 4, 6), 300.0, dtype=torch.float16)
    loss = masked_mse(found, torch.zeros(1, 1, 4, 6), None, patch=PATCH)
    assert loss.item() == pytest.approx(90_000.0)


def test_what_does_not_belong_together_is_refused():
    found, target = pictures()
    with pytest.raises(ValueError, match="differ in shape"):
        masked_mse(found, target[:1], None, patch=PATCH)
    with pytest.raises(ValueError, match="2 x 3 patches"):
        masked_mse(found, target, torch.zeros(2, 5), patch=PATCH)
    with pytest.raises(ValueError, match="cannot be cut"):
        masked_mse(found, target, torch.zeros(2, 6), patch=3)
    with pytest.raises(ValueError, match="do not belong together"):
        masked_cross_entropy(torch.zeros(2, 3, 4, 4), target[:, 0], None, patch=PATCH)
