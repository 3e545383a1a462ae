"""Our own format keeps every weight once, beside a card whose checksum is compared."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from mirage_core.io.atomic import ExportError
from mirage_core.model.checkpoints import native
from mirage_core.model.checkpoints.errors import CheckpointError
from mirage_core.model.checkpoints.native import load_native, save_native
from mirage_core.model.spec import HeadKind, ModelSpec, Normalisation, Pool
from mirage_core.model.store.card import ModelCard, Origin
from mirage_core.model.store.copying import file_sha256
from mirage_core.model.store.errors import ModelStoreError
from tests.model.checkpoints.files import (
    ALL,
    HEADS,
    classification_spec,
    inputs,
    model,
    pretraining_spec,
    same_outputs,
    segmentation_spec,
    spec,
    state,
)


def card(of: ModelSpec) -> ModelCard:
    return ModelCard(
        id="model",
        title="Model",
        spec=of,
        normalisation=Normalisation.SEGMENTATION,
        origin=Origin(kind="trained"),
    )


@pytest.mark.parametrize(
    "of",
    [
        spec(ALL, dim=72, heads=3),
        pretraining_spec(),
        *(segmentation_spec(kind) for kind in HEADS),
        classification_spec(Pool.CLS),
    ],
    ids=lambda of: of.task,
)
def test_a_model_comes_back_as_it_was(tmp_path: Path, of: ModelSpec) -> None:
    made = model(of)
    written = save_native(made, card(of), tmp_path / "model")
    loaded = load_native(tmp_path / "model")
    assert loaded.card == written
    assert loaded.report.sentences() == ()
    assert same_outputs(loaded.model, made, inputs(of))
    assert {n for n, p in loaded.model.named_parameters() if not p.requires_grad} == {
        n for n, _ in made.named_parameters() if n.endswith("pos_emb")
    }


def test_what_dpt_names_twice_is_stored_once(tmp_path: Path) -> None:
    made = model(segmentation_spec(HeadKind.DPT))
    save_native(state(made), card(made.spec), tmp_path / "model")
    with safe_open(tmp_path / "model" / "weights.safetensors", "pt") as file:
        names = set(file.keys())
    assert names == {
        n for n in state(made) if ".layer_rn." not in n and ".act_postprocess." not in n
    }
    loaded = load_native(tmp_path / "model").model
    assert set(state(loaded)) == set(state(made))
    scratch = loaded.head.scratch
    assert scratch.layer1_rn.weight is scratch.layer_rn[0].weight


def test_a_changed_file_is_refused_even_if_its_size_and_time_are_the_same(tmp_path: Path) -> None:
    of = spec()
    save_native(model(of), card(of), tmp_path / "model")
    load_native(tmp_path / "model")
    path = tmp_path / "model" / "weights.safetensors"
    about = path.stat()
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    with pytest.raises(CheckpointError, match="not those of their card"):
        load_native(tmp_path / "model")


def test_a_file_is_read_whole_for_its_checksum_only_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = spec()
    save_native(model(of), card(of), tmp_path / "model")
    read: list[Path] = []

    def counted(path: Path) -> str:
        read.append(path)
        return file_sha256(path)

    monkeypatch.setattr(native, "file_sha256", counted)
    for _ in range(3):
        load_native(tmp_path / "model")
    assert len(read) == 1


def test_a_model_is_replaced_only_when_that_is_asked_for(tmp_path: Path) -> None:
    of = spec()
    save_native(model(of), card(of), tmp_path / "model")
    with pytest.raises(ExportError, match="exists already"):
        save_native(model(of, seed=5), card(of), tmp_path / "model")
    other = model(of, seed=5)
    save_native(other, card(of), tmp_path / "model", overwrite=True)
    assert same_outputs(load_native(tmp_path / "model").model, other, inputs(of))
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("mine")
    with pytest.raises(ExportError, match="other files"):
        save_native(model(of), card(of), foreign, overwrite=True)


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    made = model(segmentation_spec(HeadKind.DPT))
    tensors = state(made)
    tensors["output_adapters.semseg.scratch.layer_rn.0.weight"] = torch.ones(4, 4, 3, 3)
    with pytest.raises(ValueError, match="must be the same"):
        save_native(tensors, card(made.spec), tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_a_stored_encoder_takes_a_new_head(tmp_path: Path) -> None:
    of = pretraining_spec()
    made = model(of)
    save_native(made, card(of), tmp_path / "model")
    wanted = spec(ALL, head=HEADS[HeadKind.LINEAR])
    with pytest.raises(CheckpointError, match="lacks 2 weights"):
        load_native(tmp_path / "model", spec=wanted)
    loaded = load_native(
        tmp_path / "model", spec=wanted, size=96, domains=("bscan",), fresh=("output_adapters.",)
    )
    assert len(loaded.report.resized) == 1
    assert loaded.report.dropped
    assert torch.equal(loaded.model.global_tokens, made.global_tokens)


def test_weights_that_do_not_fit_their_card_are_refused(tmp_path: Path) -> None:
    save_native(model(spec()), card(segmentation_spec()), tmp_path / "model")
    with pytest.raises(CheckpointError, match="lacks"):
        load_native(tmp_path / "model")


def test_a_missing_card_or_file_is_said(tmp_path: Path) -> None:
    of = spec()
    with pytest.raises(ModelStoreError, match="card"):
        load_native(tmp_path / "none")
    save_native(model(of), card(of), tmp_path / "model")
    (tmp_path / "model" / "weights.safetensors").unlink()
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_native(tmp_path / "model")
