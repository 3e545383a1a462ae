"""Which model a file belongs to follows from its keys, shapes and settings; guesses are told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from mirage_core.model.checkpoints.errors import CheckpointError
from mirage_core.model.checkpoints.layout import Layout, recognise
from mirage_core.model.checkpoints.reading import Container, RawCheckpoint
from mirage_core.model.checkpoints.specify import Checkpoint, understand
from mirage_core.model.checkpoints.specify_head import default_layers
from mirage_core.model.spec import (
    DOMAINS,
    PUBLISHED_HEADS,
    ClassifierSpec,
    DecoderSpec,
    HeadKind,
    HeadSpec,
    Pool,
    mirage_spec,
)
from tests.golden import golden
from tests.model.checkpoints.files import (
    ALL,
    BSCAN,
    HEADS,
    SLO,
    classification_spec,
    model,
    pretraining_spec,
    segmentation_spec,
    spec,
    state,
)


def opened(
    tensors: dict[str, Tensor], args: dict[str, Any] | None = None, **more: Any
) -> Checkpoint:
    extra = {} if args is None else {"args": args}
    return understand(RawCheckpoint(Path("a.pth"), Container.PICKLE, tensors, extra), **more)


def published(name: str) -> dict[str, Tensor]:
    """Return tensors without memory, of the names and shapes of a published file."""
    lines = golden(f"keys/{name}.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    return {
        name: torch.empty(tuple(map(int, re.findall(r"\d+", shape))), device="meta")
        for name, shape, _ in rows
    }


@pytest.mark.parametrize("size", ["base", "large"])
def test_published_pretraining_models_are_told_by_their_shapes(size: str) -> None:
    found = opened(published(f"keys_{size}"))
    assert found.spec == mirage_spec(size, decoder=DecoderSpec())
    assert found.layout is Layout.PRETRAINING
    assert found.assumptions == ()


def test_the_published_hub_file_is_told_by_its_shapes() -> None:
    found = opened(published("keys_hf_base"))
    assert found.spec == mirage_spec("base", DOMAINS[:2])
    assert found.layout is Layout.ENCODER
    assert found.assumptions == ()


def n_classes(tensors: dict[str, Tensor]) -> int:
    names = ("final_layer.bias", "mask_norm.bias", "head.4.bias")
    (bias,) = (t for n, t in tensors.items() if n.startswith("output_") and n.endswith(names))
    return len(bias)


@pytest.mark.parametrize("kind", PUBLISHED_HEADS)
def test_published_heads_are_told_by_their_shapes(kind: HeadKind) -> None:
    tensors = published(f"keys_seg_{kind.value}")
    found = opened(tensors)
    _, _, *grid = tensors["input_adapters.bscan.pos_emb"].shape
    bscan = DOMAINS[0].model_copy(update={"size": (32 * grid[0], 32 * grid[1])})
    embed = 768 if kind is HeadKind.SEGMENTER else 6144
    depth = 2 if kind is HeadKind.SEGMENTER else 4
    wanted = HeadSpec(kind=kind, n_classes=n_classes(tensors), embed=embed, depth=depth)
    assert found.spec == mirage_spec("base", (bscan,), head=wanted)
    assert found.assumptions == ()


@pytest.mark.parametrize("pool", Pool)
def test_published_classifiers_are_told_by_their_shapes_and_settings(pool: Pool) -> None:
    tensors = published(f"keys_cls_{pool.value}")
    found = opened(tensors, {"pool": pool.value})
    wanted = ClassifierSpec(pool=pool, n_classes=len(tensors["head.bias"]))
    assert found.spec == mirage_spec("base", DOMAINS[:1], classifier=wanted)
    assert found.assumptions == ()


def test_global_or_cls_pooling_is_assumed_only_with_a_word_about_it() -> None:
    tensors = state(model(classification_spec(Pool.CLS)))
    found = opened(tensors, heads=2)
    assert found.spec.classifier == ClassifierSpec(pool=Pool.GLOBAL, n_classes=5)
    (assumption,) = found.assumptions
    assert "global token" in assumption
    told = opened(tensors, {"pool": "cls"}, heads=2)
    assert told.spec.classifier == ClassifierSpec(pool=Pool.CLS, n_classes=5)
    assert told.assumptions == ()


def test_heads_of_unpublished_sizes_are_assumed_only_with_a_word_about_it() -> None:
    tensors = state(model(spec()))
    assert opened(tensors).spec.heads == 2
    (assumption,) = opened(tensors).assumptions
    assert "2 are assumed" in assumption
    assert opened(tensors, heads=4).spec.heads == 4
    assert opened(tensors, heads=4).assumptions == ()
    assert opened(tensors, {"encoder_num_heads": 8}).spec.heads == 8


def test_a_width_that_tells_no_heads_is_not_guessed_at() -> None:
    tensors = state(model(spec(dim=72, heads=3)))
    with pytest.raises(CheckpointError, match="how many attention heads") as caught:
        opened(tensors)
    assert "Give the number of heads" in caught.value.hint
    assert opened(tensors, heads=3).spec == spec(dim=72, heads=3)
    with pytest.raises(CheckpointError, match="cannot have 5"):
        opened(tensors, heads=5)


def test_heads_of_decoders_are_those_of_the_settings_then_the_published() -> None:
    tensors = state(model(pretraining_spec()))
    found = opened(tensors, heads=2)
    assert found.spec == pretraining_spec()
    assert any("decoders" in sentence for sentence in found.assumptions)
    told = opened(tensors, {"decoder_dim": 32, "decoder_num_heads": 4}, heads=2)
    assert told.spec.decoder is not None
    assert told.spec.decoder.heads == 4
    assert told.assumptions == ()
    # Settings of some other model tell nothing.
    other = opened(tensors, {"decoder_dim": 256, "decoder_num_heads": 4}, heads=2)
    assert other.spec.decoder == found.spec.decoder
    given = opened(tensors, heads=2, decoder_heads=16)
    assert given.spec.decoder is not None
    assert given.spec.decoder.heads == 16


@pytest.mark.parametrize("kind", PUBLISHED_HEADS)
def test_every_head_is_told_by_its_keys(kind: HeadKind) -> None:
    found = opened(state(model(segmentation_spec(kind))), heads=2)
    assert found.spec.head is not None
    assert found.spec == segmentation_spec(kind)


def test_settings_that_speak_of_another_head_are_remarked_on() -> None:
    tensors = state(model(segmentation_spec(HeadKind.LINEAR)))
    found = opened(tensors, {"output_adapter": "convnext"}, heads=2)
    assert found.spec.head == HEADS[HeadKind.LINEAR]
    assert any("'convnext'" in note for note in found.notes)


def test_dpt_hooks_the_last_block_of_every_quarter() -> None:
    assert default_layers(12) == (2, 5, 8, 11)
    assert default_layers(24) == (5, 11, 17, 23)
    assert default_layers(4) == (0, 1, 2, 3)
    assert default_layers(2) == (0, 0, 1, 1)


def two_domains(order: tuple[str, ...]) -> dict[str, Tensor]:
    head = HeadSpec(kind=HeadKind.LINEAR, n_classes=2, domains=order)
    return state(model(spec((BSCAN, SLO), head=head)))


def test_a_head_on_two_inputs_takes_their_order_from_the_settings() -> None:
    tensors = two_domains(("slo", "bscan"))
    args = {"decoder_main_tasks": "slo-bscan", "in_domains": ["bscan", "slo"]}
    found = opened(tensors, args, heads=2)
    assert found.spec.head is not None
    assert found.spec.head.domains == ("slo", "bscan")
    assert found.assumptions == ()
    guessed = opened(tensors, heads=2)
    assert guessed.spec.head is not None
    assert guessed.spec.head.domains == ("bscan", "slo")
    assert any("bscan, slo in this order" in sentence for sentence in guessed.assumptions)


def test_a_head_on_one_of_two_inputs_is_told_by_its_width() -> None:
    tensors = two_domains(("bscan",))
    found = opened(tensors, heads=2)
    assert found.spec.head is not None
    assert found.spec.head.domains == ("bscan",)
    assert found.assumptions
    assert opened(tensors, {"decoder_main_tasks": "bscan"}, heads=2).assumptions == ()


def test_the_table_from_grey_values_to_classes_is_read() -> None:
    tensors = state(model(segmentation_spec()))
    found = opened(tensors, {"mapping": {0: 0, 85: 1, 255: 2}}, heads=2)
    assert found.mapping == {0: 0, 85: 1, 255: 2}
    wrong = opened(tensors, {"mapping": {0: 0, 85: 7}}, heads=2)
    assert wrong.mapping is None
    assert any("grey values" in note for note in wrong.notes)
    assert opened(tensors, heads=2).mapping is None


@pytest.mark.parametrize("prefix", ["", "model.", "module.", "module.model."])
def test_keys_may_have_what_the_hub_or_a_parallel_run_puts_before_them(prefix: str) -> None:
    tensors = state(model(spec(ALL)))
    found = opened({prefix + name: tensor for name, tensor in tensors.items()}, heads=2)
    assert set(found.state) == set(tensors)
    assert found.spec == spec(ALL)


@pytest.mark.parametrize("bare", [False, True])
def test_classification_keys_may_lack_their_prefix(bare: bool) -> None:
    tensors = state(model(classification_spec()))
    given = {n.removeprefix("model.") if bare else n: t for n, t in tensors.items()}
    found = opened(given, heads=2)
    assert found.layout is Layout.CLASSIFICATION
    assert set(found.state) == set(tensors)


def test_the_layer_map_is_called_semseg_by_the_segmentation_script() -> None:
    tensors = state(model(spec(ALL, head=HEADS[HeadKind.LINEAR])))
    renamed = {
        name.replace("input_adapters.bscanlayermap.", "input_adapters.semseg."): tensor
        for name, tensor in tensors.items()
    }
    args = {"in_domains": ["bscan", "slo", "semseg"], "decoder_main_tasks": "bscan"}
    found = opened(renamed, args, heads=2)
    assert found.spec == spec(ALL, head=HEADS[HeadKind.LINEAR])
    assert set(found.state) == set(tensors)


def test_other_models_are_told_from_mirage() -> None:
    plain = ["cls_token", "pos_embed", "patch_embed.proj.weight", "blocks.0.attn.qkv.weight"]
    made = {name: torch.ones(1) for name in plain}
    assert recognise(made) is Layout.MAE
    assert recognise({**made, "blocks.0.ls1.gamma": torch.ones(1)}) is Layout.DINOV2
    assert recognise({"w": torch.ones(1)}) is Layout.UNKNOWN
    sam = ["patch_embed.proj.weight", "blocks.0.attn.rel_pos_h", "blocks.0.attn.qkv.weight"]
    assert recognise({f"image_encoder.{name}": torch.ones(1) for name in sam}) is Layout.SAM
    colour = {
        "global_tokens": torch.ones(1, 1, 8),
        "input_adapters.rgb.proj.weight": torch.ones(8, 3, 16, 16),
        "encoder.0.norm1.weight": torch.ones(8),
    }
    assert recognise(colour) is Layout.MULTIMAE
    with pytest.raises(CheckpointError, match="MultiMAE"):
        opened(colour)
    with pytest.raises(CheckpointError, match=r"no model that is known here.*'w'"):
        opened({"w": torch.ones(1)})


@pytest.mark.parametrize(
    ("key", "shape", "part"),
    [
        ("encoder.0.norm1.weight", None, None),
        ("encoder.0.mlp.fc1.weight", None, "lack 'encoder.0.mlp.fc1.weight'"),
        ("input_adapters.bscan.pos_emb", None, "lack 'input_adapters.bscan.pos_emb'"),
        ("input_adapters.bscan.pos_emb", (1, 128), "have the shape"),
        ("input_adapters.bscan.proj.weight", (128, 1, 32, 16), "not square"),
        ("input_adapters.bscan.proj.weight", (128, 2, 32, 32), "takes 2 channels"),
        ("output_adapters.semseg.proj_dec.weight", (128, 100), "looks at 100 values"),
        ("output_adapters.semseg.final_layer.weight", (3, 9, 1, 1), "9 channels"),
    ],
)
def test_keys_and_shapes_of_no_model_are_refused(
    key: str, shape: tuple[int, ...] | None, part: str | None
) -> None:
    tensors = state(model(segmentation_spec()))
    del tensors[key]
    if shape is not None:
        tensors[key] = torch.ones(shape)
    if part is None:  # what tells no size is missed later, when the model is filled
        assert opened(tensors, heads=2).spec == segmentation_spec()
        return
    with pytest.raises(CheckpointError, match=re.escape(part)):
        opened(tensors, heads=2)


def test_a_gap_in_the_blocks_is_refused() -> None:
    tensors = {n: t for n, t in state(model(spec())).items() if not n.startswith("encoder.0.")}
    with pytest.raises(CheckpointError, match="lack block 0"):
        opened(tensors, heads=2)
