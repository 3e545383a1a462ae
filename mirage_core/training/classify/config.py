"""How classes are taught: three presets, JSON in and out. Imports no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from mirage_core.model.spec import Pool, VolumePool
from mirage_core.training.finetune.errors import TeachError
from mirage_core.training.run_config import RunConfig

Share = Annotated[float, Field(ge=0, lt=1)]


class ClassifyConfig(RunConfig):
    """Everything that decides what teaching computes; the defaults are those of ``probe``.

    Attributes
    ----------
    preset : str
        Where it came from, for the record.
    trained : str
        ``head`` alone, on features that are computed once; or ``all``.
    pool : Pool
        What the head looks at: patch mean, global token, or both.
    domains : str
        ``bscan``, ``slo`` or ``both``; ``auto``: the B-scan, and the SLO where the model knows it
        and every scan has one.
    size : int or None
        Side of the network's square in px; None: the base model's.
    volume : VolumePool
        What makes a volume of its B-scans; B-scans that are labelled one by one need none.
    most_b_scans : int
        Of a volume, spread evenly.
    views : int
        Of each image: itself, and mirrored. All are kept where only the head learns.
    solver : str
        ``exact``: logistic regression on standardised features, the strength of its penalty chosen
        by patients left out of what is taught with; ``adamw``: as published; ``auto``: exact where
        the optimum is unique, which it is not with attention.
    standardise : bool
        Whether AdamW sees a head's features with mean 0 and spread 1; published: no.
    strengths : tuple of float
        Penalties to choose from, of half the squared weights over the mean loss.
    epochs, warmup_epochs, patience, patience_from
        Of AdamW. It stops early only where a part ``val`` says when.
    batch : int or None
        None: by the published rule, from the number of images.
    lr, min_lr, weight_decay, label_smoothing : float
        The rate rises straight and falls by half a cosine.
    measure : str
        ``folds``: every patient is held back once; ``split``: some are; ``auto``: folds where the
        head alone learns; ``none``. Parts ``val`` and ``test`` of a folder always hold.
    folds : int
    held_out : float
        Share of patients that ``split`` holds back.
    seed : int
    checkpoint_s : float
        Seconds from one checkpoint to the next, at least.
    cache_memory_bytes, cache_disk_bytes : int
        How much of features is kept.
    """

    on_the_way: ClassVar[frozenset[str]] = frozenset(
        {"checkpoint_s", "cache_memory_bytes", "cache_disk_bytes"}
    )
    refusal: ClassVar[type[TeachError]] = TeachError

    preset: str = "probe"
    trained: Literal["head", "all"] = "head"
    pool: Pool = Pool.GLOBAL
    domains: Literal["auto", "bscan", "slo", "both"] = "auto"
    size: int | None = Field(None, ge=32, le=4096)
    volume: VolumePool = VolumePool.MEAN
    most_b_scans: int = Field(32, ge=1)
    views: int = Field(2, ge=1, le=2)
    solver: Literal["auto", "exact", "adamw"] = "auto"
    standardise: bool = True
    strengths: tuple[float, ...] = Field((3.0, 1.0, 0.3, 0.1, 0.03, 0.01), min_length=1)
    epochs: int = Field(200, ge=1)
    warmup_epochs: int = Field(5, ge=0)
    patience: int = Field(20, ge=1)
    patience_from: int = Field(20, ge=0)
    batch: int | None = Field(None, ge=1)
    lr: float = Field(1e-3, gt=0)
    min_lr: float = Field(1e-8, ge=0)
    weight_decay: float = Field(0.01, ge=0)
    label_smoothing: Share = 0.0
    measure: Literal["auto", "folds", "split", "none"] = "auto"
    folds: int = Field(5, ge=2, le=20)
    held_out: float = Field(0.25, gt=0, lt=1)
    seed: int = Field(0, ge=0)
    checkpoint_s: float = Field(20.0, ge=0)
    cache_memory_bytes: int = Field(2**29, ge=0)
    cache_disk_bytes: int = Field(2**30, ge=0)

    @model_validator(mode="after")
    def _consistent(self) -> ClassifyConfig:
        if self.warmup_epochs >= self.epochs:
            raise ValueError("warmup_epochs must be fewer than epochs")
        if min(self.strengths) <= 0:
            raise ValueError("strengths must be greater than 0")
        if self.volume is VolumePool.NONE:
            raise ValueError("volume is mean or attention")
        if self.solver == "exact" and self.volume is VolumePool.ATTENTION:
            raise ValueError("attention has no exact solution; choose the solver adamw")
        return self

    @property
    def in_folds(self) -> bool:
        """Whether every patient is held back once."""
        return self.measure == "folds" or (self.measure == "auto" and self.trained == "head")


PRESETS: dict[str, ClassifyConfig] = {
    "probe": ClassifyConfig(),
    "paper": ClassifyConfig(
        preset="paper",
        solver="adamw",
        standardise=False,
        epochs=1000,
        warmup_epochs=10,
        label_smoothing=0.1,
        lr=1e-3,
        seed=42,
    ),
    "whole": ClassifyConfig(
        preset="whole",
        trained="all",
        most_b_scans=8,
        solver="adamw",
        epochs=30,
        warmup_epochs=3,
        label_smoothing=0.1,
        lr=1e-5,
        measure="split",
    ),
}
"""``probe``: seconds, and sure to be the best of its kind. ``paper``: linear probing as published,
but on two views that are kept. ``whole``: the encoder learns too."""


def preset(name: str) -> ClassifyConfig:
    """Return the configuration called `name`.

    Raises
    ------
    TeachError
        If there is none.
    """
    return ClassifyConfig.named(name, PRESETS)


def read_config(path: Path) -> ClassifyConfig:
    """Return the configuration in a JSON file; what it leaves out is as in ``probe``.

    Raises
    ------
    TeachError
        If it cannot be read, holds an unknown key or a value that makes no sense.
    """
    return ClassifyConfig.read(path)
