"""Run: one run of a model, with its weights, device, batches, progress and remarks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
from torch import nn

from mirage_core.engines.base import (
    Cancelled,
    EngineCancelledError,
    EngineInfo,
    EngineOptions,
    Report,
    RunInfo,
)
from mirage_core.model.batching import BatchRun, RunCancelledError, run_batches
from mirage_core.model.checkpoints.native import load_native
from mirage_core.model.devices import choose_device
from mirage_core.model.resident import forget, resident
from mirage_core.model.store.card import ModelCard
from mirage_core.model.store.store import StoredModel

T = TypeVar("T")
M = TypeVar("M", bound=nn.Module)


class Run:
    """What the tasks of an engine share.

    Parameters
    ----------
    stored : StoredModel
    info : EngineInfo
    options : EngineOptions
    report, cancelled
        See :mod:`mirage_core.engines.base`.
    """

    def __init__(
        self,
        stored: StoredModel,
        info: EngineInfo,
        options: EngineOptions,
        report: Report,
        cancelled: Cancelled,
    ) -> None:
        self.stored, self.info, self.options = stored, info, options
        self._report, self._cancelled = report, cancelled
        self.device = choose_device(options.device)

    @property
    def card(self) -> ModelCard:
        """The card of the model."""
        return self.stored.card

    def model(self, wrap: Callable[[nn.Module], nn.Module] = lambda m: m, kind: str = "") -> Model:
        """Return the model, loaded where it runs; `wrap` prepares it once, `kind` names how."""
        return Model(self, wrap, kind)

    def batches(
        self, rows: Sequence[int], work: Callable[[Sequence[int], torch.device], T], model: Model
    ) -> BatchRun[T]:
        """Run `work` on batches of `rows`; see :func:`run_batches`.

        Raises
        ------
        EngineCancelledError
        """
        try:
            return run_batches(
                rows,
                work,
                self.device,
                self.options.batch_size,
                self._report,
                self._cancelled,
                model.move,
            )
        except RunCancelledError as error:
            raise EngineCancelledError("the run was cancelled") from error

    def run_info(self, done: BatchRun[T], remarks: tuple[str, ...] = (), mode: str = "") -> RunInfo:
        """Return how the run was done."""
        return RunInfo(mode, str(done.device), done.batch_size, (*remarks, *done.remarks))


class Model:
    """The weights of a run on its device; kept for the next run within the budget."""

    def __init__(self, run: Run, wrap: Callable[[nn.Module], nn.Module], kind: str) -> None:
        self._run, self._wrap, self._kind = run, wrap, kind
        self._device = run.device
        self.module = self._resident()

    def of(self, kind: type[M]) -> M:
        """Return the model as what it is known to be."""
        assert isinstance(self.module, kind)
        return self.module

    def move(self, device: torch.device) -> None:
        """Have the model on `device` from now on."""
        forget(self._key())
        del self.module
        self._device = device
        self.module = self._resident()

    def _key(self) -> tuple[str | None, str, str]:
        return self._run.card.weights_sha256, self._kind, str(self._device)

    def _resident(self) -> nn.Module:
        stored, device = self._run.stored, self._device

        def load() -> nn.Module:
            return self._wrap(load_native(stored.folder).model.to(device).eval())

        budget = self._run.options.weights_budget_bytes
        return resident(self._key(), load, stored.card.weights_bytes, budget)
