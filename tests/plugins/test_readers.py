"""Every file the core reads becomes layers, and so does a project, which stays as it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from mirage_core.annotate import Annotation, Session
from mirage_core.io import ReadError, supported_suffixes
from mirage_core.io.export_request import ExportRequest
from mirage_core.io.exporting import export, make_exporter
from mirage_core.project import Project, ProjectError
from mirage_core.scan import ArrayPixels, Scan, Surfaces
from napari_mirage import project_layers, training_layers
from napari_mirage.reader import get_reader
from tests.helpers.vol_writer import PATIENT_ID, write_vol
from tests.project.eyes import make_scan

SHAPE = (3, 40, 50)
VOLUME = np.random.default_rng(0).integers(0, 255, SHAPE, dtype=np.uint8)


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIRAGE_CONFIG_DIR", str(tmp_path / "config"))


def _read(path: Path) -> list[Any]:
    reader = get_reader(str(path))
    assert reader is not None
    return reader(str(path))


def _native(path: Path) -> None:
    scan = Scan(ArrayPixels(VOLUME))
    request = ExportRequest(scan, Annotation.for_scan(scan), (0, 1, 2), "eye")
    export(make_exporter("hdf5"), [request], path.with_suffix(".h5"))
    path.with_suffix(".h5").replace(path)


def _numpy(path: Path, save: Callable[[Any], object]) -> None:
    # Given a name, numpy would put a suffix of its own behind it.
    with path.open("wb") as file:
        save(file)


def _images(path: Path) -> None:
    Image.fromarray(VOLUME[0]).save(path)


WRITE: dict[str, Callable[[Path], object]] = {
    ".vol": lambda path: write_vol(path, VOLUME),
    ".tif": lambda path: tifffile.imwrite(path, VOLUME, photometric="minisblack"),
    ".tiff": lambda path: tifffile.imwrite(path, VOLUME, photometric="minisblack"),
    ".npy": lambda path: _numpy(path, lambda file: np.save(file, VOLUME)),
    ".npz": lambda path: _numpy(path, lambda file: np.savez(file, volume=VOLUME)),
    ".h5": _native,
    ".hdf5": _native,
    ".png": _images,
    ".jpg": _images,
    ".jpeg": _images,
    ".bmp": _images,
}


def test_there_is_an_example_of_every_suffix() -> None:
    assert set(WRITE) == set(supported_suffixes())


@pytest.mark.parametrize("suffix", sorted(WRITE))
@pytest.mark.parametrize("written", [str.lower, str.upper])
def test_every_kind_of_file_becomes_an_image_layer(
    suffix: str, written: Callable[[str], str], tmp_path: Path
) -> None:
    path = tmp_path / f"eye{written(suffix)}"
    WRITE[suffix](path)
    data, options, kind = _read(path)[0]
    assert kind == "image"
    assert data.ndim == 3
    assert options["metadata"]["mirage"] == {"path": str(path)}
    if suffix not in (".vol", ".png", ".jpg", ".jpeg", ".bmp"):
        np.testing.assert_array_equal(data, VOLUME)


def test_a_folder_of_images_is_one_volume(tmp_path: Path) -> None:
    for b, image in enumerate(VOLUME):
        Image.fromarray(image).save(tmp_path / f"{b}.png")
    np.testing.assert_array_equal(_read(tmp_path)[0][0], VOLUME)


def test_where_a_scale_is_unknown_the_layer_says_so(tmp_path: Path) -> None:
    np.save(tmp_path / "eye.npy", VOLUME)
    options = _read(tmp_path / "eye.npy")[0][1]
    assert options["metadata"]["spacing"]["z"] == {"mm": None, "source": "unknown"}
    assert options["units"] == ("pixel",) * 3


def test_other_files_are_left_to_other_plugins(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("not a scan")
    (tmp_path / "empty").mkdir()
    assert get_reader(str(note)) is None
    assert get_reader(str(tmp_path / "empty")) is None
    assert get_reader(str(tmp_path / "gone.vol")) is None


def test_a_list_of_files_is_left_to_napari(tmp_path: Path) -> None:
    np.save(tmp_path / "eye.npy", VOLUME)
    assert get_reader([str(tmp_path / "eye.npy")] * 2) is None


def test_a_damaged_file_says_in_a_sentence_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "eye.npz"
    np.savez(path, volume=VOLUME)
    reader = get_reader(str(path))
    assert reader is not None
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ReadError) as caught:
        reader(str(path))
    assert caught.value.what
    assert caught.value.hint


def test_a_native_file_brings_its_masks_with_names_of_their_classes(tmp_path: Path) -> None:
    scan = Scan(ArrayPixels(VOLUME))
    annotation = Annotation.for_scan(scan)
    annotation.masks.labels[1, 5:9, 7:20] = 2
    export(
        make_exporter("hdf5"), [ExportRequest(scan, annotation, (1,), "eye")], tmp_path / "eye.h5"
    )
    (_, image, _), (labels, options, kind) = _read(tmp_path / "eye.h5")
    assert kind == "labels"
    np.testing.assert_array_equal(labels, annotation.masks.labels)
    assert options["metadata"]["classes"][2] == "SRF"
    assert options["scale"] == image["scale"]


def test_surfaces_of_the_file_stay_with_the_volume(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "eye.npz",
        volume=VOLUME,
        surfaces=np.full((1, 3, 50), 7.5, np.float32),
        names=np.array(["ILM"]),
    )
    surfaces = _read(tmp_path / "eye.npz")[0][0].scan.vendor_surfaces
    assert isinstance(surfaces, Surfaces)
    np.testing.assert_array_equal(surfaces["ILM"], np.full((3, 50), 7.5))


def test_no_layer_of_a_patients_file_tells_who_it_is(tmp_path: Path) -> None:
    write_vol(tmp_path / "eye.vol", VOLUME)
    for _, options, _ in _read(tmp_path / "eye.vol"):
        told = repr({**options, "metadata": {**options["metadata"], "mirage": None}})
        assert PATIENT_ID not in told
        assert "1970" not in told


# ------------------------------------------------------------------ projects


def _paint(session: Session, b: int, label: int) -> None:
    draft = session.draft(b)
    draft.mask[4:9, 10:20] = label
    session.commit(draft, "brush", f"Brush on B-scan {b + 1}")


def _study(folder: Path, *seeds: int, store: bool = True) -> Project:
    project = Project.create(folder)
    for seed in seeds:
        record = project.add_scan(make_scan(seed))
        if store:
            project.import_pixels(record, make_scan(seed))
    return project


def _work(project: Project, number: int, author: str, b: int, label: int) -> np.ndarray:
    """Let `author` paint on scan `number`; return the masks."""
    session = project.session(project.worklist()[number].scan, author)
    _paint(session, b, label)
    masks = session.annotation.masks.labels.copy()
    project.close_session(session)
    return masks


def _content(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def _listen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    for module in (project_layers, training_layers):
        monkeypatch.setattr(module, "notify", said.append)
    return said


def test_a_project_opens_at_the_work_that_was_edited_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = _listen(monkeypatch)
    with _study(tmp_path / "study", 0, 1, 2) as project:
        _work(project, 2, "ada", 0, 1)
        _work(project, 1, "ada", 2, 3)
        masks = _work(project, 1, "ben", 3, 4)
        second = project.worklist()[1].scan
    (data, image, _), (labels, options, kind), _ = _read(tmp_path / "study")
    assert kind == "labels"
    np.testing.assert_array_equal(data, np.stack([make_scan(1).b_scan(b) for b in range(6)]))
    np.testing.assert_array_equal(labels, masks)
    assert image["metadata"]["mirage"] == {
        "project": str(tmp_path / "study"),
        "scan": second.id,
    }
    assert options["name"] == f"Masks · {second.pseudonym} · ben"
    assert len(said) == 1
    assert "3 scans" in said[0]
    assert "Worklist" in said[0]


def test_a_project_of_one_scan_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = _listen(monkeypatch)
    _study(tmp_path / "study", 0).close()
    layers = _read(tmp_path / "study")
    assert [kind for _, _, kind in layers] == ["image", "image"], "nobody worked on it"
    assert said == []


def test_reading_a_project_changes_no_byte_of_it(tmp_path: Path) -> None:
    with _study(tmp_path / "study", 0, 1) as project:
        _work(project, 0, "ada", 1, 2)
    before = _content(tmp_path / "study")
    np.asarray(_read(tmp_path / "study")[0][0])
    after = _content(tmp_path / "study")
    assert {name: after[name] for name in before} == before
    # SQLite itself leaves where its readers meet, and a log that says nothing.
    left = {name: after[name] for name in after if name not in before}
    assert set(left) <= {"project.db-shm", "project.db-wal"}
    assert not left.get("project.db-wal")


def test_a_project_that_somebody_works_in_can_be_read(tmp_path: Path) -> None:
    with _study(tmp_path / "study", 0) as project:
        session = project.session(project.worklist()[0].scan, "ada")
        _paint(session, 1, 2)
        labels = _read(tmp_path / "study")[1][0]
        np.testing.assert_array_equal(labels, session.annotation.masks.labels)
        _paint(session, 2, 3)
        assert not session.unsaved


def test_in_a_blind_project_others_work_stays_unseen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _study(tmp_path / "study", 0) as project:
        masks = _work(project, 0, "ada", 0, 1)
        _work(project, 0, "ben", 3, 4)
        project.set_blind(True, "lead")
    assert [kind for _, _, kind in _read(tmp_path / "study")] == ["image", "image"]
    config = tmp_path / "config"
    config.mkdir(exist_ok=True)
    (config / "settings.json").write_text(json.dumps({"grader": "ada"}))
    np.testing.assert_array_equal(_read(tmp_path / "study")[1][0], masks)


@pytest.mark.parametrize(("seeds", "words"), [((), "no scans yet"), ((0,), "not copied")])
def test_a_project_without_pixels_says_what_to_do(
    seeds: tuple[int, ...], words: str, tmp_path: Path
) -> None:
    _study(tmp_path / "study", *seeds, store=False).close()
    with pytest.raises(ReadError, match=words) as caught:
        _read(tmp_path / "study")
    assert "Worklist" in caught.value.hint


def test_a_database_of_another_program_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "project.db").write_bytes(b"SQLite format 3\0" + b"x" * 200)
    with pytest.raises(ProjectError):
        _read(tmp_path)


# ------------------------------------------------------------------ training folders


def _training_folder(folder: Path) -> Annotation:
    scan = Scan(ArrayPixels(VOLUME))
    annotation = Annotation.for_scan(scan)
    for name, depth in (("ILM", 10), ("RPE", 25), ("BM", 30)):
        annotation.surfaces.values[annotation.surfaces.index(name)] = depth
    annotation.masks.labels[1, 15:20, 7:20] = 2
    export(make_exporter("mirage"), [ExportRequest(scan, annotation, (0, 1, 2), "eye")], folder)
    return annotation


def test_a_training_folder_is_its_b_scans_and_labels_by_name(tmp_path: Path) -> None:
    annotation = _training_folder(tmp_path / "set")
    (data, image, _), (labels, options, kind) = _read(tmp_path / "set")
    assert kind == "labels"
    np.testing.assert_array_equal(data, VOLUME)
    names = options["metadata"]["classes"]
    of = {name: value for value, name in names.items()}
    np.testing.assert_array_equal(labels == of["SRF"], annotation.masks.labels == 2)
    assert (labels[0, 12] == of["ILM-RPE"]).all()
    assert image["metadata"]["mirage"] == {"path": str(tmp_path / "set" / "train" / "bscan")}


def test_the_other_splits_of_a_training_folder_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = _listen(monkeypatch)
    _training_folder(tmp_path / "set")
    (tmp_path / "set" / "test" / "bscan").mkdir(parents=True)
    _read(tmp_path / "set")
    assert len(said) == 1
    assert "train, test" in said[0]


def test_a_map_with_a_value_that_is_not_listed_is_refused(tmp_path: Path) -> None:
    _training_folder(tmp_path / "set")
    wrong = np.full(SHAPE[1:], 77, np.uint8)
    Image.fromarray(wrong).save(tmp_path / "set" / "train" / "semseg" / "eye_0.png")
    with pytest.raises(ReadError, match="77"):
        _read(tmp_path / "set")
