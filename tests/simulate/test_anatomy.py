"""The healthy simulated eye has a retina's shape, and its image has edges where the truth is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mirage_core.scan import SURFACE_KINDS, order_violations
from mirage_core.simulate import SimulatedEye, simulate_eye
from tests.simulate.conftest import STILL, volume_of


def radius_and_bearing_mm(eye: SimulatedEye) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distance from the fovea, and mm towards superior and nasal, of every A-scan of an OD eye."""
    db, _, dx = eye.parameters.spacing_mm
    n_b, _, n_x = eye.scan.shape
    v = (np.arange(n_b) - eye.fovea[0])[:, None] * db
    u = (np.arange(n_x) - eye.fovea[1])[None, :] * dx
    return np.hypot(v, u), v + 0 * u, u + 0 * v


def thickness_um(eye: SimulatedEye, upper: str, lower: str) -> np.ndarray:
    return (eye.surfaces[lower] - eye.surfaces[upper]) * eye.parameters.spacing_mm[1] * 1000


def profile(eye: SimulatedEye, surface: str, reach: int = 8) -> np.ndarray:
    """Mean grey from `reach` px above to `reach` px below `surface`, linearly interpolated."""
    volume = volume_of(eye).astype(float)
    depth = eye.surfaces[surface]
    out = []
    for offset in range(-reach, reach + 1):
        z = depth + offset
        low = np.floor(z).astype(int)
        b, x = np.indices(depth.shape)
        share = z - low
        out.append((volume[b, low, x] * (1 - share) + volume[b, low + 1, x] * share).mean())
    return np.array(out)


def test_every_surface_is_there_finite_in_order_and_inside_the_image(healthy_eye):
    surfaces = healthy_eye.surfaces
    assert surfaces.names == tuple(kind.name for kind in SURFACE_KINDS)
    assert surfaces.values.dtype == np.float32
    assert np.isfinite(surfaces.values).all()
    assert not order_violations(surfaces.values).any()
    assert surfaces.values.min() > 0
    assert surfaces.values.max() < healthy_eye.scan.shape[1] - 1


@pytest.mark.parametrize("seed", range(4))
def test_retinal_thickness_is_that_of_a_normal_macula(seed):
    eye = simulate_eye(replace(STILL, shape=(49, 248, 256)), seed)
    total, radius = thickness_um(eye, "ILM", "BM"), radius_and_bearing_mm(eye)[0]
    assert 195 < total[radius < 0.1].mean() < 262
    assert 235 < total[radius < 0.5].mean() < 300
    assert 300 < total[(radius > 0.5) & (radius < 1.5)].mean() < 370
    assert 255 < total[(radius > 1.5) & (radius < 2.9)].mean() < 325


def test_the_mean_eye_is_closer_to_the_published_values():
    eye = simulate_eye(replace(STILL, variation=0.0), seed=0)
    total, radius = thickness_um(eye, "ILM", "BM"), radius_and_bearing_mm(eye)[0]
    assert total[radius < 0.1].mean() == pytest.approx(227, abs=6)
    assert total[radius < 0.5].mean() == pytest.approx(270, abs=8)
    assert total[(radius > 0.5) & (radius < 1.5)].mean() == pytest.approx(340, abs=8)


def test_nerve_fibres_are_thickest_towards_the_disc_and_thinnest_temporally(healthy_eye):
    fibres = thickness_um(healthy_eye, "ILM", "RNFL/GCL")
    radius, v, u = radius_and_bearing_mm(healthy_eye)
    ring = (radius > 2.2) & (radius < 2.8)
    nasal = fibres[ring & (u > 2 * np.abs(v))].mean()
    temporal = fibres[ring & (u < -2 * np.abs(v))].mean()
    superior = fibres[ring & (v > 2 * np.abs(u))].mean()
    assert nasal > 1.7 * temporal
    assert superior > 1.5 * temporal


def test_the_fovea_is_where_the_inner_retina_is_thinnest(healthy_eye):
    inner = thickness_um(healthy_eye, "ILM", "OPL/ONL")
    b, x = np.unravel_index(inner.argmin(), inner.shape)
    assert abs(b - healthy_eye.fovea[0]) <= 1
    assert abs(x - healthy_eye.fovea[1]) * healthy_eye.parameters.spacing_mm[2] < 0.1


@pytest.mark.parametrize(
    ("surface", "sign"),
    [
        ("ILM", 1),
        ("RNFL/GCL", -1),
        ("IPL/INL", -1),
        ("INL/OPL", 1),
        ("OPL/ONL", -1),
        ("ELM", 1),
        ("EZ", 1),
        ("BM", -1),
    ],
)
def test_an_edge_is_written_as_the_first_row_below_it(healthy_eye, surface, sign):
    step = sign * np.diff(profile(healthy_eye, surface, reach=2))
    assert step.argmax() == 1  # from the row above the surface to the surface
    assert step[1] > 5


def test_the_image_gets_bright_at_the_ilm(healthy_eye):
    p = profile(healthy_eye, "ILM")
    assert p[:6].max() < 30
    assert p[10] > 150


def test_the_rpe_surface_runs_along_the_ridge_of_its_band(healthy_eye):
    p = profile(healthy_eye, "RPE")
    assert abs(int(p.argmax()) - 8) <= 1
    assert p.max() > 195


def test_under_bruchs_membrane_it_is_darker_than_in_the_band(healthy_eye):
    p = profile(healthy_eye, "BM")
    assert p[6] > p[10] + 25


def test_the_ellipsoid_zone_is_a_band_of_its_own_below_its_surface(healthy_eye):
    p = profile(healthy_eye, "EZ", reach=5)
    assert p[4:8].max() > p[2] + 40
    assert p[4:8].max() > p[10] + 15


def test_the_outer_segments_end_in_a_dark_line(healthy_eye):
    p = profile(healthy_eye, "OS/RPE", reach=3)
    assert p.argmin() == 3
    assert min(p[:2].max(), p[5:].max()) > p[3] + 15


def test_the_elm_is_a_faint_line_below_its_surface(healthy_eye):
    p = profile(healthy_eye, "ELM", reach=3)
    assert p[3:5].max() > p[0] + 10
    assert p[3:5].max() > p[6] + 3


@pytest.mark.parametrize(
    ("surface", "sign"),
    [("RNFL/GCL", -1), ("IPL/INL", -1), ("INL/OPL", 1), ("OPL/ONL", -1)],
)
def test_inner_boundaries_have_the_sign_of_contrast_they_have_in_life(healthy_eye, surface, sign):
    away = np.hypot(*radius_and_bearing_mm(healthy_eye)[1:]) > 0.8
    volume, depth = volume_of(healthy_eye).astype(float), healthy_eye.surfaces[surface]
    b, x = np.nonzero(away)
    above = volume[b, np.rint(depth[away] - 2).astype(int), x].mean()
    below = volume[b, np.rint(depth[away] + 1).astype(int), x].mean()
    assert sign * (below - above) > 8


def test_vitreous_is_dark_and_the_retina_is_not(healthy_eye):
    volume = volume_of(healthy_eye)
    ilm, bm = healthy_eye.surfaces["ILM"], healthy_eye.surfaces["BM"]
    rows = np.arange(volume.shape[1])[None, :, None]
    assert volume[rows < ilm[:, None] - 5].mean() < 30
    assert 110 < volume[(rows > ilm[:, None]) & (rows < bm[:, None])].mean() < 180


def test_tilt_and_curvature_bend_bruchs_membrane_as_asked():
    bent = replace(STILL, variation=0.0, tilt_um_per_mm=(-20.0, 30.0), curvature_um_per_mm2=10.0)
    eye = simulate_eye(replace(bent, shape=(25, 248, 128)), seed=1)
    db, dz, dx = eye.parameters.spacing_mm
    bm_um = eye.surfaces["BM"] * dz * 1000
    v = (np.arange(25) - 12)[:, None] * db + np.zeros((1, 128))
    u = (np.arange(128) - 63.5)[None, :] * dx + np.zeros((25, 1))
    design = np.stack([np.ones(v.size), v.ravel(), u.ravel(), (v**2 + u**2).ravel()], 1)
    fit = np.linalg.lstsq(design, bm_um.ravel(), rcond=None)[0]
    np.testing.assert_allclose(fit[1:], [-20.0, 30.0, -10.0], atol=1e-2)


def test_a_steep_eye_is_moved_and_flattened_until_it_fits():
    steep = replace(
        STILL, shape=(7, 248, 128), tilt_um_per_mm=(100.0, 300.0), curvature_um_per_mm2=30.0
    )
    values = simulate_eye(steep, seed=0).surfaces.values
    assert values.min() >= 0
    assert values.max() < 248


def test_axial_motion_moves_whole_b_scans():
    shaken = simulate_eye(replace(STILL, motion_axial_um=20.0, shape=(49, 248, 128)), seed=4)
    still = simulate_eye(replace(STILL, shape=(49, 248, 128)), seed=4)
    shift = (shaken.surfaces.values - still.surfaces.values) * STILL.field_mm[1] / 248 * 1000
    per_b_scan = shift.mean(axis=(0, 2))
    assert np.abs(shift - per_b_scan[None, :, None]).max() < 0.05
    assert 12 < per_b_scan.std() < 30


def test_lateral_motion_moves_the_fovea_but_not_the_recorded_positions():
    slipped = simulate_eye(replace(STILL, motion_lateral_um=60.0, shape=(25, 248, 256)), seed=4)
    still = simulate_eye(replace(STILL, shape=(25, 248, 256)), seed=4)
    assert slipped.scan.geometry.positions == still.scan.geometry.positions
    assert not np.allclose(slipped.surfaces.values, still.surfaces.values, atol=0.05)
