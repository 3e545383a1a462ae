"""The task of teaching classes: what a worker does, watched and steered as teaching is.

:class:`~mirage_core.jobs.teach.TeachWatch` reads what a run tells,
:func:`~mirage_core.jobs.teach.wish_for` says what is wished of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mirage_core.engines.base import Cancelled, Report
from mirage_core.jobs.teach import worker_listeners
from mirage_core.training.classify.config import ClassifyConfig
from mirage_core.training.classify.examples import ClassData
from mirage_core.training.classify.report import ClassReport

ClassDataSource = Callable[[], ClassData]
"""Reads labelled examples where they are needed. Picklable."""


@dataclass(frozen=True)
class ClassFolderSource:
    """Data of a class folder. Picklable."""

    folder: Path

    def __call__(self) -> ClassData:
        """Read them."""
        from mirage_core.training.classify.from_folder import read_class_folder

        return read_class_folder(self.folder)


@dataclass(frozen=True)
class ClassOutcome:
    """What came of teaching, for whoever has no torch.

    Attributes
    ----------
    model : str
        Id of the model in the store.
    title : str
    report : ClassReport or None
        None if nothing could be measured.
    notes : tuple of str
    folder : Path
        Of the run; ``report.json`` and ``held_out.csv`` are in it.
    """

    model: str
    title: str
    report: ClassReport | None
    notes: tuple[str, ...]
    folder: Path


def teach_classes(
    source: ClassData | ClassDataSource,
    base: str,
    config: ClassifyConfig,
    folder: Path,
    store_folder: Path,
    title: str = "",
    resume: bool = False,
    device: str = "auto",
    report: Report = lambda _fraction: None,
    cancelled: Cancelled = lambda: False,
) -> ClassOutcome:
    """Teach a model to tell classes and put it into the store.

    Parameters
    ----------
    source : ClassData or callable
        Labelled examples, or what reads them.
    base : str
        Id of the base model in the store.
    config : ClassifyConfig
    folder : Path
        Of the run.
    store_folder : Path
    title : str
        What to call the model; by default after its parent.
    resume : bool
        Go on with the run in `folder`.
    device : str
    report, cancelled
        See :mod:`mirage_core.engines.base`. A cancelled run can be resumed.

    Raises
    ------
    TeachError, TeachCancelledError, ModelStoreError, CheckpointError, ReadError, ExportError
    """
    from mirage_core.model.store.store import ModelStore
    from mirage_core.training.classify import run

    data = source if isinstance(source, ClassData) else source()
    store = ModelStore(store_folder)
    listeners = worker_listeners(folder, report, cancelled)
    result = run.teach_classes(
        data,
        store.get(base),
        config,
        folder,
        title=title,
        store=store,
        resume=resume,
        device=device,
        listeners=listeners,
    )
    card = result.card
    return ClassOutcome(card.id, card.title, result.report, result.notes, folder)
