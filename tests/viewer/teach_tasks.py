"""Stand-ins for the core's ``teach_model``, which tell and obey as it does. No torch."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mirage_core.jobs.teach import TeachOutcome, WishReader
from mirage_core.training.finetune.comparison import ComparedBScan, write_comparison
from mirage_core.training.finetune.config import CONFIG, FinetuneConfig
from mirage_core.training.finetune.errors import TeachCancelledError, TeachError
from mirage_core.training.finetune.events import METRICS, Wish, as_line
from mirage_core.training.finetune.labelled import TeachingData

Report = Callable[[float], None]
Cancelled = Callable[[], bool]
TITLE = "Tiny layers, taught"
STEPS = 10
NOT_ENOUGH = "Memory ran out: 2 B-scans at a time from now on, with the same result."


def better(*args: Any, **kwargs: Any) -> TeachOutcome:
    """Learn something worth having."""
    return _teach(0.5, *args, **kwargs)


def where(*args: Any, **kwargs: Any) -> TeachOutcome:
    """Learn, and call the model by the process it was taught in."""
    return replace(_teach(0.5, *args, **kwargs), title=f"Taught in {os.getpid()}")


def told_how(source: Any, *args: Any, **kwargs: Any) -> TeachOutcome:
    """Learn, and call the model by what was handed over."""
    outcome = _teach(0.5, source, *args, **kwargs)
    return replace(outcome, title=f"{type(source).__name__}, {kwargs['device']}")


def no_better(*args: Any, **kwargs: Any) -> TeachOutcome:
    """Learn nothing."""
    return _teach(1.3, *args, **kwargs)


def until_told(*args: Any, **kwargs: Any) -> TeachOutcome:
    """Go on learning until someone says to stop, or cancels."""
    return _teach(0.5, *args, endless=True, **kwargs)


def failing(
    source: Callable[[], TeachingData],
    base: str,
    config: FinetuneConfig,
    folder: Path,
    store_folder: Path,
    **_: Any,
) -> TeachOutcome:
    """Begin, and fail."""
    _begin(folder, config, len(source()))
    raise TeachError("The loss is not a number any more.", "Try another recipe.")


def _teach(
    ratio: float,
    source: Callable[[], TeachingData],
    base: str,
    config: FinetuneConfig,
    folder: Path,
    store_folder: Path,
    title: str = "",
    resume: bool = False,
    device: str = "auto",
    report: Report = lambda _f: None,
    cancelled: Cancelled = lambda: False,
    endless: bool = False,
) -> TeachOutcome:
    data = source()
    if resume:
        _tell(folder, kind="note", text="Gone on with.")
    _begin(folder, config, len(data))
    _tell(folder, kind="note", text=NOT_ENOUGH)
    wish, step = WishReader(folder), 0
    while step < STEPS or (endless and not resume):
        if cancelled():
            raise TeachCancelledError
        if wish() is Wish.STOP:
            break
        if wish() is Wish.PAUSE:
            _tell(folder, kind="paused", lesson="final", step=step)
            while wish() is Wish.PAUSE and not cancelled():
                time.sleep(0.02)
            continue
        step += 1
        _tell(
            folder,
            kind="step",
            lesson="final",
            step=step,
            steps=STEPS,
            loss=1 / step,
            lr=1e-3,
            seconds=0.1,
            left_s=120.0,
            memory_bytes=2**30,
            gpu_bytes=None,
        )
        _tell(folder, kind="check", lesson="final", step=step, score=1 - 0.5 / step, best=True)
        report(min(step / STEPS, 0.9))
        time.sleep(0.02)
    return _conclude(ratio, data, folder, title)


def _begin(folder: Path, config: FinetuneConfig, n: int) -> None:
    (folder / CONFIG).write_text(config.model_dump_json(), encoding="utf-8")
    (folder / "final").mkdir(exist_ok=True)
    (folder / "final" / "last.pt").write_bytes(b"where it stands")
    _tell(folder, kind="plan", b_scans=n, lessons=1, steps=STEPS, measured=1, device="the CPU")


def _conclude(ratio: float, data: TeachingData, folder: Path, title: str) -> TeachOutcome:
    b = data.b_scans[0]
    height, width = b.image.shape
    write_comparison(
        folder,
        [
            ComparedBScan(
                b.scan,
                b.b_scan,
                4.0,
                4.0 * ratio,
                b.surfaces + np.float32(4.0),
                b.surfaces + np.float32(4.0 * ratio),
                np.zeros((height, width), np.uint8),
                np.zeros((height, width), np.uint8),
            )
        ],
    )
    beats = ratio < 1
    after = {"value": 4.0 * ratio, "low": 3.0 * ratio, "high": 5.0 * ratio}
    gain = {
        "structures": [
            {
                "kind": "surface",
                "name": "ILM",
                "n_b_scans": 1,
                "before": {"value": 4.0, "low": 3.0, "high": 5.0},
                "after": after,
                "before_um": 16.0,
                "after_um": 16.0 * ratio,
            },
            {"kind": "region", "name": "ILM-BM", "n_b_scans": 1, "before": after, "after": after},
        ],
        "score_before": 0.5,
        "score_after": 0.8,
        "beats_parent": beats,
    }
    _tell(folder, kind="done", model="taught", title=title, gain=gain, seconds=1.0)
    sentence = "The error is smaller." if beats else "It is no better: it is not suggested."
    return TeachOutcome("layers", title or TITLE, beats, sentence, (), folder)


def _tell(folder: Path, **event: Any) -> None:
    with (folder / METRICS).open("a", encoding="utf-8") as file:
        file.write(as_line(event) + "\n")


def events(folder: Path) -> list[dict[str, Any]]:
    """Return what a run told."""
    return [json.loads(line) for line in (folder / METRICS).read_text().splitlines()]
