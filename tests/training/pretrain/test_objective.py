"""The loss of a batch does not depend on how it is split up, and missing domains are out of it."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from mirage_core.model.spec import DOMAINS
from mirage_core.training.masked_losses import masked_cross_entropy, masked_mse
from mirage_core.training.pretrain.objective import domain_losses, n_scored, scored_masks

N, GRID = 6, 2
SPECS = tuple(d.model_copy(update={"size": (GRID * d.patch,) * 2}) for d in DOMAINS)


def batch(seed: int = 0):
    g = torch.Generator().manual_seed(seed)
    out, targets = {}, {}
    for spec in SPECS:
        out[spec.name] = torch.randn(N, spec.channels, *spec.size, generator=g)
        if spec.n_classes is None:
            targets[spec.name] = torch.rand(N, 1, *spec.size, generator=g)
        else:
            targets[spec.name] = torch.randint(0, spec.n_classes, (N, *spec.size), generator=g)
    masks = [(torch.rand(N, GRID**2, generator=g) < 0.6).to(torch.uint8) for _ in SPECS]
    masks[0][3] = 0  # a sample with nothing to reconstruct in the first domain
    present = torch.ones(N, len(SPECS), dtype=torch.bool)
    return out, targets, masks, present


def losses_in_parts(parts: list[slice], out, targets, masks, present) -> torch.Tensor:
    scored = scored_masks(masks, present)
    total = n_scored(scored)
    return sum(
        domain_losses(
            {k: v[p] for k, v in out.items()},
            {k: v[p] for k, v in targets.items()},
            [m[p] for m in scored],
            total,
            SPECS,
        )
        for p in parts
    )


def test_the_whole_batch_gives_the_published_losses() -> None:
    out, targets, masks, present = batch()
    losses = losses_in_parts([slice(0, N)], out, targets, masks, present)
    expected = [
        masked_mse(out["bscan"], targets["bscan"], masks[0], patch=32),
        masked_mse(out["slo"], targets["slo"], masks[1], patch=32),
        masked_cross_entropy(out["bscanlayermap"], targets["bscanlayermap"], masks[2], patch=8),
    ]
    torch.testing.assert_close(losses, torch.stack(expected))


@pytest.mark.parametrize("cuts", [(3,), (1, 2, 5), (4,)])
def test_parts_of_any_size_add_up_to_the_whole(cuts: tuple[int, ...]) -> None:
    content = batch(1)
    edges = (0, *cuts, N)
    parts = [slice(a, b) for a, b in pairwise(edges)]
    whole = losses_in_parts([slice(0, N)], *content)
    torch.testing.assert_close(losses_in_parts(parts, *content), whole)


def test_what_a_sample_lacks_has_no_say() -> None:
    out, targets, masks, present = batch(2)
    masks[1][2] = 1
    present[2, 1] = False
    before = losses_in_parts([slice(0, N)], out, targets, masks, present)
    targets["slo"][2] = 1e6
    torch.testing.assert_close(losses_in_parts([slice(0, N)], out, targets, masks, present), before)


def test_a_domain_that_no_sample_has_counts_nothing_and_breaks_nothing() -> None:
    out, targets, masks, present = batch(3)
    present[:, 2] = False
    out["bscanlayermap"].requires_grad_()
    losses = losses_in_parts([slice(0, N)], out, targets, masks, present)
    assert losses[2] == 0
    losses.sum().backward()
    assert not out["bscanlayermap"].grad.any()
