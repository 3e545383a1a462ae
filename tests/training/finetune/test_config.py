"""Settings: the published recipe is a preset, and what makes no sense is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mirage_core.training.finetune.config import FinetuneConfig, preset, read_config
from mirage_core.training.finetune.errors import TeachError


def test_the_paper_preset_is_the_published_recipe() -> None:
    paper = preset("paper")
    assert (paper.head, paper.size, paper.augmentation) == ("convnext", 1024, "paper")
    assert (paper.epochs, paper.batch, paper.drop_last) == (200, 4, True)
    assert (paper.lr, paper.new_head_lr, paper.weight_decay) == (1e-4, 1e-4, 0.05)
    assert (paper.layer_decay, paper.drop_path, paper.ce_weight) == (0.75, 0.1, 0.5)
    assert (paper.betas, paper.seed) == ((0.9, 0.999), 42)
    assert (paper.ema, paper.grad_clip, paper.patience, paper.views) == (None, None, None, None)


def test_few_shot_keeps_the_base_models_head_and_changes_b_scans_strongly() -> None:
    few = preset("few-shot")
    assert few == FinetuneConfig()
    assert (few.head, few.trained, few.augmentation) == ("keep", "head", "strong")
    assert few.patience is not None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"head": "huge"}, "head"),
        ({"speed": 3}, "no setting 'speed'"),
        ({"lr": 0}, "lr"),
        ({"least_steps": 9, "most_steps": 3}, "must not exceed"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(fields: dict, said: str) -> None:
    with pytest.raises(TeachError, match=said):
        preset("few-shot").changed(**fields)


def test_there_is_no_other_preset() -> None:
    with pytest.raises(TeachError, match="no preset 'best'"):
        preset("best")


def test_a_file_says_what_differs_from_few_shot(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text('{"epochs": 3}')
    assert read_config(path) == FinetuneConfig(epochs=3)
    path.write_text('{"epoch": 3}')
    with pytest.raises(TeachError, match="no setting 'epoch'"):
        read_config(path)
    with pytest.raises(TeachError, match="cannot be read"):
        read_config(tmp_path / "none.json")


def test_how_it_is_computed_does_not_make_it_another_training() -> None:
    few = preset("few-shot")
    assert few.differences(few.changed(micro_batch=2, checkpoint_s=1)) == []
    assert few.differences(few.changed(lr=1e-3, micro_batch=2)) == ["lr"]


def test_what_a_window_needs_imports_no_torch() -> None:
    parts = (
        *("config", "labelled", "from_folder", "split", "concerns", "syllabus", "scores", "gain"),
        *("comparison", "card", "events", "record", "regions"),
    )
    code = "".join(f"import mirage_core.training.finetune.{part};" for part in parts)
    code += "import mirage_core.jobs.teach, mirage_core.project.teaching;"
    code += "import sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
