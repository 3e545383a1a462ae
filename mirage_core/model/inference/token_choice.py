"""Which tokens of a B-scan an encoder is given one by one, and which several at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from mirage_core.model.inference.region import Region
from mirage_core.model.tokens import Tokens

MERGED_SIDE = 4
"""Side of the squares of the token grid that background is merged in."""


@dataclass(frozen=True, eq=False)
class Merging:
    """Tokens of all domains in groups: those wanted alone, background several to a group.

    A group's token is the mean of its members as they enter the encoder. Attended to, it counts
    as often as it has members (Bolya et al., Token Merging, 2023), so that what the others
    attend to hardly changes.

    Attributes
    ----------
    group : int64 tensor ``(N,)``
        Of every token of the whole sequence.
    sizes : float tensor ``(M,)``
    """

    group: Tensor
    sizes: Tensor

    def merged(self, embedded: Tensor) -> Tensor:
        """Return the tokens of the groups ``(B, M, D)`` of embedded ones ``(B, N, D)``."""
        total = embedded.new_zeros(len(embedded), len(self.sizes), embedded.shape[2])
        total.index_add_(1, self.group, embedded)
        return total / self.sizes[:, None]

    def weight(self, n_global: int) -> Tensor:
        """Return what is added to attention's logits ``(1, 1, 1, M + n_global)``."""
        return torch.cat([self.sizes.log(), self.sizes.new_zeros(n_global)])[None, None, None]

    def spread(self, tokens: Tokens) -> Tokens:
        """Return `tokens` of the groups given to all their members."""

        def each(values: Tensor) -> Tensor:
            n = len(self.sizes)
            return torch.cat([values[:, self.group], values[:, n:]], dim=1)

        layers = tuple(each(layer) for layer in tokens.layers)
        return replace(tokens, values=each(tokens.values), layers=layers)


def merging(
    region: Region, domain: str, grids: Mapping[str, tuple[int, int]], device: torch.device
) -> Merging | None:
    """Return the merging that leaves alone `region` of the grid of `domain`, and other domains.

    None if nothing is left to merge.
    """
    names: list[np.ndarray] = []
    start = 0
    for name, (height, width) in grids.items():
        own = start + np.arange(height * width).reshape(height, width)
        if name == domain:
            rows, columns = np.indices((height, width)) // MERGED_SIDE
            # Below every token's own number, one for each square.
            square = -1 - (rows * width + columns)
            own = np.where(region.mask, own, square)
        names.append(own.ravel())
        start += height * width
    _, group, sizes = np.unique(np.concatenate(names), return_inverse=True, return_counts=True)
    if len(sizes) == start:
        return None
    return Merging(
        torch.from_numpy(group.ravel()).to(device),
        torch.from_numpy(sizes).to(device, torch.float32),
    )
