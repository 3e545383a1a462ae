"""What the Classes page calls a recipe is what the core teaches by."""

from __future__ import annotations

from pathlib import Path

import pytest

from mirage_core.jobs.teach_classes import teach_classes
from mirage_core.model.spec import VolumePool
from mirage_core.training.classify.config import PRESETS
from mirage_viewer.teach_classes.run import ClassProgress
from mirage_viewer.teach_classes.wanted import RECIPES, ClassWanted
from tests.training.classify import eyes


def test_every_preset_of_the_core_is_offered() -> None:
    assert list(RECIPES) == list(PRESETS)


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_teaches_volumes_by_attention(recipe: str, tmp_path: Path) -> None:
    store, _ = eyes.base(tmp_path)
    wanted = ClassWanted(level="scan", recipe=recipe, volume="attention")
    config = wanted.config(of_volumes=True).changed(
        epochs=2, warmup_epochs=1, cache_disk_bytes=0, folds=2
    )
    outcome = teach_classes(
        eyes.volumes(8, 3), "base", config, tmp_path / "run", store.folder, device="cpu"
    )
    classifier = store.get(outcome.model).card.spec.classifier
    assert classifier is not None
    assert classifier.volume is VolumePool.ATTENTION
    assert outcome.report is not None


def test_the_first_epoch_of_the_whole_model_is_called_learning() -> None:
    told = ClassProgress()
    told.take([{"kind": "plan", "lessons": 2, "measured": 3, "trained": "all"}])
    assert told.phase() == "Learning: the first epoch"
    told = ClassProgress()
    told.take([{"kind": "plan", "lessons": 2, "measured": 3, "trained": "head"}])
    assert told.phase().startswith("Looking at")
