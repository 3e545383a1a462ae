"""The native file brings back scan and annotation, and only ReadError."""

from __future__ import annotations

import contextlib
import json
import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mirage_core import RESEARCH_USE_ONLY
from mirage_core.annotate import Annotation, State
from mirage_core.io import open_scan
from mirage_core.io.assumed_positions import with_assumed_positions
from mirage_core.io.errors import ReadError
from mirage_core.io.export_hdf5 import read_native
from mirage_core.io.export_request import ExportRequest
from mirage_core.io.exporting import export, make_exporter
from mirage_core.scan import (
    CirclePosition,
    ScanGeometry,
    ScanPattern,
    Spacing,
)
from tests.io.exported_eye import (
    make_annotation,
    make_scan,
    request,
    write,
)


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


def test_assumed_positions_still_say_so_in_the_native_file(tmp_path: Path) -> None:
    scan = with_assumed_positions(make_scan(geometry=ScanGeometry()))
    _, folder = write("hdf5", tmp_path, request(scan))
    back = open_scan(folder / "eye.h5")
    assert back.geometry.positions_assumed
    assert any("for orientation only" in note for note in back.notes)


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
