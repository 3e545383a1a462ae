"""Checkpoints are whole or are passed over, and a killed run goes on as if it had not been."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from mirage_core.training.pretrain.checkpoints import BEFORE, BEST, LAST, load_latest
from mirage_core.training.pretrain.data import FolderTriples
from mirage_core.training.pretrain.errors import PretrainError
from mirage_core.training.pretrain.metrics import MetricsLog
from mirage_core.training.pretrain.run import pretrain
from tests.training.pretrain.runs import layered, small_config, small_triples, write_folder

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    pretrain(small_config(epochs=3), small_triples(), tmp_path, device="cpu")
    return tmp_path


def damage(path: Path) -> None:
    """Flip one byte among the weights, which PyTorch itself loads without a word."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    torch.load(path, weights_only=True)


def test_checkpoints_load_without_running_code_and_keep_last_before_and_best(
    finished: Path,
) -> None:
    last, before, best = (torch.load(finished / n, weights_only=True) for n in (LAST, BEFORE, BEST))
    assert (last["step"], before["step"]) == (6, 4)
    losses = [line["loss"] for line in MetricsLog(finished).lines()]
    assert last["best_loss"] == min(losses)
    assert "optimizer" not in best
    assert best["model"].keys() == last["model"].keys()
    assert sorted(p.name for p in finished.iterdir()) == sorted(
        ["config.json", "metrics.jsonl", LAST, BEFORE, BEST]
    )


def test_the_best_checkpoint_holds_the_epoch_of_the_lowest_loss(tmp_path: Path) -> None:
    # A rate that lets the loss rise again.
    config = small_config(epochs=6, lr=30.0, warmup_epochs=2)
    pretrain(config, small_triples(), tmp_path, device="cpu")
    losses = [line["loss"] for line in MetricsLog(tmp_path).lines()]
    assert losses[-1] > min(losses)
    best, last = (torch.load(tmp_path / n, weights_only=True)["model"] for n in (BEST, LAST))
    assert not torch.equal(best["global_tokens"], last["global_tokens"])


@pytest.mark.parametrize("how", ["flipped", "cut", "empty", "missing"])
def test_a_damaged_last_checkpoint_gives_way_to_the_one_before_and_says_so(
    finished: Path, how: str
) -> None:
    last = finished / LAST
    if how == "flipped":
        damage(last)
    elif how == "missing":
        last.unlink()
    else:
        last.write_bytes(last.read_bytes()[: 5000 if how == "cut" else 0])
    state, notes = load_latest(finished)
    assert state.step == 4
    assert len(notes) == 1
    assert LAST in notes[0]
    result = pretrain(small_config(epochs=3), small_triples(), finished, resume=True, device="cpu")
    assert result.finished
    assert result.notes == tuple(notes)
    assert load_latest(finished)[0].step == 6


def test_no_whole_checkpoint_at_all_is_an_error_that_names_the_way_out(finished: Path) -> None:
    for name in (LAST, BEFORE):
        damage(finished / name)
    with pytest.raises(PretrainError, match="can be used") as raised:
        load_latest(finished)
    assert BEST in raised.value.hint


def command(data: Path, out: Path, *more: str) -> list[str]:
    return [
        *(sys.executable, "-m", "mirage_core.cli", "pretrain", str(data), "-o", str(out)),
        *("--config", str(data / "run.json"), "--device", "cpu", *more),
    ]


def environment() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL on Windows")
def test_a_killed_run_goes_on_to_the_loss_of_one_that_was_not(tmp_path: Path) -> None:
    data = write_folder(tmp_path / "data", layered(9))
    config = small_config(epochs=20)
    (data / "run.json").write_text(config.model_dump_json())
    killed = tmp_path / "killed"
    process = subprocess.Popen(
        command(data, killed), env=environment(), stderr=subprocess.DEVNULL, cwd=ROOT
    )
    log = MetricsLog(killed)
    deadline = time.monotonic() + 120
    while len(log.lines()) < 3 and time.monotonic() < deadline:
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.005)
    process.kill()
    process.wait()
    stood = load_latest(killed)[0].step
    assert 4 <= stood < 40
    whole, triples = tmp_path / "whole", FolderTriples(data, config.domain_specs())
    pretrain(config, triples, killed, resume=True, device="cpu")
    pretrain(config, triples, whole, device="cpu")
    went_on, uninterrupted = MetricsLog(killed).lines(), MetricsLog(whole).lines()
    assert [line["epoch"] for line in went_on] == list(range(1, 21))
    assert abs(went_on[-1]["loss"] - uninterrupted[-1]["loss"]) < 1e-3
    assert not list(killed.glob(".mirage-*"))
