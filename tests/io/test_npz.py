"""NPY and NPZ: the documented layout, and arrays that are something else."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mirage_core.io import ReadError, open_scan
from mirage_core.scan import Laterality, LinePosition, Provenance, ScanPattern

VOLUME = np.random.default_rng(5).integers(0, 256, (4, 12, 16), dtype=np.uint8)
LINES = {
    "start_mm": np.array([[1.0, 4.0 - 0.1 * b] for b in range(4)]),
    "end_mm": np.array([[3.0, 4.0 - 0.1 * b] for b in range(4)]),
}


def saved(path: Path, **arrays: object) -> Path:
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
    return path


def test_everything_in_the_layout_is_read(tmp_path: Path) -> None:
    surfaces = np.random.default_rng(6).uniform(0, 12, (2, 4, 16)).astype(np.float32)
    surfaces[0, 0, 0] = np.nan
    scan = open_scan(
        saved(
            tmp_path / "a.npz",
            volume=VOLUME,
            slo=np.full((50, 60), 9, np.uint8),
            spacing_mm=[np.nan, 0.004, 0.011],
            slo_scale_mm=[0.1, 0.1],
            laterality="OS",
            surfaces=surfaces,
            names=["BM", "ILM"],
            **LINES,
        )
    )
    assert all(np.array_equal(scan.b_scan(b), VOLUME[b]) for b in range(4))
    assert scan.spacing.as_mm() == (pytest.approx(0.1), 0.004, 0.011)
    assert scan.spacing.b.source is Provenance.DERIVED
    assert scan.laterality is Laterality.OS
    assert scan.geometry.pattern is ScanPattern.RASTER
    assert scan.geometry.superior_to_inferior is False
    assert not scan.geometry.positions_assumed
    first = scan.geometry.positions[0]
    assert isinstance(first, LinePosition)
    assert first.start == pytest.approx((40.0, 10.0))
    assert scan.vendor_surfaces is not None
    assert scan.vendor_surfaces.names == ("ILM", "BM")
    assert np.array_equal(scan.vendor_surfaces["BM"], surfaces[0], equal_nan=True)


@pytest.mark.parametrize(("stored", "told"), [({"simulated": True}, True), ({}, False)])
def test_a_simulated_scan_stays_labelled_so(
    tmp_path: Path, stored: dict[str, bool], told: bool
) -> None:
    scan = open_scan(saved(tmp_path / "a.npz", volume=VOLUME, **stored))
    assert scan.acquisition.simulated is told
    assert scan.title.startswith("Simulated eye" if told else "OCT")
    assert not any("left out" in note for note in scan.notes)


def test_positions_without_an_slo_give_order_and_gap_only(tmp_path: Path) -> None:
    scan = open_scan(saved(tmp_path / "a.npz", volume=VOLUME, **LINES))
    assert scan.geometry.positions == ()
    assert scan.geometry.superior_to_inferior is False
    assert scan.spacing.b.mm == pytest.approx(0.1)


def test_the_gap_of_rounded_positions_is_not_biased(tmp_path: Path) -> None:
    y = np.round(6.441 - 0.02982 * np.arange(145), 3)
    start, end = np.stack([np.ones(145), y], 1), np.stack([np.full(145, 7.0), y], 1)
    volume = np.zeros((145, 2, 2), np.uint8)
    scan = open_scan(saved(tmp_path / "a.npz", volume=volume, start_mm=start, end_mm=end))
    assert scan.spacing.b.mm == pytest.approx(0.02982, rel=1e-3)


def test_the_only_three_dimensional_array_is_the_volume(tmp_path: Path) -> None:
    scan = open_scan(saved(tmp_path / "a.npz", oct=VOLUME, other=np.zeros(3)))
    assert scan.shape == VOLUME.shape
    assert any("layout: 1" in note for note in scan.notes)


@pytest.mark.parametrize(
    "arrays",
    [
        {"a": VOLUME, "b": VOLUME},
        {"a": np.zeros(3)},
        {"masks": VOLUME, "classes": np.array(["IRF"])},
        {"surfaces": np.zeros((2, 4, 16)), "names": np.array(["ILM", "BM"])},
    ],
)
def test_without_one_clear_volume_nothing_is_guessed(
    tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    with pytest.raises(ReadError, match="called 'volume'"):
        open_scan(saved(tmp_path / "a.npz", **arrays))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("spacing_mm", [120.0, 3.9, 11.3]),  # µm
        ("spacing_mm", [0.12, 3.9, 0.011]),
        ("scale_z_mm", 3.9),
        ("spacing_mm", [1.0, 2.0]),
        ("spacing_mm", [-1.0, 1.0, 1.0]),
        ("scale_z_mm", 0.0),
        ("scale_x_mm", "wide"),
        ("start_mm", np.zeros((3, 2))),
        ("slo", np.zeros(5)),
        ("surfaces", np.zeros((2, 4, 15))),
        ("surfaces", np.zeros((2, 4, 16))),
        ("laterality", 3),
        ("simulated", "perhaps"),
    ],
)
def test_fields_of_the_wrong_kind_are_named(tmp_path: Path, field: str, value: object) -> None:
    with pytest.raises(ReadError, match=f"The array '({field}|names)'"):
        open_scan(saved(tmp_path / "a.npz", volume=VOLUME, **{field: value}))


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    for name, array in {"volume": np.full((2, 3, 4), None), "extra": np.array([{}])}.items():
        path = saved(tmp_path / f"{name}.npz", **{"oct": VOLUME, name: array})
        with pytest.raises(ReadError, match="Python objects"):
            open_scan(path)
    np.save(tmp_path / "a.npy", np.full((2, 3, 4), None))
    with pytest.raises(ReadError, match="Python objects"):
        open_scan(tmp_path / "a.npy")


@pytest.mark.parametrize("dtype", ["u1", "<u2", ">u2", "<i4", "<f2", "<f4", ">f8", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy_of_every_number_type_reads_by_b_scan(tmp_path: Path, dtype: str, order: str) -> None:
    volume = np.asarray(VOLUME, dtype=dtype, order=order)  # type: ignore[call-overload]
    np.save(tmp_path / "a.npy", volume)
    scan = open_scan(tmp_path / "a.npy")
    raw = scan.pixels.raw(2)
    expected = volume[2].astype(np.uint8) * 255 if dtype == "?" else volume[2]
    assert np.array_equal(raw, expected)
    assert scan.b_scan(2).dtype == np.uint8


def test_a_two_dimensional_npy_is_one_b_scan(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", VOLUME[0])
    assert open_scan(tmp_path / "a.npy").shape == (1, 12, 16)


def test_nan_and_infinite_pixels_are_black(tmp_path: Path) -> None:
    volume = VOLUME.astype(np.float32) / 255
    volume[0, 0, 0], volume[0, 0, 1] = np.nan, np.inf
    image = open_scan(saved(tmp_path / "a.npz", volume=volume)).b_scan(0)
    assert image[0, 0] == 0
    assert image.max() > 200


@pytest.mark.parametrize("shape", [(10**6, 10**4, 10**4), (2**40, 1, 1), (5, 12, 16), (0, 3, 3)])
def test_headers_that_promise_more_than_the_file_holds_are_refused(
    tmp_path: Path, shape: tuple[int, ...]
) -> None:
    header = repr({"descr": "|u1", "fortran_order": False, "shape": shape}).encode()
    header = header.ljust(117) + b"\n"
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + VOLUME.tobytes()
    (tmp_path / "a.npy").write_bytes(data)
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("volume.npy", data)
    for name in ("a.npy", "a.npz"):
        with pytest.raises(ReadError):
            open_scan(tmp_path / name)


def test_damage_inside_a_compressed_array_is_found_when_it_is_read(tmp_path: Path) -> None:
    large = np.random.default_rng(8).integers(0, 256, (40, 64, 64), dtype=np.uint8)
    path = saved(tmp_path / "a.npz", volume=large)
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        middle = archive.getinfo("volume.npy").compress_size * 2 // 3
    data[middle] ^= 0xFF
    path.write_bytes(data)
    scan = open_scan(path)
    with pytest.raises(ReadError, match="damaged"):
        scan.b_scan(0)


def test_a_pickled_scan_carries_no_pixels(tmp_path: Path) -> None:
    scan = open_scan(saved(tmp_path / "a.npz", volume=VOLUME))
    scan.b_scan(0)
    data = pickle.dumps(scan)
    assert VOLUME[1].tobytes() not in data
    assert np.array_equal(pickle.loads(data).b_scan(1), VOLUME[1])


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    lines = {**LINES, "start_mm": np.full((4, 2), np.nan)}
    scan = open_scan(saved(tmp_path / "a.npz", volume=VOLUME, laterality="right", **lines))
    assert scan.laterality is Laterality.UNKNOWN
    assert scan.geometry.superior_to_inferior is None
    assert any("positions in the file are damaged" in note for note in scan.notes)
    assert any("about the eye" in note for note in scan.notes)
