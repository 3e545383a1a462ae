"""What holds for every export; tables and pictures read again and compared."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from mirage_core import RESEARCH_USE_ONLY
from mirage_core.annotate import Annotation
from mirage_core.io.export_request import ExportRequest
from mirage_core.io.exporting import export, exporter_names, make_exporter
from mirage_core.scan import (
    ArrayPixels,
    Scan,
    Spacing,
)
from tests.io.exported_eye import (
    APPROVED,
    SECRETS,
    make_scan,
    picture,
    request,
    write,
)


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


def test_export_json_says_where_the_spacing_came_from(tmp_path: Path) -> None:
    scan = make_scan()
    scan = scan.with_spacing(scan.spacing.with_user(dz=0.005))
    _, folder = write("csv", tmp_path, request(scan))
    (entry,) = json.loads((folder / "export.json").read_text())["scans"].values()
    assert entry["spacing"]["z"] == {"mm": 0.005, "source": "user"}
    assert entry["superior_to_inferior"] is False


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
