"""`make demo`: the real window does the main job on the simulated eye."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from mirage_core.annotate import State


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    out = tmp_path_factory.mktemp("tour") / "demo-output"
    done = subprocess.run(
        [sys.executable, "-m", "mirage_viewer.tour", "--out", str(out)],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return out, done.stdout


def test_every_file_it_names_is_there(tour: tuple[Path, str]) -> None:
    out, said = tour
    named = [Path(line.strip()) for line in said.split("Written:\n")[1].splitlines()]
    assert named
    assert all(path.is_file() and path.stat().st_size > 0 for path in named)
    assert {p.parent.name for p in named} >= {"screenshots"}
    assert (out / "project" / "project.db").is_file()


def test_the_screenshots_show_one_step_after_another(tour: tuple[Path, str]) -> None:
    pictures = [Image.open(p) for p in sorted((tour[0] / "screenshots").glob("*.png"))]
    assert len(pictures) == 6
    assert all(p.size == (1440, 900) for p in pictures)
    arrays = [np.asarray(p.convert("RGB")).astype(int) for p in pictures]
    for before, after in itertools.pairwise(arrays):
        assert np.abs(after - before).max() > 50


def test_the_corrections_are_in_the_exported_masks(tour: tuple[Path, str]) -> None:
    (path,) = (tour[0] / "exports" / "hdf5").rglob("*.h5")
    with h5py.File(path) as file:
        states = file["states"][:]
        srf_b_scans = (file["masks"][:] == 2).any(axis=(1, 2))
    approved = (states == State.APPROVED).any(axis=0)
    assert 1 <= approved.sum() <= 3
    assert (approved & srf_b_scans).any()


def test_the_training_folder_pairs_images_with_masks(tour: tuple[Path, str]) -> None:
    (info,) = (tour[0] / "exports" / "mirage").rglob("INFO.json")
    values = {entry["value"] for entry in json.loads(info.read_text()).values()}
    images = sorted(p.name for p in info.parent.glob("*/bscan/*.png"))
    masks = sorted(info.parent.glob("*/semseg/*.png"))
    assert images == [p.name for p in masks]
    assert images
    for mask in masks:
        assert set(np.unique(np.asarray(Image.open(mask)))) <= values
