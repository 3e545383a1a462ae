"""Scan: immutable, private, and whole."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from mirage_core.scan import (
    Acquisition,
    ArrayPixels,
    Laterality,
    LinePosition,
    PatientIdentity,
    Provenance,
    Scan,
    ScanGeometry,
    ScanPattern,
    Spacing,
    Surfaces,
    to_display,
)

SECRETS = ("Grünwald", "PAT-4711", "1961")


def scan() -> Scan:
    return Scan(
        ArrayPixels(np.zeros((3, 8, 10), np.uint8)),
        geometry=ScanGeometry(
            ScanPattern.RASTER, tuple(LinePosition((b, 0), (b, 9)) for b in range(3))
        ),
        laterality=Laterality.OS,
        acquisition=Acquisition(device="Spectralis"),
        source_path=Path("Grünwald_PAT-4711_1961.vol"),
        identity=PatientIdentity("Grünwald", "PAT-4711", date(1961, 2, 3)),
    )


def test_no_representation_carries_anything_of_the_patient() -> None:
    one = scan()
    for shown in (one.title, repr(one), str(one), repr(one.identity), f"{one.identity}"):
        assert not any(secret in shown for secret in SECRETS)


def test_the_title_says_device_eye_pattern_and_size() -> None:
    assert scan().title == "Spectralis · OS · raster 3 × 8 × 10"
    plain = Scan(ArrayPixels(np.zeros((1, 8, 10), np.uint8)))
    assert plain.title == "OCT · 1 × 8 × 10"
    simulated = Scan(plain.pixels, acquisition=Acquisition(device="X", simulated=True))
    assert simulated.title.startswith("Simulated eye")


def test_a_scan_cannot_be_changed_only_replaced() -> None:
    one = scan()
    with pytest.raises(FrozenInstanceError):
        one.spacing = Spacing()  # type: ignore[misc]
    other = one.with_spacing(Spacing.from_mm(0.24, 0.0039, 0.0116, Provenance.USER))
    assert one.spacing.unknown_axes() == ("b", "z", "x")
    assert other.spacing.unknown_axes() == ()
    assert other.pixels is one.pixels


def test_positions_and_vendor_surfaces_must_fit_the_volume() -> None:
    pixels = ArrayPixels(np.zeros((3, 8, 10), np.uint8))
    with pytest.raises(ValueError, match="1 positions for 3 B-scans"):
        Scan(pixels, geometry=ScanGeometry(positions=(LinePosition((0, 0), (0, 9)),)))
    with pytest.raises(ValueError, match="vendor surfaces"):
        Scan(pixels, vendor_surfaces=Surfaces.empty(("ILM",), 3, 9))


def test_a_scan_travels_to_a_worker() -> None:
    one = scan()
    back = pickle.loads(pickle.dumps(one))
    assert back.title == one.title
    assert back.identity == one.identity
    np.testing.assert_array_equal(back.b_scan(1), one.b_scan(1))


def test_8_bit_pixels_are_shown_as_they_are() -> None:
    volume = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    np.testing.assert_array_equal(ArrayPixels(volume).display(1), volume[1])


def test_other_pixels_are_scaled_once_for_the_whole_volume() -> None:
    volume = np.array([[[0.0, 1.0]], [[2.0, 4.0]]])
    pixels = ArrayPixels(volume)
    assert pixels.display(0).tolist() == [[0, 64]]
    assert pixels.display(1).tolist() == [[128, 255]]
    assert pixels.raw(1).tolist() == [[2.0, 4.0]]


def test_invalid_pixels_are_black_and_do_not_set_the_scale() -> None:
    volume = np.array([[[np.nan, 0.0, 5.0, np.inf]]])
    assert ArrayPixels(volume).display(0).tolist() == [[0, 0, 255, 0]]
    assert to_display(np.array([3.0]), 3.0, 3.0).tolist() == [0]


def test_a_volume_that_is_none_is_refused() -> None:
    for shape in ((4, 5), (0, 4, 5)):
        with pytest.raises(ValueError, match="non-empty"):
            ArrayPixels(np.zeros(shape, np.uint8))
