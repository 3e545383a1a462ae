"""A configuration is the paper's unless it says otherwise, and says nothing it does not mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from mirage_core.training.pretrain.config import (
    PRESETS,
    PretrainConfig,
    preset,
    read_config,
    write_config,
)
from mirage_core.training.pretrain.errors import PretrainError


def test_the_paper_s_preset_is_the_published_configuration() -> None:
    paper = preset("paper")
    assert (paper.visible_tokens, paper.alpha, paper.epochs, paper.warmup_epochs) == (
        98, 1.0, 1600, 40,
    )  # fmt: skip
    assert (paper.batch, paper.peak_lr, paper.betas, paper.weight_decay) == (
        256, 1e-4, (0.9, 0.95), 0.05,
    )  # fmt: skip
    change = paper.augment
    assert change is not None
    assert (change.hflip, change.intensity_std, change.rotation_deg, change.translate) == (
        0.5, 0.1, 10, 0.1,
    )  # fmt: skip
    assert (change.scale, change.shear_deg) == ((0.9, 1.1), 5)
    assert [d.size for d in paper.domain_specs()] == [(512, 512), (512, 512), (128, 128)]
    spec = paper.model_spec()
    assert spec.size_name == "base"
    assert spec.decoder is not None
    assert (spec.decoder.dim, spec.decoder.depth, spec.decoder.heads) == (256, 2, 8)


def test_the_peak_learning_rate_is_in_proportion_to_the_batch() -> None:
    assert preset("paper").changed(batch=64).peak_lr == pytest.approx(2.5e-5)


@pytest.mark.parametrize("name", PRESETS)
def test_a_configuration_survives_its_file(name: str, tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_text(write_config(preset(name)))
    assert read_config(file) == preset(name)


def test_what_a_file_leaves_out_is_as_in_the_paper(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_text('{"size": "large", "augment": {"hflip": 0}}')
    config = read_config(file)
    assert config.size == "large"
    assert config.augment is not None
    assert (config.augment.hflip, config.augment.shear_deg) == (0, 5)
    assert config == PretrainConfig(size="large", augment={"hflip": 0})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"epoch": 3}', "no setting 'epoch'"),
        ('{"augment": {"vflip": 1}}', "no setting 'augment.vflip'"),
        ('{"size": "huge"}', "no size 'huge'"),
        ('{"batch": 0}', "batch: "),
        ('{"visible_tokens": 768}', "leave nothing to reconstruct"),
        ('{"epochs": 40}', "do not fit"),
        ('{"domains": ["bscan", "bscan"]}', "each domain once"),
        ("{", "cannot be used"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_in_one_sentence(
    text: str, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "run.json"
    file.write_text(text)
    with pytest.raises(PretrainError) as raised:
        read_config(file)
    assert said in raised.value.what
    assert "\n" not in raised.value.what


def test_resuming_may_change_how_but_not_what_is_computed() -> None:
    tiny = preset("tiny")
    assert tiny.differences(tiny.changed(workers=2, micro_batch=3, precision="fp32")) == []
    assert tiny.differences(tiny.changed(epochs=50, seed=1)) == ["epochs", "seed"]
