"""Which tokens the encoder sees: Dirichlet shares of a budget, as MultiMAE and MIRAGE draw them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

_LEAST_SHARE = 1e-12


def sample_masks(
    present: Tensor,
    n_tokens: Sequence[int],
    budget: int,
    alpha: float,
    generator: torch.Generator,
) -> list[Tensor]:
    """Draw the visible tokens of a batch.

    Each sample's shares of the budget are drawn from a symmetric Dirichlet distribution over the
    domains it has. Whole numbers of tokens follow by highest averages (Webster's method), so
    that they sum to the budget and what one domain cannot take goes to the others; within a
    domain every set of tokens is equally likely.

    Parameters
    ----------
    present : bool tensor ``[n, domain]``
        Which domains a sample has; all tokens of the others are masked.
    n_tokens : sequence of int
        Tokens per domain.
    budget : int
        Visible tokens of a sample; all it has where it has fewer.
    alpha : float
        Concentration: 1 makes all shares equally likely, more brings them closer together.
    generator : torch.Generator
        On the CPU.

    Returns
    -------
    list of uint8 tensors ``[n, n_tokens[domain]]``
        0 = visible, 1 = masked.
    """
    gammas = torch._standard_gamma(
        torch.full(present.shape, alpha, dtype=torch.float64), generator=generator
    )
    gammas = gammas.clamp(min=_LEAST_SHARE)
    # Token k of a domain in random order, from 0, comes up at (k + 1/2) / share: taking the
    # first of all domains is Webster's method. Shares need no common scale for that.
    keys = []
    for domain, n in enumerate(n_tokens):
        order = torch.rand(len(present), n, generator=generator).argsort(dim=1)
        turn = (torch.arange(n) + 0.5) / gammas[:, domain, None]
        turn = turn.masked_fill(~present[:, domain, None], torch.inf)
        keys.append(torch.empty_like(turn).scatter_(1, order, turn))
    turns = torch.cat(keys, dim=1)
    first = turns.topk(min(budget, turns.shape[1]), dim=1, largest=False).indices
    masks = torch.ones(turns.shape, dtype=torch.uint8)
    masks.scatter_(1, first, 0)
    masks[turns.isinf()] = 1
    return list(masks.split(list(n_tokens), dim=1))


def generator_of(*numbers: int) -> torch.Generator:
    """Return a generator that whole numbers (seed, step, …) determine, on any machine."""
    state = np.random.SeedSequence(numbers).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state[0]))
