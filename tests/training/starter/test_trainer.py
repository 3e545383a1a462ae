"""The loop: it learns, and a run that was stopped ends as if it had not been."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from mirage_core.model.checkpoints.errors import CheckpointError
from mirage_core.simulate.source import random_b_scans
from mirage_core.training.starter import trainer
from mirage_core.training.starter.model import starter_scheme, starter_spec
from mirage_core.training.starter.samples import LESIONS, SURFACES, Samples, collected, sample
from mirage_core.training.starter.trainer import Settings, Share, train

SETTINGS = Settings(steps=4, batch=1)


@pytest.fixture(scope="module")
def shares() -> list[Share]:
    b_scans = random_b_scans(5, 2)
    return [Share(collected([sample(b.image, b.surfaces, b.labels) for b in b_scans]), 1)]


def weights(model: torch.nn.Module) -> torch.Tensor:
    return torch.cat([t.flatten().float() for t in model.state_dict().values()])


def silent(_line: str) -> None:
    pass


def test_the_scheme_is_that_of_the_head() -> None:
    head, scheme = starter_spec().head, starter_scheme()
    assert head is not None
    assert head.n_classes == scheme.n_classes
    assert head.parts == tuple(p.stop - p.start for p in scheme.parts)
    assert scheme.surface_names == SURFACES
    assert set(scheme.mask_classes) == set(LESIONS)


def test_a_stopped_run_ends_as_if_it_had_not_been(
    tmp_path: Path, shares: list[Share], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "_KEPT_EVERY", 2)
    monkeypatch.setattr(trainer, "_TOLD_EVERY", 3)
    whole = train(shares, SETTINGS, silent)
    state = tmp_path / "state.pt"

    def stop(_line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(shares, SETTINGS, stop, state=state)
    assert state.exists()
    resumed = train(shares, SETTINGS, silent, state=state)
    torch.testing.assert_close(weights(resumed), weights(whole))


def test_another_run_does_not_go_on_from_it(
    tmp_path: Path, shares: list[Share], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "_KEPT_EVERY", 1)
    state = tmp_path / "state.pt"
    train(shares, Settings(steps=2, batch=1), silent, state=state)
    with pytest.raises(CheckpointError, match="other settings"):
        train(shares, Settings(steps=2, batch=1, seed=3), silent, state=state)


def test_the_rate_rises_stays_and_falls_to_nothing() -> None:
    settings = Settings(steps=1000, rate=0.5)
    rates = [trainer.rate_at(step, settings) for step in range(1000)]
    assert rates[0] < 0.01
    assert set(rates[100:640]) == {0.5}
    assert rates[-1] < 0.002
    assert sorted(rates[650:], reverse=True) == rates[650:]


def test_a_level_run_can_be_lengthened(
    tmp_path: Path, shares: list[Share], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "_KEPT_EVERY", 2)
    state = tmp_path / "state.pt"
    train(shares, Settings(steps=2, batch=1), silent, state=state)
    before = torch.load(state, weights_only=True)["step"]
    train(shares, Settings(steps=4, batch=1), silent, state=state)
    assert (before, torch.load(state, weights_only=True)["step"]) == (2, 4)


def test_diseased_b_scans_are_drawn_more_often_than_they_are(shares: list[Share]) -> None:
    bare = shares[0].samples
    lesions = np.zeros((20, 4, 4), np.uint8)
    lesions[7, 2, 2] = 1
    images, surfaces, known = bare.images[:1], bare.surfaces[:1], bare.known[:1]
    rare = Samples(images.repeat(20, 0), surfaces.repeat(20, 0), lesions, known.repeat(20, 0))
    drawn = Share(rare, 400, diseased=0.5).drawn(np.random.default_rng(0))
    assert 0.4 < (drawn == 7).mean() < 0.65
    assert len(set(drawn.tolist())) == 20


def test_real_b_scans_without_outlines_teach_layers_alone(shares: list[Share]) -> None:
    known = np.zeros_like(shares[0].samples.known)
    bare = shares[0].samples
    unlabelled = Samples(bare.images, bare.surfaces, bare.lesions, known)
    batch, weight = trainer._batch([Share(unlabelled, 1)], np.random.default_rng(0))
    logits = torch.randn(1, sum(len(x) + 1 for x in (SURFACES, LESIONS)), 256, 128)
    layers, lesions = trainer.losses(logits, batch, weight)
    assert layers.item() > 0
    assert lesions.item() == 0


@pytest.mark.parametrize(("weight", "more"), [(1.0, True), (0.5, False)])
def test_surfaces_over_lesions_count_more_where_they_are_true(
    shares: list[Share], weight: float, more: bool
) -> None:
    batch, _ = trainer._batch([Share(shares[0].samples, 1)], np.random.default_rng(0))
    logits = torch.zeros(1, sum(len(x) + 1 for x in (SURFACES, LESIONS)), 256, 128)
    logits[..., :64] = torch.linspace(0, 9, logits.shape[1])[:, None, None]  # worse on the left
    found = []
    for columns in (slice(0, 0), slice(0, 256)):
        lesions = torch.zeros_like(batch.lesions)
        lesions[:, 100, columns] = 1
        changed = dataclasses.replace(batch, lesions=lesions)
        found.append(trainer.losses(logits, changed, torch.tensor([weight]))[0].item())
    assert (found[1] > found[0] * 1.02) is more
