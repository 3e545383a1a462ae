"""Pre-training starts from the blocks of other models, and says what it left out."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from mirage_core.model.checkpoints.errors import CheckpointError
from mirage_core.model.checkpoints.layout import Layout
from mirage_core.model.checkpoints.starting import initial_encoder
from tests.model.checkpoints.files import (
    ALL,
    BSCAN,
    model,
    pretraining_spec,
    spec,
    state,
    write_pth,
)


def blocks(seed: int = 0, **more: int) -> dict[str, Tensor]:
    """Return the weights of an encoder's blocks, without ``encoder.``."""
    tensors = state(model(spec(**more), seed))
    return {n.removeprefix("encoder."): t for n, t in tensors.items() if n.startswith("encoder.")}


def vit(**more: int) -> dict[str, Tensor]:
    inner = {f"blocks.{name}": tensor for name, tensor in blocks(**more).items()}
    return {
        "cls_token": torch.ones(1, 1, 128),
        "pos_embed": torch.ones(1, 5, 128),
        "patch_embed.proj.weight": torch.ones(128, 3, 16, 16),
        "patch_embed.proj.bias": torch.ones(128),
        **inner,
        "norm.weight": torch.ones(128),
        "norm.bias": torch.ones(128),
        "decoder_blocks.0.norm1.weight": torch.ones(64),
    }


def multimae() -> dict[str, Tensor]:
    return {
        "global_tokens": torch.ones(1, 1, 128),
        "input_adapters.rgb.pos_emb": torch.ones(1, 128, 14, 14),
        "input_adapters.rgb.proj.weight": torch.ones(128, 3, 16, 16),
        **{f"encoder.{name}": tensor for name, tensor in blocks().items()},
        "output_adapters.rgb.mask_token": torch.ones(1, 1, 32),
    }


@pytest.mark.parametrize(
    ("tensors", "layout", "n_dropped"),
    [(vit(), Layout.MAE, 7), (multimae(), Layout.MULTIMAE, 4)],
    ids=["mae", "multimae"],
)
def test_only_the_blocks_of_other_models_are_taken(
    tmp_path: Path, tensors: dict[str, Tensor], layout: Layout, n_dropped: int
) -> None:
    path = write_pth(tmp_path / "a.pth", tensors)
    start = initial_encoder(path, pretraining_spec())
    assert start.layout is layout
    assert set(start.state) == {f"encoder.{name}" for name in blocks()}
    assert len(start.report.dropped) == n_dropped
    assert "global_tokens" in start.report.missing
    assert "input_adapters.bscan.proj.weight" in start.report.missing
    assert not any(name.startswith("output_adapters") for name in start.report.missing)
    assert any("attention heads" in line for line in start.report.sentences())
    fresh = model(pretraining_spec(), seed=7)
    before = state(fresh)["global_tokens"].clone()
    start.copy_into(fresh)
    for name, tensor in blocks().items():
        assert torch.equal(state(fresh)[f"encoder.{name}"], tensor)
    assert torch.equal(state(fresh)["global_tokens"], before)
    assert all(p.requires_grad for n, p in fresh.named_parameters() if n.startswith("encoder."))


def test_mirages_own_encoder_is_taken_whole_at_the_models_size(tmp_path: Path) -> None:
    made = model(pretraining_spec())
    path = write_pth(tmp_path / "a.pth", made, {"decoder_dim": 32, "decoder_num_heads": 8})
    larger = BSCAN.model_copy(update={"size": (96, 96)})
    start = initial_encoder(path, spec((larger,)))
    assert torch.equal(start.state["global_tokens"], made.global_tokens)
    assert start.state["input_adapters.bscan.pos_emb"].shape == (1, 128, 3, 3)
    assert len(start.report.resized) == 1
    assert start.report.missing == ()


def test_a_domain_that_mirages_file_lacks_starts_anew(tmp_path: Path) -> None:
    path = write_pth(tmp_path / "a.pth", model(spec((BSCAN,))))
    start = initial_encoder(path, pretraining_spec())
    assert {name.split(".")[1] for name in start.report.missing} == {"slo", "bscanlayermap"}
    assert not set(start.state) & set(start.report.missing)
    start.copy_into(model(pretraining_spec()))


@pytest.mark.parametrize("more", [{"depth": 3}, {"dim": 64, "heads": 1}])
def test_blocks_of_another_size_are_refused(tmp_path: Path, more: dict[str, int]) -> None:
    path = write_pth(tmp_path / "a.pth", vit(**more))
    depth, width = more.get("depth", 2), more.get("dim", 128)
    with pytest.raises(CheckpointError, match=f"{depth} blocks of width {width} do not fit"):
        initial_encoder(path, pretraining_spec(ALL))


def test_files_of_other_kinds_are_refused(tmp_path: Path) -> None:
    path = write_pth(tmp_path / "a.pth", {**vit(), "blocks.0.ls1.gamma": torch.ones(128)})
    with pytest.raises(CheckpointError, match="from a file of this kind"):
        initial_encoder(path, pretraining_spec())
