"""Fluid that is put under real retinas: what moves, what stays, what is labelled."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.training.starter.lifting import lifted
from mirage_core.training.starter.samples import LESIONS, SIDE, SURFACES, Samples

SRF, SHRM = LESIONS.index("SRF") + 1, LESIONS.index("SHRM") + 1
ILM_ROW, BM_ROW = 200, 300


def retina(shrm: slice | None = None) -> Samples:
    """Return a flat retina, grey, with a bright stripe over its pigment epithelium."""
    rows = np.linspace(ILM_ROW, BM_ROW, len(SURFACES) - 1)
    rpe = rows[SURFACES.index("RPE")]
    curves = np.repeat([*rows, BM_ROW + 60], SIDE).reshape(-1, SIDE).astype(np.float32)
    image = np.full((SIDE, SIDE), 10, np.uint8)
    image[ILM_ROW : BM_ROW + 60] = 100
    image[round(rpe) - 12 : round(rpe) - 8] = 240
    lesions = np.zeros((SIDE, SIDE), np.uint8)
    if shrm is not None:
        lesions[round(rpe) - 7 : round(rpe), shrm] = SHRM
    known = np.ones((1, len(LESIONS) + 1), bool)
    return Samples(image[None], curves[None], lesions[None], known)


@pytest.fixture(scope="module")
def found() -> Samples:
    return lifted(retina(), np.random.default_rng(3), 12)


def height(of: Samples, i: int) -> np.ndarray:
    fluid: np.ndarray = (of.lesions[i] == SRF).sum(axis=0)
    return fluid


def test_each_is_different_and_the_same_on_every_run(found: Samples) -> None:
    again = lifted(retina(), np.random.default_rng(3), 12)
    np.testing.assert_array_equal(again.images, found.images)
    assert len(found) == 12
    assert len({height(found, i).tobytes() for i in range(12)}) == 12


def test_the_retina_is_lifted_by_the_height_of_the_fluid(found: Samples) -> None:
    flat = retina().surfaces[0]
    for i in range(len(found)):
        moved = flat - found.surfaces[i]
        for name in ("ILM", "ELM", "OS/RPE"):
            np.testing.assert_allclose(moved[SURFACES.index(name)], height(found, i), atol=1)
        for name in ("RPE", "BM", "CSI"):
            assert not moved[SURFACES.index(name)].any()


def test_tissue_goes_with_it_and_fluid_is_as_dark_as_vitreous(found: Samples) -> None:
    for i in range(len(found)):
        column = int(height(found, i).argmax())
        up = int(height(found, i)[column])
        stripe = np.flatnonzero(found.images[i][:, column] > 200)
        still = np.flatnonzero(retina().images[0][:, column] > 200)
        assert abs(stripe.mean() - (still.mean() - up)) < 1.5
        fluid = found.lesions[i][:, column] == SRF
        assert np.median(found.images[i][fluid, column]) < 60


def test_fluid_lies_on_what_stands_on_the_pigment_epithelium() -> None:
    found = lifted(retina(shrm=slice(0, SIDE)), np.random.default_rng(0), 8)
    rpe = round(float(retina().surfaces[0, SURFACES.index("RPE"), 0]))
    for i in range(len(found)):
        assert (found.lesions[i][rpe - 7 : rpe] == SHRM).all()
        assert (found.lesions[i] == SRF).any()


@pytest.mark.parametrize("missing", ["RPE", "ILM"])
def test_what_is_not_known_well_enough_is_left_out(missing: str) -> None:
    unknown = retina()
    unknown.surfaces[0, SURFACES.index(missing)] = np.nan
    found = lifted(unknown, np.random.default_rng(0), 4)
    assert (len(found), found.known.shape) == (0, (0, len(LESIONS) + 1))
