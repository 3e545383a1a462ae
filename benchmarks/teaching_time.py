"""How long it takes to learn as much: the published recipe, and few-shot with a light head.

Both begin new heads on the starter model's frozen encoder and learn the expert's RPE and BM from
eight B-scans of bonn_amd. The recipe's Dice of what lies between them, on B-scans held back, is
noted as it learns; then few-shot learns until it has reached the best of it. Looking is not
counted.

A long run: half an hour on one core by default. Until the recipe's 200 epochs are over it may
still improve, so that what is said is of the time it was given (``--seconds``).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.report import Result, emit
from benchmarks.teaching_cases import DRAWN, bonn_held_out, evenly
from mirage_core.model.store.store import ModelStore, StoredModel
from mirage_core.training.finetune.batches import Batches
from mirage_core.training.finetune.cache import FeatureCache
from mirage_core.training.finetune.config import FinetuneConfig, preset
from mirage_core.training.finetune.labelled import LabelledBScan, TeachingData
from mirage_core.training.finetune.objective import make_objective
from mirage_core.training.finetune.predict import find
from mirage_core.training.finetune.pupil import load_pupil
from mirage_core.training.finetune.scores import Structure, sums
from mirage_core.training.finetune.square import SquareMaker
from mirage_core.training.finetune.syllabus import syllabus
from mirage_core.training.finetune.trainer import Kept, Trainer
from mirage_core.training.finetune.views import make_views

N, BAR = 8, 20.0
_REGION = Structure("region", " to ".join(DRAWN))
_JUDGED = 8
_CPU = torch.device("cpu")
_CACHE_BYTES = 2**31


class Learner:
    """A recipe at work; seconds are of the processor, without looking."""

    def __init__(self, name: str, base: StoredModel, config: FinetuneConfig) -> None:
        self.name, self.seconds = name, 0.0
        began = time.process_time()
        data = TeachingData(evenly(N, 0))
        self.plan = syllabus(base.card, data, config)
        maker = SquareMaker(self.plan.scheme, self.plan.normalisation)

        def known(i: int) -> tuple[LabelledBScan, None]:
            return data.b_scans[i], None

        self.trainer = Trainer(
            config,
            load_pupil(base, self.plan, config),
            True,
            make_objective(self.plan.scheme, config.ce_weight, 0.0),
            make_views(config.augmentation, maker, known, self.plan.side, config.seed),
            Batches(tuple(range(N)), config),
            Kept(FeatureCache(None, _CACHE_BYTES, 0), "starter", lambda i: str(i)),
            _CPU,
        )
        self.seconds += time.process_time() - began

    @property
    def over(self) -> bool:
        """Whether the recipe is at its end."""
        return self.trainer.step >= self.trainer.batches.n_steps

    def learn(self, steps: int) -> None:
        """Do some steps."""
        began = time.process_time()
        for _ in range(min(steps, self.trainer.batches.n_steps - self.trainer.step)):
            self.trainer.advance()
        self.seconds += time.process_time() - began

    def dice(self) -> float:
        """Return the Dice on B-scans held back, and say it."""
        held = bonn_held_out()
        with self.trainer.as_learnt() as learnt:
            found = [
                sums(_REGION, find(learnt, self.plan, b, _CPU), b)
                for b in held[:: len(held) // _JUDGED]
            ]
        total = np.sum(found, axis=0)
        dice = float(total[0] / total[3]) if total[3] else 0.0
        print(
            f"{self.name}: step {self.trainer.step}, {self.seconds:.0f} s, Dice {dice:.3f}",
            flush=True,
        )
        return dice


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=1500.0)
    allowed = arguments.parse_args().seconds
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        base = ModelStore(Path(folder)).get("starter")
        plain = Learner("published recipe", base, preset("paper"))
        best, best_at = 0.0, 0.0
        while not plain.over and plain.seconds < allowed:
            plain.learn(10)
            dice = plain.dice()
            if dice > best:
                best, best_at = dice, plain.seconds
        ours = Learner("few-shot, light head", base, preset("few-shot").changed(head="light"))
        reached = 0.0
        while not ours.over and reached < best:
            ours.learn(5)
            reached = ours.dice()
    ratio = best_at / ours.seconds
    emit(
        Result(
            f"CPU time to the same held-out Dice with {N} B-scans of bonn_amd, starter's encoder, "
            "new head",
            f"≥ {BAR:g} × shorter",
            f"{ours.seconds:.0f} s to Dice {reached:.3f}, few-shot and light head",
            "published recipe, ConvNeXt head, 1024²",
            f"{best_at:.0f} s to Dice {best:.3f} in step {plain.trainer.step} of "
            f"{plain.trainer.batches.n_steps} at most",
            ratio if reached >= best else None,
            reached >= best and ratio >= BAR,
        )
    )


if __name__ == "__main__":
    main()
