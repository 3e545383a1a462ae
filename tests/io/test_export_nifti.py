"""Label volumes are read with nibabel: labels, axes, affine, names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from mirage_core.io.atomic import ExportError
from mirage_core.scan import (
    LinePosition,
    ScanGeometry,
    ScanPattern,
    Spacing,
    layer_map,
)
from tests.io.exported_eye import (
    make_scan,
    request,
    write,
)


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


@pytest.mark.parametrize(
    ("start", "end", "step", "code"),
    [
        ((2.5, 4.0), (28.5, 4.0), (0, 4), ("I", "P", "L")),  # upright, the first on the left
        ((28.5, 28.0), (2.5, 28.0), (0, -4), ("S", "P", "R")),
        ((4.0, 28.5), (4.0, 2.5), (4, 0), ("R", "P", "I")),  # lying, drawn leftwards
        ((28.0, 2.5), (29.0, 28.5), (-4, 0), ("L", "P", "S")),  # a little tilted
    ],
)
def test_label_volumes_lie_as_the_lines_on_the_slo(
    start: tuple[float, float],
    end: tuple[float, float],
    step: tuple[float, float],
    code: tuple[str, str, str],
    tmp_path: Path,
) -> None:
    offsets = [np.multiply(step, b) for b in range(4)]
    lines = tuple(LinePosition(tuple(start + o), tuple(end + o)) for o in offsets)
    order = {"I": True, "S": False}.get(code[2])
    made = request(make_scan(geometry=ScanGeometry(ScanPattern.RASTER, lines, order)))
    _, folder = write("nifti", tmp_path, made)
    image: Any = nib.load(folder / "eye_masks.nii.gz")
    assert nib.aff2axcodes(image.affine) == code
    np.testing.assert_allclose(
        np.linalg.norm(image.affine[:3, :3], axis=0), [0.011, 0.004, 0.12], rtol=1e-6
    )
    assert json.loads((folder / "eye_labels.json").read_text())["remarks"] == []


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
