"""Base with a ConvNeXt head at 1024 x 1024 px on a graphics card: plain, exact, fast, compiled.

Random, seeded weights: what is timed does not depend on them. ``python -m benchmarks.model_cuda``
says so and ends where there is no card; ``--device cpu --side 256 --rounds 1`` tries the script.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import torch
from torch import Tensor

from benchmarks.model_plain import Plain
from benchmarks.report import Result, emit
from mirage_core.model.batching import fitting
from mirage_core.model.build import build_model
from mirage_core.model.devices import (
    arithmetic,
    autocast_dtype,
    device_title,
    free_bytes,
    measured_peak,
    to_device,
)
from mirage_core.model.inference import InferenceModel, class_map
from mirage_core.model.segmentation import MirageSegmentation
from mirage_core.model.spec import BSCAN, HeadSpec, mirage_spec

N_CLASSES = 8


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--compile", action="store_true", help="compile the encoder too")
    options = parser.parse_args()
    device = torch.device(options.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        print("There is no CUDA device here: nothing was measured.")
        return
    model = new_model(options.side).to(device)
    plain = Plain(dict(model.state_dict()), model.spec.depth, model.head.spec.depth)
    modes = {mode: InferenceModel(model, mode) for mode in ("exact", "fast")}
    if options.compile:
        modes["fast, compiled"] = InferenceModel(model, "fast", compiled=True)
    images = torch.rand(
        1, 1, options.side, options.side, generator=torch.Generator().manual_seed(1)
    )
    n = batch_size(modes["fast"], images.to(device), device)
    batch = images.expand(n, -1, -1, -1).contiguous()
    with arithmetic(device, fast=False):
        reference = plain.classes(images.to(device))
        peer = seconds(lambda: plain.classes(images.to(device)), device, options.rounds)
    half = autocast_dtype(device)
    print(f"{device_title(device)}; half precision: {half}; automatic batch: {n}")
    for mode, ready in modes.items():
        for x in (images, batch) if n > 1 else (images,):
            own = seconds(lambda r=ready, x=x: classes(r, x, device), device, options.rounds)  # type: ignore[misc]
            same = float((classes(ready, x, device)[:1] == reference).float().mean())
            per_image = own / len(x)
            bar = 1.0 if mode == "exact" else 2.0
            emit(
                Result(
                    f"segmentation at {options.side}² on {device_title(device)}, {mode}, "
                    f"{len(x)} at a time",
                    f"≥ {bar}× faster",
                    f"{1000 * per_image:.1f} ms a B-scan, argmax {same:.2%} the same",
                    "plain eager float32, one at a time",
                    f"{1000 * peer:.1f} ms",
                    peer / per_image,
                    peer / per_image >= bar,
                )
            )
    transfers(batch, device, options.rounds)


def new_model(side: int) -> MirageSegmentation:
    """Return Base with a ConvNeXt head, random weights, always the same."""
    torch.manual_seed(0)
    domain = BSCAN.model_copy(update={"size": (side, side)})
    model = build_model(mirage_spec("base", (domain,), head=HeadSpec(n_classes=N_CLASSES)))
    assert isinstance(model, MirageSegmentation)
    return model.eval()


def classes(ready: InferenceModel, images: Tensor, device: torch.device) -> Tensor:
    """Return the likeliest classes of images that lie in main memory."""
    side = images.shape[-1]
    logits = ready.grid_logits({"bscan": to_device(images, device)})
    return class_map(logits, (side, side), (0, N_CLASSES - 1))


def batch_size(ready: InferenceModel, image: Tensor, device: torch.device) -> int:
    """Return how many B-scans fit at a time, as a run finds out; 1 on a CPU."""
    if device.type != "cuda":
        return 1
    with measured_peak(device) as peak:
        ready.grid_logits({"bscan": image})
    return fitting(peak[0], free_bytes(device))


def seconds(work: Callable[[], object], device: torch.device, rounds: int) -> float:
    """Return the best of some rounds after two to warm up, in s, the device's work included."""
    best = float("inf")
    for turn in range(rounds + 2):
        synchronise(device)
        start = time.perf_counter()
        work()
        synchronise(device)
        if turn >= 2:
            best = min(best, time.perf_counter() - start)
    return best


def synchronise(device: torch.device) -> None:
    """Wait for all work of a card."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def transfers(batch: Tensor, device: torch.device, rounds: int) -> None:
    """Compare moving a batch through pinned memory with moving it plainly."""
    if device.type != "cuda":
        return
    pinned = seconds(lambda: to_device(batch, device), device, rounds)
    plain = seconds(lambda: batch.to(device), device, rounds)
    print(f"transfer of {len(batch)} B-scans: pinned {pinned:.4f} s, plain {plain:.4f} s")


if __name__ == "__main__":
    main()
