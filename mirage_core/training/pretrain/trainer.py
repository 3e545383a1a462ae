"""The training step and the loop over steps: gradients of a batch, however it is split up."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from mirage_core.model.devices import autocast_dtype
from mirage_core.training.layer_decay import parameter_groups, set_learning_rate
from mirage_core.training.pretrain.augment import apply_changes, draw_change
from mirage_core.training.pretrain.batches import Plan
from mirage_core.training.pretrain.config import Precision, PretrainConfig
from mirage_core.training.pretrain.covering import covered
from mirage_core.training.pretrain.errors import PretrainError
from mirage_core.training.pretrain.loading import Batches
from mirage_core.training.pretrain.metrics import EpochMetrics, EpochSums
from mirage_core.training.pretrain.objective import domain_losses, n_scored, scored_masks
from mirage_core.training.pretrain.ranks import Ranks, own_gradients
from mirage_core.training.pretrain.samples import Sample, Samples
from mirage_core.training.schedules import pretraining_lr

Cancelled = Callable[[], bool]

_HALF: dict[Precision, torch.dtype] = {"bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class StepDone:
    """After an optimiser step: how many are done, and whether the run is asked to stop here.

    Attributes
    ----------
    step : int
        Steps done.
    metrics : EpochMetrics or None
        If the step was the last one of an epoch.
    stop : bool
    """

    step: int
    metrics: EpochMetrics | None
    stop: bool


class Trainer:
    """Trains a model on the samples of one process among several.

    Parameters
    ----------
    config : PretrainConfig
    model : nn.Module
        A :class:`~mirage_core.model.masked.MaskedModel`, on the CPU or its device.
    samples : Samples
    plan : Plan
    ranks : Ranks

    Raises
    ------
    PretrainError
        If the precision asked for is not to be had on the device.
    """

    def __init__(
        self, config: PretrainConfig, model: nn.Module, samples: Samples, plan: Plan, ranks: Ranks
    ) -> None:
        self.config = config
        self.ranks = ranks
        self.plan = plan
        self.model = model.to(ranks.device)
        self.optimizer = torch.optim.AdamW(
            parameter_groups(
                self.model, lr=config.peak_lr, weight_decay=config.weight_decay, layer_decay=1
            ),
            lr=config.peak_lr,
            betas=config.betas,
        )
        self._half = half_precision(config.precision, ranks.device)
        self.scaler = torch.amp.GradScaler(ranks.device.type, enabled=self._half is torch.float16)
        self.sums = EpochSums()
        self._domains = config.domain_specs()
        self._samples = samples

    def restore(
        self,
        model: Mapping[str, Tensor],
        optimizer: dict[str, Any],
        scaler: dict[str, Any],
        sums: Mapping[str, float],
    ) -> None:
        """Take up the state of an interrupted run (state dicts, sums of a begun epoch)."""
        self.model.load_state_dict(dict(model))
        self.optimizer.load_state_dict(optimizer)
        if self.scaler.is_enabled() and scaler:
            self.scaler.load_state_dict(scaler)
        self.sums = EpochSums(sums)

    def steps(self, first: int, cancelled: Cancelled) -> Iterator[StepDone]:
        """Train from step `first` to the end of the run, telling of every step.

        Parameters
        ----------
        first : int
            Steps done before.
        cancelled : callable
            Asked in every process after each step; one that says True stops all.

        Raises
        ------
        PretrainError
            If the loss or its gradient is no number any more; weights and optimiser are then as
            the step before left them.
        ReadError
            If a sample cannot be read.
        """
        wrapped = self.ranks.wrap(self.model).train()
        batches = Batches(
            self._samples,
            self.plan,
            first,
            workers=self.config.workers,
            pin=self.ranks.device.type == "cuda",
        )
        per_epoch = self.plan.steps_per_epoch
        with closing(batches):
            since, n_timed = time.perf_counter(), 0
            for step in range(first, self.plan.n_steps):
                stop = self._step(wrapped, step, batches, cancelled)
                n_timed += 1
                metrics = None
                if (step + 1) % per_epoch == 0:
                    metrics = self._metrics(step, time.perf_counter() - since, n_timed)
                    self.sums = EpochSums()
                yield StepDone(step + 1, metrics, stop)
                if stop:
                    return
                if metrics is not None:
                    since, n_timed = time.perf_counter(), 0

    def _step(
        self,
        wrapped: nn.Module,
        step: int,
        batches: Batches,
        cancelled: Cancelled,
    ) -> bool:
        """Do one optimiser step; return whether to stop after it."""
        config, plan = self.config, self.plan
        masks = plan.masks(step)
        present = plan.present[torch.from_numpy(plan.samples(step))]
        scored = scored_masks(masks, present)
        of_all = n_scored(scored).to(self.ranks.device)
        shares = plan.shares()
        self.optimizer.zero_grad(set_to_none=True)
        losses = torch.zeros(len(self._domains), device=self.ranks.device)
        for i, part in enumerate(shares):
            inputs = {name: self._moved(x) for name, x in batches.take().items()}
            inputs = self._changed(inputs, step, part)
            hidden = [self._moved(mask[part]) for mask in masks]
            counted = [self._moved(mask[part]) for mask in scored]
            by_name = {d.name: m for d, m in zip(self._domains, hidden, strict=True)}
            alone = own_gradients(wrapped) if i < len(shares) - 1 else nullcontext()
            with alone:
                with self._arithmetic():
                    output = wrapped(covered(inputs, by_name, self._domains), by_name)
                part_losses = domain_losses(output, inputs, counted, of_all, self._domains)
                # Gradients are averaged over the processes; contributions are to be added.
                self.scaler.scale(part_losses.sum() * self.ranks.world).backward()
            losses += part_losses.detach()
        wanted = torch.tensor([float(cancelled())], device=self.ranks.device)
        *by_domain, stop = self.ranks.add_up(torch.cat([losses, wanted])).tolist()
        self._check(sum(by_domain), "loss", step)
        grad_norm = self._clip(step)
        set_learning_rate(self.optimizer, self._lr(step))
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.sums.add(dict(zip(config.domains, by_domain, strict=True)), grad_norm)
        return stop > 0

    def _changed(self, inputs: Sample, step: int, part: slice) -> Sample:
        config, epoch = self.config, self.plan.epoch_of(step)
        if config.augment is None:
            return inputs
        images = [d.name for d in self._domains if d.n_classes is None]
        indices = self.plan.samples(step)[part].tolist()
        # Here and not in the reading processes: a GPU does it in no time.
        return apply_changes(
            inputs, [draw_change(config.augment, images, config.seed, epoch, i) for i in indices]
        )

    def _moved(self, x: Tensor) -> Tensor:
        return x.to(self.ranks.device, non_blocking=True)

    def _arithmetic(self) -> AbstractContextManager[object]:
        if self._half is None:
            return nullcontext()
        return torch.autocast(self.ranks.device.type, dtype=self._half)

    def _lr(self, step: int) -> float:
        per_epoch = self.plan.steps_per_epoch
        return pretraining_lr(
            step,
            steps=self.plan.n_steps,
            warmup_steps=self.config.warmup_epochs * per_epoch,
            batch_size=self.config.batch,
            lr=self.config.lr,
        )

    def _clip(self, step: int) -> float:
        """Clip the gradient if asked to; return its norm before."""
        self.scaler.unscale_(self.optimizer)
        trained = [p for p in self.model.parameters() if p.requires_grad]
        limit = self.config.grad_clip or math.inf
        norm = float(nn.utils.clip_grad_norm_(trained, limit))
        if not self.scaler.is_enabled():
            # With fp16 the gradient may overflow: the step is then left out and the scale lowered.
            self._check(norm, "gradient", step)
        return norm

    def _check(self, value: float, what: str, step: int) -> None:
        if math.isfinite(value):
            return
        epoch, place = divmod(step, self.plan.steps_per_epoch)
        raise PretrainError(
            f"The {what} became {value} in epoch {epoch + 1}, step {place + 1}; training stopped "
            "before anything was changed by it, and the last checkpoint is as it was.",
            "Start anew with a lower learning rate, with a limit to the gradient (grad_clip) or "
            "in fp32, from the best checkpoint if it is good.",
        )

    def _metrics(self, step: int, seconds: float, n_timed: int) -> EpochMetrics:
        losses = self.sums.losses()
        return EpochMetrics(
            epoch=self.plan.epoch_of(step) + 1,
            step=step + 1,
            loss=sum(losses.values()),
            losses=losses,
            lr=self._lr(step),
            grad_norm=self.sums.grad_norm(),
            seconds=seconds,
            samples_per_s=n_timed * self.config.batch / max(seconds, 1e-9),
        )


def half_precision(precision: Precision, device: torch.device) -> torch.dtype | None:
    """Return the type to compute in on `device`, None for float32.

    Raises
    ------
    PretrainError
        If half precision is asked for where there is none worth having.
    """
    if precision == "fp32":
        return None
    if precision == "auto":
        return autocast_dtype(device)
    if device.type != "cuda":
        raise PretrainError(
            f"Training in {precision} needs a CUDA device; this is {device.type}.",
            "Use --precision fp32 or auto.",
        )
    return _HALF[precision]
