"""`mirage finetune --cluster`: the same run on a node of a Dask cluster, followed from here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mirage_core.cli.console import CommandError
from mirage_core.jobs import JobCancelledError, WorkerDiedError, submit
from mirage_core.jobs.cluster import ClusterExecutor
from mirage_core.jobs.teach import TeachOutcome, TeachWatch, teach_model
from mirage_core.places import models_dir
from mirage_core.training.finetune.config import FinetuneConfig
from mirage_core.training.finetune.errors import TeachCancelledError
from mirage_core.training.finetune.events import Listeners
from mirage_core.training.finetune.labelled import TeachingData

_LOOK_S = 0.3
_CHECKPOINT_S = 60.0
"""How long a run that is cancelled may take to write where it stands."""


def teach_far(
    address: str,
    data: TeachingData,
    base: str,
    config: FinetuneConfig,
    out: Path,
    title: str,
    resume: bool,
    device: str,
    keep: bool,
    listeners: Listeners,
) -> tuple[TeachOutcome, dict[str, Any] | None]:
    """Teach a model on a cluster; return what came of it and the fields of the gain.

    Parameters
    ----------
    address : str
        Of the scheduler.
    data, base, config, title, resume, device, keep
        See :func:`~mirage_core.jobs.teach.teach_model`.
    out : Path
        Of the run; the node sees it under the same name.
    listeners : Listeners
        Told what the run tells, and asked whether it is cancelled.

    Raises
    ------
    ClusterError
        If there is no such cluster.
    TeachCancelledError
        If it was cancelled.
    CommandError
        If its process or its node ended.
    TeachError, and what else :func:`~mirage_core.training.finetune.run.teach` raises
    """
    out = out.absolute()
    out.mkdir(parents=True, exist_ok=True)
    executor, watch = ClusterExecutor(address, out), TeachWatch(out)
    gain: dict[str, Any] | None = None
    if resume:
        watch.new_events()  # told before
    try:
        job = submit(
            executor,
            teach_model,
            data,
            base,
            config,
            out,
            models_dir(),
            title=title,
            resume=resume,
            device=device,
            keep=keep,
            on_progress=lambda progress: listeners.report(progress.fraction),
        )
        over = False
        while not over:
            over = job.wait(_LOOK_S)
            for event in watch.new_events():
                listeners.on_event(event)
                gain = event.get("gain", gain)
            if listeners.cancelled():
                job.cancel(_CHECKPOINT_S)
        try:
            return job.result(), gain
        except JobCancelledError:
            raise TeachCancelledError from None
        except WorkerDiedError as error:
            raise CommandError(str(error), "--resume goes on where it stood.") from None
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
