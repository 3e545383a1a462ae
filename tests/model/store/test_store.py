"""The store: a model is there wholly or not at all, and what is broken says why."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mirage_core.io.atomic import ExportError
from mirage_core.model.store.card import CARD_FILE, WEIGHTS_FILE
from mirage_core.model.store.errors import CancelledError, ModelStoreError
from mirage_core.model.store.store import BrokenModel, ModelStore, StoredModel
from tests.model.store.models import card, sha256, weights, write_weights


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


@pytest.fixture
def stored(store: ModelStore, tmp_path: Path) -> StoredModel:
    store.add(card(), write_weights(tmp_path / "w"))
    return store.get("small")


def names(store: ModelStore) -> list[str]:
    return sorted(p.name for p in store.folder.iterdir()) if store.folder.exists() else []


def test_an_empty_store_lists_nothing_and_makes_no_folder(store: ModelStore) -> None:
    assert store.list() == ()
    assert not store.folder.exists()


def test_an_added_model_has_its_checksum_and_size(stored: StoredModel) -> None:
    assert stored.weights.read_bytes() == weights()
    assert stored.card.weights_sha256 == sha256(weights())
    assert stored.card.weights_bytes == len(weights())
    assert {p.name for p in stored.folder.iterdir()} == {CARD_FILE, WEIGHTS_FILE}


def test_a_file_can_be_moved_in_instead_of_copied(store: ModelStore, tmp_path: Path) -> None:
    path = write_weights(tmp_path / "w")
    added = store.add(card(), path, take=True)
    assert store.verify("small") == added
    assert not path.exists()


def test_a_taken_id_gets_a_number(store: ModelStore, tmp_path: Path) -> None:
    added = [store.add(card(), write_weights(tmp_path / "w", seed)).id for seed in range(3)]
    assert added == ["small", "small-2", "small-3"]
    assert [m.card.id for m in store.models()] == added


def test_a_model_is_found_by_its_weights_or_by_the_file_they_came_from(
    store: ModelStore, tmp_path: Path
) -> None:
    origin = card().origin.model_copy(update={"sha256": "ab" * 32})
    added = store.add(card(origin=origin), write_weights(tmp_path / "w"))
    assert added.weights_sha256 is not None
    for wanted in (added.weights_sha256, "ab" * 32):
        found = store.find(wanted)
        assert found is not None
        assert found.card == added
    assert store.find("cd" * 32) is None


def test_weights_that_are_not_those_of_the_card_are_refused(
    store: ModelStore, tmp_path: Path
) -> None:
    with pytest.raises(ModelStoreError, match="not those of their card"):
        store.add(card(weights_sha256="ab" * 32), write_weights(tmp_path / "w"))
    assert names(store) == []


def test_what_is_no_file_of_weights_is_refused(store: ModelStore, tmp_path: Path) -> None:
    (tmp_path / "w").write_bytes(b"no weights")
    with pytest.raises(ModelStoreError, match="file of weights"):
        store.add(card(), tmp_path / "w")
    assert names(store) == []


def test_a_cancelled_addition_leaves_nothing(store: ModelStore, tmp_path: Path) -> None:
    with pytest.raises(CancelledError):
        store.add(card(), write_weights(tmp_path / "w"), cancelled=lambda: True)
    assert names(store) == []


def test_a_full_disk_is_said_and_leaves_nothing(
    store: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("mirage_core.model.store.store.copy_hashed", full)
    with pytest.raises(ExportError, match="disk is full"):
        store.add(card(), write_weights(tmp_path / "w"))
    assert names(store) == []


def test_progress_rises_to_one(
    store: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mirage_core.model.store.copying.PIECE_BYTES", 1000)
    told: list[float] = []
    store.add(card(), write_weights(tmp_path / "w"), told.append)
    assert told == sorted(told)
    assert len(told) == 3
    assert told[-1] == 1


def test_a_store_that_cannot_be_a_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ExportError, match="part of this path"):
        ModelStore(tmp_path / "file").add(card(), write_weights(tmp_path / "w"))
    with pytest.raises(ModelStoreError, match="cannot be read"):
        ModelStore(tmp_path / "file").list()


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (lambda f: (f / CARD_FILE).unlink(), "card of the model cannot be read"),
        (lambda f: (f / CARD_FILE).write_text("{"), "no card in JSON"),
        (lambda f: (f / WEIGHTS_FILE).unlink(), "weights are missing"),
        (lambda f: (f / WEIGHTS_FILE).write_bytes(weights()[:-1]), "changed or cut short"),
        (lambda f: f.rename(f.parent / "other"), "folder was renamed"),
    ],
)
def test_a_broken_model_is_listed_with_its_reason_and_can_be_removed(
    harm: Callable[[Path], object], reason: str, store: ModelStore, stored: StoredModel
) -> None:
    harm(stored.folder)
    (broken,) = store.list()
    assert isinstance(broken, BrokenModel)
    assert reason in broken.reason
    assert store.models() == ()
    with pytest.raises(ModelStoreError, match="cannot be used"):
        store.get(broken.id)
    store.remove(broken.id)
    assert names(store) == []


def test_files_and_hidden_or_empty_folders_in_the_store_are_no_models(
    store: ModelStore, stored: StoredModel
) -> None:
    (store.folder / "notes.txt").write_text("mine")
    (store.folder / "being-written").mkdir()
    (store.folder / ".downloads").mkdir()
    (store.folder / ".downloads" / "a.part").write_text("x")
    assert [m.folder.name for m in store.list()] == ["small"]


def test_an_unknown_id_is_answered_with_the_nearest(store: ModelStore, stored: StoredModel) -> None:
    with pytest.raises(ModelStoreError, match=r"There is no model 'smal'. Did you mean 'small'"):
        store.get("smal")
    with pytest.raises(ModelStoreError, match="no model"):
        store.remove("../small")
    assert names(store) == ["small"]


def test_a_folder_with_files_of_the_user_is_not_removed(
    store: ModelStore, stored: StoredModel
) -> None:
    (stored.folder / "thesis.docx").write_text("mine")
    with pytest.raises(ModelStoreError, match="other files"):
        store.remove("small")
    assert (stored.folder / "thesis.docx").exists()
    assert stored.weights.exists()


def test_a_new_title_keeps_the_id_and_the_rest(store: ModelStore, stored: StoredModel) -> None:
    store.rename("small", "  AMD or not ")
    renamed = store.get("small").card
    assert renamed == stored.card.model_copy(update={"title": "AMD or not"})
    with pytest.raises(ModelStoreError, match="no title"):
        store.rename("small", " ")


def test_verify_sees_a_single_changed_bit(store: ModelStore, stored: StoredModel) -> None:
    assert store.verify("small") == stored.card
    content = bytearray(weights())
    content[-1] ^= 1
    stored.weights.write_bytes(content)
    with pytest.raises(ModelStoreError, match="not those of its card"):
        store.verify("small")


def test_what_a_killed_write_left_goes_with_the_next_and_a_running_one_stays(
    store: ModelStore, tmp_path: Path
) -> None:
    old, young = (store.folder / f".mirage-00000000-{n}" for n in ("old", "young"))
    for folder in (old, young):
        folder.mkdir(parents=True)
        (folder / "weights").write_bytes(b"half")
    reserved = store.folder / "small"
    reserved.mkdir()
    hours_ago = time.time() - 7200
    for path in (old / "weights", old, young, reserved):
        os.utime(path, (hours_ago, hours_ago))
    assert store.add(card(), write_weights(tmp_path / "w")).id == "small"
    assert not old.exists()
    assert young.exists()  # something in it was written a moment ago


@pytest.fixture
def with_shipped(stored: StoredModel, store: ModelStore, tmp_path: Path) -> ModelStore:
    """A store to which one model was added, beside one that came with the program."""
    shipped = ModelStore(tmp_path / "program")
    shipped.add(card(id="ours", title="Ours"), write_weights(tmp_path / "w2", seed=2))
    return ModelStore(store.folder, shipped.folder)


def test_a_shipped_model_can_be_used_like_any_and_comes_last(with_shipped: ModelStore) -> None:
    assert [(m.card.id, m.shipped) for m in with_shipped.models()] == [
        ("small", False),
        ("ours", True),
    ]
    assert with_shipped.get("ours").shipped
    assert with_shipped.verify("ours").id == "ours"
    sha256_of_it = with_shipped.get("ours").card.weights_sha256
    assert sha256_of_it is not None
    assert with_shipped.find(sha256_of_it) == with_shipped.get("ours")


@pytest.mark.parametrize("change", [lambda s: s.remove("ours"), lambda s: s.rename("ours", "My")])
def test_a_shipped_model_stays_as_it_is(
    with_shipped: ModelStore, change: Callable[[ModelStore], object]
) -> None:
    before = with_shipped.get("ours")
    with pytest.raises(ModelStoreError, match="came with the program"):
        change(with_shipped)
    assert with_shipped.get("ours") == before


def test_no_model_takes_the_name_of_a_shipped_one(with_shipped: ModelStore, tmp_path: Path) -> None:
    added = with_shipped.add(card(id="ours"), write_weights(tmp_path / "w3", seed=3))
    assert added.id == "ours-2"
    assert with_shipped.get("ours").shipped


def test_a_model_from_before_one_of_its_name_was_shipped_can_only_go(
    with_shipped: ModelStore, store: ModelStore, tmp_path: Path
) -> None:
    store.add(card(id="ours"), write_weights(tmp_path / "w3", seed=3))
    (broken,) = [m for m in with_shipped.list() if isinstance(m, BrokenModel)]
    assert "has its name" in broken.reason
    assert with_shipped.get("ours").shipped
    with_shipped.remove("ours")
    assert [m.card.id for m in with_shipped.models()] == ["small", "ours"]
