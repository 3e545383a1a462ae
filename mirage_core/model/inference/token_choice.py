"""Which tokens of a B-scan an encoder is given, and what stands for the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from mirage_core.model.inference.region import Region
from mirage_core.model.tokens import Kept, Tokens

_ACROSS = 1000.0
"""A token beside counts as this much further away than one above or below."""


def kept_in(
    region: Region, domain: str, grids: Mapping[str, tuple[int, int]], device: torch.device
) -> Kept | None:
    """Return the tokens of `domain` in `region` of its grid and all those of the others.

    None if that is every token.
    """
    parts = [
        region.mask.ravel() if name == domain else np.ones(height * width, bool)
        for name, (height, width) in grids.items()
    ]
    kept = np.concatenate(parts)
    if kept.all():
        return None
    return Kept(torch.from_numpy(np.flatnonzero(kept))[None].to(device))


def filled(tokens: Tokens) -> Tokens:
    """Return `tokens` of one sample with each one left out replaced by the nearest in its column.

    What the encoder was not given is background beyond the outermost token it was given, so that
    one resembles it best.
    """
    if tokens.kept is None:
        return tokens
    kept = np.zeros(tokens.n_patches, bool)
    kept[tokens.kept.index[0].cpu().numpy()] = True
    place = np.cumsum(kept) - 1
    source, start = [], 0
    for height, width in tokens.grids.values():
        own = kept[start : start + height * width].reshape(height, width)
        rows, columns = ndimage.distance_transform_edt(
            ~own, sampling=(1.0, _ACROSS), return_distances=False, return_indices=True
        )
        source.append(place[start + rows * width + columns].ravel())
        start += height * width
    globals_ = np.arange(tokens.n_global) + kept.sum()
    index = torch.from_numpy(np.concatenate([*source, globals_])).to(tokens.values.device)

    def spread(values: Tensor) -> Tensor:
        return values[:, index]

    layers = tuple(spread(layer) for layer in tokens.layers)
    return replace(tokens, values=spread(tokens.values), layers=layers, kept=None)
