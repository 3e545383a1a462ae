"""Two visits: the images brought together, the same tissue measured, warnings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mirage_core.annotate import Annotation
from mirage_core.measure import followup
from mirage_core.measure.followup import Visit, difference_map, follow_up
from mirage_core.measure.fovea import Fovea, FoveaSource
from mirage_core.measure.measured import NotMeasuredError
from mirage_core.measure.placing import moved, scaled, shift_px, turned
from mirage_core.measure.registration import (
    NotRegisteredError,
    Registration,
    RegistrationSource,
    judged,
    register,
)
from mirage_core.scan import Laterality, Provenance, Scan, Spacing, State
from mirage_core.simulate import SimulatedEye, simulate_eye
from tests.measure.mapped import raster, star
from tests.measure.two_visits import SEED, P, later, transformed

EYE = simulate_eye(P, SEED)


@pytest.mark.parametrize(
    ("degrees", "factor", "shift"),
    [(0, 1, (8.3, -14.7)), (5, 1, (10, 20)), (-12, 1, (25, -35)), (3, 1.12, (4, 6))],
)
def test_a_known_move_is_found_to_a_part_of_a_pixel(
    degrees: float, factor: float, shift: tuple[float, float]
) -> None:
    assert EYE.scan.slo is not None
    second, matrix = transformed(EYE.scan.slo, degrees, factor, shift)
    found = register(EYE.scan.slo, second)
    places = np.stack(np.meshgrid([120.0, 256, 390], [120.0, 256, 390]), axis=-1).reshape(-1, 2)
    off = found.points(places) - (places @ matrix[:, :2].T + matrix[:, 2])
    assert np.hypot(*off.T).max() < 0.5
    assert found.scale == pytest.approx(factor, abs=2e-3)
    assert found.rotation_deg == pytest.approx(degrees, abs=0.1)
    assert found.alike > 0.5


def test_another_eye_is_not_brought_together() -> None:
    other = simulate_eye(replace(P, shape=(3, 120, 64)), 8)
    assert EYE.scan.slo is not None
    assert other.scan.slo is not None
    with pytest.raises(NotRegisteredError, match="do not match"):
        register(EYE.scan.slo, other.scan.slo)


def visit(eye: SimulatedEye, thicker_px: float = 0.0) -> Visit:
    annotation = Annotation.empty(eye.scan.shape)
    annotation.surfaces.values[:] = eye.surfaces.values
    annotation.surfaces.values[0] -= thicker_px
    annotation.masks.labels[:] = eye.masks.labels
    annotation.states[:] = State.PREDICTED
    annotation.states[-1] = State.APPROVED
    return Visit(eye.scan, annotation)


def test_the_same_tissue_is_measured_at_both_visits() -> None:
    second = later()
    found = follow_up(visit(EYE), visit(second, 2.0))
    assert found.registration is not None
    assert found.fovea is not None
    assert found.fovea.source is FoveaSource.OTHER_VISIT
    assert (found.fovea.b, found.fovea.x) == pytest.approx(second.fovea, abs=1.0)
    assert found.warnings == ()
    grown_um = 2 * P.spacing_mm[1] * 1000
    changes = {(c.structure, c.region, c.figure): c for c in found.changes}
    cst = changes["ILM..BM", "central", "CST"]
    assert cst.change == pytest.approx(grown_um, abs=1.5)
    assert cst.change == cst.second - cst.first
    assert changes["ILM..BM", "inner nasal", "mean thickness"].change == pytest.approx(
        grown_um, abs=2
    )
    assert changes["IRF", "whole scan", "volume"].change == 0
    assert not any(c.structure in ("fovea", "quality") for c in found.changes)
    grown = difference_map(visit(EYE), visit(second, 2.0), found.registration, half_mm=2.0)
    assert grown.shape == (200, 200)
    assert np.nanmedian(grown) == pytest.approx(grown_um, abs=1)
    assert np.nanpercentile(np.abs(grown - grown_um), 95) < 8


def test_the_grid_turns_with_the_eye() -> None:
    def sloping(eye: SimulatedEye) -> Visit:
        made = visit(eye)
        rows = np.arange(eye.scan.n_b_scans) - eye.fovea[0]
        made.annotated.surfaces.values[0] -= (0.6 * rows)[:, None]
        return made

    second = later(30.0)
    assert EYE.scan.slo is not None
    _, matrix = transformed(EYE.scan.slo, 30.0, 1.0, (6.0, -4.0))
    # The eye looks elsewhere at the second visit: what lies under the scan goes with the fovea,
    # and B-scans run upwards on the picture.
    step = (np.array([-0.25, 0.2]) - np.array(P.fovea_offset_mm)) * (-1, 1)
    rows_mm, cols_mm = EYE.scan.geometry.slo_mm_per_px or (1.0, 1.0)
    shift = matrix[:, :2] @ (step / (rows_mm, cols_mm))
    known = Registration(np.column_stack([matrix[:, :2], matrix[:, 2] + shift]), 1.0, 0.0)
    found = follow_up(sloping(EYE), sloping(second), known)
    assert found.turned_deg == pytest.approx(30.0, abs=0.1)
    changes = {
        c.region: c
        for c in found.changes
        if (c.structure, c.figure) == ("ILM..BM", "mean thickness") and "inner" in c.region
    }
    assert abs(changes["inner superior"].first - changes["inner inferior"].first) > 30
    for change in changes.values():
        assert change.change == pytest.approx(0, abs=4)


def test_a_refused_figure_has_no_change_and_says_why() -> None:
    first, second = visit(EYE), visit(later())
    second.annotated.surfaces.values[second.annotated.surfaces.index("BM")] = np.nan
    found = follow_up(first, second)
    cst = next(c for c in found.changes if c.figure == "CST" and c.structure == "ILM..BM")
    assert np.isnan(cst.change)
    assert np.isfinite(cst.first)
    assert cst.note == "Second visit: There is no BM in this annotation."


def test_without_places_each_visit_is_measured_about_its_own_fovea() -> None:
    second = later()
    found = follow_up(visit(EYE), visit(replace(second, scan=replace(second.scan, slo=None))))
    assert found.registration is None
    assert found.fovea is not None
    assert found.fovea.source is FoveaSource.THICKNESS
    assert any("about its own fovea" in w for w in found.warnings)


def test_what_differs_between_visits_is_said() -> None:
    scan = EYE.scan
    other = replace(
        scan,
        laterality=Laterality.UNKNOWN,
        acquisition=replace(scan.acquisition, device="Other"),
        spacing=Spacing.from_mm(0.1, scan.spacing.z.mm, 0.05),
    )
    found = follow_up(visit(EYE), replace(visit(EYE), scan=other))
    text = " ".join(found.warnings)
    for words in ("devices differ", "different sources", "same eye"):
        assert words in text
    mirrored = replace(scan, laterality=Laterality.OS)
    with pytest.raises(NotMeasuredError, match="left eye"):
        follow_up(visit(EYE), replace(visit(EYE), scan=mirrored))


def test_b_scans_further_apart_are_said() -> None:
    scan = EYE.scan
    b, z, x = scan.spacing.as_mm()
    assert b is not None
    for factor, warned in ((1.02, False), (2.0, True)):
        wider = replace(scan, spacing=Spacing.from_mm(factor * b, z, x))
        found = follow_up(visit(EYE), replace(visit(EYE), scan=wider), register_same())
        said = [w for w in found.warnings if w.startswith("The gaps between B-scans differ")]
        assert bool(said) is warned
        if warned:
            assert f"({b:.3f} and {2 * b:.3f} mm)" in said[0]


def test_a_field_of_another_size_is_said() -> None:
    scan = EYE.scan
    b, z, x = scan.spacing.as_mm()
    assert b is not None
    assert x is not None
    for factors, warned in (((1.02, 1.02), False), ((1.0, 1.4), True), ((1.4, 1.0), True)):
        wider = replace(scan, spacing=Spacing.from_mm(factors[0] * b, z, factors[1] * x))
        found = follow_up(visit(EYE), replace(visit(EYE), scan=wider), register_same())
        said = [w for w in found.warnings if w.startswith("The scanned fields differ")]
        assert bool(said) is warned
        if warned:
            assert f"{x * scan.shape[2]:.1f} × {b * scan.n_b_scans:.1f} and " in said[0]


def typed(eye: SimulatedEye) -> Scan:
    """Return the scan of an eye whose lateral scale was typed, so that its places are unknown."""
    x = replace(eye.scan.spacing.x, source=Provenance.USER)
    return eye.scan.with_spacing(replace(eye.scan.spacing, x=x))


def test_where_places_on_the_slo_are_not_known_a_fovea_put_by_hand_stays() -> None:
    second = later()
    put = Fovea(24.0, 80.0)
    second_visit = replace(visit(second), scan=typed(second), fovea=put)
    found = follow_up(replace(visit(EYE), fovea=Fovea(20.0, 70.0)), second_visit, register_same())
    assert found.fovea == put
    assert followup._OWN_FOVEAS in found.warnings


def test_a_star_whose_scale_was_typed_has_no_places_on_the_slo() -> None:
    scan = star(12, 128)
    assert followup._planes(scan, scan) is not None
    x = replace(scan.spacing.x, source=Provenance.USER)
    longer = scan.with_spacing(replace(scan.spacing, x=x))
    assert followup._planes(scan, longer) is None


def test_two_foveas_put_by_hand_that_lie_apart_are_said_with_the_distance() -> None:
    second = later()
    at_first = Fovea(*EYE.fovea)
    same = follow_up(replace(visit(EYE), fovea=at_first), visit(second))
    assert same.registration is not None
    assert same.fovea is not None
    width_mm = second.scan.spacing.x.mm
    assert width_mm is not None
    for off_mm, warned in ((0.05, False), (0.5, True)):
        put = Fovea(same.fovea.b, same.fovea.x + off_mm / width_mm)
        found = follow_up(
            replace(visit(EYE), fovea=at_first),
            replace(visit(second), fovea=put),
            same.registration,
        )
        said = [w for w in found.warnings if "A person put the fovea at both visits" in w]
        assert bool(said) is warned
        if warned:
            assert f"{off_mm:.2f} mm apart" in said[0]
        assert found.fovea is not None
        assert found.fovea.source is FoveaSource.OTHER_VISIT


def test_what_a_human_approved_is_told_of_both_visits() -> None:
    first, second = visit(EYE), visit(later())
    second.annotated.states[:-1] = State.APPROVED
    found = follow_up(first, second)
    cst = next(c for c in found.changes if c.figure == "CST" and c.structure == "ILM..BM")
    assert (cst.first_approved, cst.second_approved) == (0, pytest.approx(1))


def register_same() -> Registration:
    return Registration(np.eye(2, 3), 1.0, 0.0)


def test_what_a_person_brought_together_is_used_and_said() -> None:
    second = later()
    by_vessels = follow_up(visit(EYE), visit(second))
    assert by_vessels.registration is not None
    assert not any("by hand" in w for w in by_vessels.warnings)
    assert EYE.scan.slo is not None
    assert second.scan.slo is not None
    matrix = moved(by_vessels.registration.matrix, 0.0, 30.0)
    by_hand = judged(EYE.scan.slo, second.scan.slo, matrix)
    assert by_hand.source is RegistrationSource.USER
    assert by_hand.alike < by_vessels.registration.alike
    found = follow_up(visit(EYE), visit(second), by_hand)
    assert found.registration is by_hand
    assert "The SLO images were brought together by hand." in found.warnings
    assert "The SLO images were only roughly brought together." in found.warnings
    assert found.fovea is not None
    assert by_vessels.fovea is not None
    # Moved to the right on the first, the same place is further left on the second.
    off_mm = 30 * P.slo_field_mm / P.slo_px
    columns = off_mm / P.spacing_mm[2]
    assert by_vessels.fovea.x - found.fovea.x == pytest.approx(columns, rel=0.03)


def test_a_small_slip_is_seen_in_what_is_left_over() -> None:
    assert EYE.scan.slo is not None
    second, matrix = transformed(EYE.scan.slo, 4.0, 1.0, (8.0, -5.0))
    right = judged(EYE.scan.slo, second, matrix)
    slipped = judged(EYE.scan.slo, second, moved(matrix, 3.0, 4.0))
    assert right.residual_px < 0.5
    assert slipped.residual_px == pytest.approx(5.0, abs=1.0)


def test_turn_and_scale_by_hand_leave_the_middle_in_place() -> None:
    start = Registration(np.array([[1.1, 0.02, 5.0], [-0.04, 0.98, -7.0]]), 1.0, 0.0)
    middle = (255.5, 255.5)
    turned_by = Registration(turned(start.matrix, 2.5, middle), 1.0, 0.0)
    scaled_by = Registration(scaled(start.matrix, 1.2, middle), 1.0, 0.0)
    assert turned_by.rotation_deg == pytest.approx(start.rotation_deg + 2.5)
    assert turned_by.scale == pytest.approx(start.scale)
    assert scaled_by.scale == pytest.approx(1.2 * start.scale)
    assert scaled_by.rotation_deg == pytest.approx(start.rotation_deg)
    for other in (turned_by, scaled_by):
        assert other.points(np.array([middle])) == pytest.approx(start.points(np.array([middle])))
        assert other.stretch == pytest.approx(start.stretch)
    assert start.stretch > 1.05
    assert register_same().stretch == pytest.approx(1.0)


def test_the_middle_tells_by_how_much_an_image_was_shifted() -> None:
    assert EYE.scan.slo is not None
    _, matrix = transformed(EYE.scan.slo, 0.0, 1.2, (6.0, -12.0))
    assert shift_px(matrix, (512, 512), (512, 512), 1.2) == pytest.approx((5.0, -10.0))


def test_a_scale_that_the_vessels_contradict_is_said() -> None:
    assert EYE.scan.slo is not None
    slo, _ = transformed(EYE.scan.slo, 0.0, 1.12, (0.0, 0.0))
    found = follow_up(visit(EYE), replace(visit(EYE), scan=replace(EYE.scan, slo=slo)))
    assert any("+12 % otherwise than its file says" in w for w in found.warnings)


def test_scans_without_area_have_no_difference_map() -> None:
    scan = raster(5, 64, positions=False)
    assert EYE.scan.slo is not None
    same = register(EYE.scan.slo, EYE.scan.slo)
    one = Visit(scan, Annotation.empty(scan.shape))
    with pytest.raises(NotMeasuredError, match="not known where"):
        difference_map(one, one, same)


def test_what_the_model_looked_for_is_a_figure_at_both_visits() -> None:
    """None of a class that nobody marked is 0 where the model looks for it, else not known."""
    n = EYE.scan.n_b_scans
    visits = visit(EYE), visit(later())
    for v in visits:
        v.annotated.states[:] = State.PREDICTED
    for knows, change in ((False, float("nan")), (True, 0.0)):
        sought = {"SRF": np.ones(n, bool)} if knows else None
        found = follow_up(*(replace(v, looked_for=sought) for v in visits), register_same())
        volume = next(c for c in found.changes if (c.structure, c.figure) == ("SRF", "volume"))
        assert volume.change == pytest.approx(change, nan_ok=True)
        assert bool(volume.note) is not knows
