"""Every reference output of the published model is reproduced."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from mirage_core.model.classification import pooled
from mirage_core.model.masked import MaskedModel
from mirage_core.model.positions import resize_table
from mirage_core.training.losses import ce_generalised_dice
from tests.golden import config
from tests.model.golden_models import (
    ALL,
    arrays,
    assert_close,
    classification_model,
    domains,
    inputs,
    loaded,
    pretraining_model,
    segmentation_model,
    spec,
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
@pytest.mark.parametrize("case", ["m0", "m1", "mae"])
def test_masked_tokens_are_left_out_sample_by_sample(pretrained: MaskedModel, case: str) -> None:
    stored = arrays("pretrain_masks.npz")
    masks = {n: torch.from_numpy(stored[f"{case}__mask_{n}"]) for n in ALL}
    images = inputs("x2", ALL, slice(0, len(masks["bscan"])))
    tokens = pretrained.encode(images, masks=masks)
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
    state = {k.removeprefix("model."): v for k, v in weights("hf_tiny.safetensors").items()}
    light = loaded(spec(("bscan", "slo")), state)
    images = inputs("x2", ("bscan", "slo"))
    assert_close(light(images).values, arrays("light_tokens.npz")["x2_bscan+slo__layers"][-1])


@torch.no_grad()
@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("convnext", ("bscan",)),
        ("linear", ("bscan",)),
        ("segmenter", ("bscan",)),
        ("dpt", ("bscan",)),
        ("convnext", ("bscan", "slo")),
    ],
)
def test_heads_give_the_reference_logits(kind: str, names: tuple[str, ...]) -> None:
    stored = arrays("seg_outputs.npz")
    tag = kind if names == ("bscan",) else f"{kind}_{'-'.join(names)}"
    model = segmentation_model(kind, names)
    images = inputs("x2", names)
    if f"{tag}__x_bscan" in stored:
        images = {"bscan": torch.from_numpy(stored[f"{tag}__x_bscan"])}
    assert_close(model.tokens(images).values, stored[f"{tag}__enc"])
    # The published DPT stays at half the size.
    logits = model.grid_logits(images) if kind == "dpt" else model(images)
    assert_close(logits, stored[f"{tag}__logits"])
    assert (logits.argmax(dim=1).numpy() == stored[f"{tag}__argmax"]).all()
    assert model(images).shape[-2:] == images["bscan"].shape[-2:]


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
    assert abs(float(loss.detach()) - float(stored["convnext__train_loss"])) <= 1e-4
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
    state = weights("pretrain_tiny.pth")
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
@pytest.mark.parametrize("pool", ["global", "cls", "token_mix"])
def test_classification_heads_give_the_reference_logits(pool: str) -> None:
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
