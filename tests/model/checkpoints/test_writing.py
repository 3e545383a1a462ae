"""Models are written as the published scripts write and read them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open

from mirage_core.io.atomic import ExportError
from mirage_core.model.build import build_model
from mirage_core.model.checkpoints.loading import load_model
from mirage_core.model.checkpoints.reading import read_state
from mirage_core.model.checkpoints.writing import Published, save_published
from mirage_core.model.spec import ClassifierSpec, HeadKind, ModelSpec, Pool, VolumePool
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


@pytest.mark.parametrize(
    "of",
    [
        spec(ALL, heads=4),
        pretraining_spec(),
        *(segmentation_spec(kind) for kind in HEADS),
        classification_spec(Pool.CLS),
        classification_spec(Pool.TOKEN_MIX),
    ],
    ids=lambda of: of.task,
)
def test_what_is_written_needs_no_assumption_to_be_read(tmp_path: Path, of: ModelSpec) -> None:
    made = model(of)
    path = tmp_path / "a.pth"
    save_published(made, path)
    loaded = load_model(path)
    assert loaded.spec == of
    assert loaded.report.sentences() == ()
    assert same_outputs(loaded.model, made, inputs(of))
    # And once more, from weights that lie on the disk.
    again = tmp_path / "b.pth"
    save_published(loaded.model, again)
    assert same_outputs(load_model(again).model, made, inputs(of))
    assert again.stat().st_size < 1.1 * path.stat().st_size


def test_segmentation_files_hold_what_the_published_ones_hold(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    greys = {0: 0, 85: 1, 255: 2}
    save_published(
        model(segmentation_spec()), path, epoch="best", mapping=greys, settings={"loss": "CE"}
    )
    raw = read_state(path)
    assert set(raw.extra) == {"optimizer", "epoch", "scaler", "args"}
    assert isinstance(raw.extra["args"], argparse.Namespace)
    assert raw.extra["epoch"] == "best"
    assert raw.args["mapping"] == greys
    assert raw.args["inverse_mapping"] == {0: 0, 1: 85, 2: 255}
    assert raw.args["output_adapter"] == "convnext"
    assert raw.args["decoder_main_tasks"] == "bscan"
    assert raw.args["loss"] == "CE"
    assert load_model(path).mapping == greys


def test_the_layer_map_is_called_semseg_in_segmentation_files(tmp_path: Path) -> None:
    head = HEADS[HeadKind.LINEAR].model_copy(update={"domains": ("bscan", "bscanlayermap")})
    made = model(spec(ALL, head=head))
    path = tmp_path / "a.pth"
    save_published(made, path)
    raw = read_state(path)
    assert "input_adapters.semseg.class_emb.weight" in raw.state
    assert not any("bscanlayermap" in name for name in raw.state)
    assert raw.args["decoder_main_tasks"] == "bscan-semseg"
    assert same_outputs(load_model(path).model, made, inputs(made.spec))


def test_dpts_second_names_are_written_but_not_their_weights_twice(tmp_path: Path) -> None:
    made = model(segmentation_spec(HeadKind.DPT))
    path = tmp_path / "a.pth"
    save_published(made, path)
    raw = read_state(path)
    assert set(raw.state) == set(state(made))
    n_bytes = 4 * sum(p.numel() for p in made.parameters())
    assert n_bytes < path.stat().st_size < n_bytes + 100_000
    at = "output_adapters.semseg.scratch."
    twice = raw.state[f"{at}layer1_rn.weight"], raw.state[f"{at}layer_rn.0.weight"]
    assert twice[0].data_ptr() == twice[1].data_ptr()


@pytest.mark.parametrize(
    "of", [pretraining_spec(), classification_spec(), segmentation_spec()], ids=lambda s: s.task
)
def test_the_hubs_format_takes_the_encoder_of_any_model(tmp_path: Path, of: ModelSpec) -> None:
    made = model(of)
    path = tmp_path / "a.safetensors"
    save_published(made, path, Published.HUB)
    with safe_open(path, "pt") as file:
        names = set(file.keys())
    assert all(name.startswith("model.") for name in names)
    loaded = load_model(path)
    bare = of.model_copy(update={"decoder": None, "head": None, "classifier": None})
    assert loaded.spec == bare
    wanted = made.model if of.task == "classify" else made
    images = inputs(of)
    with torch.no_grad():
        assert torch.equal(loaded.model(images).values, wanted.encode(images).values)


def test_formats_that_do_not_fit_the_model_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not written as classification"):
        save_published(model(segmentation_spec()), tmp_path / "a.pth", "classification")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("more", [{"multi_label": True}, {"volume": VolumePool.MEAN}])
def test_how_a_classifier_is_read_is_not_lost_in_silence(
    tmp_path: Path, more: dict[str, Any]
) -> None:
    classifier = ClassifierSpec(pool=Pool.GLOBAL, n_classes=3, **more)
    with pytest.raises(ValueError, match="published formats know"):
        save_published(build_model(spec(classifier=classifier)), tmp_path / "a.pth")


def test_nothing_is_overwritten_unless_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    path.write_text("mine")
    with pytest.raises(ExportError):
        save_published(model(spec()), path)
    assert path.read_text() == "mine"
    save_published(model(spec()), path, overwrite=True)
    assert load_model(path).spec == spec()
