"""The published files load as they are, give the reference outputs, and can be written again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mirage_core.model.build import build_model
from mirage_core.model.checkpoints.importing import import_file
from mirage_core.model.checkpoints.loading import Loaded, load_model, open_checkpoint
from mirage_core.model.checkpoints.native import load_native, save_native
from mirage_core.model.checkpoints.reading import read_state
from mirage_core.model.checkpoints.starting import initial_encoder
from mirage_core.model.checkpoints.targets import encoder_spec
from mirage_core.model.checkpoints.writing import save_published
from mirage_core.model.spec import ClassifierSpec, DomainSpec, ModelSpec, Pool
from mirage_core.model.store.card import ModelCard, Origin
from tests.golden import config, golden
from tests.model.golden_models import (
    ALL,
    HUB,
    PRETRAINED,
    SIZE,
    TOLERANCE,
    arrays,
    assert_close,
    decoder,
    domains,
    head_of,
    head_spec,
    hub_domains,
    inputs,
    segmentation_inputs,
    spec,
    variants,
    weights,
)

SEGMENTATION = {f"seg_{tag}_{SIZE}.pth": tag for tag in variants("seg")}
CLASSIFICATION = {f"cls_{pool}_{SIZE}.pth": pool for pool in Pool}
FILES = (PRETRAINED, HUB, *SEGMENTATION, *CLASSIFICATION)


def opened(name: str, **more: Any) -> Loaded:
    return load_model(golden(name), **heads(), **more)


def heads() -> dict[str, int]:
    """Return the numbers of attention heads, which these files need not tell."""
    return {"heads": config()["heads"], "decoder_heads": config()["dheads"]}


def reference(name: str) -> tuple[dict[str, Tensor], np.ndarray]:
    """Return inputs, and what the model in file `name` makes of them."""
    if name in SEGMENTATION:
        tag = SEGMENTATION[name]
        return segmentation_inputs(tag), arrays("seg_outputs.npz")[f"{tag}__logits"]
    if name in CLASSIFICATION:
        logits = arrays("cls_outputs.npz")[f"{CLASSIFICATION[name]}__logits"]
        return inputs("x2", ("bscan",)), logits
    names = hub_domains()
    tokens = arrays("light_tokens.npz")[f"x2_{'+'.join(names)}__layers"][-1]
    return inputs("x2", names), tokens


@torch.no_grad()
def output(model: nn.Module, name: str) -> Tensor:
    """Return what is compared of a model: logits, or the encoder's tokens."""
    images, _ = reference(name)
    if name in SEGMENTATION:
        kind, _ = head_of(SEGMENTATION[name])
        # The published DPT stays at half the size.
        return model.grid_logits(images) if kind == "dpt" else model(images)
    return model(images) if name in CLASSIFICATION else model.encode(images).values


@pytest.mark.parametrize("name", FILES)
def test_every_published_file_gives_the_reference_output(name: str) -> None:
    loaded = opened(name)
    assert loaded.report.missing == loaded.report.unexpected == loaded.report.dropped == ()
    assert_close(output(loaded.model, name), reference(name)[1])


def test_the_specification_of_the_pretraining_file_is_the_configured_one() -> None:
    assert opened(PRETRAINED).spec == spec(decoder=decoder())
    assert opened(HUB).spec == spec(hub_domains())


@pytest.mark.parametrize("name", SEGMENTATION)
def test_heads_classes_and_grey_values_are_told_by_the_file(name: str) -> None:
    loaded = opened(name)
    kind, names = head_of(SEGMENTATION[name])
    assert loaded.spec.head == head_spec(kind, names, weights(name))
    assert tuple(d.name for d in loaded.spec.domains) == names
    args = read_state(golden(name)).args
    assert loaded.mapping == {int(grey): index for grey, index in args["mapping"].items()}
    assert sorted(loaded.mapping.values()) == list(range(config()["nseg"]))


@pytest.mark.parametrize("name", CLASSIFICATION)
def test_pooling_is_told_by_the_file(name: str) -> None:
    loaded = opened(name)
    assert loaded.spec.classifier is not None
    assert loaded.spec.classifier.pool is CLASSIFICATION[name]
    assert loaded.spec.classifier.n_classes == config()["ncls"]
    assert loaded.report.assumptions == ()


def test_a_pretraining_file_opens_at_another_input_size() -> None:
    stored = arrays("seg_outputs.npz")
    path, size = golden(PRETRAINED), tuple(config()["up"])
    wanted = encoder_spec(open_checkpoint(path, **heads()).spec, domains=("bscan",))
    loaded = load_model(path, spec=wanted, size=size)
    assert loaded.spec.domains == domains(("bscan",), size)
    key = "input_adapters.bscan.pos_emb"
    assert [r.name for r in loaded.report.resized] == [key]
    model = loaded.model
    assert_close(model.get_parameter(key), stored["upsized__pos_emb"])
    images = {"bscan": torch.from_numpy(stored["upsized__x"])}
    embedded = torch.cat([model.embed(images), model.global_tokens], dim=1)
    assert_close(embedded, stored["upsized__embed"])
    with torch.no_grad():
        assert_close(model(images).values, stored["upsized__enc"])
    dropped = {n for n in weights(PRETRAINED) if n.startswith("output_adapters.")}
    assert dropped < set(loaded.report.dropped)


@pytest.mark.parametrize("name", FILES)
def test_published_files_are_written_as_they_were(tmp_path: Path, name: str) -> None:
    first = opened(name)
    path = tmp_path / name
    save_published(first.model, path, epoch="best", mapping=first.mapping)
    before, after = read_state(golden(name)), read_state(path)
    assert set(before.state) == set(after.state)
    assert all(torch.equal(before.state[n], after.state[n]) for n in before.state)
    if path.suffix == ".pth":
        assert set(before.extra) == set(after.extra)
        assert type(before.extra["args"]) is type(after.extra["args"])
        assert set(before.args) <= set(after.args)
        same = ("in_domains", "out_domains", "all_domains", "num_global_tokens")
        for key in (*same, "num_classes", "mapping", "inverse_mapping", "pool"):
            assert before.args.get(key) == after.args.get(key), key
        for key in ("input_size", "patch_size", "grid_sizes"):
            for domain in first.spec.domains:
                assert before.args[key][domain.name] == after.args[key][domain.name]
    second = load_model(path)
    assert second.spec == first.spec
    assert torch.equal(output(second.model, name), output(first.model, name))


def test_a_classifiers_file_tells_its_own_size_beside_inputs_it_has_not(tmp_path: Path) -> None:
    own = DomainSpec(name="bscan", patch=16, size=(32, 48))
    classifier = ClassifierSpec(pool=Pool.CLS, n_classes=2)
    model = build_model(ModelSpec(dim=64, depth=1, heads=1, domains=(own,), classifier=classifier))
    save_published(model, tmp_path / "a.pth")
    args = read_state(tmp_path / "a.pth").args
    assert args["input_size"]["bscan"] == list(own.size)
    assert args["patch_size"]["bscan"] == [own.patch, own.patch]
    assert args["grid_sizes"]["bscan"] == args["grid_sizes"]["slo"] == list(own.grid)


@pytest.mark.parametrize("name", FILES)
def test_published_files_become_our_own_format(tmp_path: Path, name: str) -> None:
    loaded = opened(name)
    imported = import_file(golden(name), tmp_path / "weights.safetensors", **heads())
    card = ModelCard(
        id="golden",
        title=name,
        spec=imported.spec,
        scheme=imported.scheme,
        normalisation=imported.normalisation,
        origin=Origin(kind="file", format=imported.format),
    )
    save_native(loaded.model, card, tmp_path / "golden")
    stored = (tmp_path / "golden" / "weights.safetensors").read_bytes()
    assert stored == (tmp_path / "weights.safetensors").read_bytes()
    native = load_native(tmp_path / "golden")
    assert float((output(native.model, name) - output(loaded.model, name)).abs().max()) == 0
    assert_close(output(native.model, name), reference(name)[1])


def test_the_layer_map_alone_can_be_kept() -> None:
    loaded = opened(PRETRAINED, domains=("bscanlayermap",))
    assert [d.name for d in loaded.spec.domains] == ["bscanlayermap"]
    assert loaded.report.complete


def test_pretraining_can_start_from_a_published_file() -> None:
    start = initial_encoder(golden(PRETRAINED), spec(ALL))
    assert start.report.missing == ()
    for name, tensor in weights(HUB).items():
        found = start.state[name.removeprefix("model.")]
        assert float((found - tensor).abs().max()) < TOLERANCE
