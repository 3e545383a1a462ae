"""Weights reach the model they were asked for, and every name is accounted for."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from mirage_core.model.checkpoints.errors import CheckpointError
from mirage_core.model.checkpoints.loading import load_model
from mirage_core.model.checkpoints.targets import encoder_spec
from mirage_core.model.positions import resize_table
from mirage_core.model.spec import HeadKind, HeadSpec, ModelSpec, Pool
from tests.model.checkpoints.files import (
    ALL,
    BSCAN,
    HEADS,
    SLO,
    classification_spec,
    inputs,
    model,
    pretraining_spec,
    same_outputs,
    segmentation_spec,
    spec,
    state,
    write_pth,
)

ARGS = {"decoder_dim": 32, "decoder_num_heads": 8, "pool": "global", "encoder_num_heads": 2}


@pytest.mark.parametrize(
    "of",
    [
        spec(ALL),
        pretraining_spec(),
        *(segmentation_spec(kind) for kind in HEADS),
        classification_spec(),
        classification_spec(Pool.TOKEN_MIX),
    ],
    ids=lambda of: of.task,
)
def test_a_loaded_model_gives_what_the_saved_one_gave(tmp_path: Path, of: ModelSpec) -> None:
    made = model(of)
    loaded = load_model(write_pth(tmp_path / "a.pth", made, ARGS))
    assert loaded.spec == of
    assert loaded.report.complete
    assert not loaded.model.training
    assert same_outputs(loaded.model, made, inputs(of))


def test_weights_really_arrive_with_the_hubs_prefix(tmp_path: Path) -> None:
    made = model(spec((BSCAN, SLO)))
    path = tmp_path / "hub.safetensors"
    save_file({f"model.{n}": t.contiguous() for n, t in state(made).items()}, path)
    loaded = load_model(path, heads=2)
    assert loaded.report.missing == loaded.report.unexpected == ()
    for name, tensor in state(loaded.model).items():
        assert torch.equal(tensor, state(made)[name])


def test_tables_of_positions_are_loaded_and_never_trained(tmp_path: Path) -> None:
    made = model(pretraining_spec())
    loaded = load_model(write_pth(tmp_path / "a.pth", made, ARGS)).model
    trained = {name for name, p in loaded.named_parameters() if p.requires_grad}
    tables = {name for name, _ in loaded.named_parameters() if name.endswith("pos_emb")}
    assert len(tables) == 6
    assert not tables & trained
    assert trained | tables == set(dict(loaded.named_parameters()))
    for name in tables:
        assert torch.equal(state(loaded)[name], state(made)[name])


def test_an_encoder_takes_what_it_needs_and_says_what_it_left(tmp_path: Path) -> None:
    made = model(pretraining_spec())
    path = write_pth(tmp_path / "a.pth", made, ARGS)
    loaded = load_model(path, spec=spec((BSCAN, SLO)))
    names = set(state(made))
    left = {n for n in names if n.startswith(("output_adapters.", "input_adapters.bscanlayermap."))}
    assert set(loaded.report.dropped) == left
    assert loaded.report.complete
    assert any(f"{len(left)} weights" in line for line in loaded.report.sentences())
    images = inputs(spec((BSCAN, SLO)))
    with torch.no_grad():
        assert torch.equal(loaded.model(images).values, made.encode(images).values)


def test_domains_can_be_chosen(tmp_path: Path) -> None:
    path = write_pth(tmp_path / "a.pth", model(spec(ALL)), ARGS)
    loaded = load_model(path, domains=("slo",))
    assert [d.name for d in loaded.spec.domains] == ["slo"]
    assert len(loaded.report.dropped) == 3 + 4
    with pytest.raises(CheckpointError, match="no input faf; it has bscan, slo"):
        load_model(path, domains=("faf",))


def test_a_pretraining_model_can_lose_a_domain(tmp_path: Path) -> None:
    made = model(pretraining_spec())
    loaded = load_model(write_pth(tmp_path / "a.pth", made, ARGS), domains=("bscan", "slo"))
    assert "output_adapters.slo.task_embeddings.bscanlayermap" in loaded.report.dropped
    assert loaded.report.complete
    images = inputs(spec((BSCAN, SLO)))
    with torch.no_grad():
        found = loaded.model(images)["slo"]
        # The whole model counts the layer map as masked, and gets the same.
        assert torch.allclose(found, made(images)["slo"], atol=1e-5)


def test_a_fresh_head_must_be_asked_for(tmp_path: Path) -> None:
    made = model(pretraining_spec())
    path = write_pth(tmp_path / "a.pth", made, ARGS)
    wanted = encoder_spec(pretraining_spec(), head=HEADS[HeadKind.SEGMENTER], domains=("bscan",))
    with pytest.raises(CheckpointError) as caught:
        load_model(path, spec=wanted)
    assert "output_adapters.semseg.cls_emb" in caught.value.what
    assert "more" in caught.value.what
    for options in ({"strict": False}, {"fresh": ("output_adapters.",)}):
        loaded = load_model(path, spec=wanted, **options)
        head = {n for n in state(loaded.model) if n.startswith("output_adapters.semseg.")}
        assert set(loaded.report.missing) == head
        assert any(line.startswith("Random") for line in loaded.report.sentences())
        assert all(torch.isfinite(t).all() for t in state(loaded.model).values())
        assert state(loaded.model)["output_adapters.semseg.cls_emb"].std() > 0
        assert torch.equal(loaded.model.global_tokens, made.global_tokens)
        assert loaded.model(inputs(wanted)).shape == (2, 3, 64, 64)


def test_what_is_allowed_to_be_fresh_is_no_more_than_was_named(tmp_path: Path) -> None:
    tensors = state(model(spec()))
    del tensors["encoder.1.attn.proj.bias"]
    path = write_pth(tmp_path / "a.pth", tensors, ARGS)
    wanted = spec(head=HEADS[HeadKind.LINEAR])
    with pytest.raises(CheckpointError, match=r"lacks 1 weight .*encoder\.1\.attn\.proj\.bias"):
        load_model(path, spec=wanted, fresh=("output_adapters.",))


def test_a_head_for_other_classes_replaces_the_files(tmp_path: Path) -> None:
    path = write_pth(
        tmp_path / "a.pth", model(segmentation_spec()), {**ARGS, "mapping": {0: 0, 9: 1, 8: 2}}
    )
    assert load_model(path).mapping == {0: 0, 9: 1, 8: 2}
    head = HEADS[HeadKind.CONVNEXT].model_copy(update={"n_classes": 4})
    loaded = load_model(path, spec=spec(head=head), fresh=("output_adapters.semseg.",))
    assert loaded.mapping is None
    assert all(n.startswith("output_adapters.semseg.") for n in loaded.report.dropped)
    assert set(loaded.report.dropped) == set(loaded.report.missing)


def test_an_encoder_becomes_a_classifier_and_back(tmp_path: Path) -> None:
    encoder = model(spec())
    path = write_pth(tmp_path / "a.pth", encoder, ARGS)
    loaded = load_model(path, spec=classification_spec(), fresh=("norm.", "head."))
    assert set(loaded.report.missing) == {"norm.weight", "norm.bias", "head.weight", "head.bias"}
    assert torch.equal(loaded.model.model.global_tokens, encoder.global_tokens)
    back = write_pth(tmp_path / "b.pth", loaded.model, ARGS)
    again = load_model(back, spec=spec())
    assert set(again.report.dropped) == set(loaded.report.missing)
    assert same_outputs(again.model, encoder, inputs(spec()))


@pytest.mark.parametrize("strict", [True, False])
def test_missing_and_unknown_weights_are_named(tmp_path: Path, strict: bool) -> None:
    made = model(spec())
    tensors = state(made)
    del tensors["encoder.1.norm2.bias"]
    tensors["encoder.1.extra"] = torch.ones(1)
    path = write_pth(tmp_path / "a.pth", tensors, ARGS)
    if strict:
        with pytest.raises(CheckpointError) as caught:
            load_model(path)
        assert "encoder.1.norm2.bias" in caught.value.what
        assert "encoder.1.extra" in caught.value.what
        return
    report = load_model(path, strict=False).report
    assert report.missing == ("encoder.1.norm2.bias",)
    assert report.unexpected == ("encoder.1.extra",)
    assert report.sentences() == (
        "Random, because the file lacks them: 1 weight (encoder.1.norm2.bias).",
        "In the file, but not known and not used: 1 weight (encoder.1.extra).",
    )


@pytest.mark.parametrize("strict", [True, False])
def test_weights_of_another_shape_are_always_refused(tmp_path: Path, strict: bool) -> None:
    tensors = state(model(spec()))
    tensors["encoder.1.norm2.bias"] = torch.ones(7)
    path = write_pth(tmp_path / "a.pth", tensors, ARGS)
    with pytest.raises(CheckpointError, match=r"encoder.1.norm2.bias \(7,\) instead of \(128,\)"):
        load_model(path, strict=strict)
    tensors["encoder.1.norm2.bias"] = torch.ones(128, dtype=torch.int64)
    path = write_pth(tmp_path / "a.pth", tensors, ARGS)
    with pytest.raises(CheckpointError, match=r"encoder\.1\.norm2\.bias as int64"):
        load_model(path, strict=strict)


def test_another_input_size_resizes_the_stored_tables_once(tmp_path: Path) -> None:
    made = model(spec(ALL))
    path = write_pth(tmp_path / "a.pth", made, ARGS)
    loaded = load_model(path, size=(96, 160))
    assert [d.size for d in loaded.spec.domains] == [(96, 160), (96, 160), (24, 40)]
    assert [(r.before, r.after) for r in loaded.report.resized] == [((2, 2), (3, 5))] * 3
    for domain in ALL:
        name = f"input_adapters.{domain.name}.pos_emb"
        wanted = resize_table(state(made)[name], (3, 5), "bicubic")
        assert torch.equal(state(loaded.model)[name], wanted)
        assert not loaded.model.get_parameter(name).requires_grad
    assert loaded.model(inputs(loaded.spec)).values.shape == (2, 46, 128)


def test_sizes_can_be_given_by_name_and_must_fit_the_patches(tmp_path: Path) -> None:
    path = write_pth(tmp_path / "a.pth", model(spec((BSCAN, SLO))), ARGS)
    loaded = load_model(path, size={"slo": 96})
    assert [d.size for d in loaded.spec.domains] == [(64, 64), (96, 96)]
    assert [r.name for r in loaded.report.resized] == ["input_adapters.slo.pos_emb"]
    for wrong in (100, (64, 0), {"faf": 64}):
        with pytest.raises(CheckpointError):
            load_model(path, size=wrong)


def test_half_precision_becomes_single_and_is_told(tmp_path: Path) -> None:
    tensors = {n: t.half() for n, t in state(model(spec())).items()}
    loaded = load_model(write_pth(tmp_path / "a.pth", tensors, ARGS))
    assert {t.dtype for t in state(loaded.model).values()} == {torch.float32}
    assert any("float16" in line for line in loaded.report.sentences())


def test_a_head_keeps_its_inputs(tmp_path: Path) -> None:
    head = HeadSpec(kind=HeadKind.LINEAR, n_classes=2, domains=("bscan", "slo"))
    path = write_pth(tmp_path / "a.pth", model(spec((BSCAN, SLO), head=head)), ARGS)
    with pytest.raises(CheckpointError, match="head needs the input slo"):
        load_model(path, domains=("bscan",))


def test_dpts_second_names_may_be_left_out_but_not_differ(tmp_path: Path) -> None:
    made = model(segmentation_spec(HeadKind.DPT))
    tensors = state(made)
    single = {n: t for n, t in tensors.items() if ".layer_rn." not in n}
    single = {n: t for n, t in single.items() if ".act_1_postprocess." not in n}
    assert len(single) == len(tensors) - 4 - 4
    loaded = load_model(write_pth(tmp_path / "a.pth", single, ARGS))
    assert loaded.report.complete
    assert same_outputs(loaded.model, made, inputs(made.spec))
    name = "output_adapters.semseg.scratch.layer_rn.0.weight"
    tensors[name] = tensors[name] + 1
    with pytest.raises(CheckpointError, match="must be the same, and are not"):
        load_model(write_pth(tmp_path / "b.pth", tensors, ARGS))


def test_other_weights_of_the_file_cost_nothing(tmp_path: Path) -> None:
    path = write_pth(
        tmp_path / "a.pth",
        model(spec()),
        ARGS,
        optimizer={"state": {0: {"exp_avg": torch.ones(1000)}}, "param_groups": []},
        epoch="best",
        scaler={},
    )
    assert load_model(path).report.sentences() == ()
