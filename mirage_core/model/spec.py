"""ModelSpec: everything about a model that its weights do not say. Imports no torch.

Sizes are rows of one table, :data:`SIZES`; a specification can depart from every row.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

HEAD_DIM = 64
"""Width of one attention head of the published encoders; head counts are in no checkpoint."""


@dataclass(frozen=True, slots=True)
class Size:
    """One row of the table of encoder sizes: width, blocks, attention heads."""

    name: str
    dim: int
    depth: int
    heads: int
    mlp_ratio: float = 4.0


SIZES: dict[str, Size] = {
    s.name: s
    for s in (
        Size("tiny", 64, 2, 2),
        Size("starter", 192, 4, 3),
        Size("small", 192, 6, 3),
        Size("base", 768, 12, 12),
        Size("large", 1024, 24, 16),
    )
}


class EncoderKind(StrEnum):
    """Which family an encoder belongs to."""

    MIRAGE = "mirage"
    DINOV2 = "dinov2"
    RETFOUND = "retfound"
    SAM = "sam"


class HeadKind(StrEnum):
    """Segmentation heads."""

    CONVNEXT = "convnext"
    LINEAR = "linear"
    SEGMENTER = "segmenter"
    DPT = "dpt"
    PYRAMID = "pyramid"
    LIGHT = "light"


PUBLISHED_HEADS = (HeadKind.CONVNEXT, HeadKind.LINEAR, HeadKind.SEGMENTER, HeadKind.DPT)
"""Those that look at tokens alone, and so fit every encoder."""


class Pool(StrEnum):
    """What a classification head looks at: patch mean, global tokens, or both."""

    GLOBAL = "global"
    CLS = "cls"
    TOKEN_MIX = "token_mix"


class VolumePool(StrEnum):
    """What a head makes of the B-scans of a volume: nothing, their mean, a weighted mean."""

    NONE = "none"
    MEAN = "mean"
    ATTENTION = "attention"


class Normalisation(StrEnum):
    """Which chain of resizing and scaling a model was trained with.

    Attributes
    ----------
    WRAPPER
        Pre-training and reconstruction: blurred and resized by splines of order 1, grey / 255.
    HUB
        The encoder on the hub: antialiased bilinear in 8 bit, grey / 255.
    SEGMENTATION
        Minimum and maximum of the image to 0 and 1, then bilinear without antialiasing.
    CLASSIFICATION
        Antialiased bilinear in 8 bit, then minimum and maximum to 0 and 1.
    """

    WRAPPER = "wrapper"
    HUB = "hub"
    SEGMENTATION = "segmentation"
    CLASSIFICATION = "classification"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DomainSpec(_Frozen):
    """One kind of input: its name, patch side, native size and, for label maps, classes.

    Attributes
    ----------
    name : str
        ``bscan``, ``slo`` or ``bscanlayermap``.
    patch : int
        Side of a patch in px.
    size : (int, int)
        Native height and width in px; other sizes resize the table of positions.
    n_classes : int or None
        Classes of a label map; None for grey images.
    class_dim : int
        Width of the embedding of a class.
    stem : tuple of int
        Channels of a convolutional stem in front of the patches, from fine to coarse; empty:
        patches are cut from the image itself, as published.
    """

    name: str
    patch: int = 32
    size: tuple[int, int] = (512, 512)
    n_classes: int | None = None
    class_dim: int = 64
    stem: tuple[int, ...] = ()

    @property
    def grid(self) -> tuple[int, int]:
        """Tokens down and across at the native size."""
        return self.size[0] // self.patch, self.size[1] // self.patch

    @property
    def channels(self) -> int:
        """Channels of a reconstruction: one grey value, or one logit per class."""
        return 1 if self.n_classes is None else self.n_classes


BSCAN = DomainSpec(name="bscan")
SLO = DomainSpec(name="slo")
LAYER_MAP = DomainSpec(name="bscanlayermap", patch=8, size=(128, 128), n_classes=13)
DOMAINS: tuple[DomainSpec, ...] = (BSCAN, SLO, LAYER_MAP)
"""The domains MIRAGE was pre-trained with, in their order."""


class DecoderSpec(_Frozen):
    """The decoders of masked pre-training, one per reconstructed domain."""

    dim: int = 256
    depth: int = 2
    heads: int = 8
    domains: tuple[DomainSpec, ...] = DOMAINS


class HeadSpec(_Frozen):
    """A segmentation head.

    Attributes
    ----------
    kind : HeadKind
    n_classes : int
    domains : tuple of str
        Whose tokens it sees, concatenated along channels.
    embed : int
        ConvNeXt, light: width of the projection (16 sub-positions x channels). Segmenter: width.
        Unused by the others.
    depth : int
        Blocks of a ConvNeXt, light or Segmenter head.
    heads : int
        Attention heads of a Segmenter head.
    layers : tuple of int
        DPT: encoder blocks it hooks, counted from 0.
    widths : tuple of int
        DPT: channels of the four hooked maps.
    features : int
        DPT: channels of the fusion.
    parts : tuple of int
        Pyramid: classes of each of its outputs, which are told by a softmax of their own; their
        sum is `n_classes`. Its `widths` are those of the stem.
    """

    kind: HeadKind = HeadKind.CONVNEXT
    n_classes: int
    domains: tuple[str, ...] = ("bscan",)
    embed: int = 6144
    depth: int = 4
    heads: int = 12
    layers: tuple[int, ...] = (2, 5, 8, 11)
    widths: tuple[int, ...] = (96, 192, 384, 768)
    features: int = 256
    parts: tuple[int, ...] = ()


class ClassifierSpec(_Frozen):
    """A classification head.

    Attributes
    ----------
    pool : Pool
    n_classes : int
    multi_label : bool
        Each class is there or not, whatever the others: a sigmoid each instead of one softmax.
    domains : tuple of str
        What it looks at; empty: as published, the B-scan where the model knows it.
    volume : VolumePool
        How B-scans make a volume; ``none``: it tells B-scans alone.
    attention : int
        Hidden width of the attention over B-scans, where there is one.
    """

    pool: Pool
    n_classes: int
    multi_label: bool = False
    domains: tuple[str, ...] = ()
    volume: VolumePool = VolumePool.NONE
    attention: int = 64


class ModelSpec(_Frozen):
    """A whole model.

    Attributes
    ----------
    encoder : EncoderKind
    dim, depth, heads : int
        Width, blocks, attention heads of the encoder.
    mlp_ratio : float
        Hidden width of a block's MLP over `dim`.
    n_global : int
        Global tokens, appended after all patches.
    domains : tuple of DomainSpec
        Inputs, at the sizes the tables of positions are stored for.
    decoder, head, classifier
        At most one of them is set; none: an encoder alone.
    variant : str
        For encoders of timm: the name of the timm model.
    """

    encoder: EncoderKind = EncoderKind.MIRAGE
    dim: int
    depth: int
    heads: int
    mlp_ratio: float = 4.0
    n_global: int = 1
    domains: tuple[DomainSpec, ...] = Field(min_length=1)
    decoder: DecoderSpec | None = None
    head: HeadSpec | None = None
    classifier: ClassifierSpec | None = None
    variant: str = ""

    @model_validator(mode="after")
    def _one_task(self) -> ModelSpec:
        if sum(x is not None for x in (self.decoder, self.head, self.classifier)) > 1:
            raise ValueError("a model reconstructs, segments or classifies; not several at once")
        return self

    @property
    def task(self) -> Literal["encode", "reconstruct", "segment", "classify"]:
        """What the model does beyond encoding."""
        if self.decoder is not None:
            return "reconstruct"
        if self.head is not None:
            return "segment"
        return "classify" if self.classifier is not None else "encode"

    @property
    def size_name(self) -> str:
        """Name of the row of :data:`SIZES` this encoder matches, "" if none."""
        for size in SIZES.values():
            if (size.dim, size.depth, size.heads) == (self.dim, self.depth, self.heads):
                return size.name
        return ""

    def domain(self, name: str) -> DomainSpec:
        """Return the input domain called `name`, or raise KeyError."""
        for domain in self.domains:
            if domain.name == name:
                return domain
        raise KeyError(name)


def published_heads(dim: int) -> int:
    """Return the attention heads of a published encoder of width `dim`."""
    return max(1, dim // HEAD_DIM)


def mirage_spec(
    size: str = "base",
    domains: tuple[DomainSpec, ...] = DOMAINS,
    *,
    decoder: DecoderSpec | None = None,
    head: HeadSpec | None = None,
    classifier: ClassifierSpec | None = None,
) -> ModelSpec:
    """Return the specification of a MIRAGE model of a size in :data:`SIZES`."""
    row = SIZES[size]
    return ModelSpec(
        dim=row.dim,
        depth=row.depth,
        heads=row.heads,
        mlp_ratio=row.mlp_ratio,
        domains=domains,
        decoder=decoder,
        head=head,
        classifier=classifier,
    )
