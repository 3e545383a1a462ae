"""`mirage features`, `classify` and `imagine` write what they promise, or say why not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mirage_core.places import models_dir
from tests.cli.running import mirage, save_volume
from tests.engines.mirage import models


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MIRAGE_DATA_DIR", str(tmp_path / "data"))
    models.reconstructing(models_dir())
    models.classifying(models_dir())
    return models_dir()


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    return save_volume(tmp_path / "eye.npz", shape=(2, 60, 50))


@pytest.mark.usefixtures("store")
def test_features_of_every_b_scan_are_written(tmp_path: Path, scan: Path) -> None:
    out = tmp_path / "features.npz"
    ran = mirage("features", scan, "-o", out, "--model", "imagines", "--json")
    assert ran.code == 0
    assert ran.json["b_scans"] == 2
    assert ran.json["device"] == "cpu"
    with np.load(out) as stored:
        assert stored["tokens"].shape == (2, 64, 64)
        assert stored["pooled"].shape == (2, 128)
        means = stored["tokens"].mean(axis=1)
        assert np.allclose(stored["pooled"][:, :64], means, atol=1e-5)
        assert stored["grid"].tolist() == [8, 8]
        assert len(str(stored["model_sha256"])) == 64
    again = mirage("features", scan, "-o", out, "--model", "imagines")
    assert again.code == 2
    assert mirage("features", scan, "-o", out, "--model", "imagines", "--overwrite").code == 0


@pytest.mark.usefixtures("store")
def test_class_probabilities_are_printed(scan: Path) -> None:
    ran = mirage("classify", scan, "--model", "tells", "--json")
    assert ran.json["labels"] == ["CNV", "DME", "NORMAL"]
    assert [round(sum(row), 4) for row in ran.json["probabilities"]] == [1.0, 1.0]
    assert "DME" in mirage("classify", scan, "--model", "tells").out


@pytest.mark.usefixtures("store")
def test_imagined_images_are_written_with_a_warning(tmp_path: Path, scan: Path) -> None:
    out = tmp_path / "imagined"
    ran = mirage("imagine", scan, "bscanlayermap", "-o", out, "--model", "imagines")
    assert ran.code == 0
    images = sorted(out.glob("*.png"))
    assert [np.asarray(Image.open(p)).shape for p in images] == [(60, 50)] * 2
    assert np.asarray(Image.open(images[0])).max() <= 12
    assert "not to be measured" in (out / "imagined.txt").read_text()


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("classify", "SCAN", "--model", "imagines"), "There are: tells."),
        (("classify", "SCAN", "--model", "imagines"), "can embed and reconstruct, not classify"),
        (("classify", "SCAN", "--model", "tels"), "There is no model 'tels'"),
        (("imagine", "SCAN", "bscan", "-o", "OUT", "--model", "imagines"), "no SLO"),
        (("imagine", "SCAN", "fundus", "-o", "OUT", "--model", "imagines"), "There is no 'fundus'"),
        (("classify", "SCAN", "--model", "tells", "--device", "cuda:7"), "CUDA"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    tmp_path: Path, scan: Path, args: tuple[str, ...], words: str
) -> None:
    given = {"SCAN": scan, "OUT": tmp_path / "out"}
    ran = mirage(*(given.get(a, a) for a in args))
    assert ran.code == 2
    assert words in ran.err
    assert "Traceback" not in ran.err
    assert not (tmp_path / "out").exists()
