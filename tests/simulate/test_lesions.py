"""Lesions are there if and only if asked for, in their compartments, dark where they are fluid."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirage_core.scan import FLUID_SCHEME, order_violations
from mirage_core.simulate import (
    HEALTHY,
    EyeParameters,
    Lesion,
    Pathology,
    SimulatedEye,
    simulate_eye,
)
from tests.simulate.conftest import NIGHTLY, volume_of

SMALL = (3, 160, 128)
COMPARTMENTS = {
    "IRF": ("ILM", "ELM"),
    "SRF": ("OS/RPE", "RPE"),
    "SHRM": ("OS/RPE", "RPE"),
    "PED": ("RPE", "BM"),
    "DRUSEN": ("RPE", "BM"),
}


def classes_of(eye: SimulatedEye) -> set[str]:
    return {FLUID_SCHEME.by_value(int(v)).name for v in np.unique(eye.masks.labels) if v}


def asked_classes(parameters: EyeParameters) -> set[str]:
    """An epiretinal membrane is a surface change: it has no mask."""
    kinds = {lesion.kind for lesion in parameters.pathology} - {Pathology.ERM}
    return {kind.value.upper() for kind in kinds}


def assert_in_compartments(eye: SimulatedEye) -> None:
    rows = np.arange(eye.scan.shape[1])[None, :, None]
    for name, (upper, lower) in COMPARTMENTS.items():
        top = np.rint(eye.surfaces[upper])[:, None]
        bottom = np.rint(eye.surfaces[lower])[:, None]
        here = eye.masks.labels == FLUID_SCHEME.by_name(name).value
        assert (here <= ((rows >= top) & (rows < bottom))).all(), name


@settings(max_examples=200 if NIGHTLY else 12, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_any_random_eye_is_ordered_and_holds_its_lesions_where_they_belong(seed):
    parameters = EyeParameters.random(np.random.default_rng(seed), SMALL)
    eye = simulate_eye(replace(parameters, slo_px=160), seed)
    assert not order_violations(eye.surfaces.values).any()
    finite = np.isfinite(eye.surfaces.values)
    assert (finite.all(axis=0) == finite.any(axis=0)).all()
    assert np.nanmin(eye.surfaces.values) >= 0
    assert np.nanmax(eye.surfaces.values) <= SMALL[1] - 1
    assert classes_of(eye) == asked_classes(parameters)
    assert_in_compartments(eye)


@pytest.mark.parametrize("severity", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("kind", [k for k in Pathology if k is not Pathology.ERM])
def test_each_pathology_alone_is_seen_at_every_severity(kind, severity):
    lesions = (Lesion(kind, severity),)
    for seed in range(4 if NIGHTLY else 2):
        eye = simulate_eye(EyeParameters(shape=SMALL, slo_px=160, pathology=lesions), seed)
        assert classes_of(eye) == {kind.value.upper()}


def test_severity_makes_more_of_it():
    def voxels(severity: float) -> int:
        lesions = tuple(Lesion(k, severity) for k in (Pathology.IRF, Pathology.SRF))
        parameters = EyeParameters(shape=(13, 160, 128), slo_px=160, pathology=lesions)
        return sum(int((simulate_eye(parameters, s).masks.labels > 0).sum()) for s in range(3))

    assert voxels(0.1) < voxels(0.5) < voxels(1.0)


def test_a_healthy_eye_has_no_lesion():
    eye = simulate_eye(EyeParameters(shape=SMALL, slo_px=160, pathology=HEALTHY), 1)
    assert classes_of(eye) == set()


def test_the_demonstration_eye_has_something_to_correct(ill_eye):
    assert classes_of(ill_eye) == {"IRF", "SRF", "PED", "DRUSEN"}
    assert_in_compartments(ill_eye)
    middle = round(ill_eye.fovea[0])
    near = ill_eye.masks.labels[middle - 4 : middle + 5]
    for name in ("IRF", "SRF"):
        assert (near == FLUID_SCHEME.by_name(name).value).sum() > 1000


@pytest.mark.parametrize(("name", "grey"), [("IRF", 45), ("SRF", 35), ("PED", 60)])
def test_fluid_is_dark_and_its_surroundings_are_not(ill_eye, name, grey):
    from scipy import ndimage

    here = ill_eye.masks.labels == FLUID_SCHEME.by_name(name).value
    plane = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], bool)[None]
    core = ndimage.binary_erosion(here, plane, iterations=2)
    around = ndimage.binary_dilation(here, plane, iterations=5) & ~ndimage.binary_dilation(
        here, plane, iterations=2
    )
    volume = volume_of(ill_eye)
    assert volume[core].mean() < grey
    assert volume[around & (ill_eye.masks.labels == 0)].mean() > volume[core].mean() + 35


def test_lesions_lift_what_lies_above_them(ill_eye):
    gap_um = (ill_eye.surfaces["BM"] - ill_eye.surfaces["RPE"]) * 3.87
    drusen = (ill_eye.masks.labels == FLUID_SCHEME.by_name("DRUSEN").value).any(axis=1)
    healthy = (ill_eye.masks.labels == 0).all(axis=1)
    assert gap_um[drusen].mean() > 40
    assert np.median(gap_um[healthy]) == pytest.approx(21 + 3.87 / 2, abs=1)


def test_an_epiretinal_membrane_brightens_and_wrinkles_the_inner_limit():
    def eye(lesions: tuple[Lesion, ...]) -> SimulatedEye:
        return simulate_eye(EyeParameters(shape=(9, 496, 512), pathology=lesions), seed=3)

    ill, well = eye((Lesion(Pathology.ERM, 1.0),)), eye(HEALTHY)
    rough = [np.abs(np.diff(e.surfaces["ILM"], n=2, axis=1)).mean() for e in (ill, well)]
    assert rough[0] > 1.5 * rough[1]
    assert classes_of(ill) == set()
