"""Encoders of timm give tokens as MIRAGE's does, and published files account for every key."""

from __future__ import annotations

import re

import pytest
import timm
import torch
import torch.nn.functional as F  # noqa: N812
from timm.models.vision_transformer_sam import checkpoint_filter_fn as timms_sam_keys
from torch import Tensor

from mirage_core.model.build import build_model
from mirage_core.model.spec import (
    LAYER_MAP,
    PUBLISHED_HEADS,
    ClassifierSpec,
    DomainSpec,
    EncoderKind,
    HeadKind,
    HeadSpec,
    ModelSpec,
    Pool,
    mirage_spec,
)
from mirage_core.model.timm_encoders import TimmEncoder, build_timm_encoder, load_timm_encoder

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
PLAIN = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def tiny(
    kind: EncoderKind, variant: str, patch: int, n_global: int, depth: int = 3, ratio: float = 4
) -> ModelSpec:
    return ModelSpec(
        encoder=kind,
        variant=variant,
        dim=24,
        depth=depth,
        heads=2,
        mlp_ratio=ratio,
        n_global=n_global,
        domains=(DomainSpec(name="bscan", patch=patch, size=(4 * patch, 4 * patch)),),
    )


SPECS = {
    "dinov2": tiny(EncoderKind.DINOV2, "vit_small_patch14_dinov2", 14, 1),
    "dinov2 with registers": tiny(EncoderKind.DINOV2, "vit_base_patch14_reg4_dinov2", 14, 5),
    "dinov2 gated": tiny(EncoderKind.DINOV2, "vit_giant_patch14_dinov2", 14, 1, ratio=4),
    "retfound": tiny(EncoderKind.RETFOUND, "vit_large_patch16_224", 16, 1),
    "retfound pooled": tiny(EncoderKind.RETFOUND, "vit_large_patch16_224.global_pool", 16, 1),
    "sam": tiny(EncoderKind.SAM, "samvit_base_patch16", 16, 0),
    "medsam": tiny(EncoderKind.SAM, "samvit_base_patch16.medsam", 16, 0),
}
every = pytest.mark.parametrize("name", SPECS)


def encoder(name: str) -> TimmEncoder:
    """Return a tiny encoder all of whose weights are random, norms and biases too."""
    torch.manual_seed(0)
    made = build_timm_encoder(SPECS[name]).eval()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return made


def without_mixing(name: str) -> TimmEncoder:
    """Return an encoder whose blocks hand their input on."""
    made = encoder(name)
    for block in made.vit.blocks:
        for last in (block.attn.proj, block.mlp.fc2):
            torch.nn.init.zeros_(last.weight)
            torch.nn.init.zeros_(last.bias)
    return made


def b_scans(name: str, rows: int = 4, columns: int = 4) -> dict[str, Tensor]:
    patch = SPECS[name].domains[0].patch
    return {"bscan": torch.rand(2, 1, rows * patch, columns * patch)}


@every
@torch.no_grad()
def test_tokens_are_as_those_of_mirage(name: str) -> None:
    spec = SPECS[name]
    tokens = encoder(name)(b_scans(name, 3, 5), layers=(2, 0))
    assert tokens.values.shape == (2, 15 + spec.n_global, spec.dim)
    assert dict(tokens.grids) == {"bscan": (3, 5)}
    assert tokens.n_global == spec.n_global
    assert tokens.global_tokens.shape == (2, spec.n_global, spec.dim)
    assert tokens.of("bscan").shape == (2, 15, spec.dim)
    assert [layer.shape for layer in tokens.layers] == [tokens.values.shape] * 2
    assert tokens.values.isfinite().all()


@every
@torch.no_grad()
def test_layers_come_in_the_order_asked_for_and_change_nothing(name: str) -> None:
    made, images = encoder(name), b_scans(name)
    alone = made(images)
    assert alone.layers == ()
    some = made(images, layers=(2, 0, 2))
    first = made(images, layers=(0,)).layers[0]
    torch.testing.assert_close(some.values, alone.values)
    torch.testing.assert_close(some.layers[1], first)
    torch.testing.assert_close(some.layers[0], some.layers[2])
    assert not torch.allclose(some.layers[0], first)


@every
@torch.no_grad()
def test_the_final_norm_is_the_published_one_and_layers_are_before_it(name: str) -> None:
    made = encoder(name)
    tokens = made(b_scans(name), layers=(2,))
    normed = name.startswith("dinov2") or name == "retfound"
    expected = made.vit.norm(tokens.layers[0]) if normed else tokens.layers[0]
    torch.testing.assert_close(tokens.values, expected)


@every
@torch.no_grad()
def test_patches_run_row_by_row_with_global_tokens_last(name: str) -> None:
    made, images = without_mixing(name), b_scans(name, 3, 4)
    patch = SPECS[name].domains[0].patch
    changed = images["bscan"].clone()
    changed[:, :, patch : 2 * patch, 2 * patch : 3 * patch] += 0.5
    before, after = made(images).values, made({"bscan": changed}).values
    differs = (before != after).any(dim=2).any(dim=0)
    assert differs.nonzero().flatten().tolist() == [1 * 4 + 2]


@every
@pytest.mark.parametrize("grid", [(4, 4), (3, 4), (8, 6)])
@torch.no_grad()
def test_positions_are_resampled_to_the_grid_of_the_image(name: str, grid: tuple[int, int]) -> None:
    made, spec = without_mixing(name), SPECS[name]
    for parameter in made.vit.patch_embed.parameters():
        torch.nn.init.zeros_(parameter)
    layer = made(b_scans(name, *grid), layers=(0,)).layers[0][0]
    table = made.vit.pos_embed.reshape(-1, spec.dim)[-16:].T.reshape(1, spec.dim, 4, 4)
    expected = F.interpolate(table, grid, mode="bicubic", antialias=True, align_corners=False)
    n = grid[0] * grid[1]
    torch.testing.assert_close(layer[:n], expected[0].flatten(1).T, atol=1e-5, rtol=1e-5)
    if name == "dinov2 with registers":
        first = made.vit.cls_token[0]
        torch.testing.assert_close(layer[n:], torch.cat([first, made.vit.reg_token[0]]))
    elif spec.n_global:
        torch.testing.assert_close(layer[n:], made.vit.cls_token[0] + made.vit.pos_embed[0, :1])


@every
@torch.no_grad()
def test_sizes_between_patches_are_resized_to_the_nearest_grid(name: str) -> None:
    made = encoder(name)
    patch = SPECS[name].domains[0].patch
    image = torch.rand(1, 1, 3 * patch + 5, 4 * patch - 3)
    near = F.interpolate(image, (3 * patch, 4 * patch), mode="bilinear", align_corners=False)
    tokens = made({"bscan": image})
    assert dict(tokens.grids) == {"bscan": (3, 4)}
    torch.testing.assert_close(tokens.values, made({"bscan": near}).values)
    assert dict(made({"bscan": image[:, :, :5, :5]}).grids) == {"bscan": (1, 1)}


@every
@torch.no_grad()
def test_grey_is_repeated_and_normalised_as_the_weights_were_trained(name: str) -> None:
    made, seen = encoder(name), []
    made.vit.patch_embed.register_forward_pre_hook(lambda _m, args: seen.append(args[0]))
    images = b_scans(name)
    made(images)
    mean, std = PLAIN if name == "medsam" else IMAGENET
    for channel in range(3):
        expected = (images["bscan"][:, 0] - mean[channel]) / std[channel]
        torch.testing.assert_close(seen[0][:, channel], expected)


@every
@torch.no_grad()
def test_the_pooled_feature_is_the_published_one(name: str) -> None:
    made = encoder(name)
    tokens = made(b_scans(name))
    if name == "retfound pooled":
        expected = made.vit.fc_norm(tokens.values[:, :16].mean(1))
    elif "sam" in name:
        expected = tokens.values.mean(1)
    else:
        expected = tokens.values[:, 16]
    torch.testing.assert_close(made.pooled(tokens), expected)


@every
@pytest.mark.parametrize("kind", PUBLISHED_HEADS)
@torch.no_grad()
def test_every_head_fits_every_encoder(name: str, kind: HeadKind) -> None:
    head = HeadSpec(
        kind=kind,
        n_classes=3,
        embed=24 if kind is HeadKind.SEGMENTER else 64,
        depth=1,
        heads=2,
        layers=(0, 0, 1, 2),
        widths=(4, 4, 4, 4),
        features=4,
    )
    model = build_model(SPECS[name].model_copy(update={"head": head})).eval()
    images = {"bscan": torch.rand(2, 1, 60, 72)}
    assert model(images).shape == (2, 3, 60, 72)


@every
@pytest.mark.parametrize("pool", Pool)
@torch.no_grad()
def test_classifiers_fit_every_encoder(name: str, pool: Pool) -> None:
    spec = SPECS[name].model_copy(update={"classifier": ClassifierSpec(pool=pool, n_classes=3)})
    assert build_model(spec).eval()(b_scans(name)).shape == (2, 3)


@every
@torch.no_grad()
def test_a_model_built_without_memory_and_filled_is_the_same(name: str) -> None:
    made, images = encoder(name), b_scans(name)
    with torch.device("meta"):
        empty = build_timm_encoder(SPECS[name]).eval()
    empty.load_state_dict(made.state_dict(), assign=True)
    torch.testing.assert_close(empty(images).values, made(images).values)


@every
def test_gradients_reach_the_patch_projection(name: str) -> None:
    made = encoder(name)
    made(b_scans(name)).values.square().mean().backward()
    assert made.vit.patch_embed.proj.weight.grad.abs().sum() > 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_global": 2}, "has 1 class and register tokens.*says 2"),
        ({"variant": "vit_tiny_dinov9"}, r"no variant 'vit_tiny_dinov9'.*vit_small_patch14_dinov2"),
        ({"variant": "samvit_base_patch16"}, "no variant"),
        ({"variant": "vit_small_patch14_dinov2.medsam"}, "no variant"),
        ({"variant": ""}, "no variant"),
        ({"domains": (LAYER_MAP,)}, "one domain of grey images.*bscanlayermap"),
        ({"encoder": EncoderKind.MIRAGE}, "mirage is no encoder of timm"),
    ],
)
def test_a_specification_that_cannot_be_built_is_refused(
    changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        build_timm_encoder(SPECS["dinov2"].model_copy(update=changes))


def test_an_encoder_of_sam_has_no_global_tokens() -> None:
    with pytest.raises(ValueError, match="no class or register tokens"):
        build_timm_encoder(SPECS["sam"].model_copy(update={"n_global": 1}))
    with pytest.raises(ValueError, match="one domain"):
        build_timm_encoder(mirage_spec("tiny").model_copy(update={"encoder": EncoderKind.SAM}))


@pytest.mark.parametrize(
    ("inputs", "layers", "message"),
    [
        ({}, None, "nothing"),
        ({"slo": torch.rand(1, 1, 56, 56)}, None, "'bscan' alone.*'slo'"),
        ({"bscan": torch.rand(1, 1, 56, 56), "slo": torch.rand(1, 1, 56, 56)}, None, "alone"),
        ({"bscan": torch.rand(1, 3, 56, 56)}, None, r"\(1, 3, 56, 56\)"),
        ({"bscan": torch.zeros(1, 1, 56, 56, dtype=torch.uint8)}, None, "uint8"),
        ({"bscan": torch.rand(1, 1, 56, 56)}, (0, 3), r"0 to 2.*\[3\]"),
        ({"bscan": torch.rand(1, 1, 56, 56)}, (-1,), r"\[-1\]"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(
    inputs: dict[str, Tensor], layers: tuple[int, ...] | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        encoder("dinov2")(inputs, layers=layers)


def as_dinov2_file(made: TimmEncoder) -> dict[str, Tensor]:
    """Return weights as Meta publishes them."""
    renamed = {"reg_token": "register_tokens"}
    gated = "giant" in made.spec.variant
    file = {}
    for key, value in made.vit.state_dict().items():
        name = renamed.get(key, key)
        if gated:
            name = name.replace("mlp.fc1", "mlp.w12").replace("mlp.fc2", "mlp.w3")
        file[name] = value.clone()
    if made.spec.n_global == 5:
        of_class = torch.randn(1, 1, made.dim)
        file["cls_token"] -= of_class
        file["pos_embed"] = torch.cat([of_class, file["pos_embed"]], dim=1)
    return file | {"mask_token": torch.zeros(1, made.dim)}


def as_retfound_file(made: TimmEncoder) -> dict[str, object]:
    file = made.vit.state_dict() | {
        "mask_token": torch.zeros(1, 1, 8),
        "decoder_pos_embed": torch.zeros(1, 17, 8),
        "decoder_embed.weight": torch.zeros(8, made.dim),
        "decoder_blocks.0.norm1.weight": torch.zeros(8),
    }
    return {"model": file, "epoch": 799, "optimizer": {"state": {}}}


def as_sam_file(made: TimmEncoder) -> dict[str, Tensor]:
    file = {
        "image_encoder." + key.replace("mlp.fc1", "mlp.lin1").replace("mlp.fc2", "mlp.lin2"): value
        for key, value in made.vit.state_dict().items()
    }
    return file | {
        "image_encoder.neck.0.weight": torch.zeros(256, made.dim, 1, 1),
        "prompt_encoder.no_mask_embed.weight": torch.zeros(1, 256),
        "mask_decoder.iou_token.weight": torch.zeros(1, 256),
    }


FILES = {EncoderKind.DINOV2: as_dinov2_file, EncoderKind.RETFOUND: as_retfound_file}
DROPPED = {
    EncoderKind.DINOV2: {"mask_token"},
    EncoderKind.RETFOUND: {
        "mask_token",
        "decoder_pos_embed",
        "decoder_embed.weight",
        "decoder_blocks.0.norm1.weight",
    },
    EncoderKind.SAM: {
        "image_encoder.neck.0.weight",
        "prompt_encoder.no_mask_embed.weight",
        "mask_decoder.iou_token.weight",
    },
}


@every
@torch.no_grad()
def test_a_file_of_the_published_layout_gives_the_encoder_it_was_made_of(name: str) -> None:
    made, images = encoder(name), b_scans(name)
    kind = made.spec.encoder
    file = FILES.get(kind, as_sam_file)(made)
    variant = made.spec.variant if name == "medsam" else ""
    loaded, keys = load_timm_encoder(kind, file, heads=2, variant=variant)
    assert keys.missing == keys.unexpected == ()
    assert set(keys.dropped) == DROPPED[kind]
    # timm's rows differ in sizes alone, which the file tells: any will do.
    assert loaded.spec.model_copy(update={"variant": ""}) == made.spec.model_copy(
        update={"variant": ""}
    )
    assert loaded.spec.variant.partition(".")[2] == made.spec.variant.partition(".")[2]
    torch.testing.assert_close(loaded(images).values, made(images).values)
    torch.testing.assert_close(loaded.pooled(loaded(images)), made.pooled(made(images)))
    rebuilt = build_timm_encoder(loaded.spec)
    rebuilt.load_state_dict(loaded.state_dict())


@every
def test_what_a_file_lacks_or_holds_beyond_is_named(name: str) -> None:
    made = encoder(name)
    kind = made.spec.encoder
    file = FILES.get(kind, as_sam_file)(made)
    inner = file.get("model", file)
    prefix = "image_encoder." if kind is EncoderKind.SAM else ""
    gone = "blocks.2.attn.qkv.bias"
    del inner[prefix + gone]
    inner[prefix + "blocks.0.attn.extra"] = torch.zeros(1)
    loaded, keys = load_timm_encoder(kind, file, heads=2)
    assert keys.missing == (gone,)
    assert keys.unexpected == (prefix + "blocks.0.attn.extra",)
    assert loaded(b_scans(name)).values.isfinite().all()
    torch.testing.assert_close(loaded.vit.pos_embed, made.vit.pos_embed)


def test_keys_of_sam_are_mapped_as_timm_maps_them() -> None:
    made = encoder("sam")
    file = as_sam_file(made)
    theirs = timms_sam_keys(dict(file), made.vit)
    ours = load_timm_encoder("sam", file)[0].vit.state_dict()
    assert set(ours) == {k for k in theirs if not k.startswith("neck.")}
    for key, value in ours.items():
        torch.testing.assert_close(value, theirs[key])


@pytest.mark.parametrize(
    ("kind", "name", "heads"),
    [
        *(("dinov2", name, None) for name in timm.list_models("vit_*_patch14*_dinov2")),
        ("retfound", "vit_large_patch16_224", 16),
        ("sam", "samvit_base_patch16", 12),
        ("sam", "samvit_large_patch16", 16),
        ("sam", "samvit_huge_patch16", 16),
    ],
)
def test_published_sizes_are_read_off_the_shapes(kind: str, name: str, heads: int | None) -> None:
    with torch.device("meta"):
        theirs = timm.create_model(name, pretrained=False, num_classes=0)
    loaded, keys = load_timm_encoder(kind, theirs.state_dict())
    assert keys.missing == keys.unexpected == ()
    assert loaded.spec.variant == name
    assert loaded.spec.domains[0].size == theirs.patch_embed.img_size
    assert loaded.spec.heads == theirs.blocks[0].attn.num_heads
    assert heads is None or loaded.spec.heads == heads
    assert without_eps(loaded.vit.blocks) == without_eps(theirs.blocks)


def without_eps(blocks: torch.nn.Module) -> str:
    return re.sub(r"eps=[\d.e-]+", "", str(blocks))


@every
def test_norms_divide_by_no_less_than_the_published_epsilon(name: str) -> None:
    norms = [m for m in encoder(name).modules() if isinstance(m, torch.nn.LayerNorm)]
    assert {norm.eps for norm in norms} == {1e-6}


def test_a_loaded_encoder_shares_memory_with_its_file() -> None:
    file = as_sam_file(encoder("sam"))
    loaded, _ = load_timm_encoder("sam", file)
    ours = loaded.vit.blocks[0].mlp.fc1.weight
    assert ours.data_ptr() == file["image_encoder.blocks.0.mlp.lin1.weight"].data_ptr()
    assert not loaded.training


def test_half_precision_files_give_a_float32_encoder() -> None:
    file = {key: value.half() for key, value in as_dinov2_file(encoder("dinov2")).items()}
    loaded, _ = load_timm_encoder("dinov2", file, heads=2)
    assert {p.dtype for p in loaded.parameters()} == {torch.float32}


def test_a_file_of_another_kind_is_refused_with_what_is_not_in_it() -> None:
    with pytest.raises(ValueError, match=r"no.* sam encoder.*patch_embed\.proj\.weight"):
        load_timm_encoder("sam", {"encoder.0.norm1.weight": torch.zeros(3)})
    with pytest.raises(ValueError, match=r"retfound encoder: cls_token"):
        load_timm_encoder("retfound", encoder("sam").vit.state_dict())
    with pytest.raises(ValueError, match="mirage is no encoder of timm"):
        load_timm_encoder("mirage", {})


def test_tensors_that_do_not_fit_are_named_with_their_shapes() -> None:
    file = as_dinov2_file(encoder("dinov2"))
    with pytest.raises(ValueError, match=r"norm\.weight \(5,\) instead of \(24,\)"):
        load_timm_encoder("dinov2", file | {"norm.weight": torch.zeros(5)})
    with pytest.raises(ValueError, match="15 positions"):
        load_timm_encoder("dinov2", file | {"pos_embed": torch.zeros(1, 15, 24)})
