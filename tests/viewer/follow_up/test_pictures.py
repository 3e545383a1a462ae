"""What is seen of two visits: the second in the frame of the first, and the change of truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mirage_core.annotate import Annotation
from mirage_core.measure.followup import Visit
from mirage_core.measure.fovea import Fovea
from mirage_core.scan import Scan
from mirage_viewer.canvas.color_maps import DIFFERENCE, color_index, color_table
from mirage_viewer.follow_up.comparison import Comparison, compare, well_known, with_maps
from mirage_viewer.follow_up.pictures import Pictures, scale_of_change_um
from mirage_viewer.follow_up.visits import VisitLine
from tests.viewer.follow_up.studies import DAYS, GROWN_UM, first_visit, second_visit

LINES = tuple(VisitLine(str(i), day, "", "", "") for i, day in enumerate(DAYS[:2]))


def visit(scan: Scan) -> Visit:
    return Visit(scan, Annotation.for_scan(scan))


@pytest.fixture(scope="module")
def found() -> Comparison:
    visits = visit(first_visit()), visit(second_visit())
    return compare(LINES, visits, None, ("ILM", "BM"), {})  # type: ignore[arg-type]


def grown(pictures: Pictures) -> np.ndarray:
    assert pictures.change is not None
    return pictures.change.values


def test_the_change_of_a_known_growth_is_that_growth(found: Comparison) -> None:
    values = grown(found.pictures)
    known = np.isfinite(values)
    assert known.mean() > 0.2
    assert np.nanmedian(values) == pytest.approx(GROWN_UM, abs=1)
    assert np.percentile(np.abs(values[known] - GROWN_UM), 90) < 8
    assert found.pictures.change_grid is not None
    central = found.pictures.change_grid.cells[0].text
    assert float(central) == pytest.approx(GROWN_UM, abs=2)
    assert central.startswith("+")


def test_the_second_map_lies_on_the_tissue_of_the_first(found: Comparison) -> None:
    first, second = found.pictures.first.heat, found.pictures.second.heat
    assert first is not None
    assert second is not None
    both = np.isfinite(first.values) & np.isfinite(second.values)
    assert both.mean() > 0.3
    off = (second.values - first.values)[both] - GROWN_UM
    assert abs(np.median(off)) < 1
    assert np.percentile(np.abs(off), 90) < 8
    # Without the turn and the shift it would not.
    unmoved = replace(found.found.registration, matrix=np.eye(2, 3))  # type: ignore[type-var]
    wrong = compare(LINES, found.visits, unmoved, ("ILM", "BM"), {})  # type: ignore[arg-type]
    assert np.nanpercentile(np.abs(grown(wrong.pictures) - GROWN_UM), 90) > 20


def test_both_grids_have_their_middle_on_one_place(found: Comparison) -> None:
    grids = found.pictures.first.grid, found.pictures.second.grid
    middles = [g.frame.to_px(g.centre_mm) for g in grids if g is not None]
    assert len(middles) == 2
    assert np.hypot(*(middles[0] - middles[1])) < 1.0


def test_grids_about_different_places_stay_where_they_are_and_have_no_change() -> None:
    """A person put the fovea of the second visit only: each is measured about its own."""
    put = Fovea(12.0, 30.0)
    visits = visit(first_visit()), replace(visit(second_visit()), fovea=put)
    made = compare(LINES, visits, None, ("ILM", "BM"), {})  # type: ignore[arg-type]
    assert made.found.fovea == put
    grids = made.pictures.first.grid, made.pictures.second.grid
    middles = [g.frame.to_px(g.centre_mm) for g in grids if g is not None]
    assert len(middles) == 2
    assert np.hypot(*(middles[0] - middles[1])) > 10
    assert made.pictures.change_grid is None
    assert made.pictures.change is not None  # it is of the tissue, whatever the fovea


def test_the_change_lies_where_the_scan_lies(found: Comparison) -> None:
    """The middle of the map is the fovea of the first visit."""
    pictures = found.pictures
    row, col, rows, cols = pictures.area_px
    grid = pictures.first.grid
    assert grid is not None
    middle = grid.frame.to_px(grid.centre_mm)
    assert (row + rows / 2, col + cols / 2) == pytest.approx(tuple(middle), abs=0.6)


def test_the_scale_of_a_change_is_the_same_both_ways_and_none_is_white() -> None:
    values = np.linspace(-60, 10, 1000, dtype=np.float32)
    ends = scale_of_change_um(values)
    assert ends == 60
    assert scale_of_change_um(np.full(4, np.nan, np.float32)) == 20
    table = color_table(DIFFERENCE)
    none, less, more, unknown = table[
        color_index(np.array([0.0, -60.0, 60.0, np.nan]), -ends, ends)
    ]
    assert none == 0xFFF7F7F7
    assert less & 0xFF > (less >> 16) & 0xFF  # blue
    assert (more >> 16) & 0xFF > more & 0xFF  # red
    assert unknown == 0  # clear


def test_other_surfaces_are_mapped_without_measuring_again(found: Comparison) -> None:
    other = with_maps(found, ("RNFL/GCL", "BM"))
    assert other.found is found.found
    assert abs(np.nanmedian(grown(other.pictures))) < 1  # only the ILM was moved
    gone = with_maps(found, ("ILM", "CSI"))
    if "CSI" not in found.surfaces:
        assert gone.pictures.change is None
        assert "There is no CSI" in gone.pictures.why


def test_both_maps_of_a_layer_share_one_scale(found: Comparison) -> None:
    other = with_maps(found, ("ILM", "RNFL/GCL"))
    first, second = other.pictures.first.heat, other.pictures.second.heat
    assert first is not None
    assert second is not None
    assert (first.low, first.high) == (second.low, second.high)


def test_a_slip_by_hand_changes_map_and_provenance(found: Comparison) -> None:
    from mirage_core.measure.placing import moved
    from mirage_core.measure.registration import Registration, RegistrationSource

    assert found.registration is not None
    matrix = moved(found.registration.matrix, 0, 25)
    nan = float("nan")
    slipped = well_known(found.visits, Registration(matrix, nan, nan, RegistrationSource.USER))
    assert slipped is not None
    assert slipped.alike < found.registration.alike
    assert well_known(found.visits, slipped) is slipped
    other = compare(LINES, found.visits, slipped, ("ILM", "BM"), {})  # type: ignore[arg-type]
    assert np.nanstd(grown(other.pictures)) > 2 * np.nanstd(grown(found.pictures))
    assert any("by hand" in w for w in other.found.warnings)


def test_without_an_slo_each_visit_is_seen_en_face_in_its_own_frame() -> None:
    scans = [replace(s, slo=None) for s in (first_visit(), second_visit())]
    made = compare(LINES, (visit(scans[0]), visit(scans[1])), None, ("ILM", "BM"), {})  # type: ignore[arg-type]
    assert made.registration is None
    assert made.start is None
    assert made.why_not_moved
    assert made.pictures.change is None
    assert "not brought together" in made.pictures.why
    assert made.pictures.first.fundus.image.shape == (25, 96)
    assert made.pictures.second.heat is not None
