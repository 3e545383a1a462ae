"""The examples of the documentation run from a plain clone, and show what they say they show."""

from __future__ import annotations

import os
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder as a user's, offline."""
    monkeypatch.setenv("MIRAGE_DATA_DIR", str(tmp_path / "home"))
    monkeypatch.setenv("MIRAGE_OFFLINE", "1")
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def test_first_steps_with_a_model(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown: dict[str, Any] = runpy.run_path(str(EXAMPLES / "first_steps_with_a_model.py"))
    n, height, width = shown["source"].b_scans.shape

    surfaces = shown["prediction"].surfaces
    assert surfaces.values.shape == (len(surfaces.names), n, width)
    assert shown["prediction"].masks.labels.shape == (n, height, width)
    assert np.isfinite(surfaces.values).sum(axis=0).max() >= 2
    assert not (surfaces.values < np.fmax.accumulate(surfaces.values, axis=0)).any(), "they cross"
    assert shown["prediction"].run.mode == "exact"

    assert shown["embedding"].tokens.shape == (n, 256, 64)
    assert shown["difference"] < 1e-5
    assert torch.equal(shown["maps"][0, :, 0, 3], shown["tokens"].of("bscan")[0, 3]), (
        "a map's row and column are not the tokens' order"
    )

    assert shown["imagined"].given == ("bscan",)
    assert shown["imagined"].images.shape == (n, *shown["source"].slo.shape)
    assert not shown["imagined"].images[~shown["imagined"].inside].any()
    assert shown["imagined"].images.any()

    np.testing.assert_allclose(shown["classes"].probabilities.sum(axis=1), 1, atol=1e-6)

    said = capsys.readouterr().out
    assert "complete: True" in said
    assert "from 16 x 16 to 32 x 32 tokens" in said
    assert not list(home.iterdir()), "the example wrote to the user's own data folder"
    assert os.environ["MIRAGE_DATA_DIR"] == str(home)
    assert not Path(shown["folder"].name).exists()


def test_every_example_is_tested() -> None:
    assert [path.name for path in sorted(EXAMPLES.glob("*.py"))] == ["first_steps_with_a_model.py"]
