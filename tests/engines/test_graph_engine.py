"""What the graph engine promises, on drawn retinas with known boundaries."""

import os
import pickle
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mirage_core.engines import Engine, EngineCancelledError, EngineInput, Prediction
from mirage_core.engines.graph import GraphEngine
from mirage_core.engines.graph import engine as graph_engine
from mirage_core.scan import FLUID_SCHEME, ScanPattern, Spacing, order_violations
from tests.engines.layered import SPACING, draw

NIGHTLY = bool(os.environ.get("MIRAGE_NIGHTLY"))
REQUIRED = ("ILM", "RNFL/GCL", "IPL/INL", "INL/OPL", "OPL/ONL", "EZ", "RPE", "BM")


def segment(
    b_scans, wanted=None, spacing=SPACING, pattern=ScanPattern.UNKNOWN, gaps_mm=None, **events
) -> Prediction:
    rows = tuple(range(len(b_scans))) if wanted is None else wanted
    source = EngineInput(b_scans, rows, spacing, pattern=pattern, gaps_mm=gaps_mm)
    return GraphEngine().segment(source, **events)


def mean_error(prediction: Prediction, truth, name: str) -> float:
    return float(np.nanmean(np.abs(prediction.surfaces[name] - truth[name])))


def test_it_is_an_engine_and_says_what_it_finds():
    engine = GraphEngine()
    assert isinstance(engine, Engine)
    info = engine.describe()
    assert set(REQUIRED) <= set(info.surfaces)
    assert not info.needs_weights
    assert len(info.sha256) == 64  # the record of an edit tells which engine made it
    known = {c.name for c in FLUID_SCHEME}
    assert set(info.mask_classes) <= known


@pytest.mark.parametrize(
    ("tilt_px", "bowl_px"), [(0, 0), (45, 0), (-45, 0), (0, 50)], ids=["flat", "down", "up", "bowl"]
)
def test_every_surface_is_found_to_about_a_pixel(tilt_px, bowl_px):
    drawn = draw(tilt_px=tilt_px, bowl_px=bowl_px)
    prediction = segment(drawn.b_scans)
    for name in REQUIRED:
        assert mean_error(prediction, drawn.truth, name) < 1.2, name


def test_surfaces_are_found_between_pixels():
    errors = []
    for fraction in (0.0, 0.25, 0.5, 0.75):
        drawn = draw(tilt_px=6, top_px=80 + fraction, noise=0.1)
        prediction = segment(drawn.b_scans)
        errors.append(np.abs(prediction.surfaces["RPE"] - drawn.truth["RPE"]).mean())
    assert max(errors) < 0.4


def test_without_spacing_the_usual_pixel_is_assumed_and_the_layers_still_found():
    drawn = draw()
    prediction = segment(drawn.b_scans, spacing=Spacing())
    for name in REQUIRED:
        assert mean_error(prediction, drawn.truth, name) < 1.5, name


@settings(
    max_examples=100 if NIGHTLY else 8, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(
    seed=st.integers(0, 2**16),
    tilt_px=st.floats(-60, 60),
    noise=st.floats(0, 0.9),
    top_px=st.floats(0, 190),
    dim=st.floats(0.1, 1),
)
def test_surfaces_never_cross_and_stay_inside_the_image(seed, tilt_px, noise, top_px, dim):
    drawn = draw(width=160, height=260, tilt_px=tilt_px, noise=noise, top_px=top_px, seed=seed)
    prediction = segment((drawn.b_scans * dim).astype(np.uint8))
    values = prediction.surfaces.values
    assert not order_violations(values).any()
    finite = values[np.isfinite(values)]
    assert ((finite >= 0) & (finite <= 259)).all()
    assert np.array_equal(np.isnan(prediction.confidence), np.isnan(values))
    sure = prediction.confidence[np.isfinite(prediction.confidence)]
    assert ((sure >= 0) & (sure <= 1)).all()


@pytest.mark.parametrize("shape", [(200, 200), (1024, 200), (217, 1536), (64, 40), (30, 9)])
def test_any_usual_and_some_unusual_sizes_are_accepted(shape):
    noise = np.random.default_rng(1).integers(0, 90, (2, *shape), np.uint8)
    prediction = segment(noise)
    assert prediction.surfaces.values.shape[1:] == (2, shape[1])
    assert prediction.masks.labels.shape == (2, *shape)


def test_wholly_padded_columns_are_undefined_and_the_others_unharmed():
    drawn = draw(tilt_px=15)
    padded = drawn.b_scans.copy()
    padded[:, :, :30] = 255
    padded[:, :40] = 255
    padded[:, -50:, 200:] = 255
    prediction = segment(padded)
    values = prediction.surfaces.values
    assert np.isnan(values[:, :, :30]).all()
    assert np.isfinite(values[:, :, 34:]).all()
    assert not prediction.masks.labels[:, :, :30].any()
    for name in REQUIRED:
        error = np.abs(prediction.surfaces[name] - drawn.truth[name])[:, 40:]
        assert error.mean() < 1.3, name


def test_a_surface_inside_padding_is_undefined():
    drawn = draw(tilt_px=40)
    padded = drawn.b_scans.copy()
    corner = np.arange(300)[:, None] < 90 - np.arange(320)[None] * 0.6
    padded[:, corner] = 255
    prediction = segment(padded)
    rows = np.rint(drawn.truth["ILM"][0]).astype(int)
    hidden = np.zeros(320, bool)
    hidden[:] = corner[np.clip(rows + 3, 0, 299), np.arange(320)]
    assert hidden.any()
    found = prediction.surfaces["ILM"][0][hidden]
    in_padding = (
        np.isfinite(found)
        & corner[np.rint(np.nan_to_num(found)).astype(int), np.flatnonzero(hidden)]
    )
    assert not in_padding.any()


def test_black_columns_of_a_shifted_b_scan_are_undefined():
    drawn = draw()
    drawn.b_scans[:, :, -20:] = 0
    values = segment(drawn.b_scans).surfaces.values
    assert np.isnan(values[:, :, -20:]).all()
    assert np.isfinite(values[:, :, :-22]).all()


def test_an_image_without_a_retina_has_no_surfaces_and_no_masks():
    for grey in (0, 90, 255):
        prediction = segment(np.full((2, 200, 220), grey, np.uint8))
        assert np.isnan(prediction.surfaces.values).all()
        assert np.isnan(prediction.confidence).all()
        assert not prediction.masks.labels.any()


def test_vessel_shadows_lower_confidence_but_do_not_move_the_outer_surfaces():
    drawn = draw(noise=0.2)
    shadowed = drawn.b_scans.astype(float)
    ilm = int(drawn.truth["ILM"][0, 0])
    shadowed[:, ilm + 12 :, 150:162] *= 0.25
    prediction = segment(shadowed.astype(np.uint8))
    under = prediction.confidence[..., 152:160].mean(axis=(1, 2))
    beside = prediction.confidence[..., 200:300].mean(axis=(1, 2))
    rows = [prediction.surfaces.index(n) for n in ("EZ", "RPE", "BM")]
    assert (under[rows] < 0.6 * beside[rows]).all()
    for name in ("EZ", "RPE", "BM"):
        error = np.abs(prediction.surfaces[name] - drawn.truth[name])[0, 146:166]
        assert error.max() < 5, name


def test_a_floating_hyaloid_is_not_taken_for_the_inner_limit():
    drawn = draw()
    ilm = int(drawn.truth["ILM"][0, 0])
    drawn.b_scans[:, ilm - 35 : ilm - 31, :] = 90
    prediction = segment(drawn.b_scans)
    assert mean_error(prediction, drawn.truth, "ILM") < 1.2


def ellipse(shape, z, x, half_z, half_x):
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return ((rows - z) / half_z) ** 2 + ((columns - x) / half_x) ** 2 < 1


def test_a_dark_cyst_becomes_a_candidate_mask_of_its_class():
    drawn = draw(noise=0.2)
    cyst = ellipse(drawn.b_scans.shape[1:], 80 + 34, 160, 13, 14)
    noise = np.random.default_rng(2).normal(12, 4, drawn.b_scans.shape)
    drawn.b_scans[:, cyst] = np.clip(noise, 0, 255).astype(np.uint8)[:, cyst]
    labels = segment(drawn.b_scans).masks.labels[0]
    irf = FLUID_SCHEME.by_name("IRF").value
    assert set(np.unique(labels)) == {0, irf}
    overlap = 2 * (cyst & (labels == irf)).sum() / (cyst.sum() + (labels == irf).sum())
    assert overlap > 0.75


def test_fluid_on_the_rpe_is_subretinal():
    drawn = draw(noise=0.2)
    rows, columns = np.arange(300)[:, None], np.arange(320)
    height = 26 * np.clip(1 - ((columns - 160) / 50) ** 2, 0, None)
    floor = drawn.truth["RPE"][0] - 3
    lifted = drawn.b_scans[0].copy()
    for x in columns:
        h, f = round(height[x]), round(floor[x])
        lifted[: f - h, x] = drawn.b_scans[0, h:f, x]
    pocket = (rows >= floor - height) & (rows < floor) & (height > 1)
    noise = np.random.default_rng(2).normal(12, 4, lifted.shape)
    lifted[pocket] = np.clip(noise, 0, 255).astype(np.uint8)[pocket]
    labels = segment(lifted[None]).masks.labels[0]
    found = labels == FLUID_SCHEME.by_name("SRF").value
    assert 2 * (found & pocket).sum() / (found.sum() + pocket.sum()) > 0.6
    assert not (labels == FLUID_SCHEME.by_name("PED").value).any()


def test_a_retina_without_fluid_gets_no_masks():
    assert not segment(draw(n=4, noise=0.3).b_scans).masks.labels.any()


def test_only_wanted_rows_come_back_in_the_order_asked():
    drawn = draw(n=6, tilt_px=10)
    all_rows = segment(drawn.b_scans)
    some = segment(drawn.b_scans, wanted=(4, 1))
    assert some.surfaces.values.shape[1] == 2
    assert some.masks.labels.shape[0] == 2
    np.testing.assert_allclose(some.surfaces.values[:, 0], all_rows.surfaces.values[:, 4])
    np.testing.assert_allclose(some.surfaces.values[:, 1], all_rows.surfaces.values[:, 1])


def test_neighbours_help_where_a_b_scan_is_unclear():
    drawn = draw(n=5, noise=0.3, seed=4)
    unclear = drawn.b_scans.copy()
    rng = np.random.default_rng(5)
    smear = rng.normal(70, 25, unclear[2, :, 120:180].shape)
    band = slice(int(drawn.truth["ILM"][0, 0]) + 12, int(drawn.truth["EZ"][0, 0]) - 6)
    unclear[2, band, 120:180] = np.clip(smear, 0, 255).astype(np.uint8)[band]
    alone = segment(unclear[2:3])
    helped = segment(unclear, wanted=(2,))
    part = np.s_[0, 125:175]
    error = [
        sum(np.abs(p.surfaces[n][part] - drawn.truth[n][part]).mean() for n in REQUIRED[1:5])
        for p in (alone, helped)
    ]
    assert error[1] < 0.8 * error[0]


def test_rows_that_do_not_exist_and_other_pixel_types_are_refused():
    drawn = draw()
    with pytest.raises(ValueError, match="wanted rows"):
        segment(drawn.b_scans, wanted=(0, 7))
    with pytest.raises(ValueError, match="uint8"):
        segment(drawn.b_scans.astype(float))


def test_progress_rises_to_one():
    seen: list[float] = []
    segment(draw(n=3).b_scans, report=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1.0)
    assert min(seen) > 0


def test_cancelling_stops_between_chunks_without_a_result():
    calls = 0

    def cancelled() -> bool:
        nonlocal calls
        calls += 1
        return calls > 1

    with pytest.raises(EngineCancelledError):
        segment(draw(n=2).b_scans, cancelled=cancelled)
    assert calls == 2


def test_engine_and_result_survive_pickling_and_repeat_exactly():
    drawn = draw(n=2)
    engine = pickle.loads(pickle.dumps(GraphEngine()))
    first = engine.segment(EngineInput(drawn.b_scans, (0, 1), SPACING))
    again = pickle.loads(pickle.dumps(segment(drawn.b_scans)))
    np.testing.assert_array_equal(first.surfaces.values, again.surfaces.values)
    np.testing.assert_array_equal(first.masks.labels, again.masks.labels)


def wave(noise: float = 0.2):
    """A retina that rises and falls once, as around the disc, and its shift per A-scan, px."""
    angle = np.linspace(0, 2 * np.pi, 320, endpoint=False)
    drawn = draw(noise=noise)
    shift = np.rint(25 * np.sin(angle)).astype(int)
    rolled = np.stack([np.roll(drawn.b_scans[0, :, x], shift[x]) for x in range(320)], axis=1)
    return rolled[None], {name: drawn.truth[name][0] + shift for name in REQUIRED}


@pytest.mark.parametrize("pattern", [ScanPattern.CIRCLE, ScanPattern.UNKNOWN])
def test_the_ends_of_a_circle_scan_meet(pattern):
    b_scans, truth = wave()
    spacing = Spacing.from_mm(None, 0.0039, 0.0115)
    prediction = segment(b_scans, spacing=spacing, pattern=pattern)
    for name in REQUIRED:
        curve = prediction.surfaces[name][0]
        assert abs(curve[0] - curve[-1]) < 2.5, name
        assert np.abs(curve - truth[name])[np.r_[:12, -12:0]].mean() < 1.5, name


def test_what_lies_beyond_one_end_of_a_circle_is_its_other_end():
    """Only on a circle does a change at the left end reach the right one."""
    b_scans, _ = wave()
    changed = b_scans.copy()
    changed[:, :, :12] = 30
    right = np.s_[..., -4:]
    for pattern, reaches in ((ScanPattern.CIRCLE, True), (ScanPattern.LINE, False)):
        one, other = (
            segment(b, pattern=pattern).surfaces.values[right] for b in (b_scans, changed)
        )
        assert (np.abs(one - other).max() > 0.05) == reaches, pattern


def test_nerve_fibres_are_thick_around_the_disc():
    drawn = draw(noise=0.6, fibres_um=150)
    # Bundles: brighter and darker from place to place, with a step in the middle of the layer.
    rows = np.arange(300)[:, None]
    ilm = drawn.truth["ILM"][0]
    inner = (rows >= ilm) & (rows < ilm + 60 / 3.9)
    bundled = np.where(inner, np.clip(drawn.b_scans * 1.4, 0, 250), drawn.b_scans).astype(np.uint8)
    around = segment(bundled, pattern=ScanPattern.CIRCLE)
    assert mean_error(around, drawn.truth, "RNFL/GCL") < 2
    assert mean_error(around, drawn.truth, "IPL/INL") < 2


def test_radial_b_scans_and_those_far_apart_stand_alone():
    b_scans = draw(n=3, noise=0.3, seed=4).b_scans
    alone = segment(b_scans[1:2], pattern=ScanPattern.LINE).surfaces.values[:, 0]
    for layout in (
        {"pattern": ScanPattern.RADIAL},
        {"pattern": ScanPattern.RASTER, "gaps_mm": (0.5, np.inf)},
        {"pattern": ScanPattern.RASTER, "spacing": Spacing.from_mm(0.5, 0.0039, 0.0115)},
    ):
        among = segment(b_scans, wanted=(1,), **layout).surfaces.values[:, 0]
        np.testing.assert_allclose(among, alone, err_msg=str(layout))
    near = segment(b_scans, wanted=(1,), pattern=ScanPattern.RASTER).surfaces.values[:, 0]
    assert np.abs(near - alone).max() > 0.05


def test_memory_does_not_grow_with_the_number_of_b_scans(monkeypatch):
    height, width = 240, 256
    monkeypatch.setattr(graph_engine, "_CHUNK_BYTES", 6 * height * width * 4)
    one = draw(height=height, width=width).b_scans

    def peak_mb(n: int) -> float:
        b_scans = np.repeat(one, n, axis=0)
        tracemalloc.start()
        try:
            segment(b_scans)
            return tracemalloc.get_traced_memory()[1] / 1e6
        finally:
            tracemalloc.stop()

    few, many = peak_mb(12), peak_mb(36)
    results_mb = 24 * width * (height + 10 * 8) / 1e6  # masks, surfaces, confidence of 24 more
    assert many - few < 3 * results_mb
