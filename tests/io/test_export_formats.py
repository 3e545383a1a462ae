"""Each export is read again, with other tools than wrote it, and compared."""

from __future__ import annotations

import contextlib
import csv
import gzip
import json
import pickle
from pathlib import Path
from typing import Any

import h5py
import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from mirage_core import RESEARCH_USE_ONLY
from mirage_core.annotate import Annotation, State
from mirage_core.io import open_scan
from mirage_core.io.atomic import ExportError
from mirage_core.io.errors import ReadError
from mirage_core.io.export_hdf5 import read_native
from mirage_core.io.export_request import ExportRequest
from mirage_core.io.exporting import export, exporter_names, make_exporter
from mirage_core.scan import (
    ArrayPixels,
    CirclePosition,
    Scan,
    ScanGeometry,
    ScanPattern,
    Spacing,
    layer_map,
)
from tests.io.exported_eye import SECRETS, make_annotation, make_scan

APPROVED = {State.APPROVED}
CHOSEN = {State.APPROVED, State.EDITED}


def request(
    scan: Scan | None = None, states: set[State] = CHOSEN, split: str = "train"
) -> ExportRequest:
    scan = scan or make_scan()
    return ExportRequest.by_states(scan, make_annotation(scan), states, "eye", split)


def write(
    name: str, tmp_path: Path, made: ExportRequest | None = None, **options: Any
) -> tuple[ExportRequest, Path]:
    made = made or request()
    return made, export(make_exporter(name, **options), [made], tmp_path / name).target


def picture(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(image)


@pytest.mark.parametrize("name", exporter_names())
def test_nothing_of_the_patient_is_in_any_byte_or_name(name: str, tmp_path: Path) -> None:
    _, folder = write(name, tmp_path)
    for path in folder.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        if path.name.endswith(".gz"):
            content += gzip.decompress(content)
        for secret in SECRETS:
            assert secret not in path.name
            for encoding in ("utf-8", "utf-16-le", "latin-1"):
                assert secret.encode(encoding) not in content


@pytest.mark.parametrize("name", exporter_names())
def test_every_export_says_that_it_is_for_research(name: str, tmp_path: Path) -> None:
    _, folder = write(name, tmp_path)
    manifest = json.loads((folder / "export.json").read_text())
    assert manifest["note"] == RESEARCH_USE_ONLY
    assert manifest["scans"]["eye"]["b_scans"] == [0, 1, 3]


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
    _, folder = write("mirage", tmp_path, made)
    assert {p.name for p in (folder / "train" / "bscan").iterdir()} == {"eye_0.png", "eye_3.png"}


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


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_native_files_read_back_what_was_chosen(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    n = data.draw(st.integers(1, 3))
    scan = make_scan(n, 12, 9)
    annotation = Annotation.empty(scan.shape)
    depth = st.one_of(st.just(np.float32(np.nan)), st.floats(0, 11, width=32))
    shape = annotation.surfaces.values.shape
    annotation.surfaces.values[:] = data.draw(hnp.arrays(np.float32, shape, elements=depth))
    annotation.masks.labels[:] = data.draw(
        hnp.arrays(np.uint8, scan.shape, elements=st.integers(0, 6))
    )
    annotation.states[:] = data.draw(
        hnp.arrays(np.uint8, annotation.states.shape, elements=st.integers(0, 4))
    )
    b_scans = tuple(sorted(data.draw(st.sets(st.integers(0, n - 1), min_size=1))))
    target = tmp_path_factory.mktemp("native") / "eye.h5"
    export(make_exporter("hdf5"), [ExportRequest(scan, annotation, b_scans, "eye")], target)

    back = read_native(target)
    assert back.b_scans == b_scans
    assert back.scan.shape == scan.shape
    kept = list(b_scans)
    others = sorted(set(range(n)) - set(kept))
    np.testing.assert_array_equal(
        back.surfaces.values[:, kept], annotation.surfaces.values[:, kept]
    )
    np.testing.assert_array_equal(back.masks.labels[kept], annotation.masks.labels[kept])
    np.testing.assert_array_equal(back.states[:, kept], annotation.states[:, kept])
    assert np.isnan(back.surfaces.values[:, others]).all()
    assert not back.masks.labels[others].any()
    assert not back.states[:, others].any()
    for b in range(n):
        np.testing.assert_array_equal(back.scan.b_scan(b), scan.b_scan(b))


def test_native_files_keep_what_describes_the_scan(tmp_path: Path) -> None:
    made, folder = write("hdf5", tmp_path)
    back = read_native(folder / "eye.h5")
    scan = made.scan
    assert back.scan.spacing == scan.spacing
    assert back.scan.geometry == scan.geometry
    assert back.scan.laterality == scan.laterality
    assert back.scan.acquisition.device == "Spectralis"
    assert back.scan.acquisition.date is None
    assert back.scan.identity is None
    np.testing.assert_array_equal(back.scan.slo, scan.slo)
    np.testing.assert_array_equal(back.scan.quality, scan.quality)
    np.testing.assert_array_equal(back.confidence[:, 0], made.annotation.confidence[:, 0])
    assert back.masks.scheme == made.annotation.masks.scheme
    annotation = Annotation(back.surfaces, back.masks, back.confidence, back.states)
    assert annotation.b_scan_states()[:2] == (State.APPROVED, State.EDITED)
    again = pickle.loads(pickle.dumps(back.scan))
    np.testing.assert_array_equal(again.b_scan(2), scan.b_scan(2))


def test_native_files_follow_the_documented_layout(tmp_path: Path) -> None:
    _, folder = write("hdf5", tmp_path)
    with h5py.File(folder / "eye.h5") as file:
        assert set(file) == {
            "volume", "slo", "surfaces", "confidence", "masks", "states", "geometry", "quality",
            "annotated_b_scans",
        }  # fmt: skip
        assert file["surfaces"].attrs["unit"] == "px"
        assert next(iter(file["surfaces"].attrs["names"])) == "ILM"
        classes = json.loads(file["masks"].attrs["classes"])["classes"]
        assert {c["value"]: c["name"] for c in classes}[2] == "SRF"
        assert json.loads(file.attrs["spacing"])["z"] == {"mm": 0.004, "source": "file"}
        assert file.attrs["note"] == RESEARCH_USE_ONLY
        assert not file.attrs["simulated"]
        assert file["volume"].chunks == (1, 40, 24)


def test_circles_and_unknown_spacing_survive_the_native_file(tmp_path: Path) -> None:
    circle = ScanGeometry(ScanPattern.CIRCLE, (CirclePosition((15.5, 16.0), 9.25, 0.5, -1),))
    scan = make_scan(1, geometry=circle, spacing=Spacing(), slo=None, quality=None)
    _, folder = write("hdf5", tmp_path, ExportRequest(scan, make_annotation(scan), (0,), "eye"))
    back = read_native(folder / "eye.h5")
    assert back.scan.geometry == circle
    assert back.scan.spacing == Spacing()
    assert back.scan.slo is None


def test_files_that_are_no_native_files_give_one_sentence(tmp_path: Path) -> None:
    _, folder = write("hdf5", tmp_path)
    good = folder / "eye.h5"
    cases = {
        "empty.h5": b"",
        "text.h5": b"not a scan",
        "short.h5": good.read_bytes()[:3000],
    }
    for name, content in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ReadError) as caught:
            read_native(tmp_path / name)
        assert caught.value.hint
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["volume"] = np.zeros((1, 2, 2), np.uint8)
    with pytest.raises(ReadError, match="not a scan exported by"):
        read_native(tmp_path / "other.h5")
    with h5py.File(good, "r+") as file:
        file.attrs["format_version"] = 99
    with pytest.raises(ReadError, match="newer"):
        read_native(good)
    with pytest.raises(ReadError, match="not there"):
        read_native(tmp_path / "gone.h5")


def test_label_volumes_have_the_documented_axes_and_affine(tmp_path: Path) -> None:
    made, folder = write("nifti", tmp_path)
    layers: Any = nib.load(folder / "eye_layers.nii.gz")
    masks: Any = nib.load(folder / "eye_masks.nii.gz")
    n, height, width = made.scan.shape
    for image in (layers, masks):
        assert image.shape == (width, height, n)
        np.testing.assert_allclose(image.affine, np.diag([-0.011, -0.004, 0.12, 1.0]), rtol=1e-6)
        assert nib.aff2axcodes(image.affine) == ("L", "P", "S")
        assert image.header.get_xyzt_units()[0] == "mm"
        assert image.get_data_dtype() == np.uint8
    rows = [made.annotation.surfaces.index(k) for k in ("ILM", "EZ", "RPE", "BM")]
    values = np.asarray(layers.dataobj)
    fluid = np.asarray(masks.dataobj)
    for b in range(n):
        expected = layer_map(made.annotation.surfaces.values[rows, b], height)
        labels = made.annotation.masks.labels[b]
        if b not in made.b_scans:
            expected, labels = np.zeros_like(expected), np.zeros_like(labels)
        np.testing.assert_array_equal(values[:, :, b].T, expected)
        np.testing.assert_array_equal(fluid[:, :, b].T, labels)
    notes = json.loads((folder / "eye_labels.json").read_text())
    assert notes["labels"]["layers"] == {"1": "ILM-EZ", "2": "EZ-RPE", "3": "RPE-BM"}
    assert notes["labels"]["masks"]["3"] == "PED"
    assert notes["labelled_b_scans"] == list(made.b_scans)
    assert notes["remarks"] == []


@pytest.mark.parametrize(("superior_first", "code"), [(True, "I"), (False, "S"), (None, "I")])
def test_b_scan_direction_follows_the_scan(
    superior_first: bool | None, code: str, tmp_path: Path
) -> None:
    geometry = ScanGeometry(ScanPattern.RASTER, superior_to_inferior=superior_first)
    _, folder = write("nifti", tmp_path, request(make_scan(geometry=geometry)))
    image: Any = nib.load(folder / "eye_masks.nii.gz")
    assert nib.aff2axcodes(image.affine) == ("L", "P", code)
    remarks = json.loads((folder / "eye_labels.json").read_text())["remarks"]
    assert bool(remarks) == (superior_first is None)


def test_one_label_volume_holds_both_with_distinct_values(tmp_path: Path) -> None:
    made, folder = write("nifti", tmp_path, combined=True)
    assert {p.name for p in folder.glob("*.nii.gz")} == {"eye_labels.nii.gz"}
    image: Any = nib.load(folder / "eye_labels.nii.gz")
    names = json.loads((folder / "eye_labels.json").read_text())["labels"]["labels"]
    volume = np.asarray(image.dataobj)
    assert names["4"] == "IRF"
    np.testing.assert_array_equal(volume[:, :, 0].T == 4, made.annotation.masks.labels[0] == 1)
    assert set(np.unique(volume)) <= {0, *map(int, names)}


def test_unknown_spacing_is_refused_unless_allowed(tmp_path: Path) -> None:
    made = request(make_scan(spacing=Spacing.from_mm(None, 0.004, None)))
    with pytest.raises(ExportError, match="between B-scans and along the B-scan is unknown"):
        write("nifti", tmp_path, made)
    _, folder = write("nifti", tmp_path, made, allow_unknown_spacing=True)
    image: Any = nib.load(folder / "eye_masks.nii.gz")
    np.testing.assert_allclose(np.abs(np.diag(image.affine)), [1.0, 0.004, 1.0, 1.0], rtol=1e-6)
    remarks = json.loads((folder / "eye_labels.json").read_text())["remarks"]
    assert "b, x is unknown" in remarks[0]


@pytest.mark.parametrize("pattern", [ScanPattern.CIRCLE, ScanPattern.RADIAL])
def test_scans_that_are_no_stack_make_no_nifti(pattern: ScanPattern, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=pattern.value):
        write("nifti", tmp_path, request(make_scan(geometry=ScanGeometry(pattern))))


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@settings(max_examples=25, deadline=None)
@given(
    depths=hnp.arrays(
        np.float32,
        (2, 1, 7),
        elements=st.one_of(st.just(np.float32(np.nan)), st.floats(0, 11, width=32)),
    )
)
def test_table_reads_back_to_the_same_float32(
    depths: np.ndarray, tmp_path_factory: pytest.TempPathFactory
) -> None:
    scan = Scan(ArrayPixels(np.zeros((1, 12, 7), np.uint8)))
    annotation = Annotation.empty(scan.shape)
    rows = [annotation.surfaces.index(n) for n in ("ILM", "BM")]
    annotation.surfaces.values[rows] = depths
    for wide in (False, True):
        target = tmp_path_factory.mktemp("csv") / "eye.csv"
        made = ExportRequest(scan, annotation, (0,), "eye")
        export(make_exporter("csv", wide=wide), [made], target)
        back = np.full_like(annotation.surfaces.values, np.nan)
        for row in rows_of(target):
            x = int(row["column"])
            cells = (
                {k[:-3]: v for k, v in row.items() if k.endswith("_px")}
                if wide
                else {row["surface"]: row["depth_px"]}
            )
            for name, cell in cells.items():
                back[annotation.surfaces.index(name), 0, x] = np.float32(cell or "nan")
        np.testing.assert_array_equal(back, annotation.surfaces.values)


def test_table_holds_the_chosen_b_scans_their_states_and_um(tmp_path: Path) -> None:
    made, folder = write("csv", tmp_path, request(states=APPROVED))
    rows = rows_of(folder / "eye.csv")
    assert list(rows[0]) == ["b_scan", "column", "surface", "depth_px", "depth_um", "state"]
    assert {r["b_scan"] for r in rows} == {"0", "3"}
    assert {r["state"] for r in rows} == {"approved"}
    assert {r["surface"] for r in rows} == {"ILM", "EZ", "RPE", "BM"}
    assert len(rows) == 2 * 4 * made.scan.shape[2]
    for row in rows:
        assert (row["depth_px"] == "") == (row["depth_um"] == "")
        if row["depth_px"]:
            assert float(row["depth_um"]) == pytest.approx(float(row["depth_px"]) * 4, abs=1e-3)


def test_um_are_left_empty_while_the_depth_scale_is_unknown(tmp_path: Path) -> None:
    _, folder = write("csv", tmp_path, request(make_scan(spacing=Spacing())))
    assert {r["depth_um"] for r in rows_of(folder / "eye.csv")} == {""}


def test_mask_pictures_hold_the_values_in_the_colours_of_the_classes(tmp_path: Path) -> None:
    made, folder = write("png", tmp_path)
    scheme = made.annotation.masks.scheme
    with Image.open(folder / "eye" / "eye_0_mask.png") as image:
        assert image.mode == "P"
        np.testing.assert_array_equal(np.array(image), made.annotation.masks.labels[0])
        rgb = np.array(image.convert("RGB"))
    assert tuple(rgb[26, 15]) == scheme.by_name("PED").color
    assert {p.name for p in (folder / "eye").iterdir()} == {
        "eye_slo.png",
        *(f"eye_{b}_{kind}.png" for b in (0, 1, 3) for kind in ("mask", "overlay")),
    }


def test_overlay_shows_grey_surfaces_and_masks(tmp_path: Path) -> None:
    made, folder = write("png", tmp_path)
    overlay = picture(folder / "eye" / "eye_0_overlay.png")
    grey = made.scan.b_scan(0)
    assert overlay.shape == (*grey.shape, 3)
    np.testing.assert_array_equal(overlay[-1], np.repeat(grey[-1][:, None], 3, axis=1))
    ilm = int(np.rint(made.annotation.surfaces["ILM"][0, 0]))
    assert tuple(overlay[ilm, 0]) == (230, 159, 0)
    assert (overlay[13, 9] != grey[13, 9]).any()


def test_native_files_open_like_any_scan(tmp_path: Path) -> None:
    made, folder = write("hdf5", tmp_path)
    scan = open_scan(folder / "eye.h5")
    assert scan.source_format == "mirage-hdf5"
    assert scan.vendor_surfaces is not None
    assert scan.vendor_surfaces.names == ("ILM", "EZ", "RPE", "BM")
    np.testing.assert_array_equal(scan.b_scan(2), made.scan.b_scan(2))


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_only_read_errors_come_out_of_damaged_native_files(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    good = folder / "good.h5"
    if not good.exists():
        made = request(make_scan(2, 33, 23))
        export(make_exporter("hdf5"), [made], good)
    content = bytearray(good.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    damaged = folder / "damaged.h5"
    damaged.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    with contextlib.suppress(ReadError):
        scan = open_scan(damaged)
        for b in range(scan.n_b_scans):
            scan.b_scan(b)
