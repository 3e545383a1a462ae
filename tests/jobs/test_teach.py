"""The teaching task runs in a worker, is watched and steered through its folder, and resumes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mirage_core.jobs import JobCancelledError, LocalExecutor, submit
from mirage_core.jobs.teach import (
    WISH,
    FolderSource,
    TeachOutcome,
    TeachWatch,
    WishReader,
    teach_model,
    wish_for,
)
from mirage_core.model.store.store import ModelStore
from mirage_core.training.finetune.events import Wish
from tests.training.finetune.lessons import data, region_base, short
from tests.training.finetune.test_data import write_folder

MANY = 2000


@pytest.fixture
def executor() -> Iterator[LocalExecutor]:
    with LocalExecutor() as made:
        yield made


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return region_base(tmp_path)[0]


def wait_for(watch: TeachWatch, kind: str, deadline_s: float = 120.0) -> list[dict]:
    """Return all events up to the first of a kind."""
    seen: list[dict] = []
    until = time.monotonic() + deadline_s
    while time.monotonic() < until:
        seen += watch.new_events()
        if any(event["kind"] == kind for event in seen):
            return seen
        time.sleep(0.02)
    raise AssertionError(f"no {kind} among {seen[-3:]}")


def test_a_worker_teaches_and_tells(
    executor: LocalExecutor, store: ModelStore, tmp_path: Path
) -> None:
    run, told = tmp_path / "run", []
    job = submit(
        executor,
        teach_model,
        data(3),
        "base",
        short(epochs=3, measure="loo"),
        run,
        store.folder,
        title="Ward 3",
        device="cpu",
        on_progress=lambda p: told.append(p.fraction),
    )
    outcome = job.result()
    assert isinstance(outcome, TeachOutcome)
    assert (outcome.model, outcome.title) == ("ward-3", "Ward 3")
    assert "held back" in outcome.sentence
    assert store.get("ward-3").card.parent_sha256
    events = TeachWatch(run).new_events()
    steps = [e for e in events if e["kind"] == "step"]
    assert {e["lesson"] for e in steps} == {"final", "without-1", "without-2", "without-3"}
    assert all(e["memory_bytes"] > 10**7 for e in steps)
    assert steps[-1]["left_s"] is not None
    assert events[0]["kind"] == "plan"
    assert events[-1]["kind"] == "done"
    assert told == sorted(told)


def test_a_running_job_pauses_goes_on_and_stops_early(
    executor: LocalExecutor, store: ModelStore, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    watch = TeachWatch(run)
    config = short(epochs=MANY, most_steps=None)
    job = submit(executor, teach_model, data(3), "base", config, run, store.folder, device="cpu")
    wait_for(watch, "step")
    wish_for(run, Wish.PAUSE)
    wait_for(watch, "paused")
    assert not [e for e in watch.new_events() if e["kind"] == "step"]
    wish_for(run, Wish.GO)
    wait_for(watch, "step")
    wish_for(run, Wish.STOP)
    outcome = job.result()
    assert store.get(outcome.model)
    assert sum(e["kind"] == "step" for e in TeachWatch(run).new_events()) < MANY


def test_a_cancelled_job_leaves_no_model_and_can_be_resumed(
    executor: LocalExecutor, store: ModelStore, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    config = short(epochs=40, most_steps=None)
    job = submit(executor, teach_model, data(3), "base", config, run, store.folder, device="cpu")
    wait_for(TeachWatch(run), "step")
    job.cancel(grace_s=30)
    with pytest.raises(JobCancelledError):
        job.result()
    assert [m.card.id for m in store.models()] == ["base"]
    before = sum(e["kind"] == "step" for e in TeachWatch(run).new_events())
    assert 0 < before < 40
    outcome = teach_model(data(3), "base", config, run, store.folder, resume=True, device="cpu")
    assert sum(e["kind"] == "step" for e in TeachWatch(run).new_events()) == 40
    assert store.get(outcome.model)


def test_data_are_read_where_they_are_needed(
    executor: LocalExecutor, store: ModelStore, tmp_path: Path
) -> None:
    source = FolderSource(write_folder(tmp_path / "data", 2))
    config = short(epochs=1, head="linear", views=1)
    job = submit(executor, teach_model, source, "base", config, tmp_path / "run", store.folder)
    assert store.get(job.result().model).card.scheme.surface_names == ("ILM", "RPE", "BM")


def test_a_watch_reads_whole_lines_as_they_come(tmp_path: Path) -> None:
    watch, path = TeachWatch(tmp_path), tmp_path / "metrics.jsonl"
    assert watch.new_events() == []
    path.write_text('{"kind": "a"}\n{"kind": ')
    assert [e["kind"] for e in watch.new_events()] == ["a"]
    path.write_text('{"kind": "a"}\n{"kind": "b"}\n')
    assert [e["kind"] for e in watch.new_events()] == ["b"]
    path.write_text('{"kind": "c"}\n')
    assert [e["kind"] for e in watch.new_events()] == ["c"]


@pytest.mark.parametrize("wish", list(Wish))
def test_a_wish_is_read_by_the_worker(wish: Wish, tmp_path: Path) -> None:
    wish_for(tmp_path, wish)
    assert WishReader(tmp_path)() is wish


def test_a_wish_that_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / WISH).write_bytes(b"\xff\xfe")
    assert WishReader(tmp_path)() is Wish.GO
    assert WishReader(tmp_path / "none")() is Wish.GO


def test_watching_and_steering_load_no_torch() -> None:
    code = "import sys, mirage_core.jobs.teach; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
