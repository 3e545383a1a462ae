"""A pre-training from beginning to end: started, checkpointed, stopped, resumed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from mirage_core.io.atomic import atomic_file, explain_os_error
from mirage_core.model.checkpoints.starting import initial_encoder
from mirage_core.model.masked import MaskedModel
from mirage_core.training.pretrain.batches import Plan
from mirage_core.training.pretrain.checkpoints import (
    RunState,
    clear_leftovers,
    has_run,
    load_latest,
    save_best,
    save_last,
)
from mirage_core.training.pretrain.config import CONFIG, PretrainConfig, write_config
from mirage_core.training.pretrain.data import Triples
from mirage_core.training.pretrain.errors import PretrainError
from mirage_core.training.pretrain.metrics import EpochMetrics, MetricsLog
from mirage_core.training.pretrain.ranks import Ranks, joined
from mirage_core.training.pretrain.samples import Samples
from mirage_core.training.pretrain.trainer import Cancelled, Trainer


@dataclass(frozen=True)
class PretrainResult:
    """What came of a run.

    Attributes
    ----------
    folder : Path
    finished : bool
        False if it was stopped; resuming goes on where it stands.
    step, n_steps : int
        Optimiser steps done, and of the whole run.
    epochs : int
        Whole epochs done.
    last : dict or None
        Line of ``metrics.jsonl`` about the last of them.
    device : str
    processes : int
    notes : tuple of str
        What is worth knowing: checkpoints passed over, what was started from.
    """

    folder: Path
    finished: bool
    step: int
    n_steps: int
    epochs: int
    last: dict[str, Any] | None
    device: str
    processes: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listeners:
    """Who is told about a run; only the first process tells.

    Attributes
    ----------
    report : callable
        Share of the run that is done, 0..1, after every step.
    on_epoch : callable
        Metrics, after every epoch.
    on_note : callable
        A sentence that is worth knowing, as soon as it is known.
    cancelled : callable
        Asked after every step, in every process.
    """

    report: Callable[[float], None] = lambda _fraction: None
    on_epoch: Callable[[EpochMetrics], None] = lambda _metrics: None
    on_note: Callable[[str], None] = lambda _note: None
    cancelled: Cancelled = lambda: False


def pretrain(
    config: PretrainConfig,
    triples: Triples,
    folder: Path,
    *,
    start: Path | None = None,
    resume: bool = False,
    device: str = "auto",
    listeners: Listeners | None = None,
) -> PretrainResult:
    """Train a masked model and leave its checkpoints and metrics in `folder`.

    Under torchrun every process calls this and takes its part; the first one writes.

    Parameters
    ----------
    config : PretrainConfig
    triples : Triples
        With the domains of `config`, in their order.
    folder : Path
        Gets ``config.json``, ``metrics.jsonl``, ``last.pt``, ``before.pt`` and ``best.pt``.
    start : Path, optional
        Weights the encoder starts with: of MAE, MultiMAE or MIRAGE.
    resume : bool
        Go on with the run in `folder`.
    device : str
        ``auto``, ``cuda``, ``mps`` or ``cpu``.
    listeners : Listeners, optional

    Raises
    ------
    PretrainError
        If the run cannot start or go on.
    DeviceError
        If there is no such device.
    CheckpointError
        If the weights to start with cannot be used.
    ReadError
        If a sample cannot be read.
    ExportError
        If the disk refuses; the last checkpoint stays.
    """
    listeners = listeners or Listeners()
    if not resume and has_run(folder):
        raise PretrainError(
            f"{folder} holds a pre-training already.",
            "Go on with it (--resume) or choose another folder.",
        )
    with joined(device) as ranks:
        run = _Run(config, triples, folder, ranks)
        run.prepare(start, resume)
        if ranks.is_first:
            for note in run.notes:
                listeners.on_note(note)
        finished = run.train(listeners)
        return run.result(finished)


class _Run:
    def __init__(
        self, config: PretrainConfig, triples: Triples, folder: Path, ranks: Ranks
    ) -> None:
        self._config = config
        self._folder = folder
        self._ranks = ranks
        self._data = triples.fingerprint()
        present = torch.from_numpy(triples.present())
        self._plan = Plan(config, present, ranks.rank, ranks.world)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            self._model = MaskedModel(config.model_spec())
        samples = Samples(triples, config.domain_specs())
        self._trainer = Trainer(config, self._model, samples, self._plan, ranks)
        self._log = MetricsLog(folder)
        self._step = 0
        self._best: float | None = None
        self.notes: list[str] = []

    def prepare(self, start: Path | None, resume: bool) -> None:
        if resume:
            if start is not None:
                raise PretrainError(
                    "A run that is resumed goes on with its own weights.",
                    "Leave --start out, or start anew in another folder.",
                )
            self._resume()
        elif start is not None:
            self._start_from(start)
        if self._ranks.is_first:
            self._open_folder(resume)

    def _resume(self) -> None:
        state, self.notes = load_latest(self._folder)
        if changed := state.config.differences(self._config):
            raise PretrainError(
                f"The run in {self._folder} was begun with other settings: {', '.join(changed)}.",
                "Resume it with its own, or start anew in another folder.",
            )
        if state.data != self._data:
            raise PretrainError(
                f"The run in {self._folder} was begun with other samples.",
                "Resume it with the same data, or start anew in another folder.",
            )
        self._trainer.restore(state.model, state.optimizer, state.scaler, state.sums)
        self._step, self._best = state.step, state.best_loss

    def _start_from(self, path: Path) -> None:
        initial = initial_encoder(path, self._config.model_spec())
        initial.copy_into(self._model)
        self.notes.append(f"The encoder starts with weights of {initial.layout.value}.")
        self.notes += initial.report.sentences()

    def _open_folder(self, resume: bool) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise explain_os_error(error, self._folder) from error
        clear_leftovers(self._folder)
        self._log.keep(self._step // self._plan.steps_per_epoch)
        if not resume:
            with atomic_file(self._folder / CONFIG, overwrite=True) as fresh:
                fresh.write_text(write_config(self._config), encoding="utf-8")

    def train(self, listeners: Listeners) -> bool:
        """Train to the end or until asked to stop; return whether the end was reached."""
        n_steps, is_first = self._plan.n_steps, self._ranks.is_first
        for done in self._trainer.steps(self._step, listeners.cancelled):
            self._step = done.step
            if is_first:
                if done.metrics is not None:
                    self._log.append(done.metrics)
                self._save(done.metrics, done.stop)
                if done.metrics is not None:
                    listeners.on_epoch(done.metrics)
                listeners.report(done.step / n_steps)
        return self._step == n_steps

    def _save(self, metrics: EpochMetrics | None, stop: bool) -> None:
        ends = self._step == self._plan.n_steps
        due = metrics is not None and metrics.epoch % self._config.checkpoint_epochs == 0
        if not (due or ends or stop):
            return
        if metrics is not None and (self._best is None or metrics.loss < self._best):
            self._best = metrics.loss
            save_best(self._folder, self._model.state_dict(), self._config)
        trainer = self._trainer
        save_last(
            self._folder,
            RunState(
                step=self._step,
                model=self._model.state_dict(),
                optimizer=trainer.optimizer.state_dict(),
                scaler=trainer.scaler.state_dict(),
                config=self._config,
                data=self._data,
                sums=trainer.sums.sums,
                best_loss=self._best,
            ),
        )

    def result(self, finished: bool) -> PretrainResult:
        lines = self._log.lines()
        return PretrainResult(
            folder=self._folder,
            finished=finished,
            step=self._step,
            n_steps=self._plan.n_steps,
            epochs=self._step // self._plan.steps_per_epoch,
            last=lines[-1] if lines else None,
            device=str(self._ranks.device),
            processes=self._ranks.world,
            notes=tuple(self.notes),
        )
