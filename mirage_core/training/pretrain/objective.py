"""What pre-training minimises: reconstruction of what was hidden, summed over the domains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from mirage_core.model.spec import DomainSpec
from mirage_core.training.masked_losses import masked_cross_entropy, masked_mse


def scored_masks(masks: Sequence[Tensor], present: Tensor) -> list[Tensor]:
    """Return the masks of what counts: hidden from the encoder, and there to compare with.

    Parameters
    ----------
    masks : sequence of tensors ``[n, token]``
        Per domain, 1 = hidden.
    present : bool tensor ``[n, domain]``
    """
    return [mask * present[:, d, None].to(mask.dtype) for d, mask in enumerate(masks)]


def n_scored(scored: Sequence[Tensor]) -> Tensor:
    """Return how many samples count in each domain, float32 ``[domain]``."""
    return torch.stack([mask.any(dim=1).sum() for mask in scored]).float()


def domain_losses(
    reconstructions: Mapping[str, Tensor],
    targets: Mapping[str, Tensor],
    scored: Sequence[Tensor],
    of_all: Tensor,
    domains: Sequence[DomainSpec],
) -> Tensor:
    """Return this part's contribution to each domain's loss over the whole batch ``[domain]``.

    The loss of a domain is the mean over the samples that count in it. Parts of a batch hold
    different numbers of these, so each part's mean is weighted by its own; contributions of all
    parts, on whatever device, add up to the loss of the batch.

    Parameters
    ----------
    reconstructions, targets : mapping of str to tensor
        Of the part.
    scored : sequence of tensors ``[n, token]``
        Of the part, per domain.
    of_all : float tensor ``[domain]``
        :func:`n_scored` of the whole batch.
    domains : sequence of DomainSpec
    """
    weights = n_scored(scored) / of_all.clamp(min=1)
    losses = []
    for domain, mask in zip(domains, scored, strict=True):
        loss = masked_mse if domain.n_classes is None else masked_cross_entropy
        losses.append(
            loss(reconstructions[domain.name], targets[domain.name], mask, patch=domain.patch)
        )
    return torch.stack(losses) * weights
