"""Rehearsal: simulated B-scans keep a model from unlearning what nobody taught."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import mirage_core.training.finetune.rehearsal as rehearsal_module
import mirage_core.training.finetune.run as run_module
from mirage_core.model.store.store import ModelStore, StoredModel
from mirage_core.scan import FLUID_SCHEME
from mirage_core.simulate.source import random_b_scans
from mirage_core.training.finetune.batches import Batches
from mirage_core.training.finetune.checkpoints import LEARNT, load_weights
from mirage_core.training.finetune.config import FinetuneConfig, preset
from mirage_core.training.finetune.errors import TeachCancelledError, TeachError
from mirage_core.training.finetune.events import EventLog, Listeners
from mirage_core.training.finetune.examine import load_parent, parent_plan
from mirage_core.training.finetune.predict import find
from mirage_core.training.finetune.rehearsal import rehearsed
from mirage_core.training.finetune.run import teach
from tests.training.finetune.lessons import data, parted_base, region_base, short

Base = tuple[ModelStore, StoredModel]
CPU = torch.device("cpu")


def never(*_: object) -> None:
    raise AssertionError


def test_it_is_always_of_the_same_eyes_each_another_and_nothing_is_said_of_them() -> None:
    first, again = rehearsed(2, ("IRF",)), rehearsed(2, ("IRF",))
    assert [b.image_sha256 for b in first] == [b.image_sha256 for b in again]
    assert len({b.scan for b in first}) == 2
    for b in first:
        assert not b.known_surfaces
        assert b.masks is None
        assert b.spacing.z.mm is not None


def test_it_shows_the_lesions_asked_for_in_turn() -> None:
    names = ("SHRM", "DRUSEN", "SRF")
    shown = set()
    for b in rehearsed(3, names):
        truth = random_b_scans(int(b.scan.split()[-1]), 4)[b.b_scan]
        assert np.array_equal(truth.image, b.image)
        shown |= {n for n in names if (truth.labels == FLUID_SCHEME.by_name(n).value).any()}
    assert shown == set(names)


def test_eyes_are_taken_as_they_come_where_no_lesion_is_asked_for() -> None:
    assert [b.scan[-1] for b in rehearsed(2, ())] == ["0", "1"]
    assert rehearsed(0, ()) == ()


def test_one_of_them_takes_part_in_every_step() -> None:
    plain, with_two = Batches((0, 1, 2, 3, 4), short()), Batches((0, 1, 2, 3, 4), short(), (5, 6))
    assert with_two.n_steps == plain.n_steps
    for step in range(4):
        assert with_two.of(step) == [*plain.of(step), (5 + step % 2, 0)]


@pytest.mark.parametrize("make", [parted_base, region_base])
def test_what_it_shows_moves_less_than_without_it(
    make: Callable[[Path], Base], tmp_path: Path
) -> None:
    store, base = make(tmp_path)
    given = data(2)
    plan = parent_plan(base.card, given)
    assert plan is not None
    seen = rehearsed(2, plan.scheme.mask_classes)
    before = [find(load_parent(base), plan, b, CPU).curves for b in seen]
    moved = []
    for n in (0, 2):
        config = short(epochs=60, lr=5e-3, rehearsal=n)
        result = teach(given, base, config, tmp_path / f"{n}", store=store, device="cpu")
        taught = load_parent(store.get(result.card.id))
        after = [find(taught, plan, b, CPU).curves for b in seen]
        away = [np.nanmean(np.abs(a - b)) for a, b in zip(after, before, strict=True)]
        moved.append(float(np.mean(away)))
    assert moved[1] < 0.8 * moved[0]


def test_a_run_that_was_cancelled_goes_on_rehearsing_to_the_same_end(tmp_path: Path) -> None:
    _, base = region_base(tmp_path)
    config, given = short(epochs=8, rehearsal=2), data(2)
    asked = iter(range(100))
    stop = Listeners(cancelled=lambda: next(asked) > 20)
    teach(given, base, config, tmp_path / "whole", device="cpu")
    with pytest.raises(TeachCancelledError):
        teach(given, base, config, tmp_path / "halves", device="cpu", listeners=stop)
    assert any(e["kind"] == "step" for e in EventLog(tmp_path / "halves").events())
    teach(given, base, config, tmp_path / "halves", device="cpu", resume=True)
    a, b = (load_weights(tmp_path / name / "final", LEARNT) for name in ("whole", "halves"))
    assert a is not None
    assert b is not None
    assert all(torch.equal(a[n], b[n]) for n in a)


@pytest.mark.parametrize(
    "config", [short(rehearsal=2, head="light"), short(rehearsal=2, prior_weight=0.0)]
)
def test_a_model_without_opinions_to_keep_rehearses_nothing(
    config: FinetuneConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "rehearsed", never)
    _, base = region_base(tmp_path)
    teach(data(2), base, config.changed(most_steps=2), tmp_path / "run", device="cpu")


def test_a_lesion_that_no_simulated_eye_has_leaves_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rehearsal_module, "_PATIENCE", 2)
    assert "FLUID" in {c.name for c in FLUID_SCHEME}
    assert len(rehearsed(2, ("FLUID",))) == 2
    assert len(rehearsed(4, ("SRF", "FLUID"))) == 4


def test_it_can_be_cancelled_before_every_eye(tmp_path: Path) -> None:
    _, base = region_base(tmp_path)
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(len(asked))
        return len(asked) == 3

    config, stop = short(rehearsal=10), Listeners(cancelled=cancelled)
    with pytest.raises(TeachCancelledError):
        teach(data(2), base, config, tmp_path / "run", device="cpu", listeners=stop)
    assert not any(e["kind"] == "step" for e in EventLog(tmp_path / "run").events())
    assert len(asked) == 3


def test_a_run_that_is_refused_simulates_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, base = region_base(tmp_path)
    config = short(rehearsal=2, most_steps=2)
    teach(data(2), base, config, tmp_path / "run", device="cpu")
    monkeypatch.setattr(run_module, "rehearsed", never)
    with pytest.raises(TeachError):
        teach(data(2), base, config, tmp_path / "run", device="cpu")


def test_few_shot_rehearses_and_the_published_recipe_does_not() -> None:
    assert preset("few-shot").rehearsal > 0
    assert preset("paper").rehearsal == 0
