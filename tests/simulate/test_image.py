"""The image: device looks, noise, padding, vessels, and the SLO that belongs to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from mirage_core.simulate import EyeParameters, SimulatedEye, VendorLook, simulate_eye
from tests.simulate.conftest import STILL, volume_of

SMALL = replace(STILL, shape=(5, 248, 256), slo_px=256)


def vitreous(eye: SimulatedEye) -> np.ndarray:
    rows = np.arange(eye.scan.shape[1])[None, :, None]
    return volume_of(eye)[rows < eye.surfaces["ILM"][:, None] - 8]


def grain(eye: SimulatedEye) -> float:
    """Standard deviation of what is left of the GCL and IPL after a local mean."""
    volume = volume_of(eye).astype(float)
    rough = volume - ndimage.uniform_filter(volume, (0, 5, 9))
    rows = np.arange(volume.shape[1])[None, :, None]
    inside = (rows > eye.surfaces["RNFL/GCL"][:, None] + 2) & (
        rows < eye.surfaces["IPL/INL"][:, None] - 2
    )
    return float(rough[inside].std())


@pytest.mark.parametrize("vendor", list(VendorLook))
def test_each_vendors_cube_has_its_own_grid(vendor):
    parameters = EyeParameters.of_vendor(vendor)
    small = replace(parameters, shape=(3, *parameters.shape[1:]))
    eye = simulate_eye(small, seed=1)
    assert eye.scan.shape == small.shape
    assert eye.scan.b_scan(1).dtype == np.uint8
    assert eye.scan.geometry.superior_to_inferior is (vendor is not VendorLook.SPECTRALIS)


def test_looks_differ_in_background_and_grain_but_not_in_anatomy():
    eyes = {v: simulate_eye(replace(SMALL, vendor=v), seed=5) for v in VendorLook}
    spectralis, cirrus, topcon = (eyes[v] for v in VendorLook)
    for other in (cirrus, topcon):
        np.testing.assert_array_equal(other.surfaces.values, spectralis.surfaces.values)
    assert vitreous(spectralis).mean() + 10 < vitreous(topcon).mean() < vitreous(cirrus).mean() - 8
    assert grain(cirrus) > grain(spectralis)


def test_averaging_more_frames_smooths_the_image():
    grains = [grain(simulate_eye(replace(SMALL, averaging=n), seed=2)) for n in (1, 4, 25)]
    assert grains[0] > 1.3 * grains[1] > 1.3 * grains[2] * 1.05


def test_noise_contrast_and_brightness_do_what_they_say():
    plain, noisy = (simulate_eye(replace(SMALL, noise=n), seed=2) for n in (0.3, 2.0))
    assert vitreous(noisy).std() > 2 * vitreous(plain).std()
    bright = simulate_eye(replace(SMALL, brightness=20.0), seed=2)
    flat = simulate_eye(replace(SMALL, contrast=0.6), seed=2)
    usual = simulate_eye(SMALL, seed=2)
    assert volume_of(bright).mean() > volume_of(usual).mean() + 8
    assert volume_of(flat).std() < 0.75 * volume_of(usual).std()


def test_media_opacity_dims_patches():
    clear, cloudy = (simulate_eye(replace(SMALL, media_opacity=m), seed=2) for m in (0.0, 1.0))
    assert volume_of(cloudy).mean() < volume_of(clear).mean() - 1


def test_padding_is_white_where_surfaces_are_undefined_and_only_there_on_tissue():
    padded = simulate_eye(replace(SMALL, shape=(9, 248, 256), padding_fraction=0.06), seed=3)
    white = volume_of(padded) == 255
    columns = white.all(axis=1)
    undefined = np.isnan(padded.surfaces.values)
    np.testing.assert_array_equal(undefined.all(axis=0), columns)
    np.testing.assert_array_equal(undefined.any(axis=0), columns)
    assert columns.any(axis=1).all()
    assert 0.03 < white.mean() < 0.08
    rows = np.arange(248)[None, :, None]
    ilm = padded.surfaces["ILM"][:, None]
    with np.errstate(invalid="ignore"):
        assert not (white & (rows > ilm - 1)).any()
    assert not padded.masks.labels[np.broadcast_to(columns[:, None], white.shape)].any()


def test_without_padding_no_pixel_is_white(ill_eye):
    assert volume_of(ill_eye).max() < 255


def slo_darkness(eye: SimulatedEye) -> np.ndarray:
    """How much darker the SLO is than its surroundings at every A-scan, ``[b, x]``."""
    slo = eye.scan.slo.astype(float)
    dark = 1 - slo / ndimage.gaussian_filter(slo, 16)
    n_b, _, n_x = eye.scan.shape
    points = np.stack([eye.scan.geometry.positions[b].points(n_x) for b in range(n_b)])
    return ndimage.map_coordinates(dark, np.moveaxis(points, -1, 0), order=1)


@pytest.fixture(scope="module")
def with_shadows() -> SimulatedEye:
    return simulate_eye(replace(STILL, vessel_density=1.3, averaging=50), seed=6)


def test_vessels_shadow_the_b_scans_where_they_are_dark_on_the_slo(with_shadows):
    eye = with_shadows
    volume = volume_of(eye).astype(float)
    rows = np.arange(volume.shape[1])[None, :, None]
    band = (rows >= eye.surfaces["EZ"][:, None] - 2) & (rows < eye.surfaces["BM"][:, None])
    outer = (volume * band).sum(axis=1) / band.sum(axis=1)
    outer /= ndimage.median_filter(outer, (1, 61))
    dark = slo_darkness(eye)
    vessel, clear = dark > 0.2, np.abs(dark) < 0.04
    assert vessel.mean() > 0.01
    assert outer[vessel].mean() < outer[clear].mean() - 0.08

    def agreement(shift: int) -> float:
        return float(np.corrcoef(np.roll(dark, shift, axis=1).ravel(), 1 - outer.ravel())[0, 1])

    lags = range(-12, 13)
    assert abs(max(lags, key=agreement)) <= 1
    assert agreement(0) > 0.4


def test_shadow_strength_and_vessel_density_count(with_shadows):
    none = simulate_eye(replace(with_shadows.parameters, shadow_strength=0.0), seed=6)
    bare = simulate_eye(replace(with_shadows.parameters, vessel_density=0.0), seed=6)
    assert volume_of(none).mean() > volume_of(with_shadows).mean()
    assert (slo_darkness(bare) > 0.1).sum() < 0.7 * (slo_darkness(with_shadows) > 0.1).sum()


def test_the_slo_shows_a_dark_fovea_and_a_bright_disc_on_the_nasal_side(healthy_eye):
    slo, p = healthy_eye.scan.slo.astype(float), healthy_eye.parameters
    row, col = healthy_eye.scan.geometry.slo_point(
        round(healthy_eye.fovea[0]), healthy_eye.fovea[1], p.shape[2]
    )
    px = p.slo_mm_per_px
    distance = np.hypot(*(np.indices(slo.shape) - np.array([row, col])[:, None, None])) * px
    ring = np.median(slo[(distance > 1.2) & (distance < 1.6)])
    assert np.median(slo[distance < 0.25]) < ring - 12
    bright = np.argwhere(ndimage.gaussian_filter(slo, 12) > ring + 55)
    assert len(bright) > 500
    centre = bright.mean(axis=0)
    assert 3.8 < (centre[1] - col) * px < 4.9
    assert abs(centre[0] - row) * px < 0.9
