"""Does masked pre-training pay for the starter model? ``python -m benchmarks.starter_pretraining``.

Four runs, the same seed, the same B-scans: the pre-training of the encoder, a training that
starts from it, one from scratch of as many steps, and one from scratch of as much computing as
the first two together. ``--out FOLDER`` runs what is not there yet, one result a file; ``--write
docs/starter.md`` puts the table between two marks of that file; no number is typed by hand.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks.page import put_part
from benchmarks.starter_pretraining_data import Eyes, eyes_to_judge_by, eyes_to_learn_from
from mirage_core.model.segmentation import MirageSegmentation
from mirage_core.training.pretrain.config import preset
from mirage_core.training.pretrain.data import ArrayTriples
from mirage_core.training.pretrain.run import Listeners, pretrain
from mirage_core.training.starter.augment import Batch
from mirage_core.training.starter.model import PARTS
from mirage_core.training.starter.samples import LESIONS, SIDE, Samples
from mirage_core.training.starter.starting import pretrained_model
from mirage_core.training.starter.targets import below_probability
from mirage_core.training.starter.trainer import Settings, Share, losses, train

PART = "pretraining"
PRETRAINING, SCRATCH, PRETRAINED, LONGER = "pretraining", "scratch", "pretrained", "longer"


@dataclass(frozen=True)
class Size:
    """How much is computed.

    Attributes
    ----------
    eyes, judged_eyes : int
        Simulated eyes to learn from, and to judge by.
    steps, batch : int
        Of a training.
    epochs, samples : int
        Of the pre-training; the first epoch warms up.
    """

    eyes: int = 60
    judged_eyes: int = 8
    steps: int = 110
    batch: int = 2
    epochs: int = 4
    samples: int = 80

    def settings(self, steps: int) -> Settings:
        """Return how a training of `steps` is done."""
        return Settings(steps=steps, batch=self.batch, rising_steps=max(self.steps // 5, 1))


def main() -> int:
    """Run what is missing, and write the table if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    parser.add_argument("--write", type=Path, help="file that gets the table: docs/starter.md")
    options = parser.parse_args()
    torch.set_num_threads(1)
    results = computed(options.out, Size())
    text = "\n".join(section(results))
    print(text)
    if options.write:
        put_part(options.write, PART, text)
    return 0


def computed(out: Path, size: Size) -> dict[str, dict[str, float]]:
    """Return the results of all runs, computing those that `out` does not hold."""
    out.mkdir(parents=True, exist_ok=True)
    results: dict[str, dict[str, float]] = {}
    names = (PRETRAINING, SCRATCH, PRETRAINED, LONGER)
    if all((out / f"{name}.json").exists() for name in names):
        return {name: json.loads((out / f"{name}.json").read_text()) for name in names}
    eyes, judged = eyes_to_learn_from(size.eyes), eyes_to_judge_by(size.judged_eyes)
    for name in names:
        file = out / f"{name}.json"
        if not file.exists():
            print(f"{name} …", flush=True)
            found = _run(name, eyes, judged, size, out, results)
            file.write_text(json.dumps(found, indent=1), encoding="utf-8")
        results[name] = json.loads(file.read_text(encoding="utf-8"))
    return results


def _run(
    name: str,
    eyes: Eyes,
    judged: Samples,
    size: Size,
    out: Path,
    before: dict[str, dict[str, float]],
) -> dict[str, float]:
    if name == PRETRAINING:
        return _pretraining(eyes.triples(size.samples), size, out)
    steps = size.steps
    if name == LONGER:
        scratch = before[SCRATCH]
        steps += round(before[PRETRAINING]["seconds"] / scratch["seconds"] * scratch["steps"])
    settings = size.settings(steps)
    start = None
    if name == PRETRAINED:
        start = pretrained_model(out / "run" / "last.pt", settings.seed)
    share = Share(eyes.samples, size.batch)
    began = time.process_time()
    model = train([share], settings, lambda line: print(line, flush=True), start=start)
    seconds = time.process_time() - began
    return {"steps": steps, "seconds": seconds, "batch": size.batch} | judgement(model, judged)


def _pretraining(triples: ArrayTriples, size: Size, out: Path) -> dict[str, float]:
    config = preset("starter").changed(epochs=size.epochs, warmup_epochs=1)
    epochs: list[dict[str, float]] = []
    listeners = Listeners(
        report=lambda done: print(f"{done:.0%}", flush=True),
        on_epoch=lambda metrics: epochs.append(dict(metrics.losses)),
    )
    began = time.process_time()
    result = pretrain(config, triples, out / "run", device="cpu", listeners=listeners)
    seconds = time.process_time() - began
    ends = {"first": epochs[0], "last": epochs[-1]}
    told = {f"{d}_{end}": loss for end, by in ends.items() for d, loss in by.items()}
    return {
        "steps": result.n_steps,
        "seconds": seconds,
        "batch": config.batch,
        "eyes": size.eyes,
        "judged_eyes": size.judged_eyes,
    } | told


@torch.inference_mode()
def judgement(model: MirageSegmentation, judged: Samples) -> dict[str, float]:
    """Return losses, error of surfaces (px of the network's square) and Dice of lesions."""
    model.eval()
    sums, away = np.zeros(2), []
    hit, marked, true = (np.zeros(len(LESIONS)) for _ in range(3))
    for i in range(len(judged)):
        batch = Batch(
            torch.from_numpy(judged.images[i][None, None]).float() / 255,
            torch.from_numpy(judged.surfaces[i][None]),
            torch.from_numpy(judged.lesions[i][None]).long(),
            torch.from_numpy(judged.known[i][None]),
        )
        logits = model.grid_logits({"bscan": batch.images})
        sums += [x.item() for x in losses(logits, batch, torch.ones(1))]
        away.append(_away(logits, batch))
        found = logits[0, PARTS[0] :].argmax(dim=0).numpy()
        rows, along = SIDE // found.shape[0], SIDE // found.shape[1]
        labels = judged.lesions[i][rows // 2 :: rows, along // 2 :: along]
        for kind in range(len(LESIONS)):
            a, b = found == kind + 1, labels == kind + 1
            hit[kind] += (a & b).sum()
            marked[kind] += a.sum()
            true[kind] += b.sum()
    there = true > 0
    dice = 2 * hit[there] / (marked + true)[there]
    layers, lesions = sums / len(judged)
    return {
        "layers": layers,
        "lesions": lesions,
        "error_px": float(np.nanmean(np.stack(away))),
        "dice": float(dice.mean()),
        "judged": len(judged),
    }


def _away(logits: torch.Tensor, batch: Batch) -> np.ndarray:
    below = below_probability(logits[:, : PARTS[0]])
    h, w = below.shape[2:]
    found = (1 - below).sum(dim=2)[0] * (SIDE / h)
    truth = batch.surfaces[0].unflatten(1, (w, SIDE // w)).mean(dim=2)
    inside = (truth > 0) & (truth < SIDE)
    return torch.where(inside, (found - truth).abs(), torch.nan).numpy()


def section(results: dict[str, dict[str, float]]) -> list[str]:
    """Return the lines of the table and of what it means."""
    first, scratch = results[PRETRAINING], results[SCRATCH]
    titles = {
        SCRATCH: "from scratch",
        PRETRAINED: "after pre-training",
        LONGER: "from scratch, as much computing",
    }
    rows = []
    for name, title in titles.items():
        r = results[name]
        spent = r["seconds"] + (first["seconds"] if name == PRETRAINED else 0)
        rows.append(
            f"| {title} | {r['steps']:.0f} | {spent:.0f} | {r['layers']:.1f} | {r['lesions']:.3f} "
            f"| {r['error_px']:.1f} | {r['dice']:.3f} |"
        )
    masked = ", ".join(
        f"{d} {first[f'{d}_first']:.3f} to {first[f'{d}_last']:.3f}"
        for d in ("bscan", "slo", "bscanlayermap")
    )
    return [
        f"{first['steps']:.0f} steps of {first['batch']:.0f} samples of pre-training, then "
        f"{scratch['steps']:.0f} steps of {scratch['batch']:.0f} B-scans, all of",
        f"{first['eyes']:.0f} simulated eyes, on one core; judged on "
        f"{scratch['judged']:.0f} B-scans of {first['judged_eyes']:.0f} other simulated "
        f"eyes. Losses of the",
        f"first and of the last epoch of pre-training: {masked}.",
        "",
        "| Training | Steps | CPU seconds, pre-training included | Loss of layers | of lesions "
        "| Mean abs. error, px of 512 | Dice of lesions |",
        "|---|---|---|---|---|---|---|",
        *rows,
    ]


if __name__ == "__main__":
    sys.exit(main())
