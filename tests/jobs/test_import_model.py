"""A checkpoint joins the store as weights and a card, checked on the way, or not at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mirage_core.io.label_info import LabelInfo
from mirage_core.jobs import LocalExecutor, submit
from mirage_core.jobs.import_model import Unsaid, import_model
from mirage_core.model.spec import Normalisation
from mirage_core.model.store.card import HubOrigin
from mirage_core.model.store.errors import CancelledError, ModelStoreError
from mirage_core.model.store.store import ModelStore
from mirage_core.model.store.terms import PUBLISHED, UNKNOWN
from tests.golden import config, golden
from tests.model.store.models import encoder_weights, sha256

HUB = HubOrigin(repo="o/n", revision="c0ffee", file="model.safetensors", endpoint="https://hub")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "Our encoder.safetensors"
    path.write_bytes(encoder_weights())
    return path


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


def left(store: ModelStore) -> list[str]:
    return [p.name for p in store.folder.iterdir()] if store.folder.exists() else []


def test_a_worker_imports_and_answers_with_the_card(path: Path, store: ModelStore) -> None:
    with LocalExecutor() as executor:
        card = submit(executor, import_model, path, None, store.folder).result()
    assert store.get("our-encoder").card == card
    assert (card.title, card.spec.task, card.spec.dim) == ("Our encoder", "encode", 64)
    assert card.normalisation is Normalisation.HUB
    assert card.terms == UNKNOWN
    assert card.origin.sha256 == sha256(path.read_bytes())
    assert store.verify(card.id) == card
    assert left(store) == ["our-encoder"]


def test_the_terms_and_the_place_of_a_download_are_kept(path: Path, store: ModelStore) -> None:
    digest = sha256(path.read_bytes())
    card = import_model(path, "X", store.folder, terms=PUBLISHED, hub=HUB, sha256=digest)
    assert (card.terms, card.origin.hub, card.origin.kind) == (PUBLISHED, HUB, "hub")


def test_another_file_than_was_downloaded_is_refused(path: Path, store: ModelStore) -> None:
    with pytest.raises(ModelStoreError, match="not the one that was downloaded"):
        import_model(path, "X", store.folder, hub=HUB, sha256="ab" * 32)
    assert left(store) == []


def test_progress_rises_and_a_cancelled_import_leaves_nothing(
    path: Path, store: ModelStore
) -> None:
    told: list[float] = []
    with pytest.raises(CancelledError):
        import_model(path, "X", store.folder, told.append, lambda: bool(told))
    assert left(store) == []
    import_model(path, "X", store.folder, told.append)
    assert told == sorted(told)
    assert told[-1] == 1


def test_a_file_that_cannot_be_used_leaves_nothing(path: Path, store: ModelStore) -> None:
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ModelStoreError):
        import_model(path, "X", store.folder)
    assert left(store) == []


def unsaid(labels: LabelInfo | None = None) -> Unsaid:
    """Return what files of the references' odd sizes do not say."""
    return Unsaid(config()["heads"], config()["dheads"], labels=labels)


@pytest.mark.parametrize(
    ("name", "task", "normalisation"),
    [
        ("pretrain_tiny.pth", "reconstruct", Normalisation.WRAPPER),
        ("seg_convnext_tiny.pth", "segment", Normalisation.SEGMENTATION),
        ("cls_global_tiny.pth", "classify", Normalisation.CLASSIFICATION),
        ("hf_tiny.safetensors", "encode", Normalisation.HUB),
    ],
)
def test_every_published_kind_is_taken_in(
    name: str, task: str, normalisation: Normalisation, store: ModelStore
) -> None:
    source = golden(name)
    card = import_model(source, None, store.folder, unsaid=unsaid())
    assert (card.spec.task, card.normalisation) == (task, normalisation)
    assert card.origin.format
    store.verify(card.id)
    with pytest.raises(ModelStoreError, match="in the store already"):
        import_model(source, "Again", store.folder)


@pytest.mark.parametrize("name", ["seg_linear_tiny.pth", "cls_cls_tiny.pth"])
def test_names_of_classes_are_taken_only_if_they_fit(name: str, store: ModelStore) -> None:
    source = golden(name)
    plain = import_model(source, None, store.folder, unsaid=unsaid())
    store.remove(plain.id)
    head = plain.spec.head or plain.spec.classifier
    assert head is not None
    values = (
        tuple(c.value for c in plain.scheme.classes)
        if plain.scheme is not None
        else tuple(range(head.n_classes))
    )
    labels = tuple(f"Class {i}" for i in range(head.n_classes))
    fewer = LabelInfo(labels[:-1], values[:-1])
    with pytest.raises(ModelStoreError):
        import_model(source, None, store.folder, unsaid=unsaid(fewer))
    if plain.scheme is not None:
        others = LabelInfo(labels, tuple(value + 1 for value in values))
        with pytest.raises(ModelStoreError, match="not that of this file"):
            import_model(source, None, store.folder, unsaid=unsaid(others))
    assert left(store) == []
    card = import_model(source, None, store.folder, unsaid=unsaid(LabelInfo(labels, values)))
    named = card.class_labels
    if card.scheme is not None:
        named = tuple(c.label for c in card.scheme.classes)
    assert named == labels


def test_a_window_that_hands_imports_and_downloads_to_a_worker_needs_no_torch() -> None:
    modules = (
        "mirage_core.jobs.import_model",
        "mirage_core.cli.models_get",
        "mirage_core.model.store.download",
        "mirage_core.model.store.store",
        "huggingface_hub",
    )
    program = f"import sys, {', '.join(modules)}; print({{'torch', 'timm'}} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
