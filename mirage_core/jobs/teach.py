"""The teaching task: what a worker does when a model is taught, and how it is watched and steered.

A run keeps everything in its folder. What it tells goes to ``metrics.jsonl`` there, which
:class:`TeachWatch` reads as it grows; what is wished of it stands in a small file beside it.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mirage_core.engines.base import Cancelled, Report
from mirage_core.jobs.memory import resident_bytes
from mirage_core.training.finetune.config import FinetuneConfig
from mirage_core.training.finetune.events import METRICS, Event, Listeners, Wish
from mirage_core.training.finetune.labelled import TeachingData

WISH = "wish"
_ASK_EVERY_S = 0.05

TeachingSource = Callable[[], TeachingData]
"""Reads data where they are needed. Picklable."""


@dataclass(frozen=True)
class FolderSource:
    """Data of a MIRAGE training folder. Picklable."""

    folder: Path

    def __call__(self) -> TeachingData:
        """Read them."""
        from mirage_core.training.finetune.from_folder import read_folder

        return read_folder(self.folder)


def for_a_node(source: Callable[[], Any]) -> Callable[[], Any]:
    """Return a source of the same data for another computer, which must not open the project.

    A project's database may be open on one computer at a time: on a network drive others see it
    half written. A source with a method ``for_a_node`` reads it here.
    """
    found = getattr(source, "for_a_node", None)
    return source if found is None else found()


@dataclass(frozen=True)
class Given:
    """Data that travel themselves, as a source. Picklable if they are."""

    data: Any

    def __call__(self) -> Any:
        """Return them."""
        return self.data


@dataclass(frozen=True)
class TeachOutcome:
    """What came of teaching, for whoever has no torch.

    Attributes
    ----------
    model : str
        Id of the model in the store.
    title : str
    suggested : bool
        Whether it is to be offered in place of its parent.
    sentence : str
        What was gained.
    notes : tuple of str
    folder : Path
        Of the run; its ``held_out.npz`` shows B-scans before and after.
    """

    model: str
    title: str
    suggested: bool
    sentence: str
    notes: tuple[str, ...]
    folder: Path


def teach_model(
    source: TeachingData | TeachingSource,
    base: str,
    config: FinetuneConfig,
    folder: Path,
    store_folder: Path,
    title: str = "",
    resume: bool = False,
    device: str = "auto",
    keep: bool = True,
    report: Report = lambda _fraction: None,
    cancelled: Cancelled = lambda: False,
) -> TeachOutcome:
    """Teach a model and put it into the store.

    Parameters
    ----------
    source : TeachingData or callable
        The corrections, or what reads them.
    base : str
        Id of the base model in the store.
    config : FinetuneConfig
    folder : Path
        Of the run.
    store_folder : Path
    title : str
        What to call the model; by default after its parent.
    resume : bool
        Go on with the run in `folder`.
    device : str
    keep : bool
        Whether the model goes into the store; it is in `folder` anyway.
    report, cancelled
        See :mod:`mirage_core.engines.base`. A cancelled run can be resumed.

    Raises
    ------
    TeachError, TeachCancelledError, ModelStoreError, CheckpointError, ReadError, ExportError
    """
    from mirage_core.model.store.store import ModelStore
    from mirage_core.training.finetune.run import teach

    data = source if isinstance(source, TeachingData) else source()
    store = ModelStore(store_folder)
    listeners = worker_listeners(folder, report, cancelled)
    result = teach(
        data,
        store.get(base),
        config,
        folder,
        title=title,
        store=store if keep else None,
        resume=resume,
        device=device,
        listeners=listeners,
    )
    sentence = "" if result.gain is None else result.gain.sentence
    return TeachOutcome(
        result.card.id, result.card.title, result.suggested, sentence, result.notes, folder
    )


def worker_listeners(folder: Path, report: Report, cancelled: Cancelled) -> Listeners:
    """Return who is told about a run in a worker, and who steers it: whoever wishes something."""
    return Listeners(
        report=report,
        wish=WishReader(folder),
        cancelled=cancelled,
        memory_bytes=resident_bytes,
    )


def wish_for(folder: Path, wish: Wish) -> None:
    """Say what is wished of the run in `folder`: to go on, to pause, or to stop early.

    It holds until something else is wished; a new run begins with none.
    """
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        if wish is Wish.GO:
            (folder / WISH).unlink(missing_ok=True)
        else:
            fresh = folder / f"{WISH}.new"
            fresh.write_text(wish.value, encoding="utf-8")
            fresh.replace(folder / WISH)


class WishReader:
    """Worker: what is wished of the run in a folder, asked as often as one likes."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / WISH
        self._asked_at = float("-inf")
        self._wish = Wish.GO

    def __call__(self) -> Wish:
        """Return the wish."""
        now = time.monotonic()
        if now - self._asked_at >= _ASK_EVERY_S:
            self._asked_at = now
            try:
                self._wish = Wish(self._path.read_text(encoding="utf-8").strip())
            except (OSError, ValueError):
                self._wish = Wish.GO
        return self._wish


@dataclass
class TeachWatch:
    """Program: what a run has told, read as its file grows.

    Attributes
    ----------
    folder : Path
        Of the run.
    """

    folder: Path
    _at: int = field(default=0, repr=False)

    def new_events(self) -> list[Event]:
        """Return what was told since the last call; after a resume all is told again."""
        path = self.folder / METRICS
        try:
            with path.open("rb") as file:
                size = file.seek(0, 2)
                self._at = self._at if size >= self._at else 0
                file.seek(self._at)
                content = file.read()
        except OSError:
            return []
        whole = content.rfind(b"\n") + 1
        self._at += whole
        events = []
        for line in content[:whole].splitlines():
            with contextlib.suppress(ValueError):
                events.append(json.loads(line))
        return events
