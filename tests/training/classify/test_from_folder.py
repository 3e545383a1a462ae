"""A class folder is read as it lies; what does not fit together is said."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mirage_core.io.errors import ReadError
from mirage_core.training.classify.from_folder import (
    is_class_folder,
    patient_of,
    read_class_folder,
)
from mirage_core.training.finetune.errors import TeachError
from tests.training.classify.eyes import picture, write_folder


def test_pictures_come_with_class_part_and_patient(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "set", {"train": {"dark": 4, "bright": 2}, "test": {"dark": 2}})
    (root / "train" / "dark" / "notes.txt").write_text("not a picture")
    (root / "train" / "dark" / ".hidden.png").write_bytes(b"x")
    assert is_class_folder(root)
    data = read_class_folder(root)
    assert data.labels == ("bright", "dark")
    assert [e.part for e in data.examples] == ["train"] * 6 + ["test"] * 2
    assert data.counts() == {1: 6, 0: 2}
    assert len(data.patients) == 4
    assert "1 file in it is no scan" in data.notes[0]
    again = pickle.loads(pickle.dumps(data))
    assert again.fingerprint() == data.fingerprint()


def test_a_folder_of_pictures_and_a_scan_file_are_volumes(tmp_path: Path) -> None:
    for name in ("dark", "bright"):
        eye = tmp_path / "train" / name / f"{name}eye"
        eye.mkdir(parents=True)
        for b in range(3):
            Image.fromarray(picture(0, b)).save(eye / f"{b}.png")
        np.savez(tmp_path / "train" / name / f"{name}2.npz", volume=np.zeros((4, 30, 20), np.uint8))
    data = read_class_folder(tmp_path)
    assert sorted(len(e.b_scans) for e in data.examples) == [3, 3, 4, 4]
    assert data.of_volumes
    assert {e.patient for e in data.examples} >= {"darkeye", "brighteye"}


@pytest.mark.parametrize(
    ("name", "patient"),
    [
        ("CNV-103044-19", "103044"),
        ("DME-abc12-3", "abc12"),
        ("eye7_12", "eye7"),
        ("eye7-12", "eye7"),
        ("someone", "someone"),
    ],
)
def test_names_tell_the_patient(name: str, patient: str) -> None:
    assert patient_of(name) == patient


def test_a_class_that_is_not_learnt_from_is_refused(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "set", {"train": {"dark": 2, "bright": 2}, "test": {"dark": 2}})
    (root / "test" / "dark").rename(root / "test" / "Dark")
    with pytest.raises(TeachError, match=r"class 'Dark' that train/ has not.*bright, dark"):
        read_class_folder(root)


def test_one_class_is_nothing_to_tell_apart(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "set", {"train": {"dark": 2}})
    (root / "train" / "bright").mkdir()
    with pytest.raises(TeachError, match="holds 1 classes"):
        read_class_folder(root)


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "set", {"train": {"dark": 2, "bright": 2}})
    path = next((root / "train" / "dark").iterdir())
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(ReadError):
        read_class_folder(root).fingerprint()


def test_other_folders_are_no_class_folders(tmp_path: Path) -> None:
    assert not is_class_folder(tmp_path)
    (tmp_path / "train" / "bscan").mkdir(parents=True)
    assert is_class_folder(tmp_path)
    (tmp_path / "INFO.json").write_text("{}")
    assert not is_class_folder(tmp_path)
