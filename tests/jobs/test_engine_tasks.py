"""Tasks hand an engine the wanted B-scans and the options, and say what an engine cannot do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from mirage_core.engines.base import (
    Classification,
    Embedding,
    EngineInfo,
    EngineInput,
    EngineOptions,
    Mode,
    Prediction,
    Reconstruction,
    RunInfo,
)
from mirage_core.engines.errors import TaskMissingError
from mirage_core.jobs import (
    LocalExecutor,
    classify_scan,
    embed_scan,
    model_tasks,
    reconstruct_scan,
    segment,
    segment_scan,
    submit,
)
from mirage_core.scan import ArrayPixels, Masks, Scan, Surfaces
from tests.jobs import tasks

RUN = RunInfo("fast", "cpu", 1, ("The card was full.",))
OPTIONS = EngineOptions(Mode.FAST, "cpu", 3)
ALL_TASKS = ("segment", "classify", "embed", "reconstruct")


@dataclass
class Stub:
    """An engine that remembers what it was asked."""

    tasks: tuple[str, ...] = ALL_TASKS
    options: EngineOptions | None = None
    sources: list[EngineInput] = field(default_factory=list)
    asked: tuple[Any, ...] = ()

    def describe(self) -> EngineInfo:
        return EngineInfo("stub", "1", "The stub", ("ILM",), (), tasks=self.tasks)

    def segment(self, source, report, cancelled) -> Prediction:
        self._take(source, report)
        grid = (1, len(source.wanted), source.b_scans.shape[2])
        masks = np.zeros((grid[1], *source.b_scans.shape[1:]), np.uint8)
        return Prediction(
            Surfaces(np.zeros(grid, np.float32), ("ILM",)),
            np.ones(grid, np.float32),
            Masks(masks),
            self.describe(),
            run=RUN,
        )

    def classify(self, source, report, cancelled) -> Classification:
        self._take(source, report)
        return Classification(np.ones((1, 1), np.float32), ("healthy",), self.describe(), RUN)

    def embed(self, source, report, cancelled) -> Embedding:
        self._take(source, report)
        tokens = np.zeros((1, 4, 2), np.float32)
        return Embedding(tokens, (2, 2), tokens[:, 0], self.describe(), RUN)

    def reconstruct(self, source, domain, given, report, cancelled) -> Reconstruction:
        self._take(source, report)
        self.asked = (domain, given)
        return Reconstruction(domain, source.b_scans, given or (), self.describe(), RUN)

    def _take(self, source: EngineInput, report) -> None:
        self.sources.append(source)
        report(1.0)


@pytest.fixture
def engine(monkeypatch) -> Stub:
    stub = Stub()

    def make(name: str, options: EngineOptions | None = None) -> Stub:
        assert name == "stub"
        stub.options = options
        return stub

    for module in (segment, model_tasks):
        monkeypatch.setattr(module, "make_engine", make)
    monkeypatch.setattr(model_tasks, "engine_names", lambda task: (f"a-{task}-model",))
    return stub


@pytest.fixture
def scan() -> Scan:
    return Scan(ArrayPixels(np.arange(7, dtype=np.uint8)[:, None, None] * np.ones((1, 4, 6), "u1")))


def run_task(task: str, scan: Scan, **options) -> Any:
    if task == "reconstruct":
        return reconstruct_scan(scan, "stub", "slo", **options)
    return {"segment": segment_scan, "classify": classify_scan, "embed": embed_scan}[task](
        scan, "stub", **options
    )


@pytest.mark.parametrize("task", ALL_TASKS)
def test_the_engine_is_made_with_the_options(engine, scan, task):
    run_task(task, scan, options=OPTIONS)
    assert engine.options == OPTIONS


@pytest.mark.parametrize("task", ALL_TASKS)
def test_the_engine_sees_the_wanted_b_scans(engine, scan, task):
    told: list[float] = []
    run_task(task, scan, b_scans=(4, 3), report=told.append)
    source = engine.sources[0]
    assert [int(source.b_scans[i, 0, 0]) for i in source.wanted] == [3, 4]
    assert told == [1.0]


@pytest.mark.parametrize("task", ["classify", "embed", "reconstruct"])
def test_how_it_was_run_comes_back(engine, scan, task):
    assert run_task(task, scan).run == RUN


def test_a_proposal_tells_what_went_differently(engine, scan):
    assert segment_scan(scan, "stub").remarks == RUN.remarks


@pytest.mark.parametrize("given", [None, ("bscan",)])
def test_a_reconstruction_is_of_the_domain_and_from_what_was_given(engine, scan, given):
    reconstruct_scan(scan, "stub", "bscanlayermap", given=given)
    assert engine.asked == ("bscanlayermap", given)


@pytest.mark.parametrize(
    ("task", "sentence"),
    [
        ("reconstruct", "The stub cannot imagine one kind of image from another. Use one of: "
         "a-reconstruct-model."),
        ("classify", "The stub names no classes. Use one of: a-classify-model."),
        ("embed", "The stub gives no features. Use one of: a-embed-model."),
    ],
)  # fmt: skip
def test_an_engine_that_does_not_do_it_is_refused_before_a_pixel_is_read(
    engine, scan, task, sentence
):
    engine.tasks = tuple(t for t in ALL_TASKS if t != task)
    with pytest.raises(TaskMissingError) as refused:
        run_task(task, scan)
    assert str(refused.value) == sentence
    assert engine.sources == []


def test_without_any_model_that_does_it_the_refusal_says_to_add_one(engine, scan, monkeypatch):
    monkeypatch.setattr(model_tasks, "engine_names", lambda _: ())
    engine.tasks = ()
    with pytest.raises(TaskMissingError, match=r"names no classes\. Add a model that does\.$"):
        classify_scan(scan, "stub")


def test_weights_stay_in_the_worker_between_jobs_within_their_budget():
    executor = LocalExecutor(keep_s=60.0)
    try:
        loads = [submit(executor, tasks.loads_so_far, 1000).result() for _ in range(2)]
        assert loads == [1, 1]
        assert submit(executor, tasks.loads_so_far, 10).result() == 2
    finally:
        executor.shutdown(cancel_futures=True)
