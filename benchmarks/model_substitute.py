"""A stand-in for trained weights: a Base encoder with a ConvNeXt head that was really trained.

MIRAGE's own weights cannot be fetched here. The stand-in has the same graph and sizes. Encoder
and head start from seeded random weights and are trained together for a few minutes to tell eight
layers apart, by windows of tokens of 1024 x 1024 px B-scans; then the encoder is frozen and the
head goes on alone on all tokens of whole B-scans, as the published protocol trains it. It is made
once and kept in ``MIRAGE_BENCH_CACHE`` (a folder beside the temporary files by default).
``python -m benchmarks.model_substitute``
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from benchmarks.model_data import Labelled, training_set
from mirage_core.model.build import build_model
from mirage_core.model.segmentation import MirageSegmentation
from mirage_core.model.spec import BSCAN, HeadSpec, mirage_spec
from mirage_core.model.tokens import Kept, Tokens

SIDE = 1024
N_CLASSES = 8
WINDOW = 4
"""Columns of tokens a training step looks at."""
STEPS_TOGETHER = 300
STEPS_HEAD = 100
N_FROZEN = 24
RATE_ENCODER, RATE_HEAD = 5e-5, 4e-4
VERSION = 1


def new_model() -> MirageSegmentation:
    """Return Base with a ConvNeXt head for 1024 x 1024 px, random weights, always the same."""
    torch.manual_seed(0)
    domain = BSCAN.model_copy(update={"size": (SIDE, SIDE)})
    model = build_model(mirage_spec("base", (domain,), head=HeadSpec(n_classes=N_CLASSES)))
    assert isinstance(model, MirageSegmentation)
    return model.eval()


def cache_dir() -> Path:
    """Return the folder of what is trained once."""
    default = Path(tempfile.gettempdir()) / "mirage-benchmarks"
    return Path(os.environ.get("MIRAGE_BENCH_CACHE") or default)


def substitute(trained: bool = True) -> MirageSegmentation:
    """Return the stand-in, trained now if it has not been yet.

    Parameters
    ----------
    trained : bool
        Whether the encoder is trained too; else it keeps its random weights and only the head
        is trained.
    """
    model = new_model()
    path = (
        cache_dir() / f"base-convnext-{'trained' if trained else 'random'}-v{VERSION}.safetensors"
    )
    if path.exists():
        model.load_state_dict(load_file(path))
        return model
    train(model, trained)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, partial)
    partial.replace(path)
    return model


def train(model: MirageSegmentation, encoder_too: bool) -> None:
    """Train `model` in place; deterministic for a number of threads."""
    data = training_set(SIDE)
    rng = np.random.default_rng(0)
    steps = STEPS_TOGETHER if encoder_too else 0
    if encoder_too:
        together(model, data, rng, steps)
    head_alone(model, data, rng, STEPS_HEAD if encoder_too else STEPS_HEAD + STEPS_TOGETHER)
    model.requires_grad_(False)


def together(
    model: MirageSegmentation, data: Labelled, rng: np.random.Generator, steps: int
) -> None:
    """Train encoder and head on windows of all rows and a few columns of tokens."""
    head = list(model.head.parameters())
    ids = {id(p) for p in head}
    encoder = [p for p in model.parameters() if id(p) not in ids and p.requires_grad]
    optimizer = torch.optim.AdamW(
        [{"params": encoder, "lr": RATE_ENCODER}, {"params": head, "lr": RATE_HEAD}],
        betas=(0.9, 0.98),
        weight_decay=0.05,
    )
    schedule = one_cycle(optimizer, steps)
    grid = SIDE // 32
    for step in range(steps):
        i = int(rng.integers(len(data.images)))
        first = int(rng.integers(grid - WINDOW + 1))
        columns = torch.arange(first, first + WINDOW)
        index = (torch.arange(grid)[:, None] * grid + columns[None]).reshape(1, -1)
        tokens = model.encode({"bscan": data.image(i)}, keep=Kept(index))
        window = Tokens(tokens.values, {"bscan": (grid, WINDOW)})
        loss = loss_of(model.head(window), data.label(i)[:, :, 32 * first : 32 * (first + WINDOW)])
        descend(optimizer, schedule, loss)
        tell("encoder and head", step, steps, loss)


def head_alone(
    model: MirageSegmentation, data: Labelled, rng: np.random.Generator, steps: int
) -> None:
    """Train the head on windows of the frozen encoder's tokens of whole B-scans."""
    chosen = rng.permutation(len(data.images))[:N_FROZEN]
    with torch.no_grad():
        cached = [model.tokens({"bscan": data.image(int(i))}).of("bscan") for i in chosen]
    optimizer = torch.optim.AdamW(model.head.parameters(), lr=RATE_HEAD, weight_decay=0.05)
    schedule = one_cycle(optimizer, steps)
    grid = SIDE // 32
    for step in range(steps):
        k = int(rng.integers(len(chosen)))
        first = int(rng.integers(grid - WINDOW + 1))
        values = cached[k].unflatten(1, (grid, grid))[:, :, first : first + WINDOW].flatten(1, 2)
        window = Tokens(values, {"bscan": (grid, WINDOW)}, n_global=0)
        label = data.label(int(chosen[k]))[:, :, 32 * first : 32 * (first + WINDOW)]
        loss = loss_of(model.head(window), label)
        descend(optimizer, schedule, loss)
        tell("head alone", step, steps, loss)


def loss_of(logits: Tensor, label: Tensor) -> Tensor:
    """Return cross-entropy at the label's size, balanced by the square root of class sizes."""
    full = functional.interpolate(logits, label.shape[1:], mode="bilinear", align_corners=False)
    counts = torch.bincount(label.flatten(), minlength=N_CLASSES).clamp(min=1)
    weight = counts.float().rsqrt()
    return functional.cross_entropy(full, label, weight=weight)


def one_cycle(optimizer: torch.optim.Optimizer, steps: int) -> torch.optim.lr_scheduler.LRScheduler:
    """Return a schedule: a short rise, then a cosine to nothing."""

    def factor(step: int) -> float:
        rise = min(1.0, (step + 1) / 20)
        return rise * 0.5 * (1 + float(np.cos(np.pi * min(1.0, step / max(1, steps)))))

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


def descend(
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    loss: Tensor,
) -> None:
    """Take one step."""
    optimizer.zero_grad()
    loss.backward()
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
    schedule.step()


_began = time.monotonic()


def tell(what: str, step: int, steps: int, loss: Tensor) -> None:
    """Print a line now and then."""
    if step % 20 == 0 or step == steps - 1:
        seconds = time.monotonic() - _began
        print(
            f"{what}: step {step + 1}/{steps}, loss {loss.item():.3f}, {seconds:.0f} s", flush=True
        )


if __name__ == "__main__":
    substitute()
