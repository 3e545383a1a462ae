"""The napari plugin's manifest is valid and its readers give layer data; no napari needed."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import napari_mirage
from mirage_core.scan import ArrayPixels, Scan, Spacing
from napari_mirage.layers import scan_layers
from napari_mirage.reader import get_reader

MANIFEST = Path(napari_mirage.__file__).with_name("napari.yaml")


def test_the_manifest_is_valid_and_its_python_names_resolve() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # npe2 0.8 trips over pydantic's own deprecations
        npe2 = pytest.importorskip("npe2")
        manifest = npe2.PluginManifest.from_file(MANIFEST)
        manifest.validate_imports()
    # napari ignores a manifest that is not named after the distribution that brings it.
    assert manifest.name == "mirage-viewer"


def test_a_volume_file_becomes_an_image_layer(tmp_path: Path) -> None:
    volume = np.random.default_rng(0).integers(0, 255, (3, 40, 50), dtype=np.uint8)
    path = tmp_path / "volume.npy"
    np.save(path, volume)
    reader = get_reader(str(path))
    assert reader is not None
    data, options, kind = reader(str(path))[0]
    assert kind == "image"
    np.testing.assert_array_equal(data, volume)
    assert options["metadata"]["spacing"]["z"] == {"mm": None, "source": "unknown"}


def test_other_files_are_left_to_other_plugins(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("not a scan")
    assert get_reader(str(note)) is None
    assert get_reader([str(note), str(note)]) is None


def test_scale_is_in_mm_where_it_is_known() -> None:
    pixels = ArrayPixels(np.zeros((2, 8, 8), np.uint8))
    layers = scan_layers(Scan(pixels, Spacing.from_mm(None, 0.004, 0.01)))
    assert layers[0][1]["scale"] == (1.0, 0.004, 0.01)


def test_importing_the_plugin_imports_no_qt_and_no_torch() -> None:
    code = (
        "import sys, napari_mirage, napari_mirage.reader, napari_mirage.sample\n"
        "bad = {'PySide6', 'qtpy', 'torch', 'timm', 'napari'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(bad)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
