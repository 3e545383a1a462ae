"""A taught model leaves as a published checkpoint and comes back as what it was."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mirage_core.model.checkpoints.importing import import_file
from mirage_core.model.checkpoints.loading import load_model
from mirage_core.model.checkpoints.native import load_native
from mirage_core.model.checkpoints.publish import publish
from mirage_core.model.spec import HeadKind
from mirage_core.model.store.errors import ModelStoreError
from tests.model.checkpoints.files import same_outputs
from tests.training.finetune.lessons import (
    REGIONS,
    SIDE,
    parted_base,
    region_base,
    region_spec,
    stored,
)


def test_it_comes_back_with_its_head_and_the_grey_values_of_its_classes(tmp_path: Path) -> None:
    _, model = stored(tmp_path, region_spec(HeadKind.CONVNEXT), REGIONS)
    path = tmp_path / "out.pth"
    publish(model, path)
    images = {"bscan": torch.rand(1, 1, SIDE, SIDE)}
    assert same_outputs(load_model(path).model, load_native(model.folder).model, images)
    labels = {c.index: c.label for c in REGIONS.classes}
    imported = import_file(path, tmp_path / "again.safetensors", labels=labels)
    assert imported.scheme is not None
    assert [(c.value, c.label) for c in imported.scheme.classes] == [
        (c.value, c.label) for c in REGIONS.classes
    ]


@pytest.mark.parametrize(("make", "why"), [(parted_base, "two"), (region_base, "no light head")])
def test_what_the_published_format_cannot_hold_is_refused(
    tmp_path: Path, make: type, why: str
) -> None:
    _, model = make(tmp_path)
    with pytest.raises(ModelStoreError, match=why):
        publish(model, tmp_path / "out.pth")
    assert not (tmp_path / "out.pth").exists()
