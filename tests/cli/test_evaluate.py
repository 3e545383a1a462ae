"""`mirage evaluate` scores label maps and class probabilities, or says what is amiss."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn import metrics

from tests.cli.running import mirage

INFO = {
    "0": {"value": 0, "label": "Background"},
    "1": {"value": 80, "label": "RNFL"},
    "2": {"value": 160, "label": "GCIPL"},
}


@pytest.fixture
def maps(tmp_path: Path) -> tuple[Path, Path]:
    """Return predictions and a data set with two B-scans; one row of one is wrong."""
    truth, found = tmp_path / "set" / "test" / "semseg", tmp_path / "found"
    truth.mkdir(parents=True)
    found.mkdir()
    (tmp_path / "set" / "INFO.json").write_text(json.dumps(INFO))
    for b in range(2):
        mask = np.zeros((30, 20), np.uint8)
        mask[10:15], mask[15:22] = 80, 160
        Image.fromarray(mask).save(truth / f"eye_{b}.png")
        mask[15] = 80 if b == 0 else 160
        Image.fromarray(mask).save(found / f"eye_{b}.png")
    return found, tmp_path / "set"


def test_label_maps_get_dice_iou_and_hd95(maps: tuple[Path, Path], tmp_path: Path) -> None:
    ran = mirage("evaluate", *maps, "--json", "-o", tmp_path / "scores.csv")
    assert ran.code == 0, ran.err
    rnfl = ran.json["classes"]["RNFL"]
    assert rnfl["dice"] == pytest.approx(2 * 200 / (220 + 200))
    assert rnfl["iou"] == pytest.approx(200 / 220)
    assert ran.json["hd95_unit"] == "px"
    assert "Background" not in ran.json["classes"]
    assert len((tmp_path / "scores.csv").read_text().splitlines()) == 3
    in_mm = mirage("evaluate", *maps, "--json", "--spacing-mm", "0.004,0.011").json
    assert in_mm["hd95_unit"] == "mm"
    assert in_mm["mean"]["hd95"] == pytest.approx(0.004 * ran.json["mean"]["hd95"])
    assert "published" in mirage("evaluate", *maps, "--convention", "published").err


def table(path: Path, rows: list[dict[str, object]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_classes_get_the_published_scores(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 30)
    p = np.clip(0.3 * truth + rng.uniform(0.1, 0.6, 30), 0, 1)
    for k, name in enumerate(("CNV", "DME")):
        folder = tmp_path / "set" / "test" / name
        folder.mkdir(parents=True)
        for i in np.flatnonzero(truth == k):
            (folder / f"{i}.png").touch()
    rows = [{"image": f"{i}.png", "CNV": 1 - p[i], "DME": p[i]} for i in range(30)]
    path = table(tmp_path / "found.csv", rows)
    ran = mirage("evaluate", path, tmp_path / "set", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["images"] == 30
    assert ran.json["auroc"] == pytest.approx(metrics.roc_auc_score(truth, p))
    expected = metrics.balanced_accuracy_score(truth, p > 0.5)
    assert ran.json["balanced_accuracy"] == pytest.approx(expected)
    assert np.sum(ran.json["confusion"]) == 30
    named = [
        {"truth": ("CNV", "DME")[t], **{k: r[k] for k in ("CNV", "DME")}}
        for t, r in zip(truth, rows, strict=True)
    ]
    own = mirage("evaluate", table(tmp_path / "own.csv", named), "--json")
    assert own.json == ran.json
    assert "balanced accuracy" in mirage("evaluate", path, tmp_path / "set").out


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"truth": "a", "a": 1.0}], "no columns of class probabilities"),
        ([{"truth": "c", "a": 1.0, "b": 0.0}], "no column for the class 'c'"),
        ([{"truth": "a", "a": 1.5, "b": 0.0}], "no numbers from 0 to 1"),
        ([{"truth": "a", "a": "much", "b": 0.0}], "no numbers from 0 to 1"),
        ([{"a": 1.0, "b": 0.0}], "does not say what is true"),
    ],
)
def test_a_table_that_cannot_be_scored_is_refused(
    rows: list[dict[str, object]], said: str, tmp_path: Path
) -> None:
    ran = mirage("evaluate", table(tmp_path / "x.csv", rows))
    assert ran.code == 2
    assert said in ran.err


def test_pictures_without_a_row_are_said(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "set" / "test" / name).mkdir(parents=True)
        (tmp_path / "set" / "test" / name / "1.png").touch()
    rows = [{"image": "a/1.png", "a": 0.5, "b": 0.5}]
    ran = mirage("evaluate", table(tmp_path / "x.csv", rows), tmp_path / "set")
    assert "1 of 2 pictures have no row" in ran.err
    rows = [{"image": "1.png", "a": 0.5, "b": 0.5}]
    ran = mirage("evaluate", table(tmp_path / "y.csv", rows), tmp_path / "set")
    assert "is in several classes" in ran.err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--convention", "mine"), "no convention 'mine'"),
        (("--spacing-mm", "small"), "no pixel size"),
    ],
)
def test_wrong_options_are_refused(
    maps: tuple[Path, Path], more: tuple[str, ...], said: str
) -> None:
    ran = mirage("evaluate", *maps, *more)
    assert ran.code == 2
    assert said in ran.err


def test_label_maps_need_a_truth(maps: tuple[Path, Path]) -> None:
    ran = mirage("evaluate", maps[0])
    assert ran.code == 2
    assert "What is true is not given" in ran.err
