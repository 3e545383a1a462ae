"""Cross-entropy, generalised Dice and CEGDice."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from mirage_core.training.losses import (
    UNLABELLED,
    ce_generalised_dice,
    cross_entropy,
    generalised_dice,
    generalised_dice_per_sample,
)
from tests.golden import golden

SEGMENTATION_LOSSES = (cross_entropy, generalised_dice, ce_generalised_dice)


def scene(n: int = 2, n_classes: int = 3, *, dtype=torch.float64, seed: int = 0):
    """Return random logits ``[n, class, 6, 7]`` and labels of every class ``[n, 6, 7]``."""
    random = torch.Generator().manual_seed(seed)
    logits = torch.randn((n, n_classes, 6, 7), generator=random, dtype=dtype)
    return logits, torch.randint(n_classes, (n, 6, 7), generator=random)


def sure_of(target: torch.Tensor, n_classes: int) -> torch.Tensor:
    """Return logits that put all probability on `target`."""
    return 1e3 * functional.one_hot(target, n_classes).movedim(-1, 1).double()


def cases(suffix: str = "__cegdice"):
    arrays = np.load(golden("losses.npz"))
    for name in (key.removesuffix(suffix) for key in arrays.files if key.endswith(suffix)):
        parts = {key.removeprefix(f"{name}__"): arrays[key] for key in arrays.files}
        yield name, parts


def test_every_reference_value_is_reproduced():
    names = []
    for name, of in cases():
        logits = torch.from_numpy(of["logits"])
        target = torch.from_numpy(of["target"])
        per_sample = generalised_dice_per_sample(logits, target).numpy()
        no_background = generalised_dice(logits, target, include_background=False)
        assert cross_entropy(logits, target).item() == pytest.approx(of["ce"], abs=1e-5), name
        assert generalised_dice(logits, target).item() == pytest.approx(of["gdice"], abs=1e-5), name
        np.testing.assert_allclose(per_sample, of["gdice_per_sample"], atol=1e-5, err_msg=name)
        assert no_background.item() == pytest.approx(of["gdice_nobg"], abs=1e-5), name
        names.append(name)
    assert names


def test_the_reference_gradient_is_reproduced():
    for name, of in cases():
        logits = torch.from_numpy(of["logits"]).requires_grad_()
        loss = ce_generalised_dice(logits, torch.from_numpy(of["target"]))
        loss.backward()
        assert loss.item() == pytest.approx(of["cegdice"], abs=1e-5), name
        np.testing.assert_allclose(logits.grad, of["cegdice_grad"], atol=1e-6, err_msg=name)


def test_the_reference_label_smoothing_is_reproduced():
    arrays = np.load(golden("cls_metrics.npz"))
    keys = [k for k in arrays.files if "__label_smoothing_ce_" in k]
    assert keys
    for key in keys:
        name, _, smoothing = key.partition("__label_smoothing_ce_")
        loss = cross_entropy(
            torch.from_numpy(arrays[f"{name}__logits"]),
            torch.from_numpy(arrays[f"{name}__target"]),
            label_smoothing=float(smoothing),
        )
        assert loss.item() == pytest.approx(float(arrays[key]), abs=1e-5), key


def test_a_perfect_answer_costs_nothing():
    _, target = scene()
    for loss in SEGMENTATION_LOSSES:
        assert loss(sure_of(target, 3), target).item() == pytest.approx(0.0, abs=1e-9)


def test_a_wholly_wrong_answer_has_no_overlap():
    _, target = scene()
    loss = generalised_dice(sure_of((target + 1) % 3, 3), target)
    assert loss.item() == pytest.approx(1.0, abs=1e-3)


def test_no_opinion_costs_the_logarithm_of_the_number_of_classes():
    _, target = scene()
    assert cross_entropy(torch.zeros(2, 3, 6, 7), target).item() == pytest.approx(math.log(3))


def test_generalised_dice_follows_its_formula():
    # Two classes of 1 and 3 px, probability 1/2 everywhere: w = 1, 1/9.
    target = torch.tensor([[[0, 1, 1, 1]]])
    above = 2 * (1 * 0.5 + 1.5 / 9) + 1e-5
    below = (1 + 2) + (3 + 2) / 9 + 1e-5
    loss = generalised_dice(torch.zeros(1, 2, 1, 4, dtype=torch.float64), target)
    assert loss.item() == pytest.approx(1 - above / below, rel=1e-12)


def test_an_absent_class_weighs_as_much_as_the_smallest_present():
    # Classes of 1, 3 and 0 px, probability 1/3 everywhere: w = 1, 1/9, 1.
    target = torch.tensor([[[0, 1, 1, 1]]])
    above = 2 * (1 / 3 + 1 / 9) + 1e-5
    below = (1 + 4 / 3) + (3 + 4 / 3) / 9 + 4 / 3 + 1e-5
    loss = generalised_dice(torch.zeros(1, 3, 1, 4, dtype=torch.float64), target)
    assert loss.item() == pytest.approx(1 - above / below, rel=1e-12)


def test_inventing_an_absent_class_costs():
    target = torch.zeros((1, 4, 4), dtype=torch.long)
    invented = target.clone()
    invented[0, 0, 0] = 1
    right = generalised_dice(sure_of(target, 2), target)
    wrong = generalised_dice(sure_of(invented, 2), target)
    assert wrong > right + 1e-3


@pytest.mark.parametrize("loss", SEGMENTATION_LOSSES)
def test_gradients_agree_with_differences(loss):
    logits, target = scene(n_classes=4)
    target[target == 3] = 0
    target[0, :2] = UNLABELLED
    assert torch.autograd.gradcheck(lambda x: loss(x, target), logits.requires_grad_())


@pytest.mark.parametrize("loss", SEGMENTATION_LOSSES)
def test_unlabelled_pixels_change_neither_value_nor_gradient(loss):
    logits, target = scene()
    target[:, 2:4] = UNLABELLED
    rows = torch.tensor([0, 1, 4, 5])
    cut = logits[:, :, rows].clone().requires_grad_()
    whole = logits.clone().requires_grad_()
    of_cut, of_whole = loss(cut, target[:, rows]), loss(whole, target)
    of_cut.backward()
    of_whole.backward()
    assert of_whole.item() == pytest.approx(of_cut.item(), rel=1e-12)
    torch.testing.assert_close(whole.grad[:, :, rows], cut.grad)
    assert not whole.grad[:, :, 2:4].any()


@pytest.mark.parametrize("loss", SEGMENTATION_LOSSES)
def test_without_any_label_the_loss_and_its_gradient_are_zero(loss):
    logits, target = scene()
    logits.requires_grad_()
    of_nothing = loss(logits, torch.full_like(target, UNLABELLED))
    of_nothing.backward()
    assert of_nothing.item() == 0
    assert not logits.grad.any()


def test_a_sample_without_labels_does_not_dilute_the_others():
    logits, target = scene()
    target[1] = UNLABELLED
    for loss in SEGMENTATION_LOSSES:
        alone = loss(logits[:1], target[:1]).item()
        assert loss(logits, target).item() == pytest.approx(alone, rel=1e-12)


def test_cegdice_is_the_weighted_mean_of_its_parts():
    logits, target = scene()
    target[0, 0] = UNLABELLED
    for weight in (0.0, 0.25, 0.5, 1.0):
        parts = weight * cross_entropy(logits, target)
        parts = parts + (1 - weight) * generalised_dice(logits, target)
        whole = ce_generalised_dice(logits, target, ce_weight=weight)
        assert whole.item() == pytest.approx(parts.item(), rel=1e-12)


@pytest.mark.parametrize("ignored", [-100, 7, 255])
def test_any_index_can_stand_for_unlabelled(ignored):
    logits, target = scene()
    target[0, :3] = UNLABELLED
    other = torch.where(target == UNLABELLED, ignored, target)
    for loss in SEGMENTATION_LOSSES:
        expected = loss(logits, target).item()
        assert loss(logits, other, ignore_index=ignored).item() == pytest.approx(expected)


def test_labels_may_be_bytes():
    logits, target = scene()
    for loss in SEGMENTATION_LOSSES:
        assert loss(logits, target.byte()) == loss(logits, target)


def test_half_precision_logits_of_a_large_picture_do_not_overflow():
    target = torch.zeros((1, 512, 512), dtype=torch.uint8)
    target[:, 256:] = 1
    half = 512 * 256  # pixels of either class, above the largest float16
    overlap = (2 * 2 * 0.5 / half + 1e-5) / (2 * 2 / half + 1e-5)
    loss = ce_generalised_dice(torch.zeros(1, 2, 512, 512, dtype=torch.float16), target)
    assert loss.item() == pytest.approx(0.5 * math.log(2) + 0.5 * (1 - overlap), abs=1e-5)


def test_sums_over_a_large_picture_stay_exact():
    random = torch.Generator().manual_seed(3)
    logits = torch.randn((1, 4, 512, 512), generator=random)
    target = torch.randint(4, (1, 512, 512), generator=random)
    for loss in SEGMENTATION_LOSSES:
        exact = loss(logits.double(), target).item()
        assert loss(logits, target).item() == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize("loss", SEGMENTATION_LOSSES)
def test_a_label_that_is_no_class_is_refused(loss):
    logits, target = scene()
    target[0, 0, 0] = 3
    with pytest.raises(ValueError, match="0 to 2"):
        loss(logits, target)


@pytest.mark.parametrize("loss", SEGMENTATION_LOSSES)
def test_logits_of_another_size_than_the_labels_are_refused(loss):
    logits, target = scene()
    with pytest.raises(ValueError, match="do not belong together"):
        loss(logits[..., ::2], target)


def test_a_classifiers_logits_have_no_pixels():
    logits = torch.tensor([[2.0, 0.0], [0.0, 0.0], [9.0, 9.0]])
    loss = cross_entropy(logits, torch.tensor([0, 1, UNLABELLED]))
    expected = (math.log(1 + math.exp(-2)) + math.log(2)) / 2
    assert loss.item() == pytest.approx(expected, rel=1e-6)
