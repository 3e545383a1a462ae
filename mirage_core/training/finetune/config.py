"""How a model is taught: two presets, JSON in and out. Imports no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field, model_validator

from mirage_core.training.finetune.errors import TeachError
from mirage_core.training.run_config import RunConfig

CONFIG = "config.json"
"""Name of the file, in the folder of a run, that holds its configuration."""

Head: TypeAlias = Literal["keep", "light", "linear", "convnext", "segmenter", "dpt", "pyramid"]
Trained: TypeAlias = Literal["head", "blocks", "lora", "all"]
Share = Annotated[float, Field(ge=0, le=1)]
Beta = Annotated[float, Field(ge=0, lt=1)]


class FinetuneConfig(RunConfig):
    """Everything that decides what teaching computes; the defaults are those of ``few-shot``.

    Attributes
    ----------
    preset : str
        Where it came from, for the record.
    head : str
        ``keep`` goes on with the head of the base model; the others begin a new one.
    trained : str
        ``head`` alone; the last ``blocks`` of the encoder with it; ``lora``, low-rank changes of
        all blocks, with it; or ``all``.
    blocks, lora_rank : int
    labelling : str
        What a new head is taught: ``parted``, surfaces one by one and lesions apart, or
        ``regions``, one class per pixel as published. Label maps in files are always regions.
    size : int or None
        Side of the network's square in px; None: the base model's.
    augmentation : str
        ``paper``: mirrored, resized to 1.1 of the square and cropped. ``strong``: moved,
        stretched, tilted, mirrored, and in another light, with noise and shadows. ``none``.
    views : int or None
        Different views of each B-scan, seen in turn; None: a new one every time. With a frozen
        encoder each view is encoded once and kept.
    epochs : int
        Passes over the B-scans.
    new_head_times : int
        How many times as long a head learns that begins anew.
    least_steps, most_steps : int or None
        Bounds of the number of optimiser steps.
    warmup_steps : int or None
        None: those of one epoch.
    batch : int
        B-scans of an optimiser step.
    drop_last : bool
        Leave out, in every epoch, the B-scans that fill no whole batch.
    lr, new_head_lr : float
        Peak learning rates: of weights the base model has, and of a new head's.
    betas, weight_decay, layer_decay
        Of AdamW; layers further down learn slower by `layer_decay` each.
    drop_path : float
        Stochastic depth of the encoder's last block, where the encoder is trained.
    grad_clip : float or None
        Greatest norm of the gradient.
    ema : float or None
        Of the running mean of weights that is kept in place of the last ones.
    ce_weight : float
        Share of cross-entropy beside generalised Dice, for regions.
    prior_weight : float
        How much counts what the base model says of structures that nobody corrected, so that
        they stay what they were; only where its head is kept.
    rehearsal : int
        Simulated B-scans, one of them in every step, on which the model learns what the base
        model says, so that few B-scans do not make it unlearn what they do not show; only where
        its head is kept.
    ignore_invalid : bool
        Leave classes whose label contains "invalid" out of the loss.
    patience : int or None
        Checks in a row without a better score after which to stop, where there are B-scans to
        check with; None: never.
    check_steps : int or None
        Steps from one check to the next; None: those of one epoch.
    measure : str
        How to find out what was gained: ``split`` holds B-scans back, ``loo`` leaves each out
        once, ``auto`` does that with fewer than eight, ``none`` does not.
    held_out : float
        Share of B-scans that ``split`` holds back.
    gap_b_scans : int
        B-scans of one scan as near as this count as neighbours.
    refit : bool
        After measuring with a split of our own, teach with all B-scans.
    seed : int
    micro_batch : int or None
        B-scans at a time; gradients add up to those of the batch. None: 1 on a CPU, else all.
    precision : str
        ``auto`` is half precision on CUDA and fp32 elsewhere.
    checkpoint_s : float
        Seconds from one checkpoint to the next, at least.
    cache_memory_bytes, cache_disk_bytes : int
        How much of encoded views is kept.
    """

    on_the_way: ClassVar[frozenset[str]] = frozenset(
        {"micro_batch", "precision", "checkpoint_s", "cache_memory_bytes", "cache_disk_bytes"}
    )
    refusal: ClassVar[type[TeachError]] = TeachError

    preset: str = "few-shot"
    head: Head = "keep"
    trained: Trained = "head"
    blocks: int = Field(2, ge=1, le=64)
    lora_rank: int = Field(8, ge=1, le=256)
    labelling: Literal["parted", "regions"] = "parted"
    size: int | None = Field(None, ge=32, le=4096)
    augmentation: Literal["paper", "strong", "none"] = "strong"
    views: int | None = Field(12, ge=1)
    epochs: int = Field(24, ge=1)
    new_head_times: int = Field(8, ge=1)
    least_steps: int | None = Field(40, ge=1)
    most_steps: int | None = Field(600, ge=1)
    warmup_steps: int | None = Field(8, ge=0)
    batch: int = Field(4, ge=1)
    drop_last: bool = False
    lr: float = Field(3e-4, gt=0)
    new_head_lr: float = Field(2e-3, gt=0)
    betas: tuple[Beta, Beta] = (0.9, 0.999)
    weight_decay: float = Field(0.02, ge=0)
    layer_decay: float = Field(0.75, gt=0, le=1)
    drop_path: Share = 0.0
    grad_clip: float | None = Field(5.0, gt=0)
    ema: float | None = Field(0.95, gt=0, lt=1)
    ce_weight: Share = 0.5
    prior_weight: Share = 0.3
    rehearsal: int = Field(10, ge=0, le=200)
    ignore_invalid: bool = True
    patience: int | None = Field(6, ge=1)
    check_steps: int | None = Field(20, ge=1)
    measure: Literal["auto", "split", "loo", "none"] = "auto"
    held_out: float = Field(0.25, gt=0, lt=1)
    gap_b_scans: int = Field(2, ge=0)
    refit: bool = True
    seed: int = Field(0, ge=0)
    micro_batch: int | None = Field(None, ge=1)
    precision: Literal["auto", "fp32"] = "auto"
    checkpoint_s: float = Field(20.0, ge=0)
    cache_memory_bytes: int = Field(2**30, ge=0)
    cache_disk_bytes: int = Field(4 * 2**30, ge=0)

    @model_validator(mode="after")
    def _consistent(self) -> FinetuneConfig:
        least, most = self.least_steps, self.most_steps
        if least is not None and most is not None and least > most:
            raise ValueError("least_steps must not exceed most_steps")
        return self


PRESETS: dict[str, FinetuneConfig] = {
    "few-shot": FinetuneConfig(),
    "paper": FinetuneConfig(
        preset="paper",
        head="convnext",
        labelling="regions",
        size=1024,
        augmentation="paper",
        views=None,
        epochs=200,
        new_head_times=1,
        least_steps=None,
        most_steps=None,
        warmup_steps=None,
        batch=4,
        drop_last=True,
        lr=1e-4,
        new_head_lr=1e-4,
        weight_decay=0.05,
        layer_decay=0.75,
        drop_path=0.1,
        grad_clip=None,
        ema=None,
        prior_weight=0.0,
        rehearsal=0,
        ignore_invalid=False,
        patience=None,
        check_steps=None,
        refit=False,
        seed=42,
    ),
}
"""``few-shot``: a handful of corrections, minutes on a laptop. ``paper``: as published."""


def preset(name: str) -> FinetuneConfig:
    """Return the configuration called `name`.

    Raises
    ------
    TeachError
        If there is none.
    """
    return FinetuneConfig.named(name, PRESETS)


def read_config(path: Path) -> FinetuneConfig:
    """Return the configuration in a JSON file; what it leaves out is as in ``few-shot``.

    Raises
    ------
    TeachError
        If it cannot be read, holds an unknown key or a value that makes no sense.
    """
    return FinetuneConfig.read(path)
