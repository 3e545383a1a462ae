"""Heidelberg .vol files written by the test writer: every pattern, every header fact."""

from __future__ import annotations

import pickle
import struct
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirage_core.io import ReadError, ReadOptions, open_scan
from mirage_core.scan import CirclePosition, Laterality, LinePosition, Provenance, ScanPattern
from tests.helpers.vol_writer import PATIENT_ID, VolParameters, write_vol

N, Z, X = 5, 32, 40
SLO = np.arange(60 * 48, dtype=np.uint32).reshape(60, 48).astype(np.uint8)
SMALL = VolParameters(scale_x_mm=0.01, slo_scale_mm=0.0125, distance_mm=0.06)


@pytest.fixture
def volume() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (N, Z, X), dtype=np.uint8)


def test_every_grey_value_comes_back_exactly(tmp_path: Path) -> None:
    image = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    scan = open_scan(write_vol(tmp_path / "a.vol", image, SLO, SMALL))
    assert np.array_equal(scan.b_scan(0), image[0])


def test_b_scans_and_slo_come_back_in_the_files_order(tmp_path: Path, volume: np.ndarray) -> None:
    scan = open_scan(write_vol(tmp_path / "a.vol", volume, SLO, SMALL))
    assert scan.shape == (N, Z, X)
    assert all(np.array_equal(scan.b_scan(b), volume[b]) for b in range(N))
    assert np.array_equal(scan.slo, SLO)


def test_pixels_outside_the_scan_are_nan_and_black(tmp_path: Path) -> None:
    invalid = np.zeros((Z, X), bool)
    invalid[:3, 7:] = True
    white = np.full((1, Z, X), 255, np.uint8)
    pixels = open_scan(write_vol(tmp_path / "a.vol", white, SLO, SMALL, invalid=invalid)).pixels
    assert np.array_equal(np.isnan(pixels.raw(0)), invalid)
    assert np.array_equal(pixels.display(0), np.where(invalid, 0, 255))


def test_raster_is_inferior_first_with_the_files_spacing(
    tmp_path: Path, volume: np.ndarray
) -> None:
    scan = open_scan(write_vol(tmp_path / "a.vol", volume, SLO, SMALL))
    assert scan.geometry.pattern is ScanPattern.RASTER
    assert scan.geometry.superior_to_inferior is False
    assert scan.spacing.as_mm() == (0.06, SMALL.scale_z_mm, 0.01)
    assert {scan.spacing[a].source for a in "bzx"} == {Provenance.FILE}
    rows = [p.start[0] for p in scan.geometry.positions if isinstance(p, LinePosition)]
    assert np.allclose(np.diff(rows), -0.06 / 0.0125)  # y grows downwards on the SLO
    assert not scan.geometry.positions_assumed


def test_a_raster_stored_from_above_is_superior_first(tmp_path: Path, volume: np.ndarray) -> None:
    from tests.helpers.vol_writer import default_positions

    positions = default_positions(SMALL, N, X, SLO)[::-1]
    path = write_vol(tmp_path / "a.vol", volume, SLO, replace(SMALL, positions_mm=positions))
    assert open_scan(path).geometry.superior_to_inferior is True


def test_a_raster_without_distance_takes_the_gap_from_its_positions(
    tmp_path: Path, volume: np.ndarray
) -> None:
    from tests.helpers.vol_writer import default_positions

    positions = default_positions(SMALL, N, X, SLO)
    parameters = replace(SMALL, positions_mm=positions, distance_mm=0.0)
    scan = open_scan(write_vol(tmp_path / "a.vol", volume, SLO, parameters))
    assert scan.spacing.b.mm == pytest.approx(0.06)
    assert scan.spacing.b.source is Provenance.DERIVED


def test_a_distance_its_positions_contradict_is_said(tmp_path: Path, volume: np.ndarray) -> None:
    from tests.helpers.vol_writer import default_positions

    positions = default_positions(SMALL, N, X, SLO)
    parameters = replace(SMALL, positions_mm=positions, distance_mm=0.24)
    scan = open_scan(write_vol(tmp_path / "a.vol", volume, SLO, parameters))
    assert any("0.2400 mm" in note and "0.0600 mm" in note for note in scan.notes)


def test_lines_end_on_their_last_a_scan(tmp_path: Path, volume: np.ndarray) -> None:
    scan = open_scan(write_vol(tmp_path / "a.vol", volume[:1], SLO, replace(SMALL, pattern="line")))
    (line,) = scan.geometry.positions
    assert isinstance(line, LinePosition)
    step = np.diff(line.points(X), axis=0)
    assert np.allclose(step, (0.0, 0.01 / 0.0125))  # one lateral spacing per A-scan
    assert scan.geometry.pattern is ScanPattern.LINE
    assert scan.spacing.b.source is Provenance.UNKNOWN


def test_radial_lines_cross_in_their_common_centre(tmp_path: Path, volume: np.ndarray) -> None:
    scan = open_scan(write_vol(tmp_path / "a.vol", volume, SLO, replace(SMALL, pattern="radial")))
    assert scan.geometry.pattern is ScanPattern.RADIAL
    assert scan.spacing.b.source is Provenance.UNKNOWN
    middle = np.array([p.points(X)[X // 2] for p in scan.geometry.positions])
    assert np.allclose(middle, (30.0, 24.0))
    angles = [np.arctan2(*(np.subtract(p.end, p.start))) for p in scan.geometry.positions]  # type: ignore[union-attr]
    assert len(np.unique(np.round(angles, 3))) == N


@pytest.mark.parametrize(("eye", "first_angle", "direction"), [(b"OD", np.pi, 1), (b"OS", 0, -1)])
def test_circles_run_temporal_superior_nasal_inferior(
    tmp_path: Path, volume: np.ndarray, eye: bytes, first_angle: float, direction: int
) -> None:
    parameters = replace(SMALL, pattern="circle", position=eye, shift=-3)
    scan = open_scan(write_vol(tmp_path / "a.vol", volume[:1], SLO, parameters))
    (circle,) = scan.geometry.positions
    assert isinstance(circle, CirclePosition)
    assert circle.center == pytest.approx((30.0, 24.0))
    assert 2 * np.pi * circle.radius * 0.0125 == pytest.approx(X * 0.01)
    assert circle.start_angle == pytest.approx(first_angle)
    assert circle.direction == direction
    quarter = circle.points(X)[X // 4]
    assert quarter[0] < circle.center[0] - 0.9 * circle.radius  # superior is up
    assert scan.spacing.b.source is Provenance.UNKNOWN


def test_a_circle_of_an_unknown_eye_says_so(tmp_path: Path, volume: np.ndarray) -> None:
    parameters = replace(SMALL, pattern="circle", position=b"??")
    scan = open_scan(write_vol(tmp_path / "a.vol", volume[:1], SLO, parameters))
    assert scan.laterality is Laterality.UNKNOWN
    assert any("which eye" in note for note in scan.notes)


@pytest.mark.parametrize(("eye", "direction"), [(Laterality.OS, -1), (Laterality.OD, 1)])
def test_a_circle_follows_the_eye_that_the_user_names(
    tmp_path: Path, volume: np.ndarray, eye: Laterality, direction: int
) -> None:
    parameters = replace(SMALL, pattern="circle", position=b"??")
    path = write_vol(tmp_path / "a.vol", volume[:1], SLO, parameters)
    scan = open_scan(path, ReadOptions(laterality=eye))
    (circle,) = scan.geometry.positions
    assert isinstance(circle, CirclePosition)
    assert circle.direction == direction
    assert not any("which eye" in note for note in scan.notes)


def test_a_mute_pattern_is_taken_from_the_lines(tmp_path: Path, volume: np.ndarray) -> None:
    mute = replace(SMALL, pattern_code=0)
    assert (
        open_scan(write_vol(tmp_path / "a.vol", volume, SLO, mute)).geometry.pattern
        is ScanPattern.RASTER
    )
    mute = replace(mute, pattern="radial")
    assert (
        open_scan(write_vol(tmp_path / "b.vol", volume, SLO, mute)).geometry.pattern
        is ScanPattern.UNKNOWN
    )


def test_vendor_layers_are_named_sorted_and_kept_as_they_are(
    tmp_path: Path, volume: np.ndarray
) -> None:
    rng = np.random.default_rng(2)
    layers = {slot: rng.uniform(0, Z, (N, X)).astype(np.float32) for slot in (0, 1, 2, 14, 16)}
    layers[1][2, :5] = np.nan
    layers[8] = np.full((N, X), np.nan, np.float32)
    layers[9] = np.full((N, X), 5, np.float32)
    scan = open_scan(write_vol(tmp_path / "a.vol", volume, SLO, replace(SMALL, layers=layers)))
    surfaces = scan.vendor_surfaces
    assert surfaces is not None
    assert surfaces.names == ("ILM", "RNFL/GCL", "EZ", "RPE", "BM")
    for slot, name in {0: "ILM", 1: "BM", 2: "RNFL/GCL", 14: "EZ", 16: "RPE"}.items():
        assert np.array_equal(surfaces[name], layers[slot], equal_nan=True)
    text = " ".join(scan.notes)
    assert "ELM" in text  # there but empty
    assert "not published: 1" in text
    assert "cross in" in text


def test_layers_outside_the_image_are_undefined(tmp_path: Path, volume: np.ndarray) -> None:
    ilm = np.full((N, X), 5, np.float32)
    ilm[0, 0], ilm[0, 1] = 1e6, -40
    scan = open_scan(write_vol(tmp_path / "a.vol", volume, SLO, replace(SMALL, layers={0: ilm})))
    assert scan.vendor_surfaces is not None
    assert np.isnan(scan.vendor_surfaces["ILM"][0, :2]).all()
    assert np.isfinite(scan.vendor_surfaces["ILM"]).sum() == N * X - 2


def test_who_and_when_are_read_and_withheld(tmp_path: Path, volume: np.ndarray) -> None:
    scan = open_scan(write_vol(tmp_path / "Doe_John.vol", volume, SLO, SMALL))
    assert scan.identity is not None
    assert scan.identity.patient_id == PATIENT_ID
    assert scan.identity.birth_date == date(1970, 1, 1)
    assert scan.acquisition.date == date(2010, 1, 1)
    assert scan.laterality is Laterality.OD
    shown = " ".join([repr(scan), str(scan), scan.title, *scan.notes, repr(scan.pixels)])
    for secret in (PATIENT_ID, "1970", "Doe"):
        assert secret not in shown


def test_quality_is_per_b_scan(tmp_path: Path, volume: np.ndarray) -> None:
    scan = open_scan(write_vol(tmp_path / "a.vol", volume, SLO, SMALL))
    assert scan.quality is not None
    assert scan.quality.tolist() == [31.5] * N


@pytest.mark.parametrize("size", [2048, 46080, 55296])
def test_b_scan_headers_have_any_size(tmp_path: Path, volume: np.ndarray, size: int) -> None:
    parameters = replace(SMALL, b_scan_header_bytes=size)
    scan = open_scan(write_vol(tmp_path / "a.vol", volume, SLO, parameters))
    assert np.array_equal(scan.b_scan(N - 1), volume[-1])


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf"), 1e12, 5.0])
def test_impossible_scales_are_unknown_not_used(
    tmp_path: Path, volume: np.ndarray, scale: float
) -> None:
    parameters = replace(SMALL, scale_z_mm=scale)
    scan = open_scan(write_vol(tmp_path / "a.vol", volume, SLO, parameters))
    assert scan.spacing.z.source is Provenance.UNKNOWN
    assert any("depth scale" in note for note in scan.notes)
    with pytest.raises(ValueError, match="depth scale"):
        scan.spacing.require_mm("z")


def test_positions_that_cannot_be_true_are_not_shown_as_the_files(
    tmp_path: Path, volume: np.ndarray
) -> None:
    positions = np.full((N, 4), np.nan)
    scan = open_scan(
        write_vol(tmp_path / "a.vol", volume, SLO, replace(SMALL, positions_mm=positions))
    )
    assert scan.geometry.positions_assumed
    assert scan.geometry.superior_to_inferior is None
    assert any("missing or damaged" in note for note in scan.notes)


def test_a_file_cut_short_says_how_many_b_scans_it_holds(
    tmp_path: Path, volume: np.ndarray
) -> None:
    path = write_vol(tmp_path / "a.vol", volume, SLO, SMALL)
    path.write_bytes(path.read_bytes()[: -Z * X * 4 - 1])
    with pytest.raises(ReadError, match="header promises 5 B-scans, the file holds 4"):
        open_scan(path)


@pytest.mark.parametrize("n_b_scans", [0, 100_000, 2**32 - 1])
@pytest.mark.parametrize("field_at", [12, 16, 20, 48, 52, 100])
def test_sizes_no_file_can_hold_are_refused_before_memory_is_taken(
    tmp_path: Path, volume: np.ndarray, field_at: int, n_b_scans: int
) -> None:
    path = write_vol(tmp_path / "a.vol", volume, SLO, SMALL)
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, field_at, n_b_scans)
    path.write_bytes(data)
    if n_b_scans == 0 and field_at in (48, 52):  # no SLO: everything shifts, and nothing fits
        open_scan(path)
        return
    with pytest.raises(ReadError):
        open_scan(path)


def test_bytes_after_the_last_b_scan_do_no_harm(tmp_path: Path, volume: np.ndarray) -> None:
    path = write_vol(tmp_path / "a.vol", volume, SLO, SMALL)
    path.write_bytes(path.read_bytes() + b"\0" * 132)
    assert open_scan(path).n_b_scans == N


@pytest.mark.parametrize("harm", ["shrinks", "disappears"])
def test_a_file_that_changes_after_opening_gives_a_read_error_not_a_crash(
    tmp_path: Path, volume: np.ndarray, harm: str
) -> None:
    path = write_vol(tmp_path / "a.vol", volume, SLO, SMALL)
    scan = open_scan(path)
    if harm == "shrinks":
        path.write_bytes(path.read_bytes()[:5000])
    else:
        path.unlink()
    with pytest.raises(ReadError):
        scan.pixels.display(N - 1)
    with pytest.raises(ReadError):
        scan.pixels.raw(0 if harm == "disappears" else N - 1)


def test_opening_reads_no_pixels(tmp_path: Path, volume: np.ndarray) -> None:
    path = write_vol(tmp_path / "a.vol", volume, SLO, SMALL)
    scan = open_scan(path)
    other = np.zeros_like(volume)
    write_vol(path, other, SLO, SMALL)
    assert not scan.b_scan(3).any()


def test_a_scan_travels_to_another_process(tmp_path: Path, volume: np.ndarray) -> None:
    scan = open_scan(write_vol(tmp_path / "a.vol", volume, SLO, SMALL))
    again = pickle.loads(pickle.dumps(scan))
    assert np.array_equal(again.b_scan(1), volume[1])
    assert again.geometry.positions == scan.geometry.positions


def test_b_scans_that_are_not_there_are_an_index_error(tmp_path: Path, volume: np.ndarray) -> None:
    pixels = open_scan(write_vol(tmp_path / "a.vol", volume, SLO, SMALL)).pixels
    for b in (-1, N):
        with pytest.raises(IndexError):
            pixels.raw(b)


@settings(max_examples=30, deadline=None)
@given(
    n=st.integers(1, 4),
    z=st.integers(1, 9),
    x=st.integers(1, 9),
    slo=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    pattern=st.sampled_from(["raster", "fast", "radial", "circle", "line"]),
    seed=st.integers(0, 2**16),
)
def test_any_size_and_pattern_round_trips(
    tmp_path_factory: pytest.TempPathFactory,
    n: int,
    z: int,
    x: int,
    slo: tuple[int, int],
    pattern: str,
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    volume = rng.integers(0, 256, (n, z, x), dtype=np.uint8)
    fundus = rng.integers(0, 256, slo, dtype=np.uint8)
    path = tmp_path_factory.mktemp("vol") / "a.vol"
    scan = open_scan(write_vol(path, volume, fundus, replace(SMALL, pattern=pattern)))
    assert np.array_equal(np.stack([scan.b_scan(b) for b in range(n)]), volume)
    assert np.array_equal(scan.slo, fundus)
    assert len(scan.geometry.positions) == n
    assert not scan.geometry.positions_assumed
