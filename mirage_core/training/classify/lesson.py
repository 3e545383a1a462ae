"""One training by gradient steps: epochs, early stopping, checkpoints, pause, stop, resume."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from mirage_core.io.atomic import explain_os_error
from mirage_core.model.checkpoints.errors import CheckpointError
from mirage_core.training.batch_rule import classification_batch_size
from mirage_core.training.checkpoint_files import (
    BEFORE,
    LAST,
    read_checkpoint,
    write_checkpoint,
    write_last,
)
from mirage_core.training.classify.config import ClassifyConfig
from mirage_core.training.classify.exact import smoothed
from mirage_core.training.classify.learners import Learner
from mirage_core.training.classify.report import balanced_accuracy
from mirage_core.training.classify.split import Lesson
from mirage_core.training.early_stopping import EarlyStopping
from mirage_core.training.finetune.errors import TeachCancelledError, TeachError
from mirage_core.training.finetune.events import Teller, Wish
from mirage_core.training.layer_decay import parameter_groups, set_learning_rate
from mirage_core.training.schedules import classification_lr

F32 = NDArray[np.float32]

_FORMAT = 1
_LEARNT = "learnt.pt"
_PAUSE_S = 0.1
_ORDER = 11


def steps_of(n_train: int, config: ClassifyConfig) -> tuple[int, int]:
    """Return the examples of a step and the steps of an epoch."""
    batch = min(config.batch or classification_batch_size(n_train), n_train)
    return batch, math.ceil(n_train / batch)


class ClassLesson:
    """Takes a learner through a lesson.

    Parameters
    ----------
    lesson : Lesson
    learner : Learner
    targets : float array ``[example, class]``
    config : ClassifyConfig
    folder : Path
        Of the lesson; gets checkpoints.
    teller : Teller
    """

    def __init__(
        self,
        lesson: Lesson,
        learner: Learner,
        targets: F32,
        config: ClassifyConfig,
        folder: Path,
        teller: Teller,
    ) -> None:
        self._lesson, self._learner, self._config = lesson, learner, config
        self._folder, self._teller = folder, teller
        self._truth = targets
        soft = smoothed(targets, config.label_smoothing, learner.model.multi_label)
        self._targets = torch.from_numpy(soft.astype(np.float32)).to(learner.device)
        self._batch, self._steps = steps_of(len(lesson.train), config)
        self._optimizer = torch.optim.AdamW(
            parameter_groups(
                learner.model, lr=config.lr, weight_decay=config.weight_decay, layer_decay=1
            ),
            lr=config.lr,
        )
        self._stopping = EarlyStopping(config.patience, config.patience_from)
        self._checks: list[tuple[float, float]] = []
        self._best: dict[str, Tensor] = {}
        self._epoch = 0
        self._saved_at = time.monotonic()

    def learn(self) -> None:
        """Teach to the end, from where the lesson stood; the model has then what was best.

        Raises
        ------
        TeachCancelledError
            After a checkpoint was written.
        TeachError, ExportError
            The last checkpoint stays.
        """
        if self._open():
            return
        while self._epoch < self._config.epochs and not self._stopping.should_stop:
            if self._is_to_stop():
                break
            self._run_epoch()
            if time.monotonic() - self._saved_at >= self._config.checkpoint_s:
                self._save()
        if self._best:
            self._wear(self._best)
        write_checkpoint(self._folder / _LEARNT, {"format": _FORMAT, "weights": self._weights()})
        for name in (LAST, BEFORE):
            with suppress(OSError):
                (self._folder / name).unlink(missing_ok=True)
        self._teller.steps.before += (self._config.epochs - self._epoch) * self._steps

    def _run_epoch(self) -> None:
        config, epoch = self._config, self._epoch
        order = np.random.default_rng((config.seed, epoch, _ORDER)).permutation(self._lesson.train)
        losses = []
        self._teller.begin()
        for step in range(self._steps):
            rows = [int(i) for i in order[step * self._batch : (step + 1) * self._batch]]
            rate = classification_lr(
                epoch + step / self._steps,
                lr=config.lr,
                epochs=config.epochs,
                warmup_epochs=config.warmup_epochs,
                min_lr=config.min_lr,
            )
            set_learning_rate(self._optimizer, rate)
            losses.append(self._step(rows))
            self._teller.stepped()
        self._epoch += 1
        self._teller.tell(
            "epoch",
            lesson=self._lesson.name,
            step=self._epoch,
            steps=config.epochs,
            loss=float(np.mean(losses)),
            lr=rate,
            seconds=self._teller.seconds,
            left_s=self._teller.left_s,
            memory_bytes=self._teller.listeners.memory_bytes(),
        )
        if self._lesson.val:
            self._check()

    def _step(self, rows: Sequence[int]) -> float:
        """Do one optimiser step and return its loss."""
        self._optimizer.zero_grad(set_to_none=True)
        whole, at_a_time = 0.0, self._learner.at_a_time
        draw = (self._config.seed, self._epoch)
        for at in range(0, len(rows), at_a_time):
            some = rows[at : at + at_a_time]
            loss = self._loss(self._learner.logits(some, draw), some).sum() / len(rows)
            loss.backward()
            whole += float(loss.detach())
        if not math.isfinite(whole):
            raise TeachError(
                f"The loss became {whole} in epoch {self._epoch + 1}; teaching stopped before "
                "anything was changed by it.",
                "Begin anew with a lower learning rate (lr).",
            )
        self._optimizer.step()
        return whole

    def _loss(self, logits: Tensor, rows: Sequence[int]) -> Tensor:
        """Return the loss of each example ``(B,)``."""
        wanted = self._targets[list(rows)]
        if self._learner.model.multi_label:
            each = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
            return each.sum(dim=1)
        return functional.cross_entropy(logits, wanted, reduction="none")

    def _check(self) -> None:
        """Look at the part ``val``, and keep what was learnt if it is the best so far."""
        rows = list(self._lesson.val)
        logits = torch.cat([self._learner.answers([i]) for i in rows])
        loss = float(self._loss(logits, rows).mean())
        told = self._learner.model.probabilities(logits).cpu().numpy()
        several = self._learner.model.multi_label
        score = balanced_accuracy(told, self._truth[rows], multi_label=several)
        self._checks.append((score, loss))
        best = self._stopping.update(score, loss)
        if best:
            self._best = self._weights()
        self._teller.tell(
            "check",
            lesson=self._lesson.name,
            step=self._epoch,
            score=score if score == score else None,
            loss=loss,
            best=best,
        )

    def _is_to_stop(self) -> bool:
        """Return whether to stop here; wait while paused."""
        listeners, paused = self._teller.listeners, False
        while True:
            if listeners.cancelled():
                self._save()
                raise TeachCancelledError
            wish = listeners.wish()
            if wish is not Wish.PAUSE:
                return wish is Wish.STOP
            if not paused:
                paused = True
                self._save()
                self._teller.tell("paused", lesson=self._lesson.name, step=self._epoch)
            time.sleep(_PAUSE_S)

    def _open(self) -> bool:
        """Read where the lesson stood; return whether it was over."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise explain_os_error(error, self._folder) from error
        done = self._read(_LEARNT)
        if done is not None:
            self._wear(done["weights"])
            self._teller.steps.before += self._config.epochs * self._steps
            return True
        content = self._read(LAST) or self._read(BEFORE)
        if content is not None:
            self._wear(content["weights"])
            self._optimizer.load_state_dict(content["optimizer"])
            self._best = dict(content["best"])
            self._epoch = int(content["epoch"])
            for score, loss in content["checks"]:
                self._checks.append((float(score), float(loss)))
                self._stopping.update(float(score), float(loss))
        self._teller.steps.before += self._epoch * self._steps
        self._teller.log.forget(self._lesson.name, self._epoch)
        return False

    def _read(self, name: str) -> dict[str, Any] | None:
        """Return a checkpoint that is whole; None where it is missing or passed over."""
        path = self._folder / name
        if not path.exists():
            return None
        try:
            content = dict(read_checkpoint(path))
            if content.get("format") == _FORMAT:
                return content
        except CheckpointError:
            pass
        self._teller.note(f"The checkpoint {name} is damaged and was passed over.")
        return None

    def _save(self) -> None:
        write_last(
            self._folder,
            {
                "format": _FORMAT,
                "epoch": self._epoch,
                "weights": self._weights(),
                "best": self._best,
                "optimizer": self._optimizer.state_dict(),
                "checks": [list(check) for check in self._checks],
            },
        )
        self._saved_at = time.monotonic()

    def _weights(self) -> dict[str, Tensor]:
        return {n: p.detach().cpu().clone() for n, p in self._learner.learns.items()}

    @torch.no_grad()
    def _wear(self, weights: dict[str, Tensor]) -> None:
        for name, parameter in self._learner.learns.items():
            parameter.copy_(weights[name])
