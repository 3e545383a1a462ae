"""The loop that trains the starter model; stopped or killed, it goes on where it stood.

All randomness follows from the seed and the step, so that nothing of it needs to be kept.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from mirage_core.io.atomic import atomic_file
from mirage_core.model.build import build_model
from mirage_core.model.checkpoints.archive import write_archive
from mirage_core.model.checkpoints.errors import CheckpointError
from mirage_core.model.segmentation import MirageSegmentation
from mirage_core.training.layer_decay import parameter_groups
from mirage_core.training.starter.augment import Batch, augmented
from mirage_core.training.starter.model import PARTS, starter_spec
from mirage_core.training.starter.samples import LESIONS, SIDE, SURFACES, Samples
from mirage_core.training.starter.targets import lesion_loss, surface_loss

_CLASS_WEIGHT = (1.0, *(2.0,) * len(LESIONS))
# Layers are summed over rows; both parts then weigh about the same in what they share.
_LAYERS_WEIGHT = 0.1
_FALLING_SHARE = 0.35
_OVER_LESIONS = 2.0
"""How much more an A-scan counts that a lesion lies in."""
_TOLD_EVERY = 50
_KEPT_EVERY = 200
_IMPORTANT = {"ILM": 1.5, "RPE": 2.0, "BM": 2.0, "GCL/IPL": 0.5, "CSI": 0.3}


@dataclass(frozen=True, slots=True)
class Settings:
    """How the starter model is trained.

    Attributes
    ----------
    steps, batch : int
    rate : float
        Learning rate after the first steps, until it falls to nothing over the last ones.
    rising_steps : int
        The first steps.
    weight_decay : float
    ema : float
        Of the averaged weights that are kept.
    seed : int
    """

    steps: int = 12_000
    batch: int = 8
    rate: float = 1.5e-3
    rising_steps: int = 100
    weight_decay: float = 0.02
    ema: float = 0.995
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Share:
    """Samples, how many of each batch come from them, and how much their layers count.

    `diseased` is how often one is drawn for its lesions, however rare these are.
    """

    samples: Samples
    n: int
    weight: float = 1.0
    diseased: float = 0.6

    @cached_property
    def odds(self) -> NDArray[np.float64]:
        """How likely each sample with a lesion is drawn for it.

        A lesion counts as the root of how many samples have it: rare ones are seen more often
        than they are, but are not learnt by heart.
        """
        lesions = [np.unique(labels) for labels in self.samples.lesions]
        kinds = range(1, len(LESIONS) + 1)
        has = np.array([np.isin(kinds, found) for found in lesions], float)
        odds: NDArray[np.float64] = (has / np.sqrt(has.sum(axis=0).clip(min=1))).sum(axis=1)
        return odds

    def drawn(self, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return which samples a batch is made of."""
        any_ = rng.integers(len(self.samples), size=self.n)
        if not self.odds.any():
            return any_
        diseased = rng.choice(len(self.samples), size=self.n, p=self.odds / self.odds.sum())
        return np.where(rng.random(self.n) < self.diseased, diseased, any_)


def train(
    shares: Sequence[Share],
    settings: Settings,
    tell: Callable[[str], None],
    start: MirageSegmentation | None = None,
    state: Path | None = None,
) -> MirageSegmentation:
    """Return a model trained on `shares`, its weights averaged over the last steps.

    Parameters
    ----------
    shares : sequence of Share
        Their numbers sum to the batch.
    settings : Settings
    tell : callable
        Given a line now and then.
    start : MirageSegmentation, optional
        What to begin with; else a new model of the seed.
    state : Path, optional
        File in which the run keeps where it stands, and from which it goes on.

    Raises
    ------
    CheckpointError
        If `state` is of a run with other settings.
    ExportError
        If it cannot be written.
    """
    torch.manual_seed(settings.seed)
    model = start
    if model is None:
        built = build_model(starter_spec())
        assert isinstance(built, MirageSegmentation)
        model = built
    model = model.to(memory_format=torch.channels_last).train()
    kept = copy.deepcopy(model).eval().requires_grad_(False)
    groups = parameter_groups(
        model, lr=settings.rate, weight_decay=settings.weight_decay, layer_decay=1
    )
    optimizer = torch.optim.AdamW(groups, lr=settings.rate)
    run = _Run(settings, model, kept, optimizer)
    done = run.restore(state) if state is not None and state.exists() else 0
    began = time.monotonic()
    sums = np.zeros(2)
    for step in range(done, settings.steps):
        batch, weight = _batch(shares, np.random.default_rng([settings.seed, step]))
        generator = torch.Generator().manual_seed((settings.seed << 32) + step)
        with torch.no_grad():
            batch = augmented(batch, generator)
        with torch.autocast("cpu", torch.bfloat16, enabled=_half_is_faster()):
            logits = model.grid_logits({"bscan": batch.images})
        layers, lesions = losses(logits, batch, weight)
        for group in optimizer.param_groups:
            group["lr"] = rate_at(step, settings)
        optimizer.zero_grad(set_to_none=True)
        (_LAYERS_WEIGHT * layers + lesions).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        _average(kept, model, min(settings.ema, (step + 1) / (step + 10)))
        sums += layers.item(), lesions.item()
        if (step + 1) % _TOLD_EVERY == 0:
            mean, seconds = sums / _TOLD_EVERY, time.monotonic() - began
            tell(
                f"step {step + 1}/{settings.steps}  layers {mean[0]:.3f}  "
                f"lesions {mean[1]:.3f}  {seconds:.0f} s"
            )
            sums[:] = 0
        if state is not None and (step + 1) % _KEPT_EVERY == 0:
            run.keep(state, step + 1)
    return kept


def _half_is_faster() -> bool:
    """Return whether the processor computes with bfloat16; others only imitate it, slowly."""
    return torch.backends.cpu.get_cpu_capability().startswith("AVX512")


@dataclass(frozen=True, eq=False)
class _Run:
    """What goes on from step to step."""

    settings: Settings
    model: nn.Module
    kept: nn.Module
    optimizer: torch.optim.Optimizer

    def keep(self, path: Path, step: int) -> None:
        """Write where the run stands, wholly or not at all."""
        parts = self._parts()
        content = {"step": step, "settings": asdict(self.settings)}
        with atomic_file(path, overwrite=True) as fresh:
            write_archive(content | {"parts": [p.state_dict() for p in parts]}, fresh)

    def restore(self, path: Path) -> int:
        """Stand where the run stood; return how many steps were done."""
        content = torch.load(path, weights_only=True)
        differ = content["settings"].items() ^ asdict(self.settings).items()
        if {name for name, _ in differ} - {"steps"}:
            raise CheckpointError(
                path, "The run was begun with other settings.", "Give another folder, or the same."
            )
        for part, stored in zip(self._parts(), content["parts"], strict=True):
            part.load_state_dict(stored)
        return int(content["step"])

    def _parts(self) -> tuple[Any, ...]:
        return self.model, self.kept, self.optimizer


def rate_at(step: int, settings: Settings) -> float:
    """Return the learning rate of a step: rising, level, then falling to nothing.

    While it is level a run can still be lengthened or shortened (Zhai et al., 2022).
    """
    rising = (step + 1) / settings.rising_steps
    falling = (settings.steps - step) / (_FALLING_SHARE * settings.steps)
    return settings.rate * min(rising, 1.0, falling)


def losses(logits: Tensor, batch: Batch, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Return the losses of layers and of lesions; `weight` ``(B,)`` is that of layers."""
    _, _, h, w = logits.shape
    along = SIDE // w
    surfaces = batch.surfaces.unflatten(2, (w, along)).mean(dim=3)
    importance = torch.tensor([_IMPORTANT.get(name, 1.0) for name in SURFACES])
    # Surfaces over lesions are steep, rare, and what matters; where an engine found them they are
    # least to be trusted.
    lifted = (batch.lesions > 0).any(dim=1).float().unflatten(1, (w, along)).mean(dim=2)
    columns = 1 + _OVER_LESIONS * lifted * (weight == 1)[:, None]
    counts = weight[:, None, None] * importance[:, None] * columns[:, None]
    layers = surface_loss(logits[:, : PARTS[0]], surfaces, counts, SIDE)
    one_hot = functional.one_hot(batch.lesions, PARTS[1]).permute(0, 3, 1, 2).float()
    labels = functional.avg_pool2d(one_hot, (SIDE // h, along))
    class_weight = torch.tensor(_CLASS_WEIGHT)
    return layers, lesion_loss(logits[:, PARTS[0] :], labels, batch.known, class_weight)


def _batch(shares: Sequence[Share], rng: np.random.Generator) -> tuple[Batch, Tensor]:
    images, surfaces, lesions, known, weight = [], [], [], [], []
    for share in shares:
        at = share.drawn(rng)
        images.append(share.samples.images[at])
        surfaces.append(share.samples.surfaces[at])
        lesions.append(share.samples.lesions[at])
        known.append(share.samples.known[at])
        weight += [share.weight] * share.n
    return (
        Batch(
            torch.from_numpy(np.concatenate(images)[:, None]).float() / 255,
            torch.from_numpy(np.concatenate(surfaces)),
            torch.from_numpy(np.concatenate(lesions)).long(),
            torch.from_numpy(np.concatenate(known)),
        ),
        torch.tensor(weight),
    )


@torch.no_grad()
def _average(kept: nn.Module, model: nn.Module, decay: float) -> None:
    new = model.state_dict()
    for name, old in kept.state_dict().items():
        if old.is_floating_point():
            old.lerp_(new[name], 1 - decay)
        else:
            old.copy_(new[name])
