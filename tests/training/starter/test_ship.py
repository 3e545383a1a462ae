"""A finished run becomes a model of the program; its results stay, its confidence is set right."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from mirage_core.model.build import build_model
from mirage_core.model.checkpoints.native import load_native, save_native
from mirage_core.model.segmentation import MirageSegmentation
from mirage_core.model.store.card import TrainingSummary
from mirage_core.model.store.store import ModelStore
from mirage_core.training.starter.card import starter_card
from mirage_core.training.starter.model import PARTS, starter_spec
from mirage_core.training.starter.ship import command


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the folders of an untrained run's model and of what was shipped of it."""
    import typer

    folder = tmp_path_factory.mktemp("run")
    torch.manual_seed(0)
    card = starter_card(TrainingSummary(settings={"seed": 0}))
    save_native(build_model(starter_spec()), card, folder / "starter")
    app = typer.Typer()
    app.command()(command)
    out = folder / "program"
    words = [str(folder), "--layers", "2", "--lesions", "4", "--out", str(out)]
    ran = CliRunner().invoke(app, words)
    assert ran.exit_code == 0, ran.output
    return folder / "starter", out


def test_logits_are_divided_part_by_part(shipped: tuple[Path, Path]) -> None:
    images = torch.rand(1, 1, 512, 512)
    logits = []
    for folder in (shipped[0], shipped[1] / "starter"):
        model = load_native(folder).model
        assert isinstance(model, MirageSegmentation)
        with torch.inference_mode():
            logits.append(model.grid_logits({"bscan": images}))
    before, after = logits
    torch.testing.assert_close(after[:, : PARTS[0]], before[:, : PARTS[0]] / 2)
    torch.testing.assert_close(after[:, PARTS[0] :], before[:, PARTS[0] :] / 4)


def test_the_card_says_how_it_was_made(shipped: tuple[Path, Path], tmp_path: Path) -> None:
    model = ModelStore(tmp_path, shipped[1]).get("starter")
    assert model.shipped
    assert model.card.origin.kind == "shipped"
    assert any("kermany_lesions" in note for note in model.card.origin.notes)
    assert model.card.training is not None
    settings = model.card.training.settings
    assert (settings["layers_temperature"], settings["lesions_temperature"]) == (2, 4)
    assert settings["seed"] == 0
    assert "CC BY 4.0" in model.card.terms.notice
    assert model.card.weights_bytes <= 25e6
