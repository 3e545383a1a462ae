"""From a specification to a model."""

from __future__ import annotations

import torch
from torch import nn

from mirage_core.model.classification import ClassificationModel
from mirage_core.model.encoder import MirageEncoder
from mirage_core.model.masked import MaskedModel
from mirage_core.model.segmentation import BackboneSegmentation, MirageSegmentation
from mirage_core.model.spec import EncoderKind, ModelSpec


def build_model(spec: ModelSpec, *, drop_path: float = 0.0) -> nn.Module:
    """Return a new model with random weights.

    Parameters
    ----------
    spec : ModelSpec
    drop_path : float
        Stochastic depth of the encoder's last block, in training.

    Returns
    -------
    nn.Module
        :class:`MaskedModel`, a segmentation model, a :class:`ClassificationModel` or an encoder.
    """
    if spec.encoder is EncoderKind.MIRAGE:
        if spec.decoder is not None:
            return MaskedModel(spec, drop_path)
        if spec.head is not None:
            return MirageSegmentation(spec, drop_path)
        encoder: nn.Module = MirageEncoder(spec, drop_path)
    else:
        from mirage_core.model.timm_encoders import build_timm_encoder

        encoder = build_timm_encoder(spec)
        if spec.head is not None:
            return BackboneSegmentation(encoder, spec)
    return encoder if spec.classifier is None else ClassificationModel(encoder, spec)


def empty_model(spec: ModelSpec) -> nn.Module:
    """Return a model without memory for its weights, to be filled by assignment."""
    with torch.device("meta"):
        return build_model(spec).eval()


def n_parameters(spec: ModelSpec) -> int:
    """Return the number of parameters, tables of positions included, those named twice once."""
    return sum(p.numel() for p in empty_model(spec).parameters())
