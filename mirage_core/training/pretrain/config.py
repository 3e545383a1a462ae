"""Configuration of a masked pre-training: the paper's as a preset, JSON in and out. No torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field, model_validator

from mirage_core.model.spec import DOMAINS, SIZES, DecoderSpec, DomainSpec, ModelSpec, mirage_spec
from mirage_core.training.pretrain.errors import PretrainError
from mirage_core.training.run_config import Frozen, RunConfig

CONFIG = "config.json"
"""Name of the file, in the folder of a run, that holds its configuration."""
_LR_BATCH = 256
_STEM_LEVELS = 4

DomainName: TypeAlias = Literal["bscan", "slo", "bscanlayermap"]
Precision: TypeAlias = Literal["auto", "fp32", "bf16", "fp16"]
Share = Annotated[float, Field(ge=0, le=1)]


class AugmentConfig(Frozen):
    """Random changes of a sample, the same for all its domains where they share an axis.

    Attributes
    ----------
    hflip : float
        Probability of mirroring along x, in all domains.
    intensity_std : float
        Standard deviation of a shift added to all grey values (0..1) of an image; each image
        of a sample has its own.
    rotation_deg, shear_deg : float
        Greatest angle to either side; B-scan and layer map only.
    translate : float
        Greatest displacement to either side as a share of width and height; the SLO takes the
        one along x.
    scale : (float, float)
        Least and greatest factor, in all domains.
    """

    hflip: Share = 0.5
    intensity_std: Share = 0.1
    rotation_deg: float = Field(10.0, ge=0, le=180)
    translate: Share = 0.1
    scale: tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]] = (0.9, 1.1)
    shear_deg: float = Field(5.0, ge=0, lt=90)


class PretrainConfig(RunConfig):
    """Everything that decides what a pre-training computes; the defaults are the paper's.

    Attributes
    ----------
    size : str
        Row of :data:`~mirage_core.model.spec.SIZES`.
    domains : tuple of str
        What is seen and reconstructed.
    grid : int
        Tokens down and across, the same in every domain: 16 gives images of 512 px and layer
        maps of 128 px.
    stem : tuple of int
        Channels of a convolutional stem in front of the B-scan's patches, as the starter model
        has one; empty: none, as published.
    decoder_dim, decoder_depth, decoder_heads : int
    visible_tokens : int
        Tokens of a sample that the encoder sees, over all domains.
    alpha : float
        Concentration of the Dirichlet distribution that shares them out among the domains.
    epochs, warmup_epochs : int
    batch : int
        Samples of an optimiser step, over all devices.
    lr : float
        Peak learning rate for a batch of 256; scaled in proportion to `batch`.
    betas : (float, float)
    weight_decay : float
    grad_clip : float or None
        Greatest norm of the gradient.
    augment : AugmentConfig or None
    seed : int
    micro_batch : int or None
        Samples a device holds at a time; gradients are accumulated up to its share of `batch`.
        None: the whole share.
    precision : str
        ``auto`` is bf16, or fp16 where there is none, on CUDA and fp32 elsewhere.
    workers : int
        Processes per device that read samples; 0 reads between the steps.
    checkpoint_epochs : int
        Epochs from one checkpoint to the next.
    """

    on_the_way: ClassVar[frozenset[str]] = frozenset(
        {"micro_batch", "precision", "workers", "checkpoint_epochs"}
    )
    refusal: ClassVar[type[PretrainError]] = PretrainError

    size: str = "base"
    domains: tuple[DomainName, ...] = ("bscan", "slo", "bscanlayermap")
    grid: int = Field(16, ge=1, le=128)
    stem: tuple[Annotated[int, Field(ge=1)], ...] = ()
    decoder_dim: int = Field(256, ge=4)
    decoder_depth: int = Field(2, ge=0)
    decoder_heads: int = Field(8, ge=1)
    visible_tokens: int = Field(98, ge=1)
    alpha: float = Field(1.0, gt=0)
    epochs: int = Field(1600, ge=1)
    warmup_epochs: int = Field(40, ge=0)
    batch: int = Field(256, ge=1)
    lr: float = Field(1e-4, gt=0)
    betas: tuple[Annotated[float, Field(ge=0, lt=1)], Annotated[float, Field(ge=0, lt=1)]] = (
        0.9,
        0.95,
    )
    weight_decay: float = Field(0.05, ge=0)
    grad_clip: float | None = Field(None, gt=0)
    augment: AugmentConfig | None = AugmentConfig()
    seed: int = Field(0, ge=0)
    micro_batch: int | None = Field(None, ge=1)
    precision: Precision = "auto"
    workers: int = Field(4, ge=0)
    checkpoint_epochs: int = Field(1, ge=1)

    @model_validator(mode="after")
    def _consistent(self) -> PretrainConfig:
        if self.size not in SIZES:
            raise ValueError(f"there is no size {self.size!r}; there are {', '.join(SIZES)}")
        if not self.domains or len(set(self.domains)) != len(self.domains):
            raise ValueError("name each domain once, and at least one")
        if self.stem and "bscan" not in self.domains:
            raise ValueError("a stem belongs to the B-scan, which is not among the domains")
        if len(self.stem) not in (0, _STEM_LEVELS):
            raise ValueError(f"a stem has {_STEM_LEVELS} levels, not {len(self.stem)}")
        if self.visible_tokens >= self.n_tokens:
            raise ValueError(
                f"{self.visible_tokens} of {self.n_tokens} tokens visible leave nothing to "
                "reconstruct"
            )
        if self.warmup_epochs >= self.epochs:
            raise ValueError(
                f"{self.warmup_epochs} epochs of warm-up do not fit into {self.epochs} epochs"
            )
        if self.decoder_dim % 4 or self.decoder_dim % self.decoder_heads:
            raise ValueError("decoder_dim must be a multiple of 4 and of decoder_heads")
        if self.augment is not None and self.augment.scale[0] > self.augment.scale[1]:
            raise ValueError("the least scale must not exceed the greatest")
        return self

    @property
    def n_tokens(self) -> int:
        """Tokens of a sample that has every domain."""
        return len(self.domains) * self.grid**2

    @property
    def peak_lr(self) -> float:
        """Learning rate after warm-up."""
        return self.lr * self.batch / _LR_BATCH

    def domain_specs(self) -> tuple[DomainSpec, ...]:
        """Return the domains at the sizes that `grid` gives."""
        known = {d.name: d for d in DOMAINS}
        return tuple(
            known[name].model_copy(
                update={
                    "size": (self.grid * known[name].patch,) * 2,
                    "stem": self.stem if name == "bscan" else (),
                }
            )
            for name in self.domains
        )

    def model_spec(self) -> ModelSpec:
        """Return the specification of the model that is trained."""
        domains = self.domain_specs()
        decoder = DecoderSpec(
            dim=self.decoder_dim,
            depth=self.decoder_depth,
            heads=self.decoder_heads,
            domains=domains,
        )
        return mirage_spec(self.size, domains, decoder=decoder)


PRESETS: dict[str, PretrainConfig] = {
    "paper": PretrainConfig(),
    "tiny": PretrainConfig(
        size="tiny",
        grid=4,
        decoder_dim=32,
        decoder_depth=1,
        decoder_heads=2,
        visible_tokens=12,
        epochs=40,
        warmup_epochs=2,
        batch=16,
        lr=0.05,
        workers=0,
    ),
    "starter": PretrainConfig(
        size="starter",
        stem=(32, 64, 128, 192),
        decoder_dim=96,
        decoder_depth=1,
        decoder_heads=3,
        epochs=20,
        warmup_epochs=2,
        batch=4,
        lr=0.05,
        workers=0,
    ),
}
"""``paper``: as published. ``tiny``: minutes on a laptop, to see that everything works.
``starter``: the encoder of the starter model with its stem, for hours on a CPU."""


def preset(name: str) -> PretrainConfig:
    """Return the configuration called `name`.

    Raises
    ------
    PretrainError
        If there is none.
    """
    return PretrainConfig.named(name, PRESETS)


def read_config(path: Path) -> PretrainConfig:
    """Return the configuration in a JSON file; what it leaves out is as in the paper.

    Raises
    ------
    PretrainError
        If it cannot be read, holds an unknown key or a value that makes no sense.
    """
    return PretrainConfig.read(path)


def parse_config(text: str) -> PretrainConfig:
    """Return the configuration that JSON `text` holds (pydantic's errors pass through)."""
    return PretrainConfig.model_validate_json(text)


def write_config(config: PretrainConfig) -> str:
    """Return `config` as the JSON that :func:`read_config` reads."""
    return config.model_dump_json(indent=2) + "\n"
