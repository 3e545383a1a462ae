"""Visible tokens are shared out among the domains as a Dirichlet distribution says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mirage_core.training.pretrain.sampling import generator_of, sample_masks


def draw(n: int, tokens: list[int], budget: int, alpha: float = 1.0, seed: int = 0):
    present = torch.ones(n, len(tokens), dtype=torch.bool)
    return sample_masks(present, tokens, budget, alpha, generator_of(seed))


def visible(masks: list[torch.Tensor]) -> np.ndarray:
    return torch.stack([(m == 0).sum(dim=1) for m in masks], dim=1).numpy()


def test_shares_of_the_published_budget_follow_the_dirichlet_distribution() -> None:
    counts = visible(draw(4000, [256, 256, 256], 98))
    assert (counts.sum(axis=1) == 98).all()
    # With alpha 1 and three domains every share is Beta(1, 2): mean 1/3, variance 1/18.
    jitter = np.random.default_rng(1).uniform(-0.5, 0.5, counts.shape)
    for domain in range(3):
        shares = counts[:, domain] / 98
        assert abs(shares.mean() - 1 / 3) < 4 * np.sqrt(1 / 18 / len(shares))
        assert abs(shares.var() - 1 / 18) < 0.005
        smooth = np.clip((counts[:, domain] + jitter[:, domain] + 0.5) / 99, 0, 1)
        assert stats.kstest(smooth, stats.beta(1, 2).cdf).statistic < 0.03


def test_more_concentration_brings_the_shares_closer_together() -> None:
    loose, tight = (visible(draw(500, [64, 64, 64], 48, alpha)).std() for alpha in (0.3, 30.0))
    assert tight < loose / 3


def test_within_a_domain_every_token_is_as_likely() -> None:
    masks = draw(6000, [16, 16], 8)
    for mask in masks:
        often = (mask == 0).float().mean(dim=0)
        assert (often - 0.25).abs().max() < 0.035


@settings(max_examples=60, deadline=None)
@given(
    tokens=st.lists(st.integers(1, 12), min_size=1, max_size=4),
    budget=st.integers(1, 60),
    alpha=st.sampled_from([0.01, 0.3, 1.0, 50.0]),
    seed=st.integers(0, 2**31),
    data=st.data(),
)
def test_counts_sum_to_the_budget_and_fit_the_domains_that_are_there(
    tokens: list[int], budget: int, alpha: float, seed: int, data: st.DataObject
) -> None:
    row = st.lists(st.booleans(), min_size=len(tokens), max_size=len(tokens)).filter(any)
    present = torch.tensor(data.draw(st.lists(row, min_size=1, max_size=5)))
    counts = visible(sample_masks(present, tokens, budget, alpha, generator_of(seed)))
    there = present.numpy() * np.array(tokens)
    assert (counts <= there).all()
    np.testing.assert_array_equal(counts.sum(axis=1), np.minimum(budget, there.sum(axis=1)))


def test_the_same_seed_gives_the_same_masks_and_another_one_others() -> None:
    first, again, other = (draw(8, [16, 16], 8, seed=s) for s in (5, 5, 6))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("numbers", [(0, 1), (1, 0), (0, 0, 1)])
def test_neighbouring_seeds_and_steps_give_unrelated_streams(numbers: tuple[int, ...]) -> None:
    plain = torch.rand(1000, generator=generator_of(0, 0))
    other = torch.rand(1000, generator=generator_of(*numbers))
    assert abs(np.corrcoef(plain, other)[0, 1]) < 0.12
