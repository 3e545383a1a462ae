"""Decoders of masked pre-training: from visible tokens to a whole image or label map."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from timm.layers.mlp import Mlp
from torch import Tensor, nn
from torch.nn import functional

from mirage_core.model.blocks import LayerNorm, apply, attention_mask, transformer_blocks
from mirage_core.model.positions import resize_table, sincos_table
from mirage_core.model.spec import DomainSpec
from mirage_core.model.tokens import Kept, gather


class CrossAttention(nn.Module):
    """Attention of queries to a context, keys `q`, `kv` and `proj`."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(dim, dim)
        self.kv = nn.Linear(dim, 2 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, queries: Tensor, context: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return ``(B, Nq, d)`` from queries ``(B, Nq, d)`` and context ``(B, Nc, d)``."""
        q = self._split(self.q(queries))
        key, value = self.kv(context).chunk(2, dim=2)
        out = functional.scaled_dot_product_attention(
            q, self._split(key), self._split(value), attn_mask=mask
        )
        return self.proj(out.transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)


class SpatialDecoder(nn.Module):
    """Reconstructs one domain from the encoded tokens of any.

    Parameters
    ----------
    domain : DomainSpec
        What is reconstructed.
    inputs : tuple of str
        Domains whose tokens can be in the sequence.
    encoder_dim, dim, depth, heads : int
    """

    def __init__(
        self,
        domain: DomainSpec,
        inputs: tuple[str, ...],
        encoder_dim: int,
        dim: int,
        depth: int,
        heads: int,
    ) -> None:
        super().__init__()
        self.domain = domain
        self.mask_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_emb = nn.Parameter(sincos_table(dim, domain.grid), requires_grad=False)
        self.task_embeddings = nn.ParameterDict(
            {name: nn.Parameter(torch.zeros(1, 1, dim)) for name in inputs}
        )
        self.proj_context = nn.Linear(encoder_dim, dim)
        self.context_norm = LayerNorm(dim)
        self.query_norm = LayerNorm(dim)
        self.out_norm = LayerNorm(dim)
        self.decoder = CrossAttention(dim, heads)
        self.mlp = Mlp(dim, 4 * dim)
        self.decoder_transformer = transformer_blocks(depth, dim, heads)
        self.out_proj = nn.Linear(dim, domain.channels * domain.patch**2)
        for token in (self.mask_token, *self.task_embeddings.values()):
            if not token.is_meta:
                nn.init.trunc_normal_(token, std=0.02)

    def forward(
        self,
        encoded: Tensor,
        grids: Mapping[str, tuple[int, int]],
        n_global: int,
        kept: Kept | None,
    ) -> Tensor:
        """Return the reconstruction ``(B, C, H, W)``: grey values, or logits per class.

        Parameters
        ----------
        encoded : tensor ``(B, M + G, D)``
            Output of the encoder.
        grids : mapping of str to (int, int)
            Of every domain in the whole sequence, in its order; all have as many tokens.
        n_global : int
        kept : Kept or None
            Which tokens of the whole sequence `encoded` holds.
        """
        own = grids.get(self.domain.name, next(iter(grids.values())))
        self._check(grids, own)
        projected = self.proj_context(encoded)
        visible, global_tokens = projected[:, : -n_global or None], projected[:, -n_global:]
        if n_global == 0:
            global_tokens = projected[:, :0]
        positions = resize_table(self.pos_emb, own, "bilinear").flatten(2).transpose(1, 2)
        places = torch.cat([positions + self.task_embeddings[name] for name in grids], dim=1)
        sequence = self._sequence(visible, places, kept)
        queries = self._queries(sequence, grids, positions)
        context = sequence if kept is None else gather(sequence, kept.index)
        context = torch.cat([context, global_tokens], dim=1)
        attend = attention_mask(None if kept is None else kept.valid, n_global)
        x = self.decoder(self.query_norm(queries), self.context_norm(context), attend)
        x = x + self.mlp(self.out_norm(x))
        for block in self.decoder_transformer:
            x = apply(block, x, None)
        return self._image(self.out_proj(x), own)

    def _check(self, grids: Mapping[str, tuple[int, int]], own: tuple[int, int]) -> None:
        stray = set(grids) - set(self.task_embeddings)
        if stray:
            raise ValueError(f"the decoder was not trained with {', '.join(sorted(stray))}")
        if any(grid[0] * grid[1] != own[0] * own[1] for grid in grids.values()):
            raise ValueError(f"every domain needs the same number of tokens; got {dict(grids)}")

    def _sequence(self, visible: Tensor, places: Tensor, kept: Kept | None) -> Tensor:
        """Return every place of the whole sequence, mask tokens where nothing is visible."""
        if kept is None:
            return visible + places
        n_samples, n = len(visible), places.shape[1]
        index, rows = kept.index, visible
        if kept.valid is not None:
            # What only fills a sample up is written to a place of its own, beyond the end.
            index = torch.where(kept.valid, index, n)
        whole = self.mask_token.to(rows.dtype).expand(n_samples, n + 1, -1)
        whole = whole.scatter(1, index[:, :, None].expand_as(rows), rows)
        return whole[:, :n] + places

    def _queries(
        self, sequence: Tensor, grids: Mapping[str, tuple[int, int]], positions: Tensor
    ) -> Tensor:
        start = 0
        for name, (height, width) in grids.items():
            if name == self.domain.name:
                return sequence[:, start : start + height * width]
            start += height * width
        query = self.mask_token + positions
        if self.domain.name in self.task_embeddings:
            query = query + self.task_embeddings[self.domain.name]
        return query.expand(len(sequence), -1, -1)

    def _image(self, x: Tensor, grid: tuple[int, int]) -> Tensor:
        patch, channels = self.domain.patch, self.domain.channels
        tiles = x.reshape(len(x), *grid, channels, patch, patch)
        return tiles.permute(0, 3, 1, 4, 2, 5).reshape(
            len(x), channels, grid[0] * patch, grid[1] * patch
        )
