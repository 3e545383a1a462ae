"""An encoder with a convolutional stem is pre-trained without seeing what is hidden from it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mirage_core.model.masked import MaskedModel
from mirage_core.training.pretrain.checkpoints import load_latest
from mirage_core.training.pretrain.config import PretrainConfig, preset
from mirage_core.training.pretrain.covering import covered
from mirage_core.training.pretrain.errors import PretrainError
from mirage_core.training.pretrain.run import Listeners, pretrain
from mirage_core.training.starter.model import starter_spec
from tests.training.pretrain.runs import small_config, small_triples

STEM = (4, 4, 4, 4)


def stem_config(**fields: object) -> PretrainConfig:
    return small_config(stem=STEM, **fields)


def seen(model: MaskedModel, image: torch.Tensor, masks: dict[str, torch.Tensor]) -> torch.Tensor:
    """Return the tokens of the visible patches."""
    domains = stem_config().domain_specs()
    with torch.no_grad():
        return model.encode(covered({"bscan": image}, masks, domains), masks=masks).patches


def test_what_is_hidden_does_not_reach_visible_tokens_through_the_stem() -> None:
    torch.manual_seed(0)
    model = MaskedModel(stem_config().model_spec()).eval()
    masks = {"bscan": torch.tensor([[0, 1, 1, 0]])}
    image = torch.rand(1, 1, 64, 64)
    other = image.clone()
    other[..., :32, 32:] = 1 - other[..., :32, 32:]
    torch.testing.assert_close(seen(model, image, masks), seen(model, other, masks))
    with torch.no_grad():
        bare = [model.encode({"bscan": x}, masks=masks).patches for x in (image, other)]
    assert not torch.allclose(*bare)  # a stem alone would have told


def test_visible_patches_and_domains_without_a_stem_stay_as_they_are() -> None:
    inputs = {"bscan": torch.rand(2, 1, 64, 64), "slo": torch.rand(2, 1, 64, 64)}
    masks = {name: torch.tensor([[0, 1, 1, 1], [1, 1, 0, 0]]) for name in inputs}
    out = covered(inputs, masks, stem_config().domain_specs())
    assert out["slo"] is inputs["slo"]
    torch.testing.assert_close(out["bscan"][0, :, :32, :32], inputs["bscan"][0, :, :32, :32])
    torch.testing.assert_close(out["bscan"][1, :, 32:], inputs["bscan"][1, :, 32:])
    assert (out["bscan"][0, :, 32:] == 0.5).all()
    assert (out["bscan"][1, :, :32] == 0.5).all()


def test_a_run_trains_the_stem_and_goes_on_where_it_stood(tmp_path: Path) -> None:
    config = stem_config(epochs=2)
    pretrain(config, small_triples(), tmp_path / "whole", device="cpu")
    whole = load_latest(tmp_path / "whole")[0].model
    name = "input_adapters.bscan.stem.levels.0.0.weight"
    assert whole[name].shape[0] == STEM[0]
    torch.manual_seed(config.seed)
    new = MaskedModel(config.model_spec()).state_dict()
    assert not torch.equal(whole[name], new[name])
    asked = iter((False, True))
    part, listeners = tmp_path / "part", Listeners(cancelled=lambda: next(asked))
    pretrain(config, small_triples(), part, device="cpu", listeners=listeners)
    pretrain(config, small_triples(), part, resume=True, device="cpu")
    for key, value in load_latest(part)[0].model.items():
        torch.testing.assert_close(value, whole[key], atol=0, rtol=0)


def test_the_preset_starter_has_the_encoder_of_the_starter_model() -> None:
    spec, wanted = preset("starter").model_spec(), starter_spec()
    assert spec.domain("bscan") == wanted.domain("bscan")
    assert (spec.dim, spec.depth, spec.heads) == (wanted.dim, wanted.depth, wanted.heads)
    assert [d.name for d in spec.domains if d.stem] == ["bscan"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"stem": (4, 4)}, "a stem has 4 levels, not 2"),
        ({"stem": STEM, "domains": ("slo", "bscanlayermap")}, "a stem belongs to the B-scan"),
    ],
)
def test_a_stem_that_cannot_be_is_refused(fields: dict[str, object], said: str) -> None:
    with pytest.raises(PretrainError, match=said):
        small_config(**fields)
