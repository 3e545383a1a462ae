"""Surfaces of a model moved to their edges in the image."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.engines.strata.sharpen import sharpened
from mirage_core.scan import Surfaces
from tests.engines.layered import SPACING, draw

NAMES = ("ILM", "EZ", "RPE", "BM")
DRAWN = draw(n=2, bowl_px=20)
TRUTH = np.stack([DRAWN.truth[name] for name in NAMES]).astype(np.float32)


def found(off_px: float = 2.0) -> Surfaces:
    """Return what a model puts a few px off, a little differently in every A-scan."""
    wobble = off_px * np.sin(np.arange(TRUTH.shape[2]) / 25)
    return Surfaces((TRUTH + wobble).astype(np.float32), NAMES)


def error_px(of: Surfaces, name: str) -> float:
    return float(np.abs(of[name] - TRUTH[NAMES.index(name)]).mean())


@pytest.mark.parametrize("name", ["ILM", "RPE", "BM"])
def test_a_surface_moves_to_its_edge(name: str) -> None:
    moved = sharpened(found(), (name,), DRAWN.b_scans, SPACING)
    assert error_px(moved, name) < 0.6 * error_px(found(), name)


def test_the_others_stay_to_the_bit_unless_they_would_cross() -> None:
    moved = sharpened(found(), ("ILM",), DRAWN.b_scans, SPACING)
    for name in ("EZ", "RPE", "BM"):
        np.testing.assert_array_equal(moved[name], found()[name])


def test_surfaces_are_in_order_afterwards() -> None:
    near = found(4)
    near.values[2] = near.values[3] - 0.5  # the RPE where BM is
    moved = sharpened(near, ("RPE", "BM"), DRAWN.b_scans, SPACING)
    assert (np.diff(moved.values, axis=0) >= 0).all()


def test_what_is_undefined_stays_so() -> None:
    partly = found()
    partly.values[3, 0, 50:80] = np.nan
    partly.values[0] = np.nan
    moved = sharpened(partly, ("ILM", "RPE", "BM"), DRAWN.b_scans, SPACING)
    np.testing.assert_array_equal(np.isnan(moved.values), np.isnan(partly.values))


def test_an_rpe_without_neighbours_and_a_surface_without_an_edge_stay() -> None:
    alone = Surfaces(found().values[2:3], ("RPE",))
    np.testing.assert_array_equal(
        sharpened(alone, ("RPE",), DRAWN.b_scans, SPACING).values, alone.values
    )
    vague = Surfaces(found().values[:1] + 30, ("GCL/IPL",))
    np.testing.assert_array_equal(
        sharpened(vague, ("GCL/IPL",), DRAWN.b_scans, SPACING).values, vague.values
    )


def test_nothing_found_is_nothing_to_sharpen() -> None:
    nothing = Surfaces(np.full_like(found().values, np.nan), NAMES)
    assert sharpened(nothing, NAMES, DRAWN.b_scans, SPACING) is nothing
