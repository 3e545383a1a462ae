"""Data: training folders, label maps and surfaces, and what is to be said of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mirage_core.io.errors import ReadError
from mirage_core.io.label_info import LabelInfo
from mirage_core.model.store.known_schemes import AROI, GOALS
from mirage_core.scan import FLUID_SCHEME, Spacing
from mirage_core.training.finetune.concerns import concerns
from mirage_core.training.finetune.errors import TeachError
from mirage_core.training.finetune.from_folder import (
    is_training_folder,
    masks_of,
    read_folder,
    surfaces_of,
)
from mirage_core.training.finetune.labelled import (
    SURFACE_NAMES,
    UNLABELLED,
    LabelledBScan,
    TeachingData,
    empty_surfaces,
)
from mirage_core.training.finetune.regions import region_map
from tests.training.finetune.lessons import REGIONS, SURFACES, b_scan, data

OURS = {
    str(i): {"value": 40 * i, "label": label}
    for i, label in enumerate(("Invalid", "Above ILM", "ILM-RPE", "RPE-BM", "Below BM", "IRF"))
}


def write_folder(root: Path, n: int = 3, part: str = "train") -> Path:
    """Write a training folder of `n` B-scans with three layers, a cyst and a column unknown."""
    rows = np.arange(40)[:, None] + np.zeros(30, int)
    labels = 1 + (rows >= 10).astype(np.uint8) + (rows >= 20) + (rows >= 26)
    labels = labels.astype(np.uint8)
    labels[13:17, 5:12] = 5
    labels[:, -2:] = 0
    for kind in ("bscan", "semseg"):
        (root / part / kind).mkdir(parents=True, exist_ok=True)
    for i in range(n):
        grey = np.random.default_rng(i).integers(0, 255, (40, 30), np.uint8)
        Image.fromarray(grey).save(root / part / "bscan" / f"eye_{i}_{3 * i}.png")
        Image.fromarray((labels * 40).astype(np.uint8)).save(
            root / part / "semseg" / f"eye_{i}_{3 * i}.png"
        )
    (root / "INFO.json").write_text(json.dumps(OURS))
    return root


def test_a_training_folder_gives_surfaces_lesions_and_classes(tmp_path: Path) -> None:
    write_folder(tmp_path, 3)
    write_folder(tmp_path, 1, "test")
    assert is_training_folder(tmp_path)
    found = read_folder(tmp_path)
    assert [b.part for b in found.b_scans] == ["train"] * 3 + ["test"]
    assert (found.b_scans[1].scan, found.b_scans[1].b_scan) == ("eye_1", 3)
    assert found.surfaces == SURFACES
    assert found.lesions == ("IRF",)
    one = found.b_scans[0]
    for name, depth in zip(SURFACES, (10, 20, 26), strict=True):
        curve = one.surfaces[SURFACE_NAMES.index(name)]
        np.testing.assert_array_equal(curve[:-2], depth)
        assert np.isnan(curve[-2:]).all()
    assert one.masks is not None
    assert (one.masks == FLUID_SCHEME.by_name("IRF").value).sum() == 4 * 7
    assert one.looked_for == ("IRF",)
    assert one.classes is not None
    assert set(np.unique(one.classes)) == set(range(6))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("partner", "no partner of the same name"),
        ("size", "label map is"),
        ("grey", "of no class"),
        ("damaged", "damaged"),
    ],
)
def test_what_is_wrong_in_a_folder_is_one_sentence(tmp_path: Path, change: str, said: str) -> None:
    write_folder(tmp_path)
    mask = tmp_path / "train" / "semseg" / "eye_1_3.png"
    if change == "partner":
        mask.unlink()
    elif change == "size":
        Image.fromarray(np.zeros((8, 8), np.uint8)).save(mask)
    elif change == "grey":
        Image.fromarray(np.full((40, 30), 7, np.uint8)).save(mask)
    else:
        mask.write_bytes(b"no picture")
    with pytest.raises(ReadError, match=said) as raised:
        read_folder(tmp_path)
    assert "eye_1" not in str(raised.value)


def test_a_folder_without_b_scans_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "INFO.json").write_text(json.dumps(OURS))
    with pytest.raises(TeachError, match="holds no B-scans"):
        read_folder(tmp_path)


def test_surfaces_are_unknown_through_lesions_that_may_lie_on_either_side() -> None:
    classes = np.zeros((30, 4), np.uint8)
    classes[6:] = 1
    classes[15:] = 2
    classes[20:] = 3
    classes[24:] = 4
    classes[13:17, 1] = 5  # a cyst across IPL/INL
    classes[6:9, 2] = 5  # one under the ILM
    curves = surfaces_of(classes, AROI)
    inner = curves[SURFACE_NAMES.index("IPL/INL")]
    assert inner[[0, 2, 3]].tolist() == [15, 15, 15]
    assert np.isnan(inner[1])
    assert curves[SURFACE_NAMES.index("ILM")].tolist() == [6, 6, 6, 6]
    assert curves[SURFACE_NAMES.index("BM")].tolist() == [24] * 4
    marked = masks_of(classes, AROI)
    assert marked is not None
    assert marked[14, 1] == FLUID_SCHEME.by_name("IRF").value


def test_a_class_above_and_below_everything_tells_no_surface() -> None:
    classes = np.zeros((20, 2), np.uint8)
    classes[5:9] = 1
    assert np.isnan(surfaces_of(classes, GOALS)[SURFACE_NAMES.index("ILM")]).all()


def test_regions_lie_between_known_surfaces_and_are_unknown_between_others() -> None:
    whole = region_map(b_scan(1, fluid=True), REGIONS)
    assert set(np.unique(whole)) == {0, 1, 2, 3, 4}
    partly = region_map(b_scan(1, fluid=True, known=("RPE", "BM")), REGIONS)
    known = partly != UNLABELLED
    assert (partly == whole)[known].all()
    assert known[-1].all()  # under BM
    assert not known[0].any()  # over the ILM or under it
    assert (partly == 4).any()  # fluid is known where it was marked


def test_lesions_without_a_class_are_not_taken_for_anything() -> None:
    one = b_scan(1, fluid=True)
    assert one.masks is not None
    other = FLUID_SCHEME.by_name("SRF").value
    strange = replace(one, masks=np.where(one.masks > 0, np.uint8(other), one.masks))
    assert (region_map(strange, REGIONS)[strange.masks > 0] == UNLABELLED).all()


def test_only_chosen_structures_are_kept() -> None:
    kept = data(2).with_structures(("RPE",))
    assert kept.surfaces == ("RPE",)
    assert all(b.masks is None for b in kept.b_scans)


def test_every_change_of_what_is_taught_changes_the_fingerprint() -> None:
    first = data(2)
    prints = {
        first.fingerprint(),
        data(2, shift=1).fingerprint(),
        data(2, patient="P2").fingerprint(),
        data(2, masks=False).fingerprint(),
        data(3).fingerprint(),
    }
    assert len(prints) == 5
    assert data(2).fingerprint() == first.fingerprint()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (data(2), "There are 2 B-scans"),
        (data(6), "one patient"),
        (TeachingData(tuple(b_scan(i, number=i) for i in range(6))), "neighbours"),
        (
            TeachingData(
                (
                    *data(4).b_scans,
                    b_scan(7, spacing=Spacing.from_mm(0.06, 0.008, 0.011), patient="P2"),
                )
            ),
            "depth scale differs",
        ),
        (TeachingData((*data(4).b_scans, b_scan(7, spacing=Spacing()))), "scale of some scans"),
        (TeachingData((*data(4).b_scans, b_scan(7, known=("RPE",)))), "not corrected on every"),
        (TeachingData(tuple(b_scan(9 * i, fluid=i == 1) for i in range(5))), "IRF is on fewer"),
        (data(6), "SRF, PED, SHRM and DRUSEN are on none of these B-scans"),
        (TeachingData(tuple(b_scan(9 * i) for i in range(5))), "No lesion is marked on any"),
    ],
)
def test_what_should_worry_a_grader_is_said(given: TeachingData, said: str) -> None:
    assert any(said in sentence for sentence in concerns(given)), concerns(given)


def test_good_data_give_no_concern() -> None:
    eyes = [b_scan(i, number=20 * (i % 3), patient=f"P{i // 3}", masks=False) for i in range(9)]
    assert concerns(TeachingData(tuple(eyes))) == ()


def test_a_class_that_is_nowhere_to_learn_from_is_named() -> None:
    info = LabelInfo(("Background", "IRF"), (0, 1))
    one = LabelledBScan(
        np.zeros((4, 4), np.uint8), empty_surfaces(4), classes=np.zeros((4, 4), np.uint8)
    )
    said = concerns(TeachingData((one,) * 3, info))
    assert any("IRF is on no B-scan" in sentence for sentence in said)
