"""The pre-training model: encoder and decoders, with masked or missing domains."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mirage_core.model.decoders import SpatialDecoder
from mirage_core.model.encoder import Inputs, MirageEncoder
from mirage_core.model.spec import DOMAINS, ModelSpec
from mirage_core.model.tokens import Kept, Tokens


class MaskedModel(MirageEncoder):
    """Reconstructs domains from any visible tokens of any of them.

    Parameters
    ----------
    spec : ModelSpec
        With a decoder.
    """

    def __init__(self, spec: ModelSpec, drop_path: float = 0.0) -> None:
        super().__init__(spec, drop_path)
        decoder = spec.decoder
        if decoder is None:
            raise ValueError("a pre-training model needs decoders; its specification has none")
        inputs = tuple(d.name for d in spec.domains)
        self.output_adapters = nn.ModuleDict(
            {
                d.name: SpatialDecoder(
                    d, inputs, spec.dim, decoder.dim, decoder.depth, decoder.heads
                )
                for d in decoder.domains
            }
        )

    def decode(
        self,
        tokens: Tokens,
        outputs: tuple[str, ...] | None = None,
        missing: tuple[str, ...] = (),
    ) -> dict[str, Tensor]:
        """Return reconstructions ``(B, C, H, W)`` per domain.

        Parameters
        ----------
        tokens : Tokens
        outputs : tuple of str, optional
            Domains wanted; all that have a decoder by default.
        missing : tuple of str
            Input domains that were not given at all: they stand in the sequence as masked.
        """
        grids = dict(tokens.grids)
        grid = next(iter(grids.values()))
        kept = tokens.kept
        absent = [name for name in missing if name not in grids]
        if absent and kept is None:
            n_samples = len(tokens.values)
            everything = torch.arange(tokens.n_patches, device=tokens.values.device)
            kept = Kept(everything.expand(n_samples, -1))
        grids.update(dict.fromkeys(absent, grid))
        names = outputs if outputs is not None else tuple(self.output_adapters)
        return {
            name: self.output_adapters[name](tokens.values, grids, tokens.n_global, kept)
            for name in names
        }

    def reconstruct(
        self,
        inputs: Inputs,
        outputs: tuple[str, ...] | None = None,
        masks: Mapping[str, Tensor] | None = None,
    ) -> dict[str, Tensor]:
        """Return reconstructions of `outputs` from `inputs`; domains not given are masked.

        A visible domain is reconstructed too, not copied.
        """
        order = [d.name for d in DOMAINS]
        mine = sorted(
            (d.name for d in self.spec.domains),
            key=lambda n: order.index(n) if n in order else len(order),
        )
        missing = tuple(n for n in mine if n not in inputs)
        return self.decode(self.encode(inputs, masks=masks), outputs, missing)

    def forward(  # type: ignore[override]
        self, inputs: Inputs, masks: Mapping[str, Tensor] | None = None
    ) -> dict[str, Tensor]:
        """Return the reconstructions of every domain with a decoder, for training."""
        return self.reconstruct(inputs, masks=masks)
