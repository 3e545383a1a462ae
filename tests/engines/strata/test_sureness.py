"""After a surface was moved its confidence is about where it lies now."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.engines.strata import Decoded, decode
from mirage_core.engines.strata.sureness import WEIGHTS, confidence_at, sureness
from mirage_core.scan import Surfaces
from tests.engines.strata.drawn import SIX, at_columns, gentle_curves, sigmoids

SIZE, NETWORK = (248, 96), (256, 48)
NAMES = ("ILM", "RPE", "BM")


@pytest.fixture(scope="module")
def decoded() -> Decoded:
    curves = gentle_curves(*SIZE)
    edges = at_columns(curves, NETWORK[1]) * NETWORK[0] / SIZE[0]
    maps = sigmoids(edges, NETWORK[0], 1.0)[None].repeat(2, axis=0)
    return decode(maps, SIX, SIZE, network_height=NETWORK[0], posterior_of=NAMES)


def moved(decoded: Decoded, px: float) -> Surfaces:
    return Surfaces(decoded.surfaces.values + np.float32(px), decoded.surfaces.names)


def test_around_the_network_s_curve_the_share_is_its_confidence(decoded: Decoded) -> None:
    rows = [decoded.surfaces.index(name) for name in NAMES]
    for b, posterior in enumerate(decoded.posteriors):
        near = posterior.share_near(decoded.surfaces.values[rows, b])
        np.testing.assert_allclose(near, decoded.confidence[rows, b], atol=0.03)


def test_a_posterior_is_given_of_what_is_asked_for_and_changes_nothing(decoded: Decoded) -> None:
    assert [p.reached.shape[1] for p in decoded.posteriors] == [len(NAMES)] * 2
    maps = sigmoids(at_columns(gentle_curves(*SIZE), 48) * 256 / 248, 256, 1.0)[None]
    alone = decode(maps, SIX, SIZE, network_height=NETWORK[0])
    assert alone.posteriors == ()
    np.testing.assert_array_equal(alone.confidence[:, 0], decoded.confidence[:, 0])


@pytest.mark.parametrize("name", NAMES)
def test_the_further_an_edge_lies_from_what_the_network_expects_the_less_sure_it_is(
    name: str, decoded: Decoded
) -> None:
    row = decoded.surfaces.index(name)
    sure = [confidence_at(decoded, moved(decoded, px), NAMES)[row].mean() for px in (0, 2, 4, 8)]
    assert sure == sorted(sure, reverse=True)
    assert sure[0] > sure[-1] + 0.1


def test_surfaces_that_were_not_moved_keep_their_confidence(decoded: Decoded) -> None:
    sure = confidence_at(decoded, moved(decoded, 3), NAMES)
    for name in ("RNFL/GCL", "IPL/INL"):
        row = decoded.surfaces.index(name)
        np.testing.assert_array_equal(sure[row], decoded.confidence[row])


def test_what_is_undefined_stays_so_and_all_else_is_a_probability(decoded: Decoded) -> None:
    partly = moved(decoded, 1)
    partly.values[0, 0, :20] = np.nan
    known = decoded.confidence.copy()
    known[0, 0, :20] = np.nan
    sure = confidence_at(decoded._replace(confidence=known), partly, NAMES)
    np.testing.assert_array_equal(np.isnan(sure), np.isnan(known))
    assert np.nanmin(sure) >= 0
    assert np.nanmax(sure) <= 1


@pytest.mark.parametrize("name", [*WEIGHTS, "EZ"])
def test_sureness_rises_with_either_share_and_never_leaves_its_range(name: str) -> None:
    shares = np.linspace(0, 1, 21, dtype=np.float32)
    by_edge = sureness(name, shares, np.full_like(shares, 0.8))
    assert (np.diff(by_edge) >= 0).all()
    assert by_edge[-1] > by_edge[0]
    by_own = sureness(name, np.full_like(shares, 0.8), shares)
    assert (np.diff(by_own) >= 0).all()
    for found in (by_edge, by_own):
        assert ((found >= 0) & (found <= 1)).all()


def test_a_surface_that_nothing_was_counted_for_is_as_sure_as_the_posterior() -> None:
    near = np.array([0.2, 0.9], np.float32)
    np.testing.assert_array_equal(sureness("EZ", near, near[::-1]), near)
