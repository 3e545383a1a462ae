"""Learning rates by layer, and which parameters are decayed."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn

from mirage_core.training.layer_decay import layer_scales, parameter_groups, set_learning_rate
from tests.golden import golden


class Adapter(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.pos_emb = nn.Parameter(torch.zeros(1, 4, 2, 2))
        self.proj = nn.Conv2d(1, 4, 2)


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(4)
        self.fc1 = nn.Linear(4, 4)


class Model(nn.Module):
    """Parameters under the names of a MIRAGE model with three blocks and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.global_tokens = nn.Parameter(torch.zeros(1, 1, 4))
        self.input_adapters = nn.ModuleDict({"bscan": Adapter()})
        self.encoder = nn.Sequential(Block(), Block(), Block())
        self.output_adapters = nn.ModuleDict({"semseg": nn.Linear(4, 2)})


def settings(model: nn.Module, **options) -> dict[str, tuple[float, float]]:
    """Return (rate, decay) of every trainable parameter by name."""
    by_id = {id(p): name for name, p in model.named_parameters()}
    return {
        by_id[id(p)]: (group["lr"], group["weight_decay"])
        for group in parameter_groups(model, **options)
        for p in group["params"]
    }


def test_reference_scales_are_reproduced():
    reference = json.loads(golden("protocol.json").read_text(encoding="utf-8"))
    expected = reference["seg_layer_decay_base"]
    assert layer_scales(expected) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("prefix", ["", "model."])
def test_every_layer_learns_slower_than_the_one_after_it(prefix):
    names = [
        "global_tokens",
        "input_adapters.bscan.pos_emb",
        "encoder.0.norm1.bias",
        "encoder.1.mlp.fc1.weight",
        "output_adapters.semseg.blocks.0.pwconv1.weight",
        "norm.weight",
        "head.weight",
    ]
    scales = layer_scales([f"{prefix}{name}" for name in names], 0.5)
    assert list(scales.values()) == [0.125, 0.125, 0.25, 0.5, 1.0, 1.0, 1.0]


def test_blocks_of_a_head_are_not_blocks_of_the_encoder():
    names = ["encoder.0.norm1.bias", "output_adapters.semseg.blocks.7.norm1.bias"]
    assert layer_scales(names, 0.5) == dict(zip(names, [0.5, 1.0], strict=True))


def test_the_depth_of_a_model_without_known_blocks_is_not_guessed():
    with pytest.raises(ValueError, match="layer_decay=1"):
        layer_scales(["blocks.0.weight", "head.weight"])


def test_one_axis_global_tokens_and_positions_are_not_decayed():
    decays = {n: decay for n, (_, decay) in settings(Model(), lr=1.0, weight_decay=0.3).items()}
    assert decays.pop("global_tokens") == 0
    assert decays.pop("input_adapters.bscan.pos_emb") == 0
    for name, decay in decays.items():
        assert decay == (
            0.3 if name.endswith(("fc1.weight", "proj.weight", "semseg.weight")) else 0
        )


def test_every_trainable_parameter_is_in_one_group_at_its_layers_rate():
    model = Model()
    rates = {name: rate for name, (rate, _) in settings(model, lr=16.0, layer_decay=0.5).items()}
    scales = layer_scales(rates, 0.5)
    assert rates == {name: 16.0 * scale for name, scale in scales.items()}
    assert set(rates) == {name for name, _ in model.named_parameters()}
    grouped = [p for group in parameter_groups(model, lr=1.0) for p in group["params"]]
    assert len({id(p) for p in grouped}) == len(grouped)


def test_frozen_parameters_are_in_no_group_but_keep_the_depth():
    model = Model()
    model.encoder.requires_grad_(False)
    found = settings(model, lr=1.0, layer_decay=0.5)
    assert not [name for name in found if name.startswith("encoder.")]
    assert found["global_tokens"][0] == 0.5**4


def test_a_wholly_frozen_model_cannot_be_trained():
    with pytest.raises(ValueError, match="frozen"):
        parameter_groups(Model().requires_grad_(False), lr=1.0)


def test_equal_rates_need_no_names():
    groups = parameter_groups(nn.Linear(3, 2), lr=0.5, weight_decay=0.1, layer_decay=1)
    assert {(g["lr"], g["lr_scale"], g["weight_decay"]) for g in groups} == {
        (0.5, 1.0, 0.1),
        (0.5, 1.0, 0.0),
    }


def test_a_new_rate_keeps_the_scales_through_a_saved_optimiser():
    groups = parameter_groups(Model(), lr=1.0, layer_decay=0.5)
    saved = torch.optim.AdamW(groups).state_dict()
    resumed = torch.optim.AdamW(parameter_groups(Model(), lr=1.0, layer_decay=0.5))
    resumed.load_state_dict(saved)
    set_learning_rate(resumed, 0.1)
    rates = sorted({g["lr"] for g in resumed.param_groups})
    assert rates == pytest.approx([0.1 * 0.5**k for k in (4, 3, 2, 1, 0)])


def test_a_group_without_a_scale_gets_the_rate_itself():
    optimizer = torch.optim.SGD(nn.Linear(2, 2).parameters(), lr=1.0)
    set_learning_rate(optimizer, 0.25)
    assert optimizer.param_groups[0]["lr"] == 0.25
