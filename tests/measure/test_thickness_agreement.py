"""Thickness of two graders in pairs: which regions are paired, and what of them is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mirage_core.annotate import Annotation, State
from mirage_core.measure.comparison import compare
from mirage_core.measure.figures import by_hand_words, figures, of_thickness
from mirage_core.measure.thickness_agreement import (
    ThicknessAgreement,
    Unit,
    between_eyes,
    thickness_agreement,
)
from mirage_core.scan import Laterality, Scan, Spacing
from tests.measure.mapped import DZ_MM, annotated, middle, raster, without_eye

UM = 1000 * DZ_MM


def pair(scan: Scan, extra_um: float = 8.0, slope: float = 0.0) -> tuple[Annotation, Annotation]:
    """The first has the retina thicker by `extra_um`, and by `slope` of what the second has."""
    second = annotated(scan, lambda x, y: 250 + 20 * np.hypot(x, y), State.EDITED)
    first = annotated(
        scan, lambda x, y: (250 + 20 * np.hypot(x, y)) * (1 + slope) + extra_um, State.EDITED
    )
    return first, second


def whole(scan: Scan, one: Annotation, other: Annotation, **kwargs: object) -> ThicknessAgreement:
    every = range(scan.n_b_scans)
    found, why = thickness_agreement(one, other, scan, kwargs.pop("b_scans", every), middle(scan))
    assert not why
    return found[0]


def test_the_pairs_are_the_nine_subfields_and_not_thousands_of_a_scans() -> None:
    scan = raster()
    found = whole(scan, *pair(scan))
    assert (found.upper, found.lower, found.unit) == ("ILM", "BM", Unit.SUBFIELD)
    assert found.analysis.n == len(found.names) == 9
    assert found.names[0] == "central"
    np.testing.assert_allclose(found.first - found.second, 8, atol=1e-3)
    assert found.analysis.bias.value == pytest.approx(8, abs=1e-3)
    assert found.analysis.sd == pytest.approx(0, abs=1e-3)
    # A cone of slope 20: the closed form of the ETDRS grid, 250 + 20 / 3 in the middle.
    assert found.second[0] == pytest.approx(250 + 20 / 3, abs=0.1)


def test_a_grader_who_draws_a_tenth_more_has_a_proportional_bias() -> None:
    scan = raster()
    found = whole(scan, *pair(scan, 0.0, 0.1)).analysis
    assert found.slope.value == pytest.approx(0.1 / 1.05, rel=1e-3)
    assert found.proportional


@pytest.mark.parametrize("laterality", [Laterality.OD, Laterality.OS])
@pytest.mark.parametrize("superior_first", [True, False])
def test_a_difference_that_is_nasal_is_nasal_in_either_eye_and_order(
    laterality: Laterality, superior_first: bool
) -> None:
    scan = raster(laterality=laterality, superior_first=superior_first)
    sign = 1 if laterality is Laterality.OD else -1
    second = annotated(scan, lambda x, _y: 300 + 0 * x, State.EDITED)
    first = annotated(scan, lambda x, y: 300 + 40.0 * (sign * x > np.abs(y)), State.EDITED)
    found = whole(scan, first, second)
    apart = dict(zip(found.names, found.first - found.second, strict=True))
    assert apart["inner nasal"] == pytest.approx(40, abs=1)
    assert apart["inner temporal"] == pytest.approx(0, abs=1)
    assert apart["inner superior"] == pytest.approx(0, abs=1)


def test_of_an_unknown_eye_regions_are_paired_but_not_called_nasal() -> None:
    scan = without_eye(raster())
    found = whole(scan, *pair(scan))
    assert found.analysis.n == 9
    assert not any("nasal" in name for name in found.names)


def test_where_few_b_scans_are_of_both_their_means_are_paired() -> None:
    scan = raster()
    found = whole(scan, *pair(scan), b_scans=[3, 10, 20, 30])
    assert (found.unit, found.b_scans) == (Unit.B_SCAN, (3, 10, 20, 30))
    assert found.names == ("B-scan 4", "B-scan 11", "B-scan 21", "B-scan 31")
    assert found.analysis.bias.value == pytest.approx(8, abs=1e-3)


def test_only_a_scans_of_both_count_and_a_region_known_by_less_is_left_out() -> None:
    scan = raster()
    first, second = pair(scan)
    bm = first.surfaces.index("BM")
    middle_x = scan.shape[2] // 2
    first.surfaces.values[bm, :, : middle_x - 5] = np.nan  # temporal of a right eye
    found = whole(scan, first, second)
    # Less than five whole subfields are left: B-scans, each by the A-scans of both.
    assert found.unit is Unit.B_SCAN
    assert found.analysis.bias.value == pytest.approx(8, abs=1e-3)
    first.surfaces.values[bm] = second.surfaces.values[bm] + 8 / UM
    first.surfaces.values[bm, :, :5] = np.nan  # beyond the grid, or at its very edge
    first.surfaces.values[bm, 10, middle_x] = np.nan
    second.surfaces.values[bm, :, -5:] = np.nan
    found = whole(scan, first, second)
    assert found.unit is Unit.SUBFIELD
    assert found.analysis.bias.value == pytest.approx(8, abs=1e-3)


def test_a_b_scan_of_which_less_than_half_is_of_both_is_left_out() -> None:
    scan = raster()
    first, second = pair(scan)
    first.surfaces.values[first.surfaces.index("BM"), 3, 10:] = np.nan
    found = whole(scan, first, second, b_scans=[3, 10, 20, 30])
    assert found.names == ("B-scan 11", "B-scan 21", "B-scan 31")
    assert found.n_left_out == 1


def test_layers_of_both_follow_the_whole_retina_and_add_up() -> None:
    scan = raster()
    first, second = pair(scan)
    for annotation, depth in ((first, 9.0), (second, 8.0)):
        annotation.surfaces.values[annotation.surfaces.index("RNFL/GCL")] = depth
    found, _ = thickness_agreement(first, second, scan, range(scan.n_b_scans), middle(scan))
    titles = [f.title for f in found]
    assert titles == ["ILM to BM", "ILM to RNFL/GCL", "RNFL/GCL to BM"]
    np.testing.assert_allclose(found[1].first + found[2].first, found[0].first, rtol=1e-5)
    assert found[1].analysis.bias.value == pytest.approx(UM, rel=1e-4)


def test_unknown_depth_and_nothing_in_common_have_a_reason() -> None:
    scan = raster()
    first, second = pair(scan)
    db, _, dx = scan.spacing.as_mm()
    blind = scan.with_spacing(Spacing.from_mm(db, None, dx))
    found, why = thickness_agreement(first, second, blind, [3, 4])
    assert found == ()
    assert "depth scale" in why
    found, why = thickness_agreement(first, Annotation.empty(scan.shape), scan, [3, 4])
    assert found == ()
    assert "no layer that both drew" in why


def test_swapping_the_graders_turns_the_sign_and_nothing_else() -> None:
    scan = raster()
    first, second = pair(scan, 5.0, 0.03)
    every = range(scan.n_b_scans)
    (there,), _ = thickness_agreement(first, second, scan, every)
    (back,), _ = thickness_agreement(second, first, scan, every)
    assert there.names == back.names
    assert there.analysis.bias.value == pytest.approx(-back.analysis.bias.value)
    assert there.analysis.upper.value == pytest.approx(-back.analysis.lower.value)


def test_between_eyes_each_scan_is_one_pair_its_central_subfield() -> None:
    scan = raster()
    every = range(scan.n_b_scans)
    scans = [
        thickness_agreement(*pair(scan, extra), scan, every, middle(scan))[0]
        for extra in (4.0, 8.0, 12.0)
    ]
    scans.append(thickness_agreement(*pair(scan), scan, [3, 4], middle(scan))[0])
    (found,) = between_eyes(scans, ("P1", "P2", "P3", "P4"))
    assert (found.unit, found.names, found.n_left_out) == (Unit.EYE, ("P1", "P2", "P3"), 1)
    np.testing.assert_allclose(found.first - found.second, [4, 8, 12], atol=1e-3)
    assert found.analysis.sd == pytest.approx(4, abs=1e-3)


def test_the_comparison_lists_bias_limits_and_slope_with_what_a_pair_is() -> None:
    scan = raster()
    comparison = compare(*pair(scan), scan, fovea=middle(scan))
    assert comparison is not None
    listed = {f.name: f for f in figures(comparison) if f.kind == "thickness"}
    assert listed["mean difference"].value == pytest.approx(8, abs=1e-3)
    assert listed["pairs"].value == 9
    assert listed["pairs"].unit == "ETDRS subfields"
    assert listed["upper limit of agreement"].unit == "um"
    assert "only" in listed["mean difference"].note
    names = [f.name for f in of_thickness(comparison.thickness[0])]
    assert len(set(names)) == len(names)
    assert all(not math.isnan(f.value) for f in listed.values())


def test_what_neither_grader_touched_is_counted() -> None:
    """Limits of agreement are narrow where both left what a model drew: so it is told."""
    scan = raster()
    first, second = pair(scan)
    first.states[first.surfaces.index("BM"), 5:] = State.PREDICTED
    second.states[second.surfaces.index("ILM"), :2] = State.VENDOR
    found = whole(scan, first, second)
    assert (found.n_b_scans, found.n_by_hand) == (scan.n_b_scans, 3)
    (count,) = (f for f in of_thickness(found) if f.name == "both by hand")
    assert (count.value, count.unit) == (3, "B-scans")
    assert by_hand_words(found).startswith(f"3 of {scan.n_b_scans} B-scans")
    few = whole(scan, first, second, b_scans=[3, 10, 20, 30])
    assert (few.n_b_scans, few.n_by_hand) == (4, 1)
    (both,) = between_eyes([(found,), (found,), (found,)], ("P1", "P2", "P3"))
    assert (both.n_b_scans, both.n_by_hand) == (3 * scan.n_b_scans, 9)
