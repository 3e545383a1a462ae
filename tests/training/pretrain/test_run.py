"""A run learns, stops where asked, goes on where it stood, and is the same however it is split."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import mirage_core.training.pretrain.trainer as trainer_module
from mirage_core.training.pretrain.checkpoints import load_latest
from mirage_core.training.pretrain.config import PretrainConfig, preset
from mirage_core.training.pretrain.data import ArrayTriples
from mirage_core.training.pretrain.errors import PretrainError
from mirage_core.training.pretrain.metrics import MetricsLog
from mirage_core.training.pretrain.run import Listeners, PretrainResult, pretrain
from mirage_core.training.pretrain.simulated import simulated_triples
from tests.training.pretrain.runs import DOMAINS, layered, small_config, small_triples


def run(folder: Path, config: PretrainConfig | None = None, **options: object) -> PretrainResult:
    return pretrain(config or small_config(), small_triples(), folder, device="cpu", **options)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return dict(load_latest(folder)[0].model)


def assert_same(one: Path, other: Path, tolerance: float = 0.0) -> None:
    a, b = weights(one), weights(other)
    assert a.keys() == b.keys()
    for name in a:
        torch.testing.assert_close(a[name], b[name], atol=tolerance, rtol=tolerance)


def assert_same_course(one: Path, other: Path) -> None:
    """Losses and gradients agree up to rounding, which Adam enlarges in single weights."""
    for a, b in zip(MetricsLog(one).lines(), MetricsLog(other).lines(), strict=True):
        assert b["losses"] == pytest.approx(a["losses"], rel=2e-4)
        assert b["grad_norm"] == pytest.approx(a["grad_norm"], rel=2e-3)
    first, second = weights(one), weights(other)
    apart = torch.cat([(first[name] - second[name]).abs().flatten() for name in first])
    assert apart.mean() < 1e-5


def after_steps(n: int) -> Callable[[], bool]:
    """Return a wish to stop after the `n`-th step."""
    asked = iter(range(1, 10**9))
    return lambda: next(asked) >= n


def test_on_simulated_eyes_the_loss_falls_clearly_in_every_domain(tmp_path: Path) -> None:
    config = preset("tiny").changed(epochs=12, batch=8, lr=0.1)
    triples = simulated_triples(2, DOMAINS, px=128, b_scans=8)
    seen: list[float] = []
    result = pretrain(
        config, triples, tmp_path, device="cpu", listeners=Listeners(report=seen.append)
    )
    lines = MetricsLog(tmp_path).lines()
    first, last = lines[0], lines[-1]
    assert result.finished
    assert result.last == last
    assert last["loss"] < 0.7 * first["loss"]
    assert all(last["losses"][d] < 0.75 * first["losses"][d] for d in DOMAINS)
    assert [line["epoch"] for line in lines] == list(range(1, 13))
    assert seen == pytest.approx([i / 24 for i in range(1, 25)])


def test_the_same_seed_gives_the_same_weights_and_another_one_others(tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        run(tmp_path / name, small_config(seed=seed))
    assert_same(tmp_path / "a", tmp_path / "b")
    with pytest.raises(AssertionError):
        assert_same(tmp_path / "a", tmp_path / "c")


def test_a_batch_may_pass_through_the_device_in_pieces(tmp_path: Path) -> None:
    run(tmp_path / "whole")
    run(tmp_path / "pieces", small_config(micro_batch=3))  # of 3 and 1
    assert_same_course(tmp_path / "whole", tmp_path / "pieces")


def test_reading_processes_change_nothing(tmp_path: Path) -> None:
    run(tmp_path / "none", small_config(epochs=2))
    run(tmp_path / "one", small_config(epochs=2, workers=1))
    assert_same(tmp_path / "none", tmp_path / "one")


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_run_stopped_anywhere_ends_as_if_it_had_not_been(steps: int, tmp_path: Path) -> None:
    run(tmp_path / "whole")
    stopped = run(tmp_path / "halves", listeners=Listeners(cancelled=after_steps(steps)))
    assert not stopped.finished
    assert stopped.step == steps
    assert run(tmp_path / "halves", resume=True).finished
    assert_same(tmp_path / "whole", tmp_path / "halves")
    losses = [
        [(line["epoch"], line["losses"]) for line in MetricsLog(tmp_path / name).lines()]
        for name in ("whole", "halves")
    ]
    assert losses[0] == losses[1]


def test_a_finished_run_has_nothing_left_to_do(tmp_path: Path) -> None:
    first = run(tmp_path)
    again = run(tmp_path, resume=True)
    assert again.finished
    assert (again.step, again.last) == (first.step, first.last)


def test_samples_without_some_domains_are_learnt_from(tmp_path: Path) -> None:
    samples = layered(8)
    for i, sample in enumerate(samples):
        del sample[DOMAINS[i % 3]]
    config = small_config(visible_tokens=3)
    partly = pretrain(config, ArrayTriples(samples, DOMAINS), tmp_path / "a", device="cpu")
    assert partly.finished
    only_oct = [{"bscan": s["bscan"]} for s in layered(8)]
    alone = pretrain(config, ArrayTriples(only_oct, DOMAINS), tmp_path / "b", device="cpu")
    assert alone.last is not None
    assert alone.last["losses"]["bscan"] > 0
    assert alone.last["losses"]["slo"] == alone.last["losses"]["bscanlayermap"] == 0


def test_a_loss_that_is_no_number_stops_the_run_and_spares_the_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter(range(100))
    real = trainer_module.domain_losses

    def failing(*args: object) -> torch.Tensor:
        return real(*args) * (float("nan") if next(calls) == 3 else 1.0)

    monkeypatch.setattr(trainer_module, "domain_losses", failing)
    with pytest.raises(PretrainError, match="loss became nan in epoch 2, step 2") as raised:
        run(tmp_path)
    assert raised.value.hint
    state, notes = load_latest(tmp_path)
    assert (state.step, notes) == (2, [])
    assert all(torch.isfinite(w).all() for w in state.model.values())
    monkeypatch.undo()
    assert run(tmp_path, resume=True).finished


def test_a_gradient_that_is_no_number_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer_module.nn.utils, "clip_grad_norm_", lambda *_: torch.tensor(1e999))
    with pytest.raises(PretrainError, match="gradient became inf in epoch 1, step 1"):
        run(tmp_path)


def test_gradients_are_clipped_when_asked(tmp_path: Path) -> None:
    run(tmp_path / "free")
    run(tmp_path / "clipped", small_config(grad_clip=1e-3))
    with pytest.raises(AssertionError):
        assert_same(tmp_path / "free", tmp_path / "clipped", 1e-5)


@pytest.mark.parametrize(
    ("fields", "options", "said"),
    [
        ({}, {}, "holds a pre-training already"),
        ({"epochs": 4}, {"resume": True}, "begun with other settings: epochs"),
        ({}, {"resume": True, "start": Path("weights.pth")}, "own weights"),
        ({"batch": 16}, {}, "holds a pre-training already"),
    ],
)
def test_a_folder_with_a_run_is_not_mixed_up(
    fields: dict, options: dict, said: str, tmp_path: Path
) -> None:
    run(tmp_path, listeners=Listeners(cancelled=after_steps(1)))
    with pytest.raises(PretrainError, match=said):
        run(tmp_path, small_config(**fields), **options)


def test_a_run_is_not_resumed_with_other_samples(tmp_path: Path) -> None:
    run(tmp_path, listeners=Listeners(cancelled=after_steps(1)))
    with pytest.raises(PretrainError, match="other samples"):
        pretrain(small_config(), small_triples(8), tmp_path, resume=True, device="cpu")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"batch": 10}, "9 samples do not fill one batch of 10"),
        ({"precision": "fp16"}, "needs a CUDA device"),
        ({"precision": "bf16"}, "needs a CUDA device"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_written(
    fields: dict, said: str, tmp_path: Path
) -> None:
    with pytest.raises(PretrainError, match=said):
        pretrain(small_config(**fields), small_triples(), tmp_path / "run", device="cpu")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("half", [torch.bfloat16, torch.float16])
def test_half_precision_learns_nearly_the_same_and_is_resumed_to_the_bit(
    half: torch.dtype, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path / "full")
    # What CUDA does by itself; the CPU, slower in it, has to be made to.
    monkeypatch.setattr(trainer_module, "half_precision", lambda *_: half)
    run(tmp_path / "half")
    losses = [MetricsLog(tmp_path / name).lines()[-1]["loss"] for name in ("full", "half")]
    assert losses[1] == pytest.approx(losses[0], rel=0.05)
    with pytest.raises(AssertionError):
        assert_same(tmp_path / "full", tmp_path / "half", 1e-6)
    run(tmp_path / "halves", listeners=Listeners(cancelled=after_steps(3)))
    run(tmp_path / "halves", resume=True)
    assert_same(tmp_path / "half", tmp_path / "halves")
