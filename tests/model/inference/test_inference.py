"""The exact mode computes what the model computes, where it is wanted; the fast one nearly so."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from mirage_core.model.build import build_model
from mirage_core.model.inference import (
    BandLogits,
    InferenceModel,
    Region,
    RetinaBand,
    class_map,
    linears,
    retina_band,
)
from mirage_core.model.inference.encoder_pass import EncoderPass
from mirage_core.model.inference.token_choice import MERGED_SIDE, merging
from mirage_core.model.spec import (
    PUBLISHED_HEADS,
    DomainSpec,
    EncoderKind,
    HeadKind,
    HeadSpec,
    ModelSpec,
    mirage_spec,
)
from mirage_core.simulate import demo_eye

DOMAINS = tuple(DomainSpec(name=n, patch=8, size=(128, 128)) for n in ("bscan", "slo"))
GRID = (16, 16)


def model_of(kind: HeadKind = HeadKind.CONVNEXT, domains: tuple[str, ...] = ("bscan",)) -> Any:
    head = HeadSpec(
        kind=kind, n_classes=5, domains=domains, embed=192, depth=3, heads=4,
        layers=(0, 0, 1, 1), widths=(8, 8, 8, 8), features=8,
    )  # fmt: skip
    torch.manual_seed(7)
    inputs = tuple(d for d in DOMAINS if d.name in domains)
    model = build_model(mirage_spec("tiny", inputs, head=head)).eval()
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.05 * torch.randn_like(p))
    return model


def images(n: int, domains: tuple[str, ...] = ("bscan",)) -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(n)
    return {d: torch.rand(n, 1, 128, 128, generator=random) for d in domains}


def digest(model: nn.Module) -> str:
    state = model.state_dict()
    return hashlib.sha256(b"".join(v.numpy().tobytes() for v in state.values())).hexdigest()


@torch.no_grad()
@pytest.mark.parametrize("kind", PUBLISHED_HEADS)
@pytest.mark.parametrize("domains", [("bscan",), ("bscan", "slo")])
@pytest.mark.parametrize("n", [1, 3])
def test_the_exact_mode_is_the_model(kind: HeadKind, domains: tuple[str, ...], n: int) -> None:
    model = model_of(kind, domains)
    inputs = images(n, domains)
    before = digest(model)
    ready = InferenceModel(model, "exact")
    found = ready.grid_logits(inputs)
    expected = model.grid_logits(inputs)
    assert found.first_row == 0
    assert found.grid_height == expected.shape[2]
    # A segmenter's logits are divided by the spread of a few cosines: rounding grows with them.
    bar = 2e-4 if kind is HeadKind.SEGMENTER else 1e-4
    assert float((found.values - expected).abs().max()) <= bar
    assert torch.equal(ready.grid_logits(inputs).values, found.values)
    assert digest(model) == before


@torch.no_grad()
@pytest.mark.parametrize("rows", [slice(0, 9), slice(20, 41), slice(55, 64)])
def test_a_band_of_rows_is_exact_up_to_its_edges(rows: slice) -> None:
    model = model_of()
    inputs = images(2)
    found = InferenceModel(model).grid_logits(inputs, rows)
    assert found.rows == rows
    expected = model.grid_logits(inputs)[:, :, rows]
    assert float((found.values - expected).abs().max()) <= 1e-4


@torch.no_grad()
def test_inside_its_band_every_column_is_exact_and_outside_it_is_sure() -> None:
    model = model_of()
    inputs = images(1)
    top = np.linspace(0.1, 0.4, 16)
    band = RetinaBand(top, top + 0.3)
    expected = model.grid_logits(inputs)
    labels = expected.argmax(dim=1)
    background = (int(labels.mode().values.flatten()[0]), int(labels.flatten()[0]))
    found = InferenceModel(model).grid_logits(inputs, [band], background).whole(background)
    inside = torch.from_numpy(band.region((64, 64)).mask)
    assert float((found - expected)[..., inside].abs().max()) <= 1e-4


class _Shows(nn.Module):
    """A head's stand-in: background 0 above row 30 and 4 below it, and class 2 where it says."""

    def __init__(self, model: Any, where: tuple[slice, slice]) -> None:
        super().__init__()
        self.logits = torch.full((1, 5, 64, 64), -5.0)
        self.logits[:, 0, :30] = 5
        self.logits[:, 4, 30:] = 5
        self.logits[:, 2, where[0], where[1]] = 9
        self.regions: list[Region] = []

    def __call__(self, _tokens: object, region: Region) -> Tensor:
        self.regions.append(region)
        return self.logits[:, :, region.hull]


@pytest.mark.parametrize("where", [(slice(14, 28), slice(20, 30)), (slice(33, 60), slice(50, 64))])
def test_what_reaches_beyond_the_band_is_not_cut_off(where: tuple[slice, slice]) -> None:
    ready = InferenceModel(model_of())
    head = _Shows(ready.model, where)
    ready._head = head  # what the head sees is decided here
    band = RetinaBand(np.full(8, 24 / 64), np.full(8, 36 / 64))
    found = ready.grid_logits(images(1), [band], (0, 4)).whole((0, 4))
    assert len(head.regions) > 1
    assert torch.equal(found.argmax(dim=1), head.logits.argmax(dim=1))


def test_nothing_more_is_computed_where_all_ends_inside_the_band() -> None:
    ready = InferenceModel(model_of())
    head = _Shows(ready.model, (slice(27, 33), slice(5, 60)))
    ready._head = head
    band = RetinaBand(np.full(8, 24 / 64), np.full(8, 36 / 64))
    ready.grid_logits(images(1), [band], (0, 4))
    assert len(head.regions) == 1


@torch.no_grad()
def test_the_fast_mode_is_near_and_leaves_the_model_as_it_was() -> None:
    model = model_of()
    inputs = images(2)
    before = digest(model)
    ready = InferenceModel(model, "fast")
    bands = [RetinaBand(np.full(4, 0.25), np.full(4, 0.75))] * 2
    expected = model.grid_logits(inputs)
    labels = expected.argmax(dim=1)
    found = ready.grid_logits(inputs, bands, (0, 4))
    rows = slice(20, 44)
    own = found.values[:, :, rows.start - found.first_row : rows.stop - found.first_row]
    assert float((own - expected[:, :, rows]).abs().mean() / expected.abs().mean()) < 0.2
    assert float((own.argmax(dim=1) == labels[:, rows]).float().mean()) > 0.85
    assert digest(model) == before


@torch.no_grad()
def test_merging_nothing_is_the_encoder_and_merging_equals_changes_nothing() -> None:
    model = model_of()
    run = EncoderPass(model, linears.plain)
    inputs = images(1)
    grids = model.grids(inputs)
    cpu = torch.device("cpu")
    everything = Region.of_rows(None, GRID)
    assert merging(everything, "bscan", grids, cpu) is None
    # Tokens that are the same all over a square: the square's mean is each of them, and counts
    # as often as all of them do.
    model.input_adapters["bscan"].pos_emb.zero_()
    alike = {"bscan": torch.full((1, 1, 128, 128), 0.4)}
    alike["bscan"][:, :, 48:80] = images(1)["bscan"][:, :, 48:80]
    merge = merging(Region.of_rows(slice(6, 10), GRID), "bscan", grids, cpu)
    assert merge is not None
    assert float(merge.sizes.sum()) == 256
    assert len(merge.sizes) < 256 - 9 * MERGED_SIDE**2 + 20
    whole, merged = run(alike), run(alike, merge)
    assert merged.values.shape == whole.values.shape
    assert float((whole.values - merged.values).abs().max()) < 1e-4


def test_other_domains_are_never_merged() -> None:
    grids = {"slo": GRID, "bscan": GRID}
    merge = merging(Region.of_rows(slice(4, 8), GRID), "bscan", grids, torch.device("cpu"))
    assert merge is not None
    slo = merge.group[:256]
    assert len(set(slo.tolist())) == 256
    assert (merge.sizes[slo] == 1).all()
    assert (merge.sizes[merge.group[256:]] > 1).float().mean() == 0.75


@torch.no_grad()
@pytest.mark.parametrize("gelu", [False, True])
@pytest.mark.parametrize("n", [1, 7, 130])
def test_prepared_layers_are_linear_layers(gelu: bool, n: int) -> None:
    torch.manual_seed(n)
    layer, x = nn.Linear(48, 33), torch.randn(n, 48)
    expected = functional.gelu(layer(x)) if gelu else layer(x)
    assert torch.equal(linears.plain(layer, gelu)(x), expected)
    if linears.packed_works():
        assert float((linears.packed(layer, gelu)(x) - expected).abs().max()) < 1e-5
    if linears.int8_works():
        assert float((linears.int8(layer, gelu)(x) - expected).abs().max()) < 0.06


def test_where_8_bit_layers_are_not_to_be_had_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linears, "int8_works", lambda: False)
    ready = InferenceModel(model_of(), "fast")
    assert any("8-bit" in remark for remark in ready.remarks)
    assert InferenceModel(model_of(), "exact").remarks == ()


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="'quick' is no mode"):
        InferenceModel(model_of(), "quick")


@pytest.mark.parametrize("size", [(96, 150), (128, 128), (33, 40)])
def test_the_class_map_is_the_argmax_of_resized_logits(size: tuple[int, int]) -> None:
    whole = torch.randn(2, 5, 32, 24, generator=torch.Generator().manual_seed(1))
    resized = functional.interpolate(whole, size, mode="bilinear", align_corners=False)
    assert torch.equal(
        class_map(BandLogits(whole, 0, 32), size, (0, 4)), resized.argmax(dim=1).byte()
    )
    band = class_map(BandLogits(whole[:, :, 10:20], 10, 32), size, (0, 4))
    centers = (np.arange(size[0]) + 0.5) * 32 / size[0] - 0.5
    inside = torch.from_numpy((centers >= 10) & (centers < 19))
    assert torch.equal(band[:, inside], resized.argmax(dim=1).byte()[:, inside])
    assert (band[:, torch.from_numpy(centers < 10)] == 0).all()
    assert (band[:, torch.from_numpy(centers > 20)] == 4).all()


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_of_an_image_without_a_retina_nothing_is_left_out(grey: int) -> None:
    band = retina_band(np.full((200, 240), grey, np.uint8))
    assert band.rows(200) == slice(0, 200)


def test_the_whole_retina_lies_in_its_band() -> None:
    eye = demo_eye()
    _, height, width = eye.scan.shape
    shares = []
    for b in range(0, eye.scan.n_b_scans, 6):
        mask = retina_band(eye.scan.b_scan(b)).region((height, width)).mask
        for name in ("ILM", "BM"):
            depth = eye.surfaces[name][b]
            columns = np.flatnonzero(np.isfinite(depth))
            rows = np.clip(depth[columns].round().astype(int), 0, height - 1)
            assert mask[rows, columns].all()
        assert mask[eye.masks.labels[b] > 0].all()
        shares.append(mask.mean())
    assert np.mean(shares) < 0.8  # and there is something left to leave out


@torch.no_grad()
def test_other_encoders_take_the_same_path() -> None:
    spec = ModelSpec(
        encoder=EncoderKind.DINOV2, dim=384, depth=12, heads=6,
        domains=(DomainSpec(name="bscan", patch=14, size=(56, 56)),),
        head=HeadSpec(kind=HeadKind.LINEAR, n_classes=3), variant="vit_small_patch14_dinov2",
    )  # fmt: skip
    torch.manual_seed(1)
    model = build_model(spec).eval()
    inputs = {"bscan": torch.rand(1, 1, 56, 56)}
    found = InferenceModel(model, "fast").grid_logits(inputs)  # type: ignore[arg-type]
    assert float((found.values - model.grid_logits(inputs)).abs().max()) < 0.2
