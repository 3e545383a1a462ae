"""MirageEngine: any model of the store, on whole scans."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mirage_core.engines.base import (
    Attribution,
    Cancelled,
    Classification,
    Embedding,
    EngineCancelledError,
    EngineInfo,
    EngineInput,
    EngineOptions,
    Prediction,
    Reconstruction,
    Report,
)
from mirage_core.engines.errors import TaskMissingError
from mirage_core.engines.mirage.info import engine_info
from mirage_core.model.store.card import ModelCard
from mirage_core.model.store.store import ModelStore, StoredModel

if TYPE_CHECKING:
    from mirage_core.engines.mirage.running import Run

T = TypeVar("T")


@dataclass(frozen=True)
class MirageEngine:
    """A model of the store as an engine. Plain and picklable: weights are loaded where it runs.

    Attributes
    ----------
    name : str
        Id of the model.
    folder : Path
        Of the model store.
    options : EngineOptions
    """

    name: str
    folder: Path
    options: EngineOptions = field(default_factory=EngineOptions)

    def describe(self) -> EngineInfo:
        """Return what this engine is and can do.

        Raises
        ------
        ModelStoreError
            If the model is no longer there or damaged.
        """
        return engine_info(self._stored().card)

    def segment(
        self,
        source: EngineInput,
        report: Report = lambda _fraction: None,
        cancelled: Cancelled = lambda: False,
    ) -> Prediction:
        """Segment the wanted B-scans of `source`.

        Raises
        ------
        EngineCancelledError
        TaskMissingError
            If the model has no segmentation head whose classes are known.
        InputError
            If the scan lacks an input of the model.
        """
        from mirage_core.engines.mirage.segment import segment

        return self._run("segment", lambda run: segment(run, source), report, cancelled)

    def classify(
        self,
        source: EngineInput,
        report: Report = lambda _fraction: None,
        cancelled: Cancelled = lambda: False,
    ) -> Classification:
        """Return class probabilities of the wanted B-scans of `source`.

        Raises
        ------
        EngineCancelledError, TaskMissingError, InputError
        """
        from mirage_core.engines.mirage.features import classify

        return self._run("classify", lambda run: classify(run, source), report, cancelled)

    def explain(
        self,
        source: EngineInput,
        label: str | None = None,
        method: str = "gradient",
        report: Report = lambda _fraction: None,
        cancelled: Cancelled = lambda: False,
    ) -> Attribution:
        """Return where the wanted B-scans of `source` show evidence of a class.

        Parameters
        ----------
        source : EngineInput
        label : str, optional
            Name of the class; by default the one that is most likely on these B-scans.
        method : str
            ``gradient`` or ``rollout``; see :mod:`mirage_core.engines.mirage.attribution`.

        Raises
        ------
        EngineCancelledError, TaskMissingError
        InputError
            If the model tells no such class, or the scan lacks an input of it.
        """
        from mirage_core.engines.mirage.attribution import explain

        def work(run: Run) -> Attribution:
            return explain(run, source, label, method)

        return self._run("classify", work, report, cancelled)

    def embed(
        self,
        source: EngineInput,
        report: Report = lambda _fraction: None,
        cancelled: Cancelled = lambda: False,
    ) -> Embedding:
        """Return features of the wanted B-scans of `source`.

        Raises
        ------
        EngineCancelledError, TaskMissingError, InputError
        """
        from mirage_core.engines.mirage.features import embed

        return self._run("embed", lambda run: embed(run, source), report, cancelled)

    def reconstruct(
        self,
        source: EngineInput,
        domain: str,
        given: tuple[str, ...] | None = None,
        report: Report = lambda _fraction: None,
        cancelled: Cancelled = lambda: False,
    ) -> Reconstruction:
        """Imagine `domain` for the wanted B-scans of `source`.

        Parameters
        ----------
        source : EngineInput
        domain : str
            ``bscan``, ``slo`` or ``bscanlayermap``.
        given : tuple of str, optional
            What it is worked out from; by default all that the scan has but `domain` itself.

        Raises
        ------
        EngineCancelledError, TaskMissingError, InputError
        """
        from mirage_core.engines.mirage.reconstruct import reconstruct

        return self._run(
            "reconstruct", lambda run: reconstruct(run, source, domain, given), report, cancelled
        )

    def _stored(self) -> StoredModel:
        return ModelStore(self.folder).get(self.name)

    def _run(self, task: str, work: Callable[[Run], T], report: Report, cancelled: Cancelled) -> T:
        stored = self._stored()
        check_task(stored.card, task)
        if cancelled():
            raise EngineCancelledError("the run was cancelled")
        from mirage_core.engines.mirage.running import Run

        return work(Run(stored, engine_info(stored.card), self.options, report, cancelled))


def check_task(card: ModelCard, task: str) -> None:
    """Refuse a task that the model with this card cannot do.

    Parameters
    ----------
    card : ModelCard
    task : str
        ``segment``, ``classify``, ``embed`` or ``reconstruct``.

    Raises
    ------
    TaskMissingError
    """
    can = engine_info(card).tasks
    if task in can:
        return
    if task == "segment" and card.spec.head is not None:
        raise TaskMissingError(
            f"Nobody has said what the classes of {card.title!r} are, so its result could not be "
            "named.",
            "Remove it and import its file again with the INFO.json that names them.",
        )
    raise TaskMissingError(f"The model {card.title!r} can {_listed(can)}, not {task}.")


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
