"""The light head: a grid of 8 x 8 places a token for little work, like any head of a model."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mirage_core.model.build import build_model, n_parameters
from mirage_core.model.checkpoints.native import load_native, save_native
from mirage_core.model.checkpoints.writing import save_published
from mirage_core.model.heads.light import LightHead
from mirage_core.model.inference import InferenceModel
from mirage_core.model.segmentation import MirageSegmentation
from mirage_core.model.spec import (
    BSCAN,
    HeadKind,
    HeadSpec,
    ModelSpec,
    Normalisation,
    mirage_spec,
)
from mirage_core.model.store.card import ModelCard, Origin


def spec(**fields: object) -> ModelSpec:
    domain = BSCAN.model_copy(update={"size": (64, 96)})
    head = HeadSpec(kind=HeadKind.LIGHT, n_classes=5, embed=256, depth=2)
    return mirage_spec("tiny", (domain,), head=head.model_copy(update=fields))


def model() -> MirageSegmentation:
    torch.manual_seed(0)
    made = build_model(spec())
    assert isinstance(made, MirageSegmentation)
    return made.eval()


def test_logits_have_eight_places_along_each_side_of_a_token() -> None:
    made = model()
    assert isinstance(made.head, LightHead)
    x = torch.rand(2, 1, 64, 96)
    with torch.no_grad():
        assert made.grid_logits({"bscan": x}).shape == (2, 5, 16, 24)
        assert made({"bscan": x}).shape == (2, 5, 64, 96)


def test_it_is_far_smaller_than_the_published_head() -> None:
    light = spec(embed=1024)
    convnext = light.model_copy(update={"head": HeadSpec(kind=HeadKind.CONVNEXT, n_classes=5)})
    bare = n_parameters(light.model_copy(update={"head": None}))
    assert n_parameters(light) - bare < (n_parameters(convnext) - bare) / 30


def test_it_is_stored_and_run_like_any_head(tmp_path: Path) -> None:
    made = model()
    card = ModelCard(
        id="light",
        title="Light",
        spec=spec(),
        normalisation=Normalisation.SEGMENTATION,
        origin=Origin(kind="trained"),
    )
    save_native(made, card, tmp_path / "light")
    again = load_native(tmp_path / "light").model
    x = torch.rand(1, 1, 64, 96)
    assert isinstance(again, MirageSegmentation)
    with torch.no_grad():
        expected = made.grid_logits({"bscan": x})
    found = InferenceModel(again).grid_logits({"bscan": x})
    torch.testing.assert_close(found.values, expected, atol=1e-4, rtol=1e-4)


def test_the_published_formats_do_not_know_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no light head"):
        save_published(model(), tmp_path / "light.pth")
    assert not (tmp_path / "light.pth").exists()


def test_a_width_that_is_not_sixteen_positions_is_refused() -> None:
    with pytest.raises(ValueError, match="no multiple of 16"):
        build_model(spec(embed=100))
