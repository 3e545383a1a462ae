"""A training folder, and a program whose store holds a tiny model to teach."""

from __future__ import annotations

from pathlib import Path

import pytest

from mirage_core.model.store.store import ModelStore
from tests.training.finetune.lessons import region_base
from tests.training.finetune.test_data import write_folder


def folder_and_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder; the program's data are in `tmp_path` too."""
    monkeypatch.setenv("MIRAGE_DATA_DIR", str(tmp_path / "program"))
    _, base = region_base(tmp_path / "made")
    ModelStore().add(base.card, base.weights)
    return write_folder(tmp_path / "data", 3)
