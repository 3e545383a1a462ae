"""Tokens: what an encoder makes of its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Kept:
    """Which tokens of the whole sequence an encoder was given, when not all.

    Attributes
    ----------
    index : int64 tensor ``(B, M)``
        Places in the whole sequence, ascending; samples with fewer are filled up with 0.
    valid : bool tensor ``(B, M)`` or None
        False on the filling; None when every sample keeps `M` tokens.
    """

    index: Tensor
    valid: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Tokens:
    """Output of an encoder.

    Attributes
    ----------
    values : float tensor ``(B, M + G, D)``
        Patch tokens in the order of `grids`, row-major each, then the G global tokens.
    grids : mapping of str to (int, int)
        Tokens down and across per domain, in the order of the inputs.
    n_global : int
    layers : tuple of tensors like `values`
        Outputs of the blocks asked for.
    kept : Kept or None
        Which of all patches `values` holds; None when all of them.
    pyramid : tuple of float tensors ``(B, C, h, w)``
        What a convolutional stem saw on the way to the patches, from fine to coarse; empty
        without one.
    """

    values: Tensor
    grids: Mapping[str, tuple[int, int]]
    n_global: int = 1
    layers: tuple[Tensor, ...] = ()
    kept: Kept | None = None
    pyramid: tuple[Tensor, ...] = ()

    @property
    def n_patches(self) -> int:
        """Patches of all domains, whether kept or not."""
        return sum(h * w for h, w in self.grids.values())

    @property
    def patches(self) -> Tensor:
        """Patch tokens of all domains ``(B, M, D)``."""
        return self.values[:, : self.values.shape[1] - self.n_global]

    @property
    def global_tokens(self) -> Tensor:
        """Global tokens ``(B, G, D)``."""
        return self.values[:, self.values.shape[1] - self.n_global :]

    def of(self, domain: str, values: Tensor | None = None) -> Tensor:
        """Return the patch tokens of one domain ``(B, gh * gw, D)``.

        Parameters
        ----------
        domain : str
        values : tensor like :attr:`values`, optional
            Output of another block.

        Raises
        ------
        KeyError
            If the domain is not among the inputs.
        ValueError
            If only some tokens were kept.
        """
        if self.kept is not None:
            raise ValueError("only some of the tokens were kept; there is no whole map")
        start = 0
        for name, (height, width) in self.grids.items():
            if name == domain:
                source = self.values if values is None else values
                return source[:, start : start + height * width]
            start += height * width
        raise KeyError(domain)

    def maps(self, domains: tuple[str, ...], values: Tensor | None = None) -> Tensor:
        """Return the tokens of `domains` as maps, stacked along channels ``(B, n * D, gh, gw)``."""
        grid = self.grids[domains[0]]
        if any(self.grids[d] != grid for d in domains):
            raise ValueError(f"the grids of {', '.join(domains)} differ; maps cannot be stacked")
        stacked = torch.cat([self.of(d, values) for d in domains], dim=2)
        return stacked.transpose(1, 2).unflatten(2, grid)


def kept_tokens(masks: Tensor) -> Kept:
    """Return which tokens are kept under `masks` ``(B, N)``, 0 = kept and 1 = masked.

    Every sample may keep a different number.

    Raises
    ------
    ValueError
        If a sample keeps none.
    """
    visible = masks == 0
    counts = visible.sum(dim=1)
    if int(counts.min()) == 0:
        raise ValueError("every token of a sample is masked; nothing is left to look at")
    most = int(counts.max())
    # A stable sort on "masked" brings the kept ones to the front in ascending order.
    index = torch.argsort((~visible).to(torch.uint8), dim=1, stable=True)[:, :most]
    if bool((counts == most).all()):
        return Kept(index)
    valid = torch.arange(most, device=masks.device)[None, :] < counts[:, None]
    return Kept(torch.where(valid, index, 0), valid)


def gather(sequence: Tensor, index: Tensor) -> Tensor:
    """Return the rows `index` ``(B, M)`` of `sequence` ``(B, N, D)``: ``(B, M, D)``."""
    return torch.gather(sequence, 1, index[:, :, None].expand(-1, -1, sequence.shape[2]))
