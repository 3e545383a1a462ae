"""The MIRAGE encoder: any subset of domains, any subset of their tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from mirage_core.model.blocks import apply, attention_mask, transformer_blocks
from mirage_core.model.input_adapters import InputAdapter, input_adapter
from mirage_core.model.spec import EncoderKind, ModelSpec
from mirage_core.model.tokens import Kept, Tokens, gather, kept_tokens

Inputs = Mapping[str, Tensor]
"""Per domain: images float ``(B, 1, H, W)`` in 0..1, label maps integer ``(B, H, W)``."""


class MirageEncoder(nn.Module):
    """Input adapters, a ViT of timm's blocks, one or more global tokens last, no final norm.

    Parameters
    ----------
    spec : ModelSpec
    drop_path : float
        Rate of stochastic depth of the last block; acts in training only.
    """

    def __init__(self, spec: ModelSpec, drop_path: float = 0.0) -> None:
        super().__init__()
        if spec.encoder is not EncoderKind.MIRAGE:
            raise ValueError(f"this is the MIRAGE encoder, not that of {spec.encoder.value}")
        self.spec = spec
        self.dim = spec.dim
        self.input_adapters = nn.ModuleDict(
            {d.name: input_adapter(d, spec.dim) for d in spec.domains}
        )
        self.global_tokens = nn.Parameter(torch.zeros(1, spec.n_global, spec.dim))
        self.encoder = transformer_blocks(
            spec.depth, spec.dim, spec.heads, spec.mlp_ratio, drop_path
        )
        if not self.global_tokens.is_meta:
            nn.init.trunc_normal_(self.global_tokens, std=0.02)

    def adapter(self, domain: str) -> InputAdapter:
        """Return the input adapter of `domain`.

        Raises
        ------
        KeyError
            If this model has no such input.
        """
        if domain not in self.input_adapters:
            known = ", ".join(self.input_adapters)
            raise KeyError(f"this model has no input {domain!r}; it takes: {known}")
        adapter = self.input_adapters[domain]
        assert isinstance(adapter, InputAdapter)
        return adapter

    def grids(self, inputs: Inputs) -> dict[str, tuple[int, int]]:
        """Return the tokens down and across of every input, in their order."""
        return {name: self.adapter(name).grid(x) for name, x in inputs.items()}

    def embed(self, inputs: Inputs) -> Tensor:
        """Return the patch tokens before the first block ``(B, N, D)``, in the inputs' order."""
        return self.look(inputs)[0]

    def look(self, inputs: Inputs) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return :meth:`embed` of `inputs`, and what the stem of the first one with a stem saw."""
        if not inputs:
            raise ValueError("an encoder needs at least one input")
        seen = [self.adapter(name).look(x) for name, x in inputs.items()]
        pyramids = [pyramid for _, pyramid in seen if pyramid]
        return torch.cat([x for x, _ in seen], dim=1), pyramids[0] if pyramids else ()

    def encode(
        self,
        inputs: Inputs,
        *,
        masks: Mapping[str, Tensor] | None = None,
        keep: Kept | None = None,
        layers: Sequence[int] | None = None,
    ) -> Tokens:
        """Return the tokens of `inputs`.

        Parameters
        ----------
        inputs : mapping of str to tensor
            The order of its keys is the order of the tokens.
        masks : mapping of str to tensor ``(B, gh * gw)``, optional
            0 = keep, 1 = leave out; domains that are not in it are kept whole.
        keep : Kept, optional
            Instead of `masks`.
        layers : sequence of int, optional
            Blocks, counted from 0, whose outputs are wanted too.

        Returns
        -------
        Tokens
        """
        x, pyramid = self.look(inputs)
        grids = self.grids(inputs)
        if masks is not None:
            keep = kept_tokens(whole_mask(masks, grids, len(x), x.device))
            if keep.valid is None and keep.index.shape[1] == x.shape[1]:
                keep = None
        if keep is not None:
            x = gather(x, keep.index)
        x = torch.cat([x, self.global_tokens.expand(len(x), -1, -1)], dim=1)
        attend = attention_mask(None if keep is None else keep.valid, self.spec.n_global)
        wanted = set(layers or ())
        outputs: dict[int, Tensor] = {}
        for i, block in enumerate(self.encoder):
            x = apply(block, x, attend)
            if i in wanted:
                outputs[i] = x
        found = tuple(outputs[i] for i in layers or ())
        return Tokens(x, grids, self.spec.n_global, found, keep, pyramid)

    def forward(
        self,
        inputs: Inputs,
        *,
        masks: Mapping[str, Tensor] | None = None,
        layers: Sequence[int] | None = None,
    ) -> Tokens:
        """Return :meth:`encode` of the arguments."""
        return self.encode(inputs, masks=masks, layers=layers)


def whole_mask(
    masks: Mapping[str, Tensor],
    grids: Mapping[str, tuple[int, int]],
    n_samples: int,
    device: torch.device,
) -> Tensor:
    """Return the masks of all domains side by side ``(B, N)``, 0 where a domain has none.

    Raises
    ------
    ValueError
        If a mask does not fit its domain's tokens, or is of a domain that is no input.
    """
    stray = set(masks) - set(grids)
    if stray:
        raise ValueError(f"masks of domains that are no input: {', '.join(sorted(stray))}")
    parts = []
    for name, (height, width) in grids.items():
        n = height * width
        mask = masks.get(name)
        if mask is None:
            mask = torch.zeros(n_samples, n, dtype=torch.uint8, device=device)
        if tuple(mask.shape) != (n_samples, n):
            raise ValueError(
                f"the mask of {name} is {tuple(mask.shape)}; its tokens are {(n_samples, n)}"
            )
        parts.append((mask != 0).to(torch.uint8).to(device))
    return torch.cat(parts, dim=1)
