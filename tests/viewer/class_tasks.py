"""Stand-ins for the core's ``teach_classes``, which tell and obey as it does. No torch."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mirage_core.jobs.teach_classes import ClassOutcome
from mirage_core.training.classify.config import ClassifyConfig
from mirage_core.training.classify.examples import ClassData
from mirage_core.training.classify.record import CONFIG
from mirage_core.training.classify.report import class_report
from mirage_core.training.finetune.errors import TeachCancelledError, TeachError
from mirage_core.training.finetune.events import METRICS, as_line

Report = Callable[[float], None]
Cancelled = Callable[[], bool]
LESSONS = 4
CONTRADICTS = "1 picture is labelled in several ways, so they contradict each other."


def telling(*args: Any, **kwargs: Any) -> ClassOutcome:
    """Learn to tell the classes."""
    return _teach(*args, **kwargs)


def endless(*args: Any, resume: bool = False, **kwargs: Any) -> ClassOutcome:
    """Go on until it is cancelled; gone on with, it ends."""
    return _teach(*args, resume=resume, until_cancelled=not resume, **kwargs)


def failing(
    source: Callable[[], ClassData],
    base: str,
    config: ClassifyConfig,
    folder: Path,
    store_folder: Path,
    **_: Any,
) -> ClassOutcome:
    """Begin, and fail."""
    _begin(folder, config, len(source()))
    raise TeachError("Half of the scans have no SLO image.", "Choose another base model.")


def failing_at_once(*_: Any, **__: Any) -> ClassOutcome:
    """Fail before anything is begun."""
    raise TeachError("Half of the scans have no SLO image.", "Choose another base model.")


def _teach(
    source: Callable[[], ClassData],
    base: str,
    config: ClassifyConfig,
    folder: Path,
    store_folder: Path,
    title: str = "",
    resume: bool = False,
    device: str = "auto",
    report: Report = lambda _f: None,
    cancelled: Cancelled = lambda: False,
    until_cancelled: bool = False,
) -> ClassOutcome:
    data = source()
    _begin(folder, config, len(data))
    _tell(folder, kind="note", text=CONTRADICTS)
    for fit in range(LESSONS):
        _tell(folder, kind="fit", lesson=f"without-{fit}", step=1, strength=0.1, n=len(data))
        report(fit / LESSONS)
        time.sleep(0.02)
        while until_cancelled and not cancelled():
            time.sleep(0.02)
        if cancelled():
            raise TeachCancelledError
    targets = data.targets()
    told = 0.2 + 0.6 * targets / np.maximum(targets.sum(axis=1, keepdims=True), 1)
    patients = [f"{e.patient}-{i}" for i, e in enumerate(data.examples)]
    came = class_report(told, targets, patients, data.labels, multi_label=data.multi_label)
    _tell(folder, kind="done", model="stages", title=title, report=came.as_fields(), seconds=1.0)
    (folder / "report.json").write_text("{}", encoding="utf-8")
    (folder / "features").mkdir()
    return ClassOutcome("stages", title or "Tiny stages", came, (CONTRADICTS,), folder)


def _begin(folder: Path, config: ClassifyConfig, n: int) -> None:
    (folder / CONFIG).write_text(config.model_dump_json(), encoding="utf-8")
    _tell(folder, kind="plan", examples=n, lessons=LESSONS, steps=0, measured=n, device="the CPU")


def _tell(folder: Path, **event: Any) -> None:
    with (folder / METRICS).open("a", encoding="utf-8") as file:
        file.write(as_line(event) + "\n")
