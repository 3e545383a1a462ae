"""The agreement of two annotations, in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mirage_core.annotate import Annotation
from mirage_core.measure.comparison import Comparison, comparable_b_scans, compare
from mirage_core.measure.figures import figures
from mirage_core.scan import (
    LabelScheme,
    LinePosition,
    MaskClass,
    ScanGeometry,
    ScanPattern,
    Spacing,
    State,
    layer_map,
)
from tests.measure.graded import SHAPE, B, X, Z, annotation, draw, mark, scan

NAN = float("nan")


def compared(one: Annotation, other: Annotation, **kwargs: object) -> Comparison:
    found = compare(one, other, kwargs.pop("scan", scan()), **kwargs)
    assert found is not None
    return found


def surface(found: Comparison, name: str):
    return next(s for s in found.surfaces if s.name == name)


def mask(found: Comparison, name: str = "IRF"):
    return next(m for m in found.masks if m.name == name)


def test_a_surface_shifted_by_three_pixels_is_three_pixels_off() -> None:
    found = surface(compared(annotation(RPE=23), annotation(RPE=20)), "RPE")
    assert (found.px.mean, found.px.bias, found.px.sd) == (3, 3, 0)
    assert (found.px.p95, found.px.largest) == (3, 3)
    assert found.um.mean == pytest.approx(12)
    assert found.um.bias == pytest.approx(12)
    assert (found.n_pairs, found.b_scans, found.n_by_hand) == (B * X, (0, 1, 2, 3), B)


def test_differences_of_either_sign_have_a_spread_and_cancel_in_the_bias() -> None:
    depths = np.tile([20.0 - 2, 20.0 + 2], X // 2)
    one, other = annotation(), annotation(RPE=20)
    draw(one, "RPE", depths)
    n = B * X
    found = surface(compared(one, other), "RPE")
    assert (found.px.mean, found.px.bias) == (2, 0)
    assert found.px.sd == pytest.approx(2 * math.sqrt(n / (n - 1)))


def test_percentile_and_maximum_of_a_ramp() -> None:
    one, other = annotation(), annotation(RPE=0)
    draw(one, "RPE", np.arange(B * X, dtype=float).reshape(B, X) / 4)
    found = surface(compared(one, other), "RPE")
    assert found.px.p95 == pytest.approx(0.95 * (B * X - 1) / 4)
    assert found.px.largest == (B * X - 1) / 4


def test_only_a_scans_of_both_are_pairs_and_the_others_are_counted() -> None:
    one, other = annotation(RPE=20), annotation(RPE=21)
    one.surfaces["RPE"][:, :5] = NAN
    other.surfaces["RPE"][0] = NAN
    found = surface(compared(one, other), "RPE")
    assert (found.n_pairs, found.n_only_one, found.n_only_other) == (3 * 15, 15, 3 * 5)
    assert found.b_scans == (1, 2, 3)


def test_a_surface_that_one_left_out_has_no_figure() -> None:
    found = compared(annotation(ILM=5, RPE=20), annotation(RPE=20))
    assert math.isnan(surface(found, "ILM").px.mean)
    assert surface(found, "ILM").n_only_one == B * X
    assert [s.name for s in found.surfaces] == ["ILM", "RPE"]
    assert found.layers == ()


def test_b_scans_on_which_one_followed_the_engine_are_not_by_hand() -> None:
    one, other = annotation(RPE=20), annotation(RPE=20)
    one.states[one.surfaces.index("RPE"), 2:] = State.PREDICTED
    assert surface(compared(one, other), "RPE").n_by_hand == 2


def test_um_stay_unknown_with_the_depth_scale() -> None:
    found = surface(
        compared(
            annotation(RPE=23), annotation(RPE=20), scan=scan(Spacing.from_mm(0.1, None, 0.1))
        ),
        "RPE",
    )
    assert found.px.mean == 3
    assert math.isnan(found.um.mean)
    assert "The depth scale of this scan is unknown" in found.why_no_um


def test_layers_of_two_bands_overlap_by_their_share() -> None:
    # ILM to RPE: 10..20 and 14..24 share 6 of 10 rows; RPE to BM: 20..25 and 24..25 share 1.
    found = compared(annotation(ILM=10, RPE=20, BM=25), annotation(ILM=14, RPE=24, BM=25))
    assert [(layer.upper, layer.lower) for layer in found.layers] == [("ILM", "RPE"), ("RPE", "BM")]
    assert found.layers[0].dice == pytest.approx(12 / 20)
    assert found.layers[1].dice == pytest.approx(2 / 6)
    assert found.layers[0].n_a_scans == B * X


def test_a_layer_lies_between_neighbours_that_both_drew() -> None:
    found = compared(annotation(ILM=10, EZ=15, BM=25), annotation(ILM=10, BM=25))
    assert [(layer.upper, layer.lower, layer.dice) for layer in found.layers] == [("ILM", "BM", 1)]


def test_a_surface_of_no_known_place_bounds_no_layer() -> None:
    names = ("ILM", "RPE", "Vendor PR2")
    one, other = (Annotation.empty(SHAPE, names) for _ in range(2))
    for drawn in (one, other):
        for name, depth in zip(names, (5, 20, 2), strict=True):
            draw(drawn, name, depth)
    found = compared(one, other)
    assert [s.name for s in found.surfaces] == list(names)
    assert [(layer.upper, layer.lower) for layer in found.layers] == [("ILM", "RPE")]


def test_a_layer_without_thickness_in_both_has_no_dice() -> None:
    (layer,) = compared(annotation(ILM=10, RPE=10), annotation(ILM=10, RPE=10)).layers
    assert math.isnan(layer.dice)


depths = hnp.arrays(
    np.float32, (3, X), elements=st.one_of(st.floats(0, Z - 1, width=32), st.just(NAN))
)


@given(depths, depths)
def test_layers_overlap_as_their_label_maps_do(a: np.ndarray, b: np.ndarray) -> None:
    # Where one annotation does not bound a layer the maps say "other layer", we say nothing.
    known = np.isfinite(a) & np.isfinite(b)
    a, b = np.where(known, a, np.float32(NAN)), np.where(known, b, np.float32(NAN))
    one, other = annotation(), annotation()
    for i, name in enumerate(("ILM", "RPE", "BM")):
        draw(one, name, a[i], b_scans=slice(1, 2))
        draw(other, name, b[i], b_scans=slice(1, 2))
    found = {(x.upper, x.lower): x.dice for x in compared(one, other, b_scans=[1]).layers}
    first, second = layer_map(a, Z), layer_map(b, Z)
    drawn = known.any(axis=1)
    for i, pair in enumerate((("ILM", "RPE"), ("RPE", "BM"))):
        if not drawn[i : i + 2].all():
            continue
        total = np.count_nonzero(first == i + 1) + np.count_nonzero(second == i + 1)
        shared = np.count_nonzero((first == i + 1) & (second == i + 1))
        expected = 2 * shared / total if total else NAN
        if pair in found:
            assert found[pair] == pytest.approx(expected, nan_ok=True)
        else:
            assert math.isnan(expected)


def boxes() -> tuple[Annotation, Annotation]:
    """Both mark 4 x 4 px on B-scan 0, shifted by 2 columns; the first also on 1; nobody on 2, 3."""
    one, other = annotation(), annotation()
    mark(one, 0, slice(10, 14), slice(4, 8))
    mark(other, 0, slice(10, 14), slice(6, 10))
    mark(one, 1, slice(10, 12), slice(4, 8))
    return one, other


def test_masks_of_shifted_boxes() -> None:
    found = mask(compared(*boxes()))
    p = found.presence
    assert (p.both, p.only_one, p.only_other, p.neither) == (1, 1, 0, 2)
    assert found.kappa == pytest.approx(0.5)  # observed 3 of 4, by chance (2 * 1 + 2 * 3) / 16
    assert found.dice == pytest.approx(2 * 8 / (16 + 8 + 16))
    assert found.hd95_px == 2
    assert found.hd95_mm == pytest.approx(0.02)
    voxel_nl = 0.12 * 0.004 * 0.01 * 1000
    assert found.one_nl == pytest.approx(24 * voxel_nl)
    assert found.other_nl == pytest.approx(16 * voxel_nl)
    assert found.b_scans == (0, 1, 2, 3)


def test_distances_in_mm_know_that_pixels_are_not_square() -> None:
    one, other = annotation(), annotation()
    mark(one, 0, slice(10, 11), slice(5, 6))
    mark(other, 0, slice(13, 14), slice(9, 10))
    found = mask(compared(one, other))
    assert found.hd95_px == 5
    assert found.hd95_mm == pytest.approx(math.hypot(3 * 0.004, 4 * 0.01))


def test_hd95_is_the_mean_over_b_scans_that_both_marked() -> None:
    one, other = annotation(), annotation()
    for b, shift in ((0, 2), (1, 6)):
        mark(one, b, slice(10, 11), slice(2, 3))
        mark(other, b, slice(10, 11), slice(2 + shift, 3 + shift))
    mark(one, 2, slice(10, 11), slice(2, 3))
    assert mask(compared(one, other)).hd95_px == 4


def test_a_class_that_neither_marked_is_nan_and_not_perfect() -> None:
    found = mask(compared(*boxes()), "SRF")
    assert found.presence.neither == B
    assert math.isnan(found.dice)
    assert math.isnan(found.hd95_px)
    assert math.isnan(found.kappa)
    assert (found.one_nl, found.other_nl) == (0, 0)


def test_a_class_that_one_marked_only_has_dice_zero_and_no_distance() -> None:
    one, other = annotation(), annotation()
    mark(one, 0, slice(10, 14), slice(4, 8))
    found = mask(compared(one, other))
    assert found.dice == 0
    assert math.isnan(found.hd95_px)
    assert (found.presence.both, found.presence.only_one) == (0, 1)


def test_masks_that_one_never_looked_at_are_not_compared() -> None:
    one, other = boxes()
    draw(other, "RPE", 30)
    other.states[-1, 1:] = State.UNSEEN
    found = compared(one, other)
    assert found.b_scans == (0, 1, 2, 3)
    assert mask(found).b_scans == (0,)
    assert mask(found).presence.only_one == 0


@pytest.mark.parametrize(
    ("spacing", "mm_known", "sentence"),
    [
        (Spacing.from_mm(None, 0.004, 0.01), True, "The gap between B-scans of this scan is"),
        (Spacing.from_mm(0.12, 0.004, None), False, "The lateral scale of this scan is unknown"),
    ],
)
def test_figures_of_an_unknown_spacing_are_refused_with_why(
    spacing: Spacing, mm_known: bool, sentence: str
) -> None:
    found = mask(compared(*boxes(), scan=scan(spacing)))
    assert found.hd95_px == 2
    assert math.isnan(found.hd95_mm) != mm_known
    assert bool(found.why_no_mm) != mm_known
    assert math.isnan(found.one_nl)
    assert math.isnan(found.other_nl)
    assert sentence in found.why_no_nl


def test_volumes_know_that_b_scans_are_not_equally_spaced() -> None:
    lines = tuple(LinePosition((r, 10.0), (r, 20.0)) for r in (0.0, 2.0, 4.0, 10.0))
    geometry = ScanGeometry(ScanPattern.RASTER, lines, True, (0.1, 0.1))
    found = mask(compared(*boxes(), scan=scan(Spacing.from_mm(0.2, 0.004, 0.01), geometry)))
    assert found.one_nl == pytest.approx((16 * 0.2 + 8 * 0.2) * 0.004 * 0.01 * 1000)


def test_a_radial_scan_has_no_volume() -> None:
    found = mask(compared(*boxes(), scan=scan(geometry=ScanGeometry(ScanPattern.RADIAL))))
    assert math.isnan(found.one_nl)
    assert "do not lie side by side" in found.why_no_nl


def test_classes_are_matched_by_name_and_one_that_is_missing_is_said() -> None:
    scheme = LabelScheme(
        "other", (MaskClass(5, "IRF", "", (0, 0, 0)), MaskClass(1, "CYST", "", (0, 0, 0)))
    )
    one, other = annotation(), Annotation.empty(SHAPE, scheme=scheme)
    other.states[-1] = State.EDITED
    mark(one, 0, slice(10, 14), slice(4, 8), 1)
    mark(other, 0, slice(10, 14), slice(4, 8), 5)
    mark(other, 1, slice(10, 14), slice(4, 8), 1)
    found = compared(one, other)
    assert [m.name for m in found.masks] == ["IRF", "CYST"]
    assert mask(found).dice == 1
    cyst = mask(found, "CYST")
    assert cyst.missing == "The first annotation has no class CYST."
    assert math.isnan(cyst.dice)
    assert math.isnan(cyst.kappa)
    assert math.isnan(cyst.one_nl)
    assert cyst.other_nl > 0


def test_by_default_b_scans_are_compared_on_which_both_worked() -> None:
    one, other = Annotation.empty(SHAPE), Annotation.empty(SHAPE)
    draw(one, "RPE", 20, b_scans=slice(0, 3))
    draw(other, "RPE", 20, b_scans=slice(1, 4))
    for drawn in (one, other):
        draw(drawn, "ILM", 5, State.VENDOR)
    assert comparable_b_scans(one, other) == (1, 2)
    assert compared(one, other).b_scans == (1, 2)
    assert compared(one, other, b_scans=[3, 0, 0]).b_scans == (0, 3)


def test_nothing_in_common_gives_an_empty_table() -> None:
    found = compared(Annotation.empty(SHAPE), Annotation.empty(SHAPE))
    assert found.b_scans == found.surfaces == found.layers == ()
    assert all(math.isnan(m.dice) for m in found.masks)


def test_other_scans_and_other_b_scans_are_refused() -> None:
    with pytest.raises(ValueError, match="different scans"):
        compare(annotation(), Annotation.empty((B, Z, X + 1)), scan())
    with pytest.raises(ValueError, match="numbered 0 to 3"):
        compare(annotation(), annotation(), scan(), [4])


def test_it_can_be_stopped_and_tells_how_far_it_is() -> None:
    told: list[float] = []
    assert compare(*boxes(), scan(), report=told.append) is not None
    assert told == [0.25, 0.5, 0.75, 1]
    assert compare(*boxes(), scan(), cancelled=lambda: True) is None


def test_swapping_the_graders_turns_the_signs_and_nothing_else() -> None:
    one, other = boxes()
    draw(one, "RPE", np.linspace(20, 25, X))
    draw(other, "RPE", 22)
    there, back = compared(one, other), compared(other, one)
    a, b = surface(there, "RPE").px, surface(back, "RPE").px
    assert a.bias == pytest.approx(-b.bias)
    assert (a.mean, a.p95, a.largest) == pytest.approx((b.mean, b.p95, b.largest))
    m, n = mask(there), mask(back)
    assert (m.dice, m.hd95_mm, m.kappa) == pytest.approx((n.dice, n.hd95_mm, n.kappa))
    assert (m.one_nl, m.other_nl) == (n.other_nl, n.one_nl)


def test_every_figure_is_listed_once_with_its_unit_and_why_it_is_missing() -> None:
    one, other = boxes()
    draw(one, "ILM", 5)
    draw(one, "RPE", 23)
    draw(other, "ILM", 5)
    draw(other, "RPE", 20)
    found = compared(one, other, scan=scan(Spacing.from_mm(None, None, 0.01)))
    listed = list(figures(found))
    keys = [(f.kind, f.structure, f.name, f.unit) for f in listed]
    assert len(set(keys)) == len(keys)
    by_key = dict(zip(keys, listed, strict=True))
    assert by_key["surface", "RPE", "mean difference", "px"].value == 3
    assert by_key["layer", "ILM..RPE", "Dice", ""].value == pytest.approx(2 * 15 / 33)
    assert by_key["mask", "IRF", "marked by first only", "B-scans"].value == 1
    missing = by_key["surface", "RPE", "mean difference", "um"]
    assert math.isnan(missing.value)
    assert missing.note
    assert {f.note for f in listed if f.unit in ("um", "mm", "nL")} != {""}
    assert all(not math.isnan(f.value) or f.note or f.structure != "RPE" for f in listed)
