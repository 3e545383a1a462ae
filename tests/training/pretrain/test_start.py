"""A pre-training starts from the encoders of MAE, MultiMAE and MIRAGE, and says what it took."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mirage_core.model.checkpoints.errors import CheckpointError
from mirage_core.model.checkpoints.loading import load_model
from mirage_core.model.masked import MaskedModel
from mirage_core.training.pretrain.checkpoints import BEST, LAST
from mirage_core.training.pretrain.run import Listeners, PretrainResult, pretrain
from tests.training.pretrain.runs import small_config, small_triples


def other_model(seed: int = 9) -> MaskedModel:
    torch.manual_seed(seed)
    return MaskedModel(small_config().model_spec())


def blocks(model: MaskedModel) -> dict[str, torch.Tensor]:
    return {n: t for n, t in model.state_dict().items() if n.startswith("encoder.")}


def started(tmp_path: Path, content: dict[str, torch.Tensor]) -> tuple[PretrainResult, dict]:
    """Run one step, whose learning rate is 0, from a file; return the weights after it."""
    torch.save({"model": content}, tmp_path / "start.pth")
    result = pretrain(
        small_config(),
        small_triples(),
        tmp_path / "run",
        start=tmp_path / "start.pth",
        device="cpu",
        listeners=Listeners(cancelled=lambda: True),
    )
    return result, torch.load(tmp_path / "run" / LAST, weights_only=True)["model"]


def assert_taken(taken: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor]) -> None:
    for name, tensor in wanted.items():
        torch.testing.assert_close(taken[name], tensor, atol=0, rtol=0)


def test_the_blocks_of_a_masked_autoencoder_become_the_encoder_s(tmp_path: Path) -> None:
    source = blocks(other_model())
    vit = {name.replace("encoder.", "blocks.", 1): t for name, t in source.items()}
    vit |= {
        "cls_token": torch.zeros(1, 1, 64),
        "pos_embed": torch.zeros(1, 5, 64),
        "patch_embed.proj.weight": torch.zeros(64, 3, 16, 16),
    }
    result, weights = started(tmp_path, vit)
    assert_taken(weights, source)
    assert "masked autoencoder" in result.notes[0]
    assert any("global_tokens" in note for note in result.notes)  # and so random


def test_of_multimae_the_encoder_is_taken(tmp_path: Path) -> None:
    source = blocks(other_model())
    multimae = source | {
        "global_tokens": torch.zeros(1, 1, 64),
        "input_adapters.rgb.proj.weight": torch.zeros(64, 3, 16, 16),
    }
    result, weights = started(tmp_path, multimae)
    assert_taken(weights, source)
    assert "MultiMAE" in result.notes[0]


def test_of_mirage_the_whole_encoder_is_taken_and_the_decoders_are_new(tmp_path: Path) -> None:
    source = other_model().state_dict()
    _, weights = started(tmp_path, source)
    encoder = {n: t for n, t in source.items() if not n.startswith("output_adapters.")}
    assert_taken(weights, encoder)
    assert not torch.equal(
        weights["output_adapters.slo.out_proj.weight"],
        source["output_adapters.slo.out_proj.weight"],
    )


def test_weights_of_another_size_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    torch.save({"model": other_model().state_dict()}, tmp_path / "start.pth")
    with pytest.raises(CheckpointError):
        pretrain(
            small_config(size="small"),
            small_triples(),
            tmp_path / "run",
            start=tmp_path / "start.pth",
            device="cpu",
        )
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", [LAST, BEST])
def test_checkpoints_of_a_run_open_like_the_published_ones_with_nothing_assumed(
    name: str, tmp_path: Path
) -> None:
    config = small_config()
    pretrain(config, small_triples(), tmp_path, device="cpu")
    loaded = load_model(tmp_path / name)
    assert loaded.spec == config.model_spec()
    assert loaded.report.complete
    assert loaded.report.assumptions == ()
