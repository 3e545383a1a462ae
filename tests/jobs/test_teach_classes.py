"""Classes are taught in a worker, which tells and can be cancelled; a window needs no torch."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from mirage_core.jobs import JobCancelledError, LocalExecutor, submit
from mirage_core.jobs.teach import TeachWatch
from mirage_core.jobs.teach_classes import ClassFolderSource, ClassOutcome, teach_classes
from tests.training.classify import eyes


def test_a_worker_teaches_and_tells(tmp_path: Path) -> None:
    store, _ = eyes.base(tmp_path)
    root = eyes.write_folder(
        tmp_path / "set", {"train": {"dark": 6, "bright": 6}, "test": {"dark": 4, "bright": 4}}
    )
    told: list[float] = []
    with LocalExecutor() as executor:
        job = submit(
            executor,
            teach_classes,
            ClassFolderSource(root),
            "base",
            eyes.quick(),
            tmp_path / "run",
            store.folder,
            title="Squares",
            device="cpu",
            on_progress=lambda p: told.append(p.fraction),
        )
        outcome = job.result()
    assert isinstance(outcome, ClassOutcome)
    assert outcome.model == "squares"
    assert outcome.report.n == 8
    assert outcome.report.auroc.value > 0.9
    assert store.get("squares").card.class_labels == ("bright", "dark")
    assert told == sorted(told)
    events = TeachWatch(tmp_path / "run").new_events()
    assert [e["kind"] for e in events if e["kind"] != "note"] == ["plan", "fit", "done"]


def test_a_cancelled_job_leaves_no_model(tmp_path: Path) -> None:
    store, _ = eyes.base(tmp_path)
    config = eyes.quick("whole", epochs=5000, warmup_epochs=1, batch=4)
    with LocalExecutor() as executor:
        job = submit(
            executor, teach_classes, eyes.data(8), "base", config, tmp_path / "run", store.folder
        )
        watch, seen = TeachWatch(tmp_path / "run"), False
        while not seen:
            seen = any(e["kind"] == "epoch" for e in watch.new_events())
            assert not job.wait(0.02)
        job.cancel(grace_s=30)
        with pytest.raises(JobCancelledError):
            job.result()
    assert [m.card.id for m in store.models()] == ["base"]
    assert not (tmp_path / "run" / "model").exists()


def test_data_travel_to_a_worker() -> None:
    data = eyes.data(2)
    assert pickle.loads(pickle.dumps(data)).fingerprint() == data.fingerprint()


def test_waiting_for_it_loads_no_torch() -> None:
    code = (
        "import sys, mirage_core.jobs.teach_classes, mirage_core.project.class_teaching;"
        "sys.exit('torch' in sys.modules or 'sklearn' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
