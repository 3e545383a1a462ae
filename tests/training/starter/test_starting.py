"""The starter model begins with a pre-trained encoder, and with nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import typer
from typer.testing import CliRunner

from mirage_core.model.build import build_model
from mirage_core.model.checkpoints.errors import CheckpointError
from mirage_core.model.checkpoints.native import load_native
from mirage_core.model.masked import MaskedModel
from mirage_core.training.pretrain.checkpoints import BEST, save_best
from mirage_core.training.pretrain.config import PretrainConfig, preset
from mirage_core.training.starter import __main__ as program
from mirage_core.training.starter.model import starter_spec
from mirage_core.training.starter.starting import pretrained_model

HEAD = "output_adapters."


def written(folder: Path, config: PretrainConfig) -> tuple[Path, dict[str, torch.Tensor]]:
    """Write a checkpoint of an untrained run; return it and its weights."""
    torch.manual_seed(7)
    state = MaskedModel(config.model_spec()).state_dict()
    save_best(folder, state, config)
    return folder / BEST, state


def test_stem_and_encoder_are_taken_and_the_head_is_as_without(tmp_path: Path) -> None:
    path, source = written(tmp_path, preset("starter"))
    model = pretrained_model(path, 3)
    torch.manual_seed(3)
    scratch = build_model(starter_spec()).state_dict()
    for name, tensor in model.state_dict().items():
        expected = scratch[name] if name.startswith(HEAD) else source[name]
        torch.testing.assert_close(tensor, expected, atol=0, rtol=0)


@pytest.mark.parametrize(
    "fields", [{"size": "tiny"}, {"stem": ()}, {"stem": (8, 8, 8, 8)}, {"domains": ("slo",)}]
)
def test_another_encoder_is_refused(fields: dict[str, object], tmp_path: Path) -> None:
    bare = {"visible_tokens": 12, "grid": 4, "stem": ()} if "domains" in fields else {}
    path, _ = written(tmp_path, preset("starter").changed(**bare, **fields))
    with pytest.raises(CheckpointError, match="not the starter model's"):
        pretrained_model(path, 0)


def test_a_file_that_is_no_pre_training_is_refused(tmp_path: Path) -> None:
    torch.save({"model": {"a": torch.zeros(1)}}, tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match="no checkpoint of a pre-training"):
        pretrained_model(tmp_path / "other.pth", 0)


def test_the_command_starts_there_and_the_card_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, source = written(tmp_path, preset("starter"))
    monkeypatch.setattr(program, "simulated", lambda seeds: np.zeros(16 * len(seeds)))
    monkeypatch.setattr(program, "train", lambda *_args, start, **_options: start)
    app = typer.Typer()
    app.command()(program.command)
    words = [str(tmp_path / "out"), "--eyes", "1", "--steps", "1", "--start", str(path)]
    ran = CliRunner().invoke(app, words)
    assert ran.exit_code == 0, ran.output
    found = load_native(tmp_path / "out" / "starter")
    name = "input_adapters.bscan.stem.levels.3.0.weight"
    torch.testing.assert_close(found.model.state_dict()[name], source[name], atol=0, rtol=0)
    assert found.card.training is not None
    assert found.card.training.settings["pretrained"] is True
