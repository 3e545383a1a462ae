"""The ConvNeXt head on a region of its grid: exact there, and nothing computed elsewhere.

Every block looks three places around, so its input is needed on the region of its output grown
by three. Maps lie channels-last, so that the depth-wise convolution needs no transposing; the
point-wise layers run on the wanted places only, in chunks whose four times wider middle stays in
the processor's cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from mirage_core.model.heads.convnext import SIDE, ConvNextBlock, ConvNextHead
from mirage_core.model.inference.linears import Linear, Maker
from mirage_core.model.inference.region import Region
from mirage_core.model.tokens import Tokens

REACH = 3
"""Places to each side that a 7 x 7 convolution looks at."""


@dataclass(frozen=True, eq=False)
class _Block:
    dwconv: nn.Conv2d
    norm: nn.LayerNorm
    widen: Linear
    narrow: Linear


class ConvNextRegion:
    """What `head` computes, on any region.

    Parameters
    ----------
    head : ConvNextHead
        Not changed.
    make : Maker
    chunk : int
        Places at a time in the point-wise layers.
    """

    def __init__(self, head: ConvNextHead, make: Maker, chunk: int) -> None:
        self._head = head
        self._chunk = chunk
        self._project = make(head.proj_dec, False)
        self._blocks = [
            _Block(b.dwconv, b.norm, make(b.pwconv1, True), make(b.pwconv2, False))
            for b in cast(list[ConvNextBlock], list(head.blocks))
        ]

    def __call__(self, tokens: Tokens, region: Region) -> Tensor:
        """Return logits on the hull of `region`, right on the region itself only.

        Parameters
        ----------
        tokens : Tokens
            Looked at where the region's receptive field reaches.
        region : Region
            Of the head's grid ``(4 gh, 4 gw)``; the same for all samples.

        Returns
        -------
        float tensor ``(B, K, rows of the hull, 4 gw)``
        """
        needed = [region]
        for _ in self._blocks:
            needed.insert(0, needed[0].dilated(REACH))
        domains = self._head.spec.domains
        map_ = torch.cat([tokens.of(d) for d in domains], dim=2)
        x = self._spread(map_.unflatten(1, tokens.grids[domains[0]]), needed[0])
        for block, before, after in zip(self._blocks, needed, needed[1:], strict=False):
            x = self._through(block, x, before, after)
        final = self._head.final_layer
        logits = functional.linear(x, final.weight.flatten(1), final.bias)
        return logits.permute(0, 3, 1, 2)

    def _spread(self, tokens: Tensor, region: Region) -> Tensor:
        """Return tokens ``(B, gh, gw, D)``, projected, as a map ``(B, rows of the hull, w, C)``."""
        n, gh, gw, dim = tokens.shape
        coarse = region.coarser((gh, gw))
        rows, columns = torch.from_numpy(coarse.mask).to(tokens.device).nonzero(as_tuple=True)
        first, last = coarse.hull.start, coarse.hull.stop
        projected = self._project(tokens[:, rows, columns].reshape(-1, dim))
        channels = self._head.channels
        x = projected.new_zeros((n, last - first, SIDE, gw, SIDE, channels))
        x[:, rows - first, :, columns] = projected.view(
            n, len(rows), SIDE, SIDE, channels
        ).transpose(0, 1)
        x = x.view(n, SIDE * (last - first), SIDE * gw, channels)
        return x[:, region.hull.start - SIDE * first : region.hull.stop - SIDE * first]

    def _through(self, block: _Block, x: Tensor, before: Region, after: Region) -> Tensor:
        """Return the output of `block` on the hull of `after`, right on `after` itself."""
        kept = slice(after.hull.start - before.hull.start, after.hull.stop - before.hull.start)
        conv = block.dwconv
        # Zeros beyond the hull are right at the image's border only; elsewhere the rows they
        # reach are not kept.
        y = functional.conv2d(
            x.permute(0, 3, 1, 2), conv.weight, conv.bias, padding=REACH, groups=conv.groups
        ).permute(0, 2, 3, 1)[:, kept]
        shape = y.shape
        y, x = y.reshape(-1, shape[-1]), x[:, kept].reshape(-1, shape[-1])
        index = _index(after, shape[0], x.device)
        chosen, y = (x, y) if index is None else (x[index], y[index])
        for at in range(0, len(y), self._chunk):
            part = slice(at, at + self._chunk)
            normed = functional.layer_norm(
                y[part],
                block.norm.normalized_shape,
                block.norm.weight,
                block.norm.bias,
                block.norm.eps,
            )
            chosen[part] += block.narrow(block.widen(normed))
        if index is not None:
            x[index] = chosen
        return x.view(shape)


def _index(region: Region, n_samples: int, device: torch.device) -> Tensor | None:
    """Return the flat places of `region` within its hull, of all samples; None if all of them."""
    if region.is_block:
        return None
    inside = torch.from_numpy(region.mask[region.hull]).to(device)
    return inside.expand(n_samples, -1, -1).flatten().nonzero()[:, 0]
