"""Two processes under torchrun do together what one does alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from mirage_core.training.pretrain.batches import Plan
from mirage_core.training.pretrain.checkpoints import load_latest
from mirage_core.training.pretrain.data import FolderTriples
from mirage_core.training.pretrain.errors import PretrainError
from mirage_core.training.pretrain.metrics import MetricsLog
from mirage_core.training.pretrain.run import pretrain
from tests.training.pretrain.runs import layered, small_config, write_folder

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.skipif(os.name == "nt", reason="torchrun needs gloo over TCP as on Linux and macOS")
def test_two_processes_reach_the_result_of_one_with_the_same_batch(tmp_path: Path) -> None:
    # Samples that lack domains make the halves of a batch weigh differently.
    samples = layered(9)
    for i in (0, 3, 4):
        del samples[i]["slo"]
    data = write_folder(tmp_path / "data", samples)
    config = small_config(visible_tokens=3, epochs=4, augment=None)
    (tmp_path / "run.json").write_text(config.model_dump_json())
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "torch.distributed.run", "--standalone"),
            *("--nproc-per-node", "2", "-m", "mirage_core.cli", "pretrain", str(data)),
            *("-o", str(tmp_path / "two"), "--config", str(tmp_path / "run.json")),
            *("--device", "cpu", "--micro-batch", "1", "--json"),
        ],
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)  # one of the two speaks
    assert (told["finished"], told["processes"], told["step"]) == (True, 2, 8)
    one = tmp_path / "one"
    pretrain(config, FolderTriples(data, config.domain_specs()), one, device="cpu")
    for a, b in zip(MetricsLog(one).lines(), MetricsLog(tmp_path / "two").lines(), strict=True):
        assert b["losses"] == pytest.approx(a["losses"], rel=2e-4)
        assert b["grad_norm"] == pytest.approx(a["grad_norm"], rel=2e-3)
    first, second = (dict(load_latest(p)[0].model) for p in (one, tmp_path / "two"))
    assert first.keys() == second.keys()
    apart = torch.cat([(first[name] - second[name]).abs().flatten() for name in first])
    assert apart.mean() < 1e-5


def test_processes_share_every_batch_without_overlap() -> None:
    config = small_config(batch=12, micro_batch=4)
    present = torch.ones(30, 3, dtype=torch.bool)
    plans = [Plan(config, present, rank, 2) for rank in range(2)]
    for step in (0, 3):
        taken = [p.samples(step)[part] for p in plans for part in p.shares()]
        assert [len(t) for t in taken] == [4, 2, 4, 2]
        assert sorted(i for t in taken for i in t) == sorted(plans[0].samples(step))
        assert all(torch.equal(a, b) for a, b in zip(*(p.masks(step) for p in plans), strict=True))


def test_an_epoch_takes_no_sample_twice_and_every_epoch_another_order() -> None:
    plan = Plan(small_config(batch=4), torch.ones(11, 3, dtype=torch.bool))
    epochs = [
        [int(i) for step in range(e * 2, e * 2 + 2) for i in plan.samples(step)] for e in range(3)
    ]
    assert all(len(set(epoch)) == 8 for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]


def test_a_batch_that_the_processes_cannot_share_evenly_is_refused() -> None:
    with pytest.raises(PretrainError, match="cannot be shared evenly by 3 processes"):
        Plan(small_config(batch=4), torch.ones(11, 3, dtype=torch.bool), 0, 3)
