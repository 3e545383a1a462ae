"""One training from its first step to its last: checked, checkpointed, paused, stopped, resumed."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import torch

from mirage_core.io.atomic import explain_os_error
from mirage_core.training.early_stopping import EarlyStopping
from mirage_core.training.finetune.checkpoints import (
    BEFORE,
    BEST,
    LAST,
    LEARNT,
    Weights,
    clear_leftovers,
    load_state,
    load_weights,
    save_state,
    save_weights,
)
from mirage_core.training.finetune.errors import TeachCancelledError
from mirage_core.training.finetune.events import Teller, Wish
from mirage_core.training.finetune.trainer import Trainer

_PAUSE_S = 0.1
_NEVER = 10**9

Check = Callable[[], float]
"""Scores what was learnt so far, 0..1."""


class LessonRun:
    """Takes a trainer through a lesson.

    Parameters
    ----------
    name : str
        Of the lesson.
    trainer : Trainer
    folder : Path
        Of the lesson.
    teller : Teller
    check : callable or None
        None: there is nothing to check with, and the last moment is the best.
    watch : callable or None
        Scores B-scans that are held back, for whoever watches: nothing is decided by it.
    """

    def __init__(
        self,
        name: str,
        trainer: Trainer,
        folder: Path,
        teller: Teller,
        check: Check | None,
        watch: Check | None = None,
    ) -> None:
        self._name, self._trainer, self._folder = name, trainer, folder
        self._teller, self._check, self._watch = teller, check, watch
        self._checks: list[tuple[float, float]] = []
        self._losses: list[float] = []
        self._stopping = self._new_stopping()
        self._saved_at = time.monotonic()

    def learn(self) -> tuple[Weights, bool]:
        """Teach to the end, from where the lesson stood.

        Returns
        -------
        dict of str to tensor
            What was learnt.
        bool
            False if it was stopped before its end.

        Raises
        ------
        TeachCancelledError
            After a checkpoint was written.
        TeachError, ExportError
            The last checkpoint stays.
        """
        n_steps = self._trainer.batches.n_steps
        done = load_weights(self._folder, LEARNT)
        if done is not None:
            self._teller.steps.before += n_steps
            return done, True
        self._open()
        if self._trainer.step == 0:
            self._tell_score(self._watch)
        stopped = False
        while self._trainer.step < n_steps and not self._stopping.should_stop:
            stopped = self._is_to_stop()
            if stopped:
                break
            self._step()
        if not self._stopping.should_stop:
            self._look()
        best = load_weights(self._folder, BEST) if self._check is not None else None
        learnt = best if best is not None else self._trainer.learnt()
        if stopped:
            self._save()
            return learnt, False
        save_weights(self._folder, LEARNT, learnt)
        for name in (LAST, BEFORE, BEST):
            with suppress(OSError):
                (self._folder / name).unlink(missing_ok=True)
        self._teller.steps.before += n_steps - self._trainer.step
        return learnt, True

    def _open(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise explain_os_error(error, self._folder) from error
        clear_leftovers(self._folder)
        state, notes = load_state(self._folder)
        for note in notes:
            self._teller.note(note)
        if state is not None:
            self._trainer.restore(state)
            for score, loss in state.checks:
                self._checks.append((score, loss))
                self._stopping.update(score, loss)
        self._teller.steps.before += self._trainer.step
        self._teller.log.forget(self._name, self._trainer.step)

    def _is_to_stop(self) -> bool:
        """Return whether to stop here; wait while paused."""
        listeners, paused = self._teller.listeners, False
        while True:
            if listeners.cancelled():
                self._save()
                raise TeachCancelledError
            wish = listeners.wish()
            if wish is not Wish.PAUSE:
                break
            if not paused:
                paused = True
                self._save()
                self._teller.tell("paused", lesson=self._name, step=self._trainer.step)
            time.sleep(_PAUSE_S)
        return wish is Wish.STOP

    def _step(self) -> None:
        trainer, teller = self._trainer, self._teller
        lr = trainer.lr
        teller.begin()
        loss = trainer.advance()
        teller.stepped()
        self._losses.append(loss)
        while trainer.remarks:
            teller.note(trainer.remarks.pop(0))
        teller.tell(
            "step",
            lesson=self._name,
            step=trainer.step,
            steps=trainer.batches.n_steps,
            loss=loss,
            lr=lr,
            seconds=teller.seconds,
            left_s=teller.left_s,
            memory_bytes=teller.listeners.memory_bytes(),
            gpu_bytes=_gpu_bytes(trainer.device),
        )
        every = trainer.batches.check_steps
        if trainer.step % every == 0:
            self._look()
            self._tell_score(self._watch)
        if time.monotonic() - self._saved_at >= trainer.config.checkpoint_s:
            self._save()

    def _look(self) -> None:
        """Check what was learnt so far, and keep it if it is the best."""
        if self._check is None or not self._losses:
            return
        score = self._check()
        loss = sum(self._losses) / len(self._losses)
        self._losses.clear()
        self._checks.append((score, loss))
        is_best = self._stopping.update(score, loss)
        if is_best:
            save_weights(self._folder, BEST, self._trainer.learnt())
        self._tell_score(lambda: score, best=is_best)

    def _tell_score(self, check: Check | None, **more: bool) -> None:
        if check is None:
            return
        score = check()
        self._teller.tell(
            "check",
            lesson=self._name,
            step=self._trainer.step,
            score=score if score == score else None,
            **more,
        )

    def _save(self) -> None:
        save_state(self._folder, self._trainer.state(self._checks))
        self._saved_at = time.monotonic()

    def _new_stopping(self) -> EarlyStopping:
        patience = self._trainer.config.patience
        return EarlyStopping(patience=_NEVER if patience is None else patience, start=0)


def _gpu_bytes(device: torch.device) -> int | None:
    return torch.cuda.memory_allocated(device) if device.type == "cuda" else None
