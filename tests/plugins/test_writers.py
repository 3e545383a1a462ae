"""What the writers write reads back as it was, whole or not at all, and names nobody."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from mirage_core.annotate import State
from mirage_core.io.atomic import ExportError
from mirage_core.io.export_hdf5 import read_native
from mirage_core.io.label_info import read_label_info
from mirage_core.scan import FLUID_SCHEME, LabelScheme, MaskClass, Masks, Scan, Spacing
from mirage_viewer.opening import OpenScan
from napari_mirage import writers
from napari_mirage.layers import mask_layer, scan_layers
from napari_mirage.reader import get_reader
from tests.io.exported_eye import SECRETS, make_annotation, make_scan, picture
from tests.project.eyes import make_scan as scan_with_vendor_surfaces

Layer = tuple[Any, dict[str, Any], str]
WRITERS: dict[str, Callable[[str, list[Layer]], list[str]]] = {
    ".h5": writers.write_hdf5,
    ".nii.gz": writers.write_nifti,
    ".csv": writers.write_csv,
    ".mirage": writers.write_mirage,
}


def _layers(scan: Scan | None = None, masks: Masks | None = None) -> list[Layer]:
    """Return image, masks and SLO as napari hands them over."""
    scan = scan or make_scan()
    masks = masks or make_annotation(scan).masks
    image, *slo = scan_layers(scan)
    return [image, mask_layer(scan, masks), *slo]


def _open(monkeypatch: pytest.MonkeyPatch, opened: OpenScan | None) -> None:
    monkeypatch.setattr(writers, "_work_among", lambda _target, layers: (layers, opened))


def _session_of(scan: Scan) -> OpenScan:
    from mirage_core.annotate import Session

    annotation = make_annotation(scan)
    return OpenScan(Session(scan, annotation, "ada"), editable=True)


def _files(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


# ------------------------------------------------------------------ layers by themselves


def test_image_and_masks_come_back_from_hdf5_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "eye.h5"
    layers = _layers()
    assert writers.write_hdf5(str(path), layers) == [str(path)]
    reader = get_reader(str(path))
    assert reader is not None
    (data, image, _), (labels, options, _), (slo, _, _) = reader(str(path))
    np.testing.assert_array_equal(data, layers[0][0])
    np.testing.assert_array_equal(labels, layers[1][0])
    np.testing.assert_array_equal(slo, layers[2][0])
    for key in ("spacing", "laterality", "pattern", "superior_to_inferior", "device"):
        assert image["metadata"][key] == layers[0][1]["metadata"][key]
    assert image["scale"] == layers[0][1]["scale"]
    assert options["metadata"]["classes"] == layers[1][1]["metadata"]["classes"]


def test_image_and_masks_come_back_from_a_training_folder(tmp_path: Path) -> None:
    path = tmp_path / "eye.mirage"
    layers = _layers()
    assert writers.write_mirage(str(path), layers) == [str(path)]
    reader = get_reader(str(path))
    assert reader is not None
    (data, _, _), (labels, options, _) = reader(str(path))[:2]
    np.testing.assert_array_equal(data, layers[0][0])
    names = options["metadata"]["classes"]
    written = {name: value for value, name in names.items()}
    for kind in FLUID_SCHEME:
        marked = layers[1][0] == kind.value
        if marked.any():
            np.testing.assert_array_equal(labels == written[kind.name], marked)
        else:
            assert kind.name not in written


def test_a_label_volume_reads_back_with_its_names(tmp_path: Path) -> None:
    path = tmp_path / "eye.nii.gz"
    layers = _layers()
    written = writers.write_nifti(str(path), layers)
    assert written == [str(path), str(tmp_path / "eye.json")]
    image = nib.load(path)
    np.testing.assert_array_equal(np.asarray(image.dataobj).transpose(2, 1, 0), layers[1][0])
    np.testing.assert_allclose(image.header.get_zooms(), (0.011, 0.004, 0.12), rtol=1e-6)
    told = json.loads((tmp_path / "eye.json").read_text())
    assert told["labels"]["labels"]["1"] == "IRF"


def test_a_table_of_something_else_is_not_overwritten(tmp_path: Path) -> None:
    other = tmp_path / "eye.json"
    other.write_text('{"patients": [1, 2]}')
    with pytest.raises(ExportError, match="holds other things"):
        writers.write_nifti(str(tmp_path / "eye.nii.gz"), _layers())
    assert other.read_text() == '{"patients": [1, 2]}'
    assert _files(tmp_path) == {"eye.json"}


def test_a_label_volume_can_be_written_again(tmp_path: Path) -> None:
    path = tmp_path / "eye.nii.gz"
    assert writers.write_nifti(str(path), _layers()) == writers.write_nifti(str(path), _layers())


def test_surfaces_of_the_file_are_tabulated(tmp_path: Path) -> None:
    scan = scan_with_vendor_surfaces()
    path = tmp_path / "eye.csv"
    writers.write_csv(str(path), scan_layers(scan)[:1])
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["surface"] == "ILM"]
    assert scan.vendor_surfaces is not None
    depths = [float(row["depth_px"]) if row["depth_px"] else np.nan for row in rows]
    np.testing.assert_array_equal(
        np.array(depths, np.float32), scan.vendor_surfaces["ILM"].reshape(-1)
    )
    assert {row["state"] for row in rows} == {"vendor"}


def test_without_surfaces_there_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="No surface is drawn"):
        writers.write_csv(str(tmp_path / "eye.csv"), _layers())
    assert _files(tmp_path) == set()


def test_masks_alone_make_a_label_volume(tmp_path: Path) -> None:
    layers = _layers()[1:2]
    writers.write_nifti(str(tmp_path / "eye.nii.gz"), _with_spacing(layers))
    volume = np.asarray(nib.load(tmp_path / "eye.nii.gz").dataobj)
    np.testing.assert_array_equal(volume.transpose(2, 1, 0), layers[0][0])


@pytest.mark.parametrize("suffix", [".h5", ".mirage"])
def test_masks_alone_are_refused_where_the_oct_belongs_in(suffix: str, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="image layer"):
        WRITERS[suffix](str(tmp_path / f"eye{suffix}"), _layers()[1:2])
    assert _files(tmp_path) == set()


def _with_spacing(layers: list[Layer]) -> list[Layer]:
    """Give layers a scale in µm, as another reader would."""
    units = ("micrometer",) * 3
    return [(d, {**o, "scale": (120.0, 4.0, 11.0), "units": units}, k) for d, o, k in layers]


def test_a_scale_in_micrometres_counts_as_given_by_the_user(tmp_path: Path) -> None:
    volume = np.random.default_rng(0).integers(0, 255, (2, 20, 30), dtype=np.uint8)
    writers.write_hdf5(str(tmp_path / "eye.h5"), _with_spacing([(volume, {}, "image")]))
    spacing = read_native(tmp_path / "eye.h5").scan.spacing
    np.testing.assert_allclose(spacing.require_mm("b", "z", "x"), (0.12, 0.004, 0.011))
    assert {spacing[a].source.value for a in "bzx"} == {"user"}


def test_a_scale_in_pixels_says_nothing_of_millimetres(tmp_path: Path) -> None:
    volume = np.zeros((2, 20, 30), np.uint8)
    options = {"scale": (2.0, 1.0, 1.0), "units": ("pixel",) * 3}
    writers.write_hdf5(str(tmp_path / "eye.h5"), [(volume, options, "image")])
    spacing = read_native(tmp_path / "eye.h5").scan.spacing
    assert spacing == Spacing()


def _spacing_written(tmp_path: Path, layer: Layer) -> Any:
    writers.write_hdf5(str(tmp_path / "eye.h5"), [layer])
    spacing = read_native(tmp_path / "eye.h5").scan.spacing
    return [(spacing[a].mm, spacing[a].source.value) for a in "bzx"]


def test_a_scale_that_somebody_gave_the_layer_goes_before_what_the_file_told(
    tmp_path: Path,
) -> None:
    data, options, kind = scan_layers(make_scan())[0]
    b, z, x = options["scale"]
    told = options["metadata"]["spacing"]
    changed = {**options, "scale": (b, 2 * z, x)}
    for one in (data, np.asarray(data)):
        written = _spacing_written(tmp_path, (one, changed, kind))
        assert written[1] == (pytest.approx(2 * z), "user")
        assert [written[0], written[2]] == [(told[a]["mm"], told[a]["source"]) for a in "bx"]


def test_pixels_shown_square_leave_what_the_file_told(tmp_path: Path) -> None:
    data, options, kind = scan_layers(make_scan())[0]
    square = {**options, "scale": (1.0,) * 3, "units": ("pixel",) * 3}
    told = options["metadata"]["spacing"]
    written = _spacing_written(tmp_path, (data, square, kind))
    assert written == [(told[a]["mm"], told[a]["source"]) for a in "bzx"]


def test_metadata_of_another_plugin_are_not_taken_for_ours(tmp_path: Path) -> None:
    options = {"metadata": {"spacing": (3, 2, 1)}}
    layer = (np.zeros((2, 9, 9), np.uint8), options, "image")
    assert _spacing_written(tmp_path, layer) == [(None, "unknown")] * 3


def test_a_single_b_scan_is_a_volume_of_one(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 255, (20, 30), dtype=np.uint8)
    labels = np.zeros((20, 30), np.int64)
    labels[5:9, 4:8] = 1
    layers = [(image, {}, "image"), (labels, {}, "labels")]
    writers.write_hdf5(str(tmp_path / "eye.h5"), layers)
    content = read_native(tmp_path / "eye.h5")
    np.testing.assert_array_equal(content.scan.b_scan(0), image)
    np.testing.assert_array_equal(content.masks.labels[0], labels)


def test_labels_without_names_are_called_by_their_number(tmp_path: Path) -> None:
    scan = make_scan()
    labels = np.zeros(scan.shape, np.int32)
    labels[0, 3:6, 4:9] = 9
    layers = [scan_layers(scan)[0], (labels, {"colormap": {9: (1.0, 0.5, 0.0, 1.0)}}, "labels")]
    writers.write_hdf5(str(tmp_path / "eye.h5"), layers)
    (kind,) = read_native(tmp_path / "eye.h5").masks.scheme
    assert (kind.value, kind.name, kind.color) == (9, "class 9", (255, 128, 0))


def test_classes_of_ones_own_keep_name_and_colour(tmp_path: Path) -> None:
    scan = make_scan()
    scheme = LabelScheme("own", (MaskClass(4, "GA", "Atrophy", (10, 200, 30)),))
    masks = Masks.empty(scan.shape, scheme)
    masks.labels[1, 3:6, 4:9] = 4
    writers.write_hdf5(str(tmp_path / "eye.h5"), _layers(scan, masks))
    assert read_native(tmp_path / "eye.h5").masks.scheme == scheme


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([(np.zeros((2, 9, 9, 3), np.uint8), {"rgb": True}, "image")], "no grey OCT image"),
        ([(np.zeros((2, 2, 9, 9), np.uint8), {}, "image")], "three axes"),
        ([(np.zeros((2, 9, 9), np.uint8), {}, "image")] * 2, "more than one scan"),
        (
            [
                (np.zeros((2, 9, 9), np.uint8), {}, "image"),
                *[(np.zeros((2, 9, 9), np.uint8), {}, "labels")] * 2,
            ],
            "several layers of masks",
        ),
        (
            [
                (np.zeros((2, 9, 9), np.uint8), {}, "image"),
                (np.zeros((2, 9, 8), np.uint8), {}, "labels"),
            ],
            "not of one size",
        ),
        (
            [
                (np.zeros((2, 9, 9), np.uint8), {}, "image"),
                (np.full((2, 9, 9), 300), {}, "labels"),
            ],
            "beyond 255",
        ),
    ],
)
def test_layers_that_are_no_scan_are_refused_in_words(
    layers: list[Layer], words: str, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match=words):
        writers.write_hdf5(str(tmp_path / "eye.h5"), layers)
    assert _files(tmp_path) == set()


# ------------------------------------------------------------------ what is open in the workbench


def test_of_an_open_scan_the_session_is_written_and_not_the_layers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = _session_of(make_scan())
    _open(monkeypatch, opened)
    annotation = opened.session.annotation
    writers.write_hdf5(str(tmp_path / "eye.h5"), _layers(opened.scan, Masks.empty((4, 40, 24))))
    content = read_native(tmp_path / "eye.h5")
    np.testing.assert_array_equal(content.surfaces.values, annotation.surfaces.values)
    np.testing.assert_array_equal(content.masks.labels, annotation.masks.labels)
    np.testing.assert_array_equal(content.states, annotation.states)
    np.testing.assert_array_equal(content.confidence, annotation.confidence)


def test_a_training_folder_of_an_open_scan_has_its_layers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = _session_of(make_scan())
    _open(monkeypatch, opened)
    writers.write_mirage(str(tmp_path / "set.mirage"), _layers(opened.scan))
    assert "ILM-RPE" in read_label_info(tmp_path / "set.mirage").labels
    assert _files(tmp_path / "set.mirage") >= {f"train/bscan/scan_{b}.png" for b in range(4)}
    np.testing.assert_array_equal(
        picture(tmp_path / "set.mirage" / "train" / "bscan" / "scan_2.png"), opened.scan.b_scan(2)
    )


def test_a_stroke_in_hand_is_in_what_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mirage_core.annotate.tools.base import Point
    from mirage_core.annotate.tools.brush import Brush

    opened = _session_of(make_scan())
    _open(monkeypatch, opened)
    runner = opened.runner
    runner.take(Brush())
    runner.press(Point(20.0, 12.0))
    writers.write_hdf5(str(tmp_path / "eye.h5"), _layers(opened.scan))
    written = read_native(tmp_path / "eye.h5").masks.labels
    assert written[0, 20, 12] == runner.options.mask_class


def test_b_scans_that_nobody_worked_on_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = _session_of(make_scan())
    opened.session.annotation.states[:, 2] = State.VENDOR
    _open(monkeypatch, opened)
    writers.write_hdf5(str(tmp_path / "eye.h5"), _layers(opened.scan))
    assert read_native(tmp_path / "eye.h5").b_scans == (0, 1, 3)


# ------------------------------------------------------------------ what all of them hold to


@pytest.mark.parametrize("suffix", sorted(WRITERS))
def test_nothing_that_is_written_tells_who_the_patient_is(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = _session_of(make_scan())
    for one in (None, opened) if suffix != ".csv" else (opened,):
        _open(monkeypatch, one)
        folder = tmp_path / str(one is None)
        folder.mkdir()
        WRITERS[suffix](str(folder / f"eye{suffix}"), _layers(opened.scan))
        for file in folder.rglob("*"):
            if file.is_file():
                text = file.read_bytes().decode("latin-1") + str(file.relative_to(folder))
                assert not [secret for secret in SECRETS if secret in text], file.name


@pytest.mark.parametrize("suffix", [".h5", ".nii.gz", ".csv"])
def test_a_file_that_is_there_is_replaced_whole(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = _session_of(make_scan())
    _open(monkeypatch, opened)
    path = tmp_path / f"eye{suffix}"
    path.write_bytes(b"old")
    WRITERS[suffix](str(path), _layers(opened.scan))
    assert path.read_bytes() != b"old"
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".mirage")]


def test_a_folder_that_is_there_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "set.mirage"
    path.mkdir()
    (path / "mine.txt").write_text("keep")
    with pytest.raises(ExportError, match="left as it is"):
        writers.write_mirage(str(path), _layers())
    assert _files(tmp_path) == {"set.mirage/mine.txt"}


@pytest.mark.parametrize("suffix", [".h5", ".nii.gz", ".mirage"])
def test_a_write_that_fails_leaves_nothing_and_what_was_there_stays(
    suffix: str, tmp_path: Path
) -> None:
    class Broken:
        shape = (4, 40, 24)

        def display(self, b: int) -> Any:
            raise OSError(28, "No space left on device")

        raw = display

    path = tmp_path / f"eye{suffix}"
    if suffix != ".mirage":
        path.write_bytes(b"old")
    before = _files(tmp_path)
    scan = make_scan(pixels=Broken())
    layers = _layers(scan, Masks.empty(scan.shape))
    if suffix == ".nii.gz":  # needs no pixels, but the name by which a scan is told apart
        layers = [layers[0]]
    with pytest.raises((ExportError, OSError)):
        WRITERS[suffix](str(path), layers)
    assert _files(tmp_path) == before
    assert suffix == ".mirage" or path.read_bytes() == b"old"


def test_two_scans_get_two_names_in_a_training_folder(tmp_path: Path) -> None:
    names = set()
    for seed in (3, 4):
        path = tmp_path / f"{seed}.mirage"
        writers.write_mirage(str(path), _layers(make_scan(seed)))
        names |= {file.name.split("_")[0] for file in (path / "train" / "bscan").iterdir()}
    assert len(names) == 2


def test_pictures_of_a_training_folder_are_grey(tmp_path: Path) -> None:
    writers.write_mirage(str(tmp_path / "set.mirage"), _layers())
    for file in (tmp_path / "set.mirage").rglob("*.png"):
        with Image.open(file) as image:
            assert image.mode == "L"
