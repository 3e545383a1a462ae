"""`--cluster`: the nodes of a Dask cluster give the results that this computer gives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mirage_core.model.store.store import ModelStore
from tests.cli.running import Ran, mirage
from tests.cli.teachable import folder_and_base
from tests.clusters import one_node
from tests.training.finetune.lessons import short

NOWHERE = "tcp://127.0.0.1:9"


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    with one_node() as address:
        yield address


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return folder_and_base(tmp_path, monkeypatch)


def arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as content:
        return dict(content)


def taught(folder: Path, out: Path, *more: object) -> Ran:
    (folder.parent / "quick.json").write_text(short(views=1, measure="loo").model_dump_json())
    quick = ("--base", "base", "--device", "cpu", "--epochs", 2, "--config")
    return mirage("finetune", folder, "-o", out, *quick, folder.parent / "quick.json", *more)


def test_teaching_there_is_followed_here_and_comes_to_the_same(
    cluster: str, folder: Path, tmp_path: Path
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    assert taught(folder, here, "--no-store").code == 0
    ran = taught(folder, there, "--no-store", "--json", "--cluster", cluster)
    assert ran.code == 0, ran.err
    events = [json.loads(line) for line in ran.out.splitlines()]
    assert events[0]["kind"] == "plan"
    assert events[-1]["kind"] == "done"
    assert len(ModelStore().models()) == 1
    cards = [json.loads((out / "model" / "card.json").read_text()) for out in (here, there)]
    assert cards[0]["weights_sha256"] == cards[1]["weights_sha256"]
    assert not list(there.glob("mirage-job-*"))


def test_what_was_taught_there_is_in_the_store(cluster: str, folder: Path, tmp_path: Path) -> None:
    ran = taught(folder, tmp_path / "run", "--cluster", cluster, "--title", "Far")
    assert ran.code == 0, ran.err
    assert "RPE, error" in ran.out
    assert "The model 'Far' is as 'far'." in ran.out
    assert [m.card.id for m in ModelStore().models()] == ["base", "far"]


def test_a_run_that_cannot_be_is_refused_there_in_the_same_sentence(
    cluster: str, folder: Path, tmp_path: Path
) -> None:
    ran = taught(folder, tmp_path / "run", "--cluster", cluster, "--resume")
    assert ran.code == 2
    assert "There is no training in" in ran.err


def test_a_folder_of_scans_is_segmented_there(cluster: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    scans = tmp_path / "scans"
    scans.mkdir()
    for name in "ab":
        np.savez(scans / f"{name}.npz", volume=rng.integers(0, 255, (2, 96, 64), np.uint8))
    common = ("segment", scans, "--engine", "graph", "--spacing", "0.1,0.004,0.011", "-o")
    assert mirage(*common, tmp_path / "here").code == 0
    ran = mirage(*common, tmp_path / "there", "--cluster", cluster)
    assert ran.code == 0, ran.err
    for name in "ab":
        here, there = (arrays(tmp_path / w / name / "surfaces.npz") for w in ("here", "there"))
        assert here.keys() == there.keys()
        for key, values in here.items():
            assert np.array_equal(values, there[key], equal_nan=values.dtype.kind == "f")


@pytest.mark.parametrize("command", ["finetune", "segment"])
def test_a_cluster_that_does_not_answer_is_one_sentence(
    command: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mirage_core.jobs import cluster

    real = cluster.ClusterExecutor
    monkeypatch.setattr(
        cluster, "ClusterExecutor", lambda address, shared: real(address, shared, timeout_s=1)
    )
    monkeypatch.setattr("mirage_core.cli.finetune_far.ClusterExecutor", cluster.ClusterExecutor)
    if command == "finetune":
        ran = taught(folder, tmp_path / "run", "--cluster", NOWHERE)
    else:
        np.savez(tmp_path / "a.npz", volume=np.zeros((2, 96, 64), np.uint8))
        ran = mirage("segment", tmp_path / "a.npz", "-o", tmp_path / "out", "--cluster", NOWHERE)
    assert ran.code == 2
    assert "No cluster answers at" in ran.err
