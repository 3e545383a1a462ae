"""The optimiser step: gradients of a batch, however little of it fits into memory at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from mirage_core.model.devices import autocast_dtype, release_cache
from mirage_core.model.out_of_memory import is_out_of_memory
from mirage_core.model.segmentation import MirageSegmentation
from mirage_core.training.finetune.batches import Batches
from mirage_core.training.finetune.cache import FeatureCache, cache_key
from mirage_core.training.finetune.checkpoints import LessonState, Weights
from mirage_core.training.finetune.config import FinetuneConfig
from mirage_core.training.finetune.errors import TeachError
from mirage_core.training.finetune.front import CutModel
from mirage_core.training.finetune.objective import Objective
from mirage_core.training.finetune.views import Sample, Views, generator
from mirage_core.training.layer_decay import parameter_groups, set_learning_rate
from mirage_core.training.schedules import segmentation_lr

Item = tuple[int, int]


@dataclass(frozen=True)
class Kept:
    """Where a front's outputs are kept, and what decides them beside the view.

    Attributes
    ----------
    cache : FeatureCache
    weights : str
        SHA-256 of the base model's weights, and what of it is the front.
    pictures : callable
        SHA-256 of a B-scan's picture, by its number.
    """

    cache: FeatureCache
    weights: str
    pictures: Callable[[int], str]


class Trainer:
    """Teaches one model; it can stop and go on at any step.

    Parameters
    ----------
    config : FinetuneConfig
    pupil : CutModel
    new_head : bool
        Whether its head begins anew.
    objective : Objective
    views : Views
    batches : Batches
    kept : Kept
    device : torch.device

    Attributes
    ----------
    step : int
        Steps done.
    remarks : list of str
        Sentences for the user, one for each time memory ran out.
    """

    def __init__(
        self,
        config: FinetuneConfig,
        pupil: CutModel,
        new_head: bool,
        objective: Objective,
        views: Views,
        batches: Batches,
        kept: Kept,
        device: torch.device,
    ) -> None:
        self.config, self.batches, self.device = config, batches, device
        self.pupil = pupil.to(device)
        self.pupil.to(memory_format=torch.channels_last)
        self.step = 0
        self.remarks: list[str] = []
        self.micro_batch = config.micro_batch or (1 if device.type == "cpu" else batches.batch)
        self._objective, self._views, self._kept = objective, views, kept
        self._peak = config.new_head_lr if new_head else config.lr
        groups = _groups(pupil, config, self._peak)
        self.optimizer = torch.optim.AdamW(groups, lr=self._peak, betas=config.betas)
        self._half = autocast_dtype(device) if config.precision == "auto" else None
        self.scaler = torch.amp.GradScaler(device.type, enabled=self._half is torch.float16)
        self._learns = {n: p for n, p in pupil.named_parameters() if p.requires_grad}
        self._mean = {n: p.detach().clone() for n, p in self._learns.items()} if config.ema else {}

    def advance(self) -> float:
        """Do one optimiser step and return its loss.

        Raises
        ------
        TeachError
            If the loss or its gradient is no number any more, or memory runs out with one B-scan
            at a time; weights are then as the step before left them.
        """
        loss = self._gradients(self.batches.of(self.step))
        self._check(loss, "loss")
        self.scaler.unscale_(self.optimizer)
        limit = self.config.grad_clip or math.inf
        norm = float(nn.utils.clip_grad_norm_(self._learns.values(), limit))
        if not self.scaler.is_enabled():
            # With fp16 the gradient may overflow: the step is then left out and the scale lowered.
            self._check(norm, "gradient")
        set_learning_rate(self.optimizer, self.lr)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.step += 1
        self._average()
        return loss

    @property
    def lr(self) -> float:
        """Learning rate of the next step."""
        batches = self.batches
        return segmentation_lr(
            self.step, steps=batches.n_steps, warmup_steps=batches.warmup_steps, lr=self._peak
        )

    def learnt(self) -> dict[str, Tensor]:
        """Return what was learnt so far: the running mean of the weights, or the weights."""
        source = self._mean or self._learns
        return {name: t.detach().cpu().clone() for name, t in source.items()}

    @contextmanager
    def as_learnt(self) -> Iterator[CutModel]:
        """Lend the pupil as it would be kept now, in evaluation."""
        with wearing(self.pupil, self._mean):
            yield self.pupil.eval()

    def state(self, checks: Sequence[tuple[float, float]]) -> LessonState:
        """Return where the lesson stands."""
        return LessonState(
            self.step,
            {name: p.detach() for name, p in self._learns.items()},
            self._mean,
            self.optimizer.state_dict(),
            self.scaler.state_dict(),
            self.micro_batch,
            tuple(checks),
        )

    def restore(self, state: LessonState) -> None:
        """Stand where a lesson stood."""
        wear(self.pupil, state.weights)
        self._mean = {name: t.to(self.device) for name, t in state.mean.items()}
        self.optimizer.load_state_dict(state.optimizer)
        if self.scaler.is_enabled() and state.scaler:
            self.scaler.load_state_dict(state.scaler)
        self.micro_batch = min(self.micro_batch, state.micro_batch)
        self.step = state.step

    def _gradients(self, items: Sequence[Item]) -> float:
        """Leave the gradient of the mean loss of `items`, fewer at a time if memory runs out."""
        while True:
            self.optimizer.zero_grad(set_to_none=True)
            self.pupil.learning()
            fits = self._attempt(items)
            if fits is not None:
                return fits
            release_cache(self.device)
            self.micro_batch //= 2
            self.remarks.append(
                "Memory ran out; teaching goes on with "
                f"{_b_scans(self.micro_batch)} at a time, with the same result."
            )

    def _attempt(self, items: Sequence[Item]) -> float | None:
        """Return the loss; None if memory ran out and less might do."""
        total = 0.0
        try:
            for at in range(0, len(items), self.micro_batch):
                part = items[at : at + self.micro_batch]
                loss = self._loss(part) / len(items)
                self.scaler.scale(loss).backward()
                total += loss.item()
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            if self.micro_batch == 1:
                raise TeachError(
                    "The memory is too small for a single B-scan of this training.",
                    "Close other programs, choose a lighter head, a smaller size or another model.",
                ) from None
            # Returning lets go of the error, and so of the tensors of the failed attempt.
            return None
        return total

    def _loss(self, items: Sequence[Item]) -> Tensor:
        """Return the sum of the losses of some views."""
        samples = [self._views.make(*item) for item in items]
        inputs = self._inputs(items, samples)
        with self._random(items):
            if self._half is None:
                logits = self._logits(inputs)
            else:
                with torch.autocast(self.device.type, dtype=self._half):
                    logits = self._logits(inputs)
            return torch.stack(
                [
                    self._objective(logits[i : i + 1].float(), self._moved(sample))
                    for i, sample in enumerate(samples)
                ]
            ).sum()

    def _inputs(self, items: Sequence[Item], samples: Sequence[Sample]) -> dict[str, Tensor]:
        if not self.pupil.has_front:
            return {"image": torch.cat([s.image for s in samples])}
        parts = [self._features(item, s) for item, s in zip(items, samples, strict=True)]
        return {
            name: t if name == "grid" else torch.cat([part[name] for part in parts])
            for name, t in parts[0].items()
        }

    def _features(self, item: Item, sample: Sample) -> dict[str, Tensor]:
        kept = self._kept

        def make() -> dict[str, Tensor]:
            with torch.autocast(self.device.type, dtype=self._half, enabled=bool(self._half)):
                features = self.pupil.front(sample.image.to(self.device))
            return {name: t.cpu() for name, t in features.items()}

        if self.config.views is None:
            return make()
        key = cache_key(
            weights=kept.weights,
            picture=kept.pictures(item[0]),
            views=self._views.key,
            row=item[0],
            view=item[1],
        )
        return kept.cache.get(key, make)

    def _logits(self, inputs: dict[str, Tensor]) -> Tensor:
        moved = {name: t.to(self.device) for name, t in inputs.items()}
        if not self.pupil.has_front:
            logits: Tensor = self.pupil(moved["image"])
            return logits
        return self.pupil.rest(moved)

    def _moved(self, sample: Sample) -> Sample:
        if self.device.type == "cpu":
            return sample
        return replace(sample, **{name: t.to(self.device) for name, t in vars(sample).items()})

    @contextmanager
    def _random(self, items: Sequence[Item]) -> Iterator[None]:
        """Let what is random in the model follow from the seed, the step and the B-scan."""
        g = generator(self.config.seed + 1, items[0][0], self.step)
        devices = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(g.initial_seed())
            yield

    @torch.no_grad()
    def _average(self) -> None:
        if not self.config.ema:
            return
        decay = min(self.config.ema, self.step / (self.step + 9))
        for name, mean in self._mean.items():
            mean.lerp_(self._learns[name], 1 - decay)

    def _check(self, value: float, what: str) -> None:
        if math.isfinite(value):
            return
        raise TeachError(
            f"The {what} became {value} in step {self.step + 1}; teaching stopped before anything "
            "was changed by it, and the last checkpoint is as it was.",
            "Begin anew with a lower learning rate (lr), or without the B-scans added last.",
        )


def _groups(pupil: CutModel, config: FinetuneConfig, peak: float) -> list[dict[str, object]]:
    """Return the optimiser's groups; weights the base model has learn at their own rate."""
    layered = isinstance(pupil.model, MirageSegmentation) and config.trained != "head"
    head = {id(p) for p in pupil.model.output_adapters.parameters()}
    made = []
    for group in parameter_groups(
        pupil,
        lr=peak,
        weight_decay=config.weight_decay,
        layer_decay=config.layer_decay if layered else 1,
    ):
        for of_head in (True, False):
            params = [p for p in group["params"] if (id(p) in head) is of_head]
            scale = group["lr_scale"] * (1 if of_head else config.lr / peak)
            if params:
                made.append({**group, "params": params, "lr": peak * scale, "lr_scale": scale})
    return made


@torch.no_grad()
def wear(model: nn.Module, weights: Weights) -> None:
    """Give parameters of `model` other values, by name."""
    parameters = dict(model.named_parameters())
    for name, value in weights.items():
        parameters[name].copy_(value)


@contextmanager
def wearing(model: nn.Module, weights: Weights) -> Iterator[None]:
    """Give parameters of `model` other values for a while."""
    parameters = dict(model.named_parameters())
    own = {name: parameters[name].detach().clone() for name in weights}
    wear(model, weights)
    try:
        yield
    finally:
        wear(model, own)


def _b_scans(n: int) -> str:
    return "1 B-scan" if n == 1 else f"{n} B-scans"
