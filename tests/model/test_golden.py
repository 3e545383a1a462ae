"""Every reference output of the published model is reproduced."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from mirage_core.model.classification import pooled
from mirage_core.model.masked import MaskedModel
from mirage_core.model.positions import resize_table, sincos_table
from mirage_core.model.spec import Pool
from mirage_core.model.tokens import gather
from mirage_core.training.losses import ce_generalised_dice
from tests.golden import config
from tests.model.golden_models import (
    ALL,
    HUB,
    PRETRAINED,
    TOLERANCE,
    arrays,
    assert_close,
    assert_same_classes,
    classification_model,
    domains,
    head_of,
    hub_domains,
    inputs,
    loaded,
    pretraining_model,
    segmentation_inputs,
    segmentation_model,
    spec,
    variants,
    weights,
)


@pytest.fixture(scope="module")
def pretrained() -> MaskedModel:
    model = pretraining_model()
    assert isinstance(model, MaskedModel)
    return model


@torch.no_grad()
def test_every_subset_of_modalities_gives_the_reference_reconstructions(
    pretrained: MaskedModel,
) -> None:
    stored = arrays("pretrain_wrapper_outputs.npz")
    tags = {key.rsplit("__out_", 1)[0] for key in stored}
    assert len(tags) >= 7
    for tag in tags:
        given, sample = tag.split("__s")
        row = slice(int(sample), int(sample) + 1)
        found = pretrained.reconstruct(inputs("x2", tuple(given.split("+")), row))
        for name in ALL:
            assert_close(found[name], stored[f"{tag}__out_{name}"])


@torch.no_grad()
def test_every_block_gives_the_reference_tokens(pretrained: MaskedModel) -> None:
    stored = arrays("pretrain_wrapper_tokens.npz")
    tags = {key.rsplit("__", 1)[0] for key in stored}
    assert tags
    for tag in tags:
        given, sample = tag.split("__s")
        row = slice(int(sample), int(sample) + 1)
        images = inputs("x2", tuple(given.split("+")), row)
        embedded = torch.cat([pretrained.embed(images), pretrained.global_tokens], dim=1)
        assert_close(embedded, stored[f"{tag}__embed"])
        tokens = pretrained.encode(images, layers=range(pretrained.spec.depth))
        for k, layer in enumerate(tokens.layers):
            assert_close(layer, stored[f"{tag}__layer{k}"])


@torch.no_grad()
def test_masked_tokens_are_left_out_sample_by_sample(pretrained: MaskedModel) -> None:
    stored = arrays("pretrain_masks.npz")
    cases = {key.split("__mask_")[0] for key in stored if "__mask_" in key}
    assert cases
    for case in cases:
        masks = {n: torch.from_numpy(stored[f"{case}__mask_{n}"]) for n in ALL}
        images = inputs("x2", ALL, slice(0, len(masks["bscan"])))
        tokens = pretrained.encode(images, masks=masks)
        if f"{case}__embed" in stored:
            patches = pretrained.embed(images)
            if tokens.kept is not None:
                patches = gather(patches, tokens.kept.index)
            global_tokens = pretrained.global_tokens.expand(len(patches), -1, -1)
            embedded = torch.cat([patches, global_tokens], dim=1)
            assert_close(embedded, stored[f"{case}__embed"])
        if f"{case}__enc" in stored:
            assert_close(tokens.values, stored[f"{case}__enc"])
        found = pretrained(images, masks)
        for name in ALL:
            assert_close(found[name], stored[f"{case}__out_{name}"])


@torch.no_grad()
def test_a_batch_with_nothing_masked(pretrained: MaskedModel) -> None:
    stored = arrays("pretrain_masks.npz")
    found = pretrained.reconstruct(inputs("x2", ALL))
    for name in ALL:
        assert_close(found[name], stored[f"b2__out_{name}"])


@torch.no_grad()
def test_samples_may_keep_different_numbers_of_tokens(pretrained: MaskedModel) -> None:
    stored = arrays("pretrain_masks.npz")
    masks = {n: torch.from_numpy(stored[f"m0__mask_{n}"]).repeat(2, 1) for n in ALL}
    masks["bscan"][1] = 0
    images = {n: x[:1].repeat(2, *[1] * (x.ndim - 1)) for n, x in inputs("x2", ALL).items()}
    both = pretrained(images, masks)
    alone = [
        pretrained(
            {n: x[i : i + 1] for n, x in images.items()},
            {n: m[i : i + 1] for n, m in masks.items()},
        )
        for i in range(2)
    ]
    for name in ALL:
        assert_close(both[name][:1], stored[f"m0__out_{name}"])
        assert_close(both[name], torch.cat([a[name] for a in alone]).numpy())


@torch.no_grad()
def test_encoder_tokens_of_other_sizes_orders_and_batches(pretrained: MaskedModel) -> None:
    stored = arrays("light_tokens.npz")
    for key, reference in stored.items():
        tag = key.removesuffix("__layers")
        prefix, given = tag.split("_", 1)
        names = ALL if given == "all" else tuple(given.split("+"))
        images = inputs(prefix, names)
        tokens = pretrained.encode(images, layers=range(pretrained.spec.depth))
        assert_close(torch.stack(tokens.layers), reference)


@torch.no_grad()
def test_the_hub_file_is_the_encoder_of_the_pretraining_model(pretrained: MaskedModel) -> None:
    names = hub_domains()
    state = {k.removeprefix("model."): v for k, v in weights(HUB).items()}
    light = loaded(spec(names), state)
    reference = arrays("light_tokens.npz")[f"x2_{'+'.join(names)}__layers"][-1]
    assert_close(light(inputs("x2", names)).values, reference)


def test_new_models_start_with_the_references_tables_of_positions() -> None:
    tables = {k: t for k, t in weights(PRETRAINED).items() if k.endswith("pos_emb")}
    assert len(tables) == 2 * len(ALL)
    for table in tables.values():
        assert_close(sincos_table(table.shape[1], tuple(table.shape[2:])), table.numpy())


def test_every_reference_of_a_head_has_its_checkpoint() -> None:
    logits = {k for k in arrays("seg_outputs.npz") if k.endswith("__logits")}
    assert logits == {f"{tag}__logits" for tag in variants("seg")}
    logits = {k for k in arrays("cls_outputs.npz") if k.endswith("__logits")}
    assert logits == {f"{pool}__logits" for pool in variants("cls")}


@torch.no_grad()
@pytest.mark.parametrize("tag", variants("seg"))
def test_heads_give_the_reference_logits(tag: str) -> None:
    stored = arrays("seg_outputs.npz")
    model = segmentation_model(tag)
    images = segmentation_inputs(tag)
    assert_close(model.tokens(images).values, stored[f"{tag}__enc"])
    kind, names = head_of(tag)
    # The published DPT stays at half the size.
    logits = model.grid_logits(images) if kind == "dpt" else model(images)
    assert_close(logits, stored[f"{tag}__logits"])
    assert_same_classes(logits, stored[f"{tag}__argmax"])
    assert model(images).shape[-2:] == images[names[0]].shape[-2:]


@torch.no_grad()
def test_the_convnext_head_step_by_step() -> None:
    stored = arrays("seg_outputs.npz")
    model = segmentation_model("convnext")
    tokens = model.tokens(inputs("x2", ("bscan",), slice(0, 1)))
    assert_close(model.head.proj_dec(tokens.patches), stored["convnext__s0_proj_dec"])
    x = model.head.spread(tokens)
    for i, block in enumerate(model.head.blocks):
        x = block(x)
        assert_close(x, stored[f"convnext__s0_block{i}"])
    assert_close(model.head.final_layer(x), stored["convnext__s0_lowres_logits"])


def test_the_training_loss_and_its_gradients() -> None:
    stored = arrays("seg_outputs.npz")
    model = segmentation_model("convnext")
    target = torch.from_numpy(stored["convnext__train_target"]).long()
    loss = ce_generalised_dice(model(inputs("x2", ("bscan",))), target)
    assert abs(float(loss.detach()) - float(stored["convnext__train_loss"])) <= TOLERANCE
    loss.backward()
    parameters = dict(model.named_parameters())
    gradients = [k for k in stored if k.startswith("convnext__grad__")]
    assert gradients
    for key in gradients:
        gradient = parameters[key.removeprefix("convnext__grad__")].grad
        assert gradient is not None
        assert_close(gradient, stored[key])


@torch.no_grad()
def test_a_larger_model_takes_over_the_resized_table_of_positions() -> None:
    stored = arrays("seg_outputs.npz")
    state = weights(PRETRAINED)
    size = tuple(config()["up"])
    larger = spec(("bscan",), domains=domains(("bscan",), size))
    key = "input_adapters.bscan.pos_emb"
    grid = larger.domains[0].grid
    kept = {k: v for k, v in state.items() if k.split(".")[0] in ("encoder", "global_tokens")}
    kept |= {k: v for k, v in state.items() if k.startswith("input_adapters.bscan.")}
    kept[key] = resize_table(state[key], grid, "bicubic")
    assert_close(kept[key], stored["upsized__pos_emb"])
    model = loaded(larger, kept)
    images = {"bscan": torch.from_numpy(stored["upsized__x"])}
    embedded = torch.cat([model.embed(images), model.global_tokens], dim=1)
    assert_close(embedded, stored["upsized__embed"])
    assert_close(model(images).values, stored["upsized__enc"])


@torch.no_grad()
@pytest.mark.parametrize("pool", Pool)
def test_classification_heads_give_the_reference_logits(pool: Pool) -> None:
    stored = arrays("cls_outputs.npz")
    model = classification_model(pool)
    images = inputs("x2", ("bscan",))
    logits = model(images)
    assert_close(logits, stored[f"{pool}__logits"])
    assert_close(functional.softmax(logits, dim=1), stored[f"{pool}__probs"])
    tokens = model.model.encode(images)
    normed = model.norm(tokens.values)
    patches, _ = pooled(normed, tokens.n_global)
    assert_close(patches, stored[f"{pool}__norm_patch_mean"])
    assert_close(normed[:, -tokens.n_global :], stored[f"{pool}__norm_global_token"])
