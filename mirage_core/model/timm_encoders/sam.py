"""The image encoders of SAM and MedSAM: published keys to timm's, and the encoder."""

from __future__ import annotations

from collections.abc import Mapping

import timm
from torch import Tensor, nn

from mirage_core.model.blocks import LayerNorm
from mirage_core.model.spec import ModelSpec
from mirage_core.model.timm_encoders.base import IMAGENET_MEAN, IMAGENET_STD, TimmEncoder
from mirage_core.model.timm_encoders.variants import architecture, recipe

MEDSAM = "medsam"
"""Recipe of MedSAM's weights: trained on plain 0..1 values, not on ImageNet's normalisation."""

_PREFIX = "image_encoder."
_OTHER_PARTS = ("prompt_encoder.", "mask_decoder.", "pixel_mean", "pixel_std")
_SIZES = {768: "base", 1024: "large", 1280: "huge"}


class SamEncoder(TimmEncoder):
    """The ViT of SAM; no global tokens, no final norm, without the neck.

    Tokens are the last block's, so that they are as wide as those of every block. The neck,
    which narrows them for SAM's own mask decoder, is left out.
    """

    def __init__(self, spec: ModelSpec) -> None:
        if spec.n_global:
            raise ValueError(
                f"{spec.variant} has no class or register tokens; "
                f"the specification says {spec.n_global}"
            )
        vit = timm.create_model(
            architecture(spec),
            pretrained=False,
            num_classes=0,
            img_size=spec.domains[0].size,
            patch_size=spec.domains[0].patch,
            embed_dim=spec.dim,
            depth=spec.depth,
            num_heads=spec.heads,
            mlp_ratio=spec.mlp_ratio,
            global_attn_indexes=global_blocks(spec.depth),
            # timm's own is 1e-5; SAM was trained with this one.
            norm_layer=LayerNorm,
        )
        vit.neck = nn.Identity()
        if recipe(spec) == MEDSAM:
            super().__init__(spec, vit, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
        else:
            super().__init__(spec, vit, IMAGENET_MEAN, IMAGENET_STD)

    def _encode(self, x: Tensor, wanted: tuple[int, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        last = self.spec.depth - 1
        blocks = sorted({*wanted, last})
        maps = self.vit.forward_intermediates(x, indices=blocks, intermediates_only=True)
        outputs = {i: m.flatten(2).transpose(1, 2) for i, m in zip(blocks, maps, strict=True)}
        return outputs[last], tuple(outputs[i] for i in wanted)


def global_blocks(depth: int) -> tuple[int, ...]:
    """Return the blocks that attend to the whole image: the last of every quarter of `depth`.

    The others attend within windows of 14 x 14 tokens.
    """
    return tuple(sorted({-(-depth * quarter // 4) - 1 for quarter in (1, 2, 3, 4)}))


def timm_key(key: str) -> str | None:
    """Return timm's name of a published key, None for the neck and what is no image encoder."""
    name = key.removeprefix(_PREFIX)
    if key.startswith(_OTHER_PARTS) or name.startswith("neck."):
        return None
    return name.replace(".mlp.lin1.", ".mlp.fc1.").replace(".mlp.lin2.", ".mlp.fc2.")


def variant(state: Mapping[str, Tensor]) -> str:
    """Return timm's name of the model these weights are of; MedSAM's look the same."""
    return f"samvit_{_SIZES.get(state['patch_embed.proj.weight'].shape[0], 'base')}_patch16"
