"""MIRAGE training folders: labels lie where surfaces and masks say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mirage_core.annotate import Annotation, State
from mirage_core.io.atomic import ExportError
from mirage_core.io.export_request import ExportRequest
from mirage_core.io.exporting import export, make_exporter
from mirage_core.scan import (
    Surfaces,
    layer_map,
)
from tests.io.exported_eye import (
    CHOSEN,
    make_scan,
    picture,
    request,
    write,
)


def test_training_pairs_share_names_and_every_grey_is_listed(tmp_path: Path) -> None:
    made, folder = write("mirage", tmp_path, request(states=CHOSEN, split="val"))
    info = json.loads((folder / "INFO.json").read_text())
    listed = {entry["value"] for entry in info.values()}
    assert [e["label"] for e in info.values()] == [
        "Invalid", "Above ILM", "ILM-RPE", "RPE-BM", "Below BM", "IRF", "PED",
    ]  # fmt: skip
    assert list(info) == [str(i) for i in range(len(info))]
    expected = {f"eye_{b}.png" for b in made.b_scans}
    for kind in ("bscan", "semseg"):
        assert {p.name for p in (folder / "val" / kind).iterdir()} == expected
    for b in made.b_scans:
        np.testing.assert_array_equal(
            picture(folder / "val" / "bscan" / f"eye_{b}.png"), made.scan.b_scan(b)
        )
        mask = picture(folder / "val" / "semseg" / f"eye_{b}.png")
        assert mask.dtype == np.uint8
        assert mask.shape == made.scan.shape[1:]
        assert set(np.unique(mask)) <= listed


def test_training_labels_are_where_surfaces_and_masks_say(tmp_path: Path) -> None:
    made, folder = write("mirage", tmp_path)
    grey = {e["label"]: e["value"] for e in json.loads((folder / "INFO.json").read_text()).values()}
    mask = picture(folder / "train" / "semseg" / "eye_0.png")
    surfaces = made.annotation.surfaces
    ilm, rpe, bm = (np.rint(surfaces[n][0]) for n in ("ILM", "RPE", "BM"))
    for x in range(mask.shape[1]):
        if x in (3, 4, 5, 10):
            assert (mask[:, x] == grey["Invalid"]).all()
            continue
        for z in range(mask.shape[0]):
            fluid = {1: "IRF", 3: "PED"}.get(int(made.annotation.masks.labels[0, z, x]))
            if z < ilm[x]:
                expected = "Above ILM"
            elif z >= bm[x]:
                expected = "Below BM"
            else:
                expected = fluid or ("ILM-RPE" if z < rpe[x] else "RPE-BM")
            assert mask[z, x] == grey[expected], (z, x)


def test_layers_may_use_all_drawn_surfaces_or_none(tmp_path: Path) -> None:
    made, folder = write("mirage", tmp_path, surfaces=("all",), classes=())
    info = json.loads((folder / "INFO.json").read_text())
    assert [e["label"] for e in info.values()] == [
        "Invalid", "Above ILM", "ILM-EZ", "EZ-RPE", "RPE-BM", "Below BM",
    ]  # fmt: skip
    rows = [made.annotation.surfaces.index(n) for n in ("ILM", "EZ", "RPE", "BM")]
    layers = layer_map(made.annotation.surfaces.values[rows, 1], made.scan.shape[1])
    mask = picture(folder / "train" / "semseg" / "eye_1.png")
    for i, label in enumerate(("2", "3", "4")):
        painted, expected = mask == info[label]["value"], layers == i + 1
        np.testing.assert_array_equal(painted[:, 6:], expected[:, 6:])
        assert not painted[:, 3:6].any()  # RPE is undefined there

    alone = export(make_exporter("mirage", surfaces=()), [made], tmp_path / "masks").target
    labels = json.loads((alone / "INFO.json").read_text())
    assert [e["label"] for e in labels.values()] == ["Invalid", "Background", "IRF", "PED"]
    assert not (picture(alone / "train" / "semseg" / "eye_0.png") == 0).any()


def test_scans_go_into_the_split_of_their_patient(tmp_path: Path) -> None:
    requests = [request(split=s) for s in ("train", "val", "test")]
    folder = export(make_exporter("mirage"), requests, tmp_path / "set").target
    for split, stem in (("train", "eye"), ("val", "eye-2"), ("test", "eye-3")):
        assert {p.name for p in (folder / split / "semseg").iterdir()} == {
            f"{stem}_{b}.png" for b in (0, 1, 3)
        }
    with pytest.raises(ExportError, match="no split 'dev'"):
        export(make_exporter("mirage"), [request(split="dev")], tmp_path / "bad")


def test_b_scans_without_a_usable_column_are_left_out(tmp_path: Path) -> None:
    made = request()
    made.annotation.surfaces.values[made.annotation.surfaces.index("BM"), 1] = np.nan
    done = export(make_exporter("mirage"), [made], tmp_path / "x")
    folder = done.target
    assert {p.name for p in (folder / "train" / "bscan").iterdir()} == {"eye_0.png", "eye_3.png"}
    assert done.n_b_scans == 2
    assert json.loads((folder / "export.json").read_text())["scans"]["eye"]["b_scans"] == [0, 3]


def test_surfaces_that_cross_give_layers_in_their_order(tmp_path: Path) -> None:
    made = request()
    surfaces = made.annotation.surfaces
    for name, depth in (("ILM", 5.0), ("RPE", 25.0), ("BM", 20.0)):  # as devices store at times
        surfaces.values[surfaces.index(name), 0] = depth
    _, folder = write("mirage", tmp_path, made, classes=())
    grey = {e["label"]: e["value"] for e in json.loads((folder / "INFO.json").read_text()).values()}
    column = picture(folder / "train" / "semseg" / "eye_0.png")[:, 0]
    expected = [grey["Above ILM"]] * 5 + [grey["ILM-RPE"]] * 20 + [grey["Below BM"]] * 15
    np.testing.assert_array_equal(column, expected)


def test_a_scan_that_lacks_a_surface_does_not_stop_the_others(tmp_path: Path) -> None:
    made = request()
    scan = make_scan()
    other = Annotation.empty(scan.shape)
    other = Annotation(
        Surfaces(np.full((1, 4, 24), 8, np.float32), ("ILM",)),
        other.masks,
        np.full((1, 4, 24), np.nan, np.float32),
        np.full((2, 4), State.APPROVED, np.uint8),
    )
    requests = [made, ExportRequest(scan, other, (0, 1), "other")]
    done = export(make_exporter("mirage"), requests, tmp_path / "x")
    assert {p.name[:4] for p in (done.target / "train" / "bscan").iterdir()} == {"eye_"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"surfaces": ("CSI",)}, "CSI is not drawn"),
        ({"classes": ("TUMOUR",)}, "no mask class TUMOUR"),
    ],
)
def test_labels_that_are_not_there_are_named(
    options: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match=words) as caught:
        write("mirage", tmp_path, **options)
    assert "Choose among" in caught.value.hint


def test_a_scan_without_surfaces_makes_no_training_folder(tmp_path: Path) -> None:
    scan = make_scan()
    made = ExportRequest(scan, Annotation.empty(scan.shape), (0,), "eye")
    with pytest.raises(ExportError, match="None of ILM, RPE, BM is drawn"):
        write("mirage", tmp_path, made)
