"""Kept features: found again, bounded, and made anew where they were damaged."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mirage_core.training.finetune.cache import FeatureCache, cache_key

MEGABYTE = 2**20


def features(value: float, n: int = 1000) -> dict[str, torch.Tensor]:
    return {"values": torch.full((1, n), value), "grid": torch.tensor([2, 3])}


def never() -> dict[str, torch.Tensor]:
    raise AssertionError("made anew")


@pytest.mark.parametrize("memory", [MEGABYTE, 0])
def test_what_was_made_is_found_again(tmp_path: Path, memory: int) -> None:
    cache = FeatureCache(tmp_path / "kept", memory, MEGABYTE)
    cache.get("a", lambda: features(1.5))
    found = cache.get("a", never)
    assert torch.equal(found["values"], features(1.5)["values"])
    assert found["grid"].tolist() == [2, 3]
    assert (cache.made, cache.found, cache.damaged) == (1, 1, 0)


def test_another_process_finds_it_on_the_disk(tmp_path: Path) -> None:
    FeatureCache(tmp_path, MEGABYTE, MEGABYTE).get("a", lambda: features(1.0))
    assert FeatureCache(tmp_path, MEGABYTE, MEGABYTE).get("a", never)


@pytest.mark.parametrize("how", ["flipped", "cut", "empty"])
def test_a_damaged_entry_is_detected_and_made_anew(tmp_path: Path, how: str) -> None:
    FeatureCache(tmp_path, 0, MEGABYTE).get("a", lambda: features(1.0))
    (path,) = tmp_path.iterdir()
    content = bytearray(path.read_bytes())
    if how == "flipped":
        content[-5] ^= 1
    path.write_bytes(content[: {"flipped": None, "cut": 500, "empty": 0}[how]])
    cache = FeatureCache(tmp_path, 0, MEGABYTE)
    assert torch.equal(cache.get("a", lambda: features(1.0))["values"], features(1.0)["values"])
    assert (cache.made, cache.damaged) == (1, 1)
    assert FeatureCache(tmp_path, 0, MEGABYTE).get("a", never)


def test_memory_and_disk_have_bounds(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path / "kept", 10_000, 9_000)
    for i in range(6):
        cache.get(str(i), lambda i=i: features(float(i)))
    assert sum(p.stat().st_size for p in (tmp_path / "kept").iterdir()) <= 9_000
    assert len(cache._kept) == 2
    assert cache.get("5", never)["values"][0, 0] == 5


def test_without_a_folder_or_room_nothing_is_written(tmp_path: Path) -> None:
    FeatureCache(None, 0, MEGABYTE).get("a", lambda: features(1.0))
    FeatureCache(tmp_path / "kept", 0, 0).get("a", lambda: features(1.0))
    assert not (tmp_path / "kept").exists()


def test_a_disk_that_refuses_costs_no_run(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file")
    cache = FeatureCache(tmp_path / "kept", 0, MEGABYTE)
    assert cache.get("a", lambda: features(2.0))["values"][0, 0] == 2


def test_clearing_leaves_nothing(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path / "kept", MEGABYTE, MEGABYTE)
    cache.get("a", lambda: features(1.0))
    cache.clear()
    assert not (tmp_path / "kept").exists()
    cache.get("a", lambda: features(3.0))
    assert cache.made == 2


def test_everything_that_decides_an_entry_is_in_its_name() -> None:
    base = {"weights": "w", "picture": "p", "views": "v", "row": 1, "view": 2}
    names = {cache_key(**base)}
    names |= {cache_key(**base | {key: "other"}) for key in base}
    assert len(names) == 6
