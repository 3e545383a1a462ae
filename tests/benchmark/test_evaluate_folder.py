"""A folder of predictions against a test folder."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional

from mirage_core.benchmark.conventions import CORRECT, PUBLISHED, PUBLISHED_DIAGONAL
from mirage_core.benchmark.evaluate_folder import evaluate_folder
from mirage_core.benchmark.nearest_exact import nearest_exact
from mirage_core.benchmark.translation import ClassTranslation
from mirage_core.io.errors import ReadError
from tests.golden import golden

GREYS = {"Elsewhere": 0, "RNFL": 80, "Choroid": 255, "Invalid area": 20}


def save(path, labels) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(labels, np.uint8)).save(path)


def truth(seed: int = 0) -> np.ndarray:
    """Return a mask ``[12, 16]`` with a band of RNFL and one of choroid."""
    mask = np.zeros((12, 16), np.uint8)
    mask[3 + seed % 2 : 6], mask[8:10] = 80, 255
    return mask


@pytest.fixture
def dataset(tmp_path):
    """Return a data set of two volumes of two B-scans."""
    folder = tmp_path / "dataset"
    for i, name in enumerate(("b_1", "b_2", "a_10", "a_9")):
        save(folder / "test" / "semseg" / f"{name}.png", truth(i))
    info = {str(i): {"value": v, "label": name} for i, (name, v) in enumerate(GREYS.items())}
    (folder / "INFO.json").write_text(json.dumps(info), encoding="utf-8")
    return folder


@pytest.fixture
def predictions(tmp_path, dataset):
    """Return predictions that are right everywhere."""
    folder = tmp_path / "predictions"
    for path in (dataset / "test" / "semseg").iterdir():
        save(folder / path.name, Image.open(path))
    return folder


@pytest.mark.parametrize(
    ("name", "convention", "with_background"),
    [
        ("results_ignorebg.csv", PUBLISHED, False),
        ("results_withbg_diag.csv", PUBLISHED_DIAGONAL, True),
    ],
)
def test_reference_tables_are_reproduced(name, convention, with_background):
    folder = golden("eval_set")
    (dataset,) = (folder / "DS").iterdir()
    (predictions,) = (folder / "run" / dataset.name).glob("*/preds")
    table = evaluate_folder(
        predictions, dataset, convention=convention, with_background=with_background
    )
    with (folder / name).open(encoding="utf-8", newline="") as file:
        expected = {(row["ID"], row["Class"]): row for row in csv.DictReader(file)}
    assert {(row.volume, row.label) for row in table.rows} == set(expected)
    for row in table.rows:
        of_row = expected[row.volume, row.label]
        for figure in ("dice", "iou", "hd95"):
            (cell,) = (v for k, v in of_row.items() if k.lower() == figure)
            got = getattr(row.score, figure)
            assert got == pytest.approx(float(cell or "nan"), abs=1e-4, nan_ok=True), row


def test_right_predictions_score_one_in_every_volume_and_class(dataset, predictions):
    table = evaluate_folder(predictions, dataset)
    assert [(r.volume, r.label, r.n_b_scans) for r in table.rows] == [
        ("a", "RNFL", 2),
        ("a", "Choroid", 2),
        ("b", "RNFL", 2),
        ("b", "Choroid", 2),
    ]
    assert {(r.score.dice, r.score.iou, r.score.hd95) for r in table.rows} == {(1.0, 1.0, 0.0)}
    assert (table.convention, table.hd95_unit) == ("correct", "px")


def test_only_as_published_is_elsewhere_a_structure(dataset, predictions):
    assert "Elsewhere" in evaluate_folder(predictions, dataset, convention=PUBLISHED).labels
    assert "Elsewhere" in evaluate_folder(predictions, dataset, with_background=True).labels
    assert "Elsewhere" not in evaluate_folder(predictions, dataset, convention=CORRECT).labels


def test_what_is_invalid_in_the_truth_is_never_wrong(dataset, predictions):
    mask = truth()
    mask[:, 8:] = 20
    save(dataset / "test" / "semseg" / "b_1.png", mask)
    table = evaluate_folder(predictions, dataset)
    assert table.mean() == table.mean("RNFL")
    assert table.mean().dice == 1
    assert "Invalid area" not in table.labels


def test_predictions_of_another_size_are_compared_at_the_masks_size(dataset, predictions):
    for path in predictions.iterdir():
        save(path, np.asarray(Image.open(path)).repeat(4, axis=0).repeat(3, axis=1))
    assert evaluate_folder(predictions, dataset).mean().dice == 1


def test_predictions_may_carry_pred_in_their_names(dataset, predictions):
    for path in list(predictions.iterdir()):
        path.rename(path.with_name(f"{path.stem}_pred.png"))
    assert evaluate_folder(predictions, dataset).mean().dice == 1


def test_distances_can_be_had_in_millimetres(dataset, predictions):
    for path in predictions.iterdir():
        save(path, np.roll(np.asarray(Image.open(path)), 1, axis=0))
    in_px = evaluate_folder(predictions, dataset)
    in_mm = evaluate_folder(predictions, dataset, spacing_mm=(0.004, 0.01))
    assert in_px.mean().hd95 == pytest.approx(1)
    assert in_mm.mean().hd95 == pytest.approx(0.004)
    assert in_mm.hd95_unit == "mm"


def test_predictions_in_another_data_sets_greys_are_translated(dataset, predictions):
    greys = ClassTranslation("finer", {1: 0, 2: 80, 3: 80, 4: 255, 5: 20}, invalid=20)
    for path in predictions.iterdir():
        mask = np.asarray(Image.open(path))
        fine = np.select([mask == 80, mask == 255], [2, 4], 1)
        fine[4, ::2] = np.where(fine[4, ::2] == 2, 3, fine[4, ::2])
        fine[0, 0] = 5
        save(path, fine)
    table = evaluate_folder(predictions, dataset, translation=greys, with_background=True)
    assert {row.score.dice for row in table.rows} == {1.0}


def test_progress_rises_to_one(dataset, predictions):
    seen: list[float] = []
    evaluate_folder(predictions, dataset, report=seen.append)
    assert seen == [0.25, 0.5, 0.75, 1.0]


def test_means_leave_out_what_a_volume_does_not_have(dataset, predictions):
    for i in (9, 10):
        mask = truth(i)
        mask[mask == 255] = 0
        save(dataset / "test" / "semseg" / f"a_{i}.png", mask)
        save(predictions / f"a_{i}.png", mask)
    assert evaluate_folder(predictions, dataset).mean("Choroid").dice == 1
    published = evaluate_folder(predictions, dataset, convention=PUBLISHED)
    assert published.mean("Choroid").dice == pytest.approx(0.5)


def test_the_table_can_be_written_and_read_again(dataset, predictions, tmp_path):
    for i in (9, 10):
        save(dataset / "test" / "semseg" / f"a_{i}.png", np.zeros((12, 16)))
        save(predictions / f"a_{i}.png", np.zeros((12, 16)))
    table = evaluate_folder(predictions, dataset)
    table.write_csv(tmp_path / "scores.csv")
    with (tmp_path / "scores.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0] == {"ID": "a", "Class": "RNFL", "Dice": "", "IoU": "", "HD95": ""}
    assert (rows[2]["ID"], rows[2]["Dice"]) == ("b", "1.0")
    assert math.isnan(table.rows[0].score.dice)


def test_a_missing_prediction_is_no_zero_but_an_error(dataset, predictions):
    (predictions / "a_9.png").unlink()
    with pytest.raises(ReadError, match="1 of 4"):
        evaluate_folder(predictions, dataset)


def test_two_predictions_of_one_b_scan_are_refused(dataset, predictions):
    save(predictions / "a_9_pred.png", truth())
    with pytest.raises(ReadError, match="two predictions"):
        evaluate_folder(predictions, dataset)


def test_a_mask_without_a_number_is_refused(dataset, predictions):
    save(dataset / "test" / "semseg" / "mask.png", truth())
    with pytest.raises(ReadError, match="number"):
        evaluate_folder(predictions, dataset)


@pytest.mark.parametrize("where", ["mask", "prediction"])
def test_a_grey_value_of_no_class_is_refused_with_the_file_that_holds_it(
    dataset, predictions, where
):
    path = (dataset / "test" / "semseg" if where == "mask" else predictions) / "b_2.png"
    stray = truth()
    stray[0, 0] = 7
    save(path, stray)
    with pytest.raises(ReadError, match=r"\[7\]") as caught:
        evaluate_folder(predictions, dataset)
    assert caught.value.path == path


def test_a_split_without_masks_is_refused(dataset, predictions):
    (dataset / "val" / "semseg").mkdir(parents=True)
    with pytest.raises(ReadError, match="no masks"):
        evaluate_folder(predictions, dataset, split="val")
    with pytest.raises(ReadError, match="not there"):
        evaluate_folder(predictions, dataset, split="train")


def test_a_data_set_of_background_alone_is_refused(dataset, predictions):
    info = {"0": {"value": 0, "label": "BG"}, "1": {"value": 80, "label": "invalid"}}
    (dataset / "INFO.json").write_text(json.dumps(info), encoding="utf-8")
    with pytest.raises(ReadError, match="background or invalid"):
        evaluate_folder(predictions, dataset)


@pytest.mark.parametrize(
    ("have", "want"), [((6, 4), (12, 2)), ((64, 64), (41, 55)), ((5, 7), (5, 7)), ((3, 9), (8, 4))]
)
def test_resized_labels_are_those_of_torchs_nearest_exact(have, want):
    labels = np.random.default_rng(0).integers(0, 200, have)
    pixels = torch.from_numpy(labels).float()[None, None]
    expected = functional.interpolate(pixels, size=want, mode="nearest-exact")[0, 0]
    np.testing.assert_array_equal(nearest_exact(labels, want), expected.numpy())
