"""Nothing of a hidden patch may reach the encoder by way of a convolutional stem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from mirage_core.model.spec import DomainSpec

_GREY = 0.5
"""Zero to a stem, which takes grey less a half."""


def covered(
    inputs: Mapping[str, Tensor], masks: Mapping[str, Tensor], domains: Sequence[DomainSpec]
) -> dict[str, Tensor]:
    """Return `inputs` with even grey in the hidden patches of domains that have a stem.

    A stem sees across the borders of patches: the token of a visible patch would hold pixels of
    its hidden neighbours, and reconstructing these would be copying. Domains without a stem stay
    as they are, since the encoder leaves out their hidden patches whole.

    Parameters
    ----------
    inputs : mapping of str to tensor
        Images float ``[n, 1, z, x]``, layer maps ``[n, z, x]``.
    masks : mapping of str to tensor ``[n, token]``
        Nonzero where a patch is hidden, row by row.
    domains : sequence of DomainSpec
    """
    out = dict(inputs)
    for domain in domains:
        if not domain.stem or domain.name not in masks:
            continue
        hidden = (masks[domain.name] != 0).unflatten(1, domain.grid)[:, None]
        tiles = hidden.repeat_interleave(domain.patch, 2).repeat_interleave(domain.patch, 3)
        out[domain.name] = torch.where(tiles, _GREY, inputs[domain.name])
    return out
