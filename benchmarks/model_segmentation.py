"""Base with a ConvNeXt head at 1024 x 1024 px on the CPU: exact and fast against a plain version.

Times are the best of some rounds in which the three take turns; agreement is judged on real
B-scans that the stand-in was not trained on, by set: those of ``kermany_lesions`` are cropped to
the retina, so that there is little background to leave out. `benchmarks.model_substitute` trains
the stand-in once, some 20 minutes on two cores.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.model_data import judging_set, network_input
from benchmarks.model_plain import Plain
from benchmarks.model_substitute import N_CLASSES, SIDE, substitute
from benchmarks.peak import peak_bytes
from benchmarks.report import Result, emit
from mirage_core.model.inference import InferenceModel, class_map, retina_band

ROUNDS = 4
BACKGROUND = (0, N_CLASSES - 1)
VOLUME = 49
MAX_GROWTH = 1.05


def main() -> None:
    """Measure and print."""
    torch.set_num_threads(2)
    model = substitute()
    plain = Plain(dict(model.state_dict()), model.spec.depth, model.head.spec.depth)
    exact, fast = InferenceModel(model, "exact"), InferenceModel(model, "fast")
    groups = judging_set()
    images = [image for group in groups.values() for image in group]
    inputs = [torch.from_numpy(network_input(i, SIDE))[None, None] for i in images]
    bands = [retina_band(image) for image in images]

    def run(ready: InferenceModel, i: int) -> Tensor:
        logits = ready.grid_logits({"bscan": inputs[i]}, [bands[i]], BACKGROUND)
        return class_map(logits, (SIDE, SIDE), BACKGROUND)

    figures = [judge(plain, exact, run, fast, inputs[i], i) for i in range(len(images))]
    error = max(f[0] for f in figures)
    start = 0
    for name, group in groups.items():
        own = list(range(start, start + len(group)))
        start += len(group)
        times = clock(
            [
                lambda i: plain.classes(inputs[i]),
                lambda i: run(exact, i),
                lambda i: run(fast, i),
            ],
            own[:: max(1, len(own) // 3)][:3],
        )
        tell(name, times, error, np.array([figures[i] for i in own]))
    n = len(next(iter(groups.values())))
    volume(lambda i: run(fast, i % n))


def tell(name: str, times: list[float], error: float, figures: NDArray[np.float64]) -> None:
    """Print the two modes' results on one group of B-scans."""
    _, same_exact, same, inside = figures.mean(axis=0).tolist()
    where = f"{len(figures)} B-scans of {name}"
    peer = ("plain eager float32, fused attention", f"{times[0]:.2f} s")
    ratio = times[0] / times[1]
    emit(
        Result(
            f"segmentation at 1024², Base + ConvNeXt, exact mode, {name}",
            "≥ 1.4× faster, max abs error of logits ≤ 1e-4",
            f"{times[1]:.2f} s a B-scan, max abs error {error:.0e}, "
            f"argmax of whole images {same_exact:.3%} the same",
            *peer,
            ratio,
            ratio >= 1.4 and error <= 1e-4,
        )
    )
    ratio = times[0] / times[2]
    emit(
        Result(
            f"segmentation at 1024², Base + ConvNeXt, fast mode, {name}",
            "≥ 3.5× faster, argmax ≥ 99.5 % the same",
            f"{times[2]:.2f} s a B-scan, argmax {same:.2%} the same on {where} "
            f"({figures[:, 2].min():.2%} on the worst; {inside:.2%} within the retina)",
            *peer,
            ratio,
            ratio >= 3.5 and same >= 0.995,
        )
    )


def clock(runs: list[Callable[[int], object]], chosen: list[int]) -> list[float]:
    """Return the mean over `chosen` B-scans of the best of :data:`ROUNDS` turns, in s."""
    best = np.full((len(runs), len(chosen)), np.inf)
    for _ in range(ROUNDS):
        for c, i in enumerate(chosen):
            for k, work in enumerate(runs):
                start = time.perf_counter()
                work(i)
                best[k, c] = min(best[k, c], time.perf_counter() - start)
    return best.mean(axis=1).tolist()


def judge(
    plain: Plain,
    exact: InferenceModel,
    run: Callable[[InferenceModel, int], Tensor],
    fast: InferenceModel,
    image: Tensor,
    i: int,
) -> tuple[float, float, float, float]:
    """Return the error of exact logits, and shares of equal pixels: exact, fast, in the retina."""
    with torch.inference_mode():
        reference = plain.logits(image)
    found = exact.grid_logits({"bscan": image})
    whole = torch.nn.functional.interpolate(
        found.values, (SIDE, SIDE), mode="bilinear", align_corners=False
    )
    error = float((whole - reference).abs().max())
    classes = reference.argmax(dim=1)
    same = run(fast, i) == classes
    retina = (classes != BACKGROUND[0]) & (classes != BACKGROUND[1])
    return (
        error,
        float((run(exact, i) == classes).float().mean()),
        float(same.float().mean()),
        float(same[retina].float().mean()),
    )


def volume(run: Callable[[int], object]) -> None:
    """Segment a volume's worth of B-scans in fast mode; memory must not grow."""
    start = time.perf_counter()
    peaks = []
    for i in range(VOLUME):
        run(i)
        peaks.append(peak_bytes() / 2**20)
    seconds = time.perf_counter() - start
    early, late = peaks[len(peaks) // 4], peaks[-1]
    emit(
        Result(
            f"segmentation of {VOLUME} B-scans at 1024², fast mode: peak memory at the end",
            f"≤ {MAX_GROWTH}× that after a quarter",
            f"{late:.0f} MiB ({seconds / VOLUME:.2f} s a B-scan)",
            "after a quarter",
            f"{early:.0f} MiB",
            early / late,
            late <= MAX_GROWTH * early,
        )
    )


if __name__ == "__main__":
    main()
