"""A model in one file: it arrives as it was sent, or not at all."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from mirage_core.io.atomic import ExportError
from mirage_core.model.store import archive
from mirage_core.model.store.card import CARD_FILE, WEIGHTS_FILE
from mirage_core.model.store.errors import CancelledError, ModelStoreError
from mirage_core.model.store.store import ModelStore
from mirage_core.model.store.terms import PUBLISHED
from tests.model.store.models import card, weights, write_weights


@pytest.fixture
def sender(tmp_path: Path) -> ModelStore:
    store = ModelStore(tmp_path / "sender")
    store.add(card(terms=PUBLISHED), write_weights(tmp_path / "w"))
    return store


@pytest.fixture
def receiver(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "receiver")


@pytest.fixture
def sent(sender: ModelStore, tmp_path: Path) -> Path:
    sender.export("small", tmp_path / "small.mirage.zip")
    return tmp_path / "small.mirage.zip"


def left(store: ModelStore) -> list[Path]:
    return list(store.folder.iterdir()) if store.folder.exists() else []


def test_a_model_arrives_as_it_was_sent(
    sender: ModelStore, receiver: ModelStore, sent: Path
) -> None:
    assert archive.is_archive(sent)
    received = receiver.import_file(sent)
    assert received == sender.get("small").card
    assert receiver.get("small").weights.read_bytes() == weights()
    assert receiver.verify("small") == received


def test_who_exports_is_told_the_terms(sender: ModelStore, tmp_path: Path) -> None:
    assert sender.export("small", tmp_path / "x.zip") == PUBLISHED.notice


def test_the_file_holds_plain_safetensors_others_can_read(sent: Path) -> None:
    with zipfile.ZipFile(sent) as file:
        assert file.namelist() == [CARD_FILE, WEIGHTS_FILE]
        assert file.read(WEIGHTS_FILE) == weights()
        assert file.getinfo(WEIGHTS_FILE).compress_type == zipfile.ZIP_STORED


def test_the_same_model_is_not_taken_in_twice(receiver: ModelStore, sent: Path) -> None:
    receiver.import_file(sent)
    with pytest.raises(ModelStoreError, match="in the store already, as 'small'"):
        receiver.import_file(sent)


def test_an_export_over_a_file_needs_leave_and_a_damaged_model_is_not_exported(
    sender: ModelStore, sent: Path
) -> None:
    before = sent.read_bytes()
    with pytest.raises(ExportError, match="exists already"):
        sender.export("small", sent)
    model = sender.get("small")
    model.weights.write_bytes(weights(1))
    with pytest.raises(ModelStoreError, match="not exported"):
        sender.export("small", sent, overwrite=True)
    assert sent.read_bytes() == before


def test_a_cancelled_export_or_import_leaves_nothing(
    sender: ModelStore, receiver: ModelStore, sent: Path, tmp_path: Path
) -> None:
    with pytest.raises(CancelledError):
        sender.export("small", tmp_path / "out" / "x.zip", cancelled=lambda: True)
    assert not (tmp_path / "out").exists()
    with pytest.raises(CancelledError):
        receiver.import_file(sent, cancelled=lambda: True)
    assert left(receiver) == []


def rebuilt(sent: Path, change: Callable[[dict[str, bytes]], object], **how: int) -> None:
    """Write the file anew with other entries."""
    with zipfile.ZipFile(sent) as file:
        entries = {name: file.read(name) for name in file.namelist()}
    change(entries)
    with zipfile.ZipFile(sent, "w", **how) as file:  # type: ignore[arg-type]
        for name, content in entries.items():
            file.writestr(name, content)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda e: e.update({"../../evil.txt": b"x"}), "something else"),
        (lambda e: e.update({"/etc/cron.d/x": b"x"}), "something else"),
        (lambda e: e.pop(CARD_FILE), "something else"),
        (lambda e: e.update({CARD_FILE: b"{}"}), "damaged"),
        (lambda e: e.update({CARD_FILE: card().as_json()}), "another size"),
        (lambda e: e.update({CARD_FILE: b" " * (5 * 1024**2)}), "too large"),
        (lambda e: e.update({WEIGHTS_FILE: weights(1)}), "not those of their card"),
        (lambda e: e.update({WEIGHTS_FILE: weights()[:-1]}), "another size"),
    ],
)
def test_a_file_with_other_content_is_refused_and_writes_nothing(
    change: Callable[[dict[str, bytes]], object],
    words: str,
    receiver: ModelStore,
    sent: Path,
    tmp_path: Path,
) -> None:
    before = set(tmp_path.rglob("*"))
    rebuilt(sent, change)
    with pytest.raises(ModelStoreError) as refused:
        receiver.import_file(sent)
    assert words in refused.value.what
    assert left(receiver) == []
    assert set(tmp_path.rglob("*")) - before <= {receiver.folder}


def test_a_packed_file_is_refused_before_anything_is_unpacked(
    receiver: ModelStore, sent: Path
) -> None:
    rebuilt(sent, lambda _entries: None, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(ModelStoreError, match="packed in a way"):
        receiver.import_file(sent)


def test_a_file_beyond_the_limit_is_refused(
    receiver: ModelStore, sent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_WEIGHTS_BYTES", 100)
    with pytest.raises(ModelStoreError, match="more than any model"):
        receiver.import_file(sent)


def test_a_file_damaged_anywhere_is_refused_or_arrives_whole(
    receiver: ModelStore, sent: Path, tmp_path: Path
) -> None:
    whole = sent.read_bytes()
    damaged = tmp_path / "damaged.zip"
    for at in range(0, len(whole), 97):
        damaged.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            id = receiver.import_file(damaged).id
        except ModelStoreError:
            assert left(receiver) == []
        else:  # a byte that nothing is read from, such as a date
            assert receiver.get(id).weights.read_bytes() == weights()
            shutil.rmtree(receiver.folder)
    for at in range(0, len(whole), 499):
        damaged.write_bytes(whole[:at])
        with pytest.raises(ModelStoreError):
            receiver.import_file(damaged)
    assert left(receiver) == []


def test_a_checkpoint_or_a_missing_file_is_no_exported_model(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "torch.pth", "w") as file:
        file.writestr("archive/data.pkl", b"x")
    (tmp_path / "text").write_text("x")
    assert not any(archive.is_archive(tmp_path / n) for n in ("torch.pth", "text", "gone", "."))
