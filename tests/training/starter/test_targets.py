"""Losses of the starter model: edges to a part of a pixel, and only what is known counts."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from mirage_core.training.starter.targets import below_probability, lesion_loss, surface_loss

SIDE, ROWS, WIDTH = 64, 32, 3
DEPTHS = torch.tensor([20.3, 41.7])


def logits_of(depths: Tensor, softness: float = 1.2) -> Tensor:
    """Return logits of strata whose boundaries are logistic about `depths`."""
    centre = (torch.arange(ROWS) + 0.5) * SIDE / ROWS
    below = torch.sigmoid((centre - depths[:, None].double()) / softness)
    edge = torch.ones(1, ROWS, dtype=torch.float64)
    shares = torch.cat([edge, below]) - torch.cat([below, 0 * edge])
    return shares.clamp(min=1e-9).log().float()[None, :, :, None].expand(-1, -1, -1, WIDTH)


def surfaces(depths: Tensor = DEPTHS) -> Tensor:
    return depths[None, :, None].expand(1, -1, WIDTH)


ONES = torch.ones(1, 2, 1)


def test_boundaries_are_read_off_the_strata() -> None:
    below = below_probability(logits_of(DEPTHS))
    assert below.shape == (1, 2, ROWS, WIDTH)
    found = (1 - below).sum(dim=2) * SIDE / ROWS
    torch.testing.assert_close(found, surfaces(), atol=0.05, rtol=0)


def test_the_truth_costs_least() -> None:
    losses = {
        away: surface_loss(logits_of(DEPTHS + away), surfaces(), ONES, SIDE).item()
        for away in (-1.0, -0.3, 0.0, 0.3, 1.0)
    }
    assert min(losses, key=losses.__getitem__) == 0.0


def test_a_tenth_of_a_pixel_is_felt() -> None:
    logits = logits_of(DEPTHS + 0.1).clone().requires_grad_()
    surface_loss(logits, surfaces(), ONES, SIDE).backward()
    assert logits.grad is not None
    off = logits.grad.abs().max()
    logits = logits_of(DEPTHS).clone().requires_grad_()
    surface_loss(logits, surfaces(), ONES, SIDE).backward()
    assert logits.grad is not None
    assert logits.grad.abs().max() < off / 3


def test_a_surface_that_is_not_known_says_nothing() -> None:
    unknown = surfaces().clone()
    unknown[:, 1] = torch.nan
    far = surface_loss(logits_of(DEPTHS + torch.tensor([0.0, 9.0])), unknown, ONES, SIDE)
    near = surface_loss(logits_of(DEPTHS), unknown, ONES, SIDE)
    assert math.isfinite(far.item())
    torch.testing.assert_close(far, near, atol=2e-3, rtol=0)


def test_nothing_known_costs_nothing() -> None:
    nothing = torch.full((1, 2, WIDTH), torch.nan)
    assert surface_loss(logits_of(DEPTHS), nothing, ONES, SIDE).item() == 0.0


def test_a_surface_without_weight_does_not_count() -> None:
    logits = logits_of(DEPTHS + torch.tensor([0.0, 9.0]))
    weight = torch.tensor([[[1.0], [0.0]]])
    expected = surface_loss(logits_of(DEPTHS), surfaces(), weight, SIDE)
    torch.testing.assert_close(
        surface_loss(logits, surfaces(), weight, SIDE), expected, atol=2e-3, rtol=0
    )


def one_hot(k: int, n: int = 3) -> Tensor:
    labels = torch.zeros(1, n, 8, 8)
    labels[:, k] = 1
    return labels


WEIGHT = torch.ones(3)
ALL = torch.tensor([[True, True, True]])


def test_lesions_found_cost_less_than_lesions_missed() -> None:
    right = lesion_loss(8 * one_hot(1), one_hot(1), ALL, WEIGHT)
    wrong = lesion_loss(8 * one_hot(0), one_hot(1), ALL, WEIGHT)
    assert right.item() < 0.1 < wrong.item()


def test_a_lesion_nobody_looked_for_counts_as_none() -> None:
    known = torch.tensor([[True, True, False]])
    loss = lesion_loss(8 * one_hot(2), one_hot(0), known, WEIGHT)
    assert loss.item() == pytest.approx(0, abs=0.02)


def test_b_scans_in_which_nobody_looked_cost_nothing() -> None:
    known = torch.zeros(1, 3, dtype=torch.bool)
    assert lesion_loss(8 * one_hot(2), one_hot(0), known, WEIGHT).item() == 0.0
