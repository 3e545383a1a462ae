"""A surface solved again around points that a grader gave."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from mirage_core.engines.graph.resolve import (
    Evidence,
    Lead,
    gather_evidence,
    solve_near,
    solve_through,
    solve_together,
)
from mirage_core.engines.graph.scale import working_scale
from tests.engines.layered import SPACING, draw

WIDTH = 320
DRAWN = draw(bowl_px=30, tilt_px=10)
SPAN = slice(120, 200)


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return gather_evidence(DRAWN.b_scans, working_scale(SPACING, WIDTH))


def truth(name: str) -> np.ndarray:
    return DRAWN.truth[name][0].astype(np.float32)


def astray(name: str, by_px: float = 7.0) -> np.ndarray:
    """Return the surface as an engine finds it that goes wrong in a span."""
    curve = truth(name)
    curve[SPAN] += by_px * np.hanning(SPAN.stop - SPAN.start)
    return curve


def points(name: str, *columns: int) -> np.ndarray:
    known = np.full(WIDTH, np.nan, np.float32)
    known[list(columns)] = truth(name)[list(columns)]
    return known


@pytest.mark.parametrize("name", ["ILM", "RPE", "BM", "EZ", "ELM"])
def test_the_curve_runs_exactly_through_the_points(evidence: Evidence, name: str) -> None:
    current = astray(name) if name in DRAWN.truth else truth("EZ") - 6
    known = np.full(WIDTH, np.nan, np.float32)
    known[[60, 150, 171]] = current[[60, 150, 171]] + (0.25, -3.5, 2.25)
    found = solve_through(evidence, name, current, known)
    given = np.isfinite(known)
    np.testing.assert_array_equal(found[given], known[given])


@pytest.mark.parametrize("name", ["ILM", "RPE", "BM"])
def test_one_point_brings_back_a_span_that_had_gone_astray(evidence: Evidence, name: str) -> None:
    current = astray(name)
    before = np.abs(current - truth(name))[SPAN].mean()
    after = np.abs(solve_through(evidence, name, current, points(name, 160)) - truth(name))[SPAN]
    assert before > 3
    assert after.mean() < 0.25 * before


def test_what_is_far_from_the_points_stays_to_the_bit(evidence: Evidence) -> None:
    current = astray("BM")
    found = solve_through(evidence, "BM", current, points("BM", 160))
    far = np.r_[0:90, 230:WIDTH]
    np.testing.assert_array_equal(found[far], current[far])


def test_a_surface_without_an_edge_of_its_own_goes_where_it_is_led(evidence: Evidence) -> None:
    current = np.full(WIDTH, 150, np.float32)
    known = np.full(WIDTH, np.nan, np.float32)
    known[160] = 156
    found = solve_through(evidence, "GCL/IPL", current, known)
    assert found[160] == 156
    assert 151 < found[170] < 156
    np.testing.assert_array_equal(found[:80], current[:80])


def test_a_surface_that_is_known_nowhere_begins_at_the_points(evidence: Evidence) -> None:
    nothing = np.full(WIDTH, np.nan, np.float32)
    found = solve_through(evidence, "BM", nothing, points("BM", 150, 170))
    near = slice(150, 171)
    assert np.abs(found[near] - truth("BM")[near]).max() < 2
    assert np.isnan(found[:80]).all()
    assert np.isnan(found[250:]).all()


def test_without_points_nothing_happens(evidence: Evidence) -> None:
    current = astray("BM")
    current[:10] = np.nan
    none = np.full(WIDTH, np.nan, np.float32)
    np.testing.assert_array_equal(solve_through(evidence, "BM", current, none), current)


def test_a_sure_lead_counts_more_than_the_image(evidence: Evidence) -> None:
    current = truth("BM")[None]
    lead = np.full_like(current, -5)
    free, led = (
        solve_near(evidence, "BM", current, lead, np.full_like(current, sure)) for sure in (0, 1)
    )
    inner = slice(20, -20)
    assert np.abs(free - current)[0, inner].mean() < 1.5  # the image called it back
    assert (
        np.abs(led - current - lead)[0, inner].mean()
        < np.abs(free - current - lead)[0, inner].mean()
    )


def test_b_scans_are_solved_together_as_alone() -> None:
    drawn = draw(n=3, seed=4)
    scale = working_scale(SPACING, WIDTH)
    current = np.repeat(drawn.truth["BM"][:1] + 3, 3, axis=0).astype(np.float32)
    lead, sure = np.full_like(current, -2), np.zeros_like(current)
    together = solve_near(gather_evidence(drawn.b_scans, scale), "BM", current, lead, sure)
    alone = solve_near(
        gather_evidence(drawn.b_scans[1:2], scale), "BM", current[1:2], lead[1:2], sure[1:2]
    )
    np.testing.assert_allclose(together[1:2], alone, atol=1e-4)


def test_surfaces_are_solved_together_as_alone(evidence: Evidence) -> None:
    leads = []
    for name, first in (("RPE", 100), ("EZ", 120), ("GCL/IPL", 90)):
        current = (truth(name) if name in DRAWN.truth else truth("ILM") + 15)[None]
        deeper = np.zeros_like(current)
        deeper[:, first : first + 40] = -6 * np.hanning(40)
        leads.append(Lead(name, current, deeper, np.zeros_like(current)))
    alone = [
        solve_near(evidence, lead.name, lead.current, lead.deeper_px, lead.sure) for lead in leads
    ]
    for one, other in zip(solve_together(evidence, leads), alone, strict=True):
        np.testing.assert_allclose(one, other, atol=0.05)


def test_a_gap_is_bridged_as_if_all_columns_were_looked_at(evidence: Evidence) -> None:
    current = truth("BM")[None]
    current[:, 140:180] = np.nan
    deeper = np.zeros_like(current)
    deeper[:, 100:139] = -4
    found = solve_near(evidence, "BM", current, deeper, np.ones_like(current))
    assert np.isnan(found[:, 140:180]).all()
    assert np.isfinite(found[:, :140]).all()
    np.testing.assert_array_equal(found[:, 200:], current[:, 200:])


def test_the_gain_is_the_mean_grey_of_the_retina() -> None:
    drawn = draw(n=2, seed=6)
    ilm, bm = (np.rint(drawn.truth[name]).astype(np.float32) for name in ("ILM", "BM"))
    scale = working_scale(SPACING, WIDTH)
    found = gather_evidence(drawn.b_scans, scale, ilm, bm)
    means = np.array(
        [
            [found.grey[b, x, int(ilm[b, x]) : int(bm[b, x])].mean() for x in range(WIDTH)]
            for b in range(2)
        ]
    )
    smooth = gaussian_filter1d(means, scale.x_px(40), axis=1, mode="nearest")
    np.testing.assert_allclose(found.gain, smooth, rtol=1e-5)


def test_evidence_of_many_b_scans_takes_little_more_than_their_grey() -> None:
    n = 24
    drawn = draw(n=n, height=200, width=120, top_px=40)
    ends = [drawn.truth[name].astype(np.float32) for name in ("ILM", "BM")]
    scale = working_scale(SPACING, 120)
    gather_evidence(drawn.b_scans[:1], scale, *(end[:1] for end in ends))  # imports are no memory
    tracemalloc.start()
    found = gather_evidence(drawn.b_scans, scale, *ends)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.8 * found.grey.nbytes


@pytest.mark.parametrize(("name", "from_ez_um"), [("ELM", -26.0), ("OS/RPE", 14.0)])
def test_what_hangs_on_the_ez_does_not_fall_onto_it(
    evidence: Evidence, name: str, from_ez_um: float
) -> None:
    current = (truth("EZ") + from_ez_um / 3.9)[None].astype(np.float32)
    deeper = np.full_like(current, 0.8 * np.sign(-from_ez_um))
    found = solve_near(evidence, name, current, deeper, np.zeros_like(current))
    from_ez = np.abs(found - truth("EZ"))[0, 10:-10]
    assert from_ez.min() > 0.3 * abs(from_ez_um) / 3.9
