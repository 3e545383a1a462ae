"""What a figure carries, what is refused and why, quality flags."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mirage_core.annotate import Annotation
from mirage_core.measure.etdrs import SUBFIELDS
from mirage_core.measure.measured import Basis, Measured, covered
from mirage_core.measure.quality import quality_flags
from mirage_core.measure.tables import measure_scan
from mirage_core.scan import (
    ArrayPixels,
    Laterality,
    LinePosition,
    Provenance,
    Scan,
    ScanGeometry,
    ScanPattern,
    Spacing,
    State,
)
from mirage_core.scan.spacing import ENTER_SPACING
from tests.measure.mapped import (
    SLO_MM,
    annotated,
    middle,
    raster,
    row_of,
    typed,
    value_of,
    without_eye,
)


def test_a_figure_names_surfaces_spacing_coverage_and_approval() -> None:
    scan = raster(49, 128)
    annotation = annotated(scan, lambda _x, _y: 300.0)
    annotation.states[:, 24:] = State.APPROVED
    figures = measure_scan(scan, annotation, middle(scan))
    cst = row_of(figures, "ILM..BM", "central", "CST").measured
    assert cst.basis == Basis(("ILM", "BM"), "z file, positions file")
    assert cst.coverage == pytest.approx(1)
    gap_mm = 6.6 / 48
    # The line through the fovea stands for half a gap below the middle.
    assert cst.approved == pytest.approx(0.5 + gap_mm / 2 / (np.pi / 4), abs=0.01)
    assert row_of(figures, "ILM..BM", "outer superior", "mean thickness").measured.approved == 1
    assert row_of(figures, "ILM..BM", "outer inferior", "mean thickness").measured.approved == 0
    fluid = row_of(figures, "IRF", "whole scan", "volume").measured
    assert fluid.approved == pytest.approx(25 / 49)
    assert fluid.basis.spacing == "b file, z file, x file"


def test_approval_takes_both_surfaces() -> None:
    scan = raster(49, 128)
    annotation = annotated(scan, lambda _x, _y: 300.0)
    annotation.states[annotation.surfaces.index("ILM")] = State.APPROVED
    figures = measure_scan(scan, annotation, middle(scan))
    assert row_of(figures, "ILM..BM", "central", "CST").measured.approved == 0


@pytest.mark.parametrize(
    ("axis", "word"),
    [("b", "gap between B-scans"), ("z", "depth scale"), ("x", "lateral scale")],
)
def test_an_unknown_spacing_refuses_what_needs_it_and_says_how_to_give_it(
    axis: str, word: str
) -> None:
    known = raster(49, 128)
    mm = dict(zip("bzx", known.spacing.as_mm(), strict=True)) | {axis: None}
    scan = known.with_spacing(Spacing.from_mm(mm["b"], mm["z"], mm["x"]))
    annotation = annotated(known, lambda _x, _y: 300.0)
    annotation.states[-1] = State.APPROVED
    figures = measure_scan(scan, annotation, middle(known))
    needs = {
        ("ILM..BM", "central", "CST"): "bzx",
        ("ILM..BM", "6 mm", "volume"): "bzx",
        ("IRF", "whole scan", "volume"): "bzx",
        ("IRF", "whole scan", "area"): "bx",
        ("IRF", "whole scan", "height"): "z",
        ("drusen", "3 mm", "volume"): "bzx",
    }
    for key, axes in needs.items():
        figure = row_of(figures, *key).measured
        refused = axis in axes or key[0] == "drusen"
        assert np.isnan(figure.value) == refused, key
        if refused and key[0] != "drusen":
            assert word.lower() in figure.reason.lower()
            assert ENTER_SPACING in figure.reason
        assert figure.text == "–" or not refused
    assert any(flag.name == "spacing unknown" for flag in figures.flags)


def test_nothing_is_measured_from_assumed_positions() -> None:
    scan = raster(49, 128, superior_first=True)
    wrong = tuple(
        LinePosition((2 * p.start[0], p.start[1]), (2 * p.end[0], p.end[1]))
        for p in scan.geometry.positions
        if isinstance(p, LinePosition)
    )
    assumed = replace(
        scan, geometry=replace(scan.geometry, positions=wrong, positions_assumed=True)
    )
    nine = []
    for one in (scan, assumed):
        figures = measure_scan(one, annotated(one, lambda x, y: 300 + x + 2 * y), middle(one))
        nine.append([value_of(figures, "ILM..BM", r, "mean thickness") for r in SUBFIELDS])
    np.testing.assert_allclose(nine[0], nine[1], atol=0.01)
    unknown = assumed.with_spacing(Spacing())
    figures = measure_scan(unknown, annotated(scan, lambda _x, _y: 300.0), middle(scan))
    assert all(r.measured.reason for r in figures.rows if r.measured.unit)


def test_sides_that_nobody_knows_are_not_told_apart() -> None:
    eyeless = without_eye(raster(49, 128))
    figures = measure_scan(eyeless, annotated(eyeless, lambda _x, _y: 300.0), middle(eyeless))
    for region in SUBFIELDS:
        known = not region.endswith(("nasal", "temporal"))
        assert np.isfinite(value_of(figures, "ILM..BM", region, "mean thickness")) == known
    scan = raster(49, 128, positions=False)
    no_up = replace(scan, geometry=replace(scan.geometry, superior_to_inferior=None))
    figures = measure_scan(no_up, annotated(no_up, lambda _x, _y: 300.0), middle(no_up))
    for region in SUBFIELDS:
        known = region == "central"
        assert np.isfinite(value_of(figures, "ILM..BM", region, "mean thickness")) == known
    assert value_of(figures, "ILM..BM", "6 mm", "volume") == pytest.approx(9 * np.pi * 0.3)


def test_a_line_has_no_grid_and_no_volume() -> None:
    scan = Scan(
        ArrayPixels(np.zeros((1, 40, 64), np.uint8)),
        Spacing.from_mm(None, 0.004, 0.01),
        ScanGeometry(ScanPattern.LINE),
        laterality=Laterality.OD,
    )
    figures = measure_scan(scan, Annotation.empty(scan.shape))
    reasons = {r.structure: r.measured.reason for r in figures.rows if r.region != "6 mm"}
    assert reasons["ILM..BM"] == "There is no ILM and no BM in this annotation."
    assert "Nobody has looked" in reasons["IRF"]
    annotation = Annotation.empty(scan.shape)
    annotation.surfaces.values[:] = np.arange(12)[:, None, None]
    annotation.states[:] = State.EDITED
    figures = measure_scan(scan, annotation)
    assert "line scan" in row_of(figures, "ILM..BM", "central", "CST").measured.reason
    assert "line scan" in row_of(figures, "IRF", "whole scan", "volume").measured.reason


def test_layers_are_named_by_their_surfaces() -> None:
    scan = raster(25, 64)
    annotation = annotated(scan, lambda _x, _y: 300.0)
    annotation.surfaces.values[annotation.surfaces.index("RPE")] = 60.0
    figures = measure_scan(scan, annotation, middle(scan))
    layers = [r.structure for r in figures.rows if r.region == "central"]
    assert list(dict.fromkeys(layers)) == ["ILM..BM", "ILM..RPE", "RPE..BM"]
    assert value_of(figures, "ILM..RPE", "central", "CST") == pytest.approx(220, abs=0.01)
    assert not any("CRT" in r.figure for r in figures.rows)


def test_another_grid_is_an_error() -> None:
    with pytest.raises(ValueError, match="an annotation of"):
        measure_scan(raster(25, 64), Annotation.empty((25, 10, 64)))


def test_a_value_and_a_reason_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="refused exactly when"):
        Measured(1.0, "um", "because")
    with pytest.raises(ValueError, match="refused exactly when"):
        Measured(float("nan"), "um")
    assert covered(5.0, "um", Basis(), 0.95, 0.0).value == 5.0
    just_short = covered(5.0, "um", Basis(), 0.9499, 0.0)
    assert just_short.reason.startswith("Known on 94.9 %")
    assert Measured(267.6, "um").text == "268"


def flags_of(scan: Scan, annotation: Annotation | None = None, **kwargs: object) -> dict[str, str]:
    drawn = annotation or Annotation.empty(scan.shape)
    flags = quality_flags(scan, drawn, **kwargs)  # type: ignore[arg-type]
    return {flag.name: flag.text for flag in flags}


def test_a_good_scan_has_no_flags() -> None:
    scan = raster(25, 64)
    assert flags_of(scan, annotated(scan, lambda _x, _y: 100.0)) == {}


def test_flags_say_what_is_wrong_and_where() -> None:
    up = np.array([-3.0, -2.5, -2.0, -1.0, -0.5, 0.0, 0.02, 0.5, 1.0])
    scan = replace(raster(width=64, places_mm=up), quality=np.r_[np.full(8, 30), 9].astype("f4"))
    annotation = annotated(scan, lambda _x, _y: 100.0)
    annotation.surfaces.values[annotation.surfaces.index("ILM"), 2, :3] = 0.0
    annotation.surfaces.values[annotation.surfaces.index("RPE"), 4, 7] = 60.0
    flags = {f.name: f for f in quality_flags(scan, annotation)}
    assert flags["missing B-scans"].b_scans == (2,)
    assert flags["duplicated B-scans"].b_scans == (6,)
    assert flags["low signal"].b_scans == (8,)
    assert flags["clipped retina"].b_scans == (2,)
    assert flags["crossing surfaces"].b_scans == (4,)
    assert "on 1 A-scan" in flags["crossing surfaces"].text


def test_doubtful_places_and_scales_are_flagged() -> None:
    scan = raster(25, 64)
    wrong = replace(scan, geometry=replace(scan.geometry, slo_mm_per_px=(SLO_MM[0], 0.012)))
    assert "positions and spacing differ" in flags_of(wrong)
    assert "spacing typed" in flags_of(typed(scan))
    assert "eye unknown" in flags_of(without_eye(scan))
    assert "spacing unknown" in flags_of(scan.with_spacing(Spacing()))
    assumed = replace(scan, geometry=replace(scan.geometry, positions_assumed=True))
    assert "positions assumed" in flags_of(assumed)
    derived = Spacing.from_mm(*scan.spacing.as_mm(), source=Provenance.DERIVED)
    assert flags_of(scan.with_spacing(derived)) == {}


def test_the_same_image_twice_is_found_in_the_pixels() -> None:
    scan = raster(5, 64)
    volume = np.random.default_rng(0).integers(0, 255, scan.shape, dtype=np.uint8)
    volume[3] = volume[1]
    flags = {
        f.name: f
        for f in quality_flags(
            replace(scan, pixels=ArrayPixels(volume)), Annotation.empty(scan.shape), pixels=True
        )
    }
    assert flags["identical B-scans"].b_scans == (3,)
