"""A scan is an array to napari of which only what is asked for is read. No napari needed."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import pytest

from mirage_core.io import ReadError
from mirage_core.scan import Acquisition, ArrayPixels, Masks, PatientIdentity, Scan, Spacing
from napari_mirage.layers import mask_layer, placing, scan_layers
from napari_mirage.volume import VolumeArray

VOLUME = np.random.default_rng(5).integers(0, 255, (6, 8, 10), dtype=np.uint8)


class Counting(ArrayPixels):
    """Counts what is read of it; B-scan 4 cannot be."""

    def __init__(self) -> None:
        super().__init__(VOLUME)
        self.read: list[int] = []

    def display(self, b: int) -> Any:
        self.read.append(b)
        if b == 4:
            raise ReadError("eye.vol", "it is damaged", "copy it again")
        return super().display(b)


def counting() -> tuple[VolumeArray, list[int]]:
    pixels = Counting()
    return VolumeArray(Scan(pixels)), pixels.read


@pytest.mark.parametrize(
    "key",
    [
        2,
        np.int64(3),
        -1,
        slice(1, 4),
        (2, slice(None), slice(None)),
        (slice(0, 4, 2), slice(2, 5), slice(None, None, 2)),
        (slice(None, 3), 3, slice(None)),
        (slice(None, 3), slice(None), 7),
        (Ellipsis, 4),
        (1, Ellipsis, 4),
        (2, 3, 4),
        (slice(3, 3), slice(1, 3), slice(None)),
        (slice(None, None, -1), 0),
        ([0, 2], slice(None)),
    ],
)
def test_every_part_is_what_numpy_would_give(key: Any) -> None:
    found = VolumeArray(Scan(ArrayPixels(VOLUME)))[key]
    np.testing.assert_array_equal(found, VOLUME[key])


def test_a_slice_reads_its_own_b_scan_only_and_once() -> None:
    volume, read = counting()
    assert (volume.shape, volume.dtype, volume.ndim, volume.size) == ((6, 8, 10), np.uint8, 3, 480)
    for _ in range(3):
        np.asarray(volume[2, :, :])
    assert read == [2]


def test_too_many_indices_are_refused() -> None:
    with pytest.raises(IndexError):
        VolumeArray(Scan(ArrayPixels(VOLUME)))[0, 0, 0, 0]


def test_a_b_scan_that_cannot_be_read_is_black_and_said() -> None:
    volume, _ = counting()
    assert not volume[4].any()
    assert isinstance(volume.problems[4], ReadError)
    np.testing.assert_array_equal(volume[3], VOLUME[3])
    assert set(volume.problems) == {4}


def test_making_layers_reads_nothing() -> None:
    pixels = Counting()
    data, options, kind = scan_layers(Scan(pixels))[0]
    assert (kind, options["contrast_limits"]) == ("image", (0, 255))
    assert isinstance(data, VolumeArray)
    assert not pixels.read


def test_scale_units_and_axes_say_what_is_known() -> None:
    pixels = ArrayPixels(VOLUME)
    known = placing(Scan(pixels, Spacing.from_mm(0.1, 0.004, 0.01)))
    assert known["scale"] == (0.1, 0.004, 0.01)
    assert known["units"] == ("mm",) * 3
    assert known["axis_labels"] == ("B-scan", "z", "x")
    line = placing(Scan(pixels, Spacing.from_mm(None, 0.004, 0.01)))
    assert (line["scale"], line["units"]) == ((1.0, 0.004, 0.01), ("pixel", "mm", "mm"))
    # A picture of mm by pixels would have no shape.
    half = placing(Scan(pixels, Spacing.from_mm(0.1, None, 0.01)))
    assert (half["scale"], half["units"]) == ((1.0,) * 3, ("pixel",) * 3)


def test_a_copy_is_another_array_of_the_same_scan() -> None:
    volume, _ = counting()
    volume.b_scan(1)
    copy = deepcopy(volume)
    assert copy is not volume
    assert copy.scan is volume.scan
    np.testing.assert_array_equal(copy[1], VOLUME[1])


def test_that_a_b_scan_cannot_be_read_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr("napari_mirage.volume.notify", said.append)
    volume, _ = counting()
    for b in (3, 4, 4):
        volume.b_scan(b)
    assert said == ["B-scan 5 cannot be read and is black. it is damaged"]


def test_where_the_workbench_says_it_nobody_else_does(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr("napari_mirage.volume.notify", said.append)
    volume, _ = counting()
    volume.read_through(volume.scan.b_scan)
    volume.b_scan(4)
    assert volume.problems
    assert said == []


def test_metadata_tell_where_numbers_come_from_and_nothing_of_the_patient() -> None:
    scan = Scan(
        ArrayPixels(VOLUME),
        Spacing.from_mm(0.1, 0.004, 0.01),
        acquisition=Acquisition(device="Spectralis", averaging=9),
        identity=PatientIdentity("Erika Mustermann", "4711"),
        notes=("The gap between B-scans is not stored.", "Scan of 4711 was cut short."),
    )
    metadata = scan_layers(scan)[0][1]["metadata"]
    assert metadata["spacing"]["z"] == {"mm": 0.004, "source": "file"}
    assert (metadata["device"], metadata["averaging"]) == ("Spectralis", 9)
    assert metadata["notes"] == ["The gap between B-scans is not stored."]
    assert "Muster" not in repr(metadata)
    assert "4711" not in repr(metadata)


def test_masks_carry_names_and_colours_of_their_classes() -> None:
    masks = Masks.empty(VOLUME.shape)
    data, options, kind = mask_layer(Scan(ArrayPixels(VOLUME)), masks)
    assert kind == "labels"
    assert data is masks.labels
    assert options["metadata"]["classes"][2] == "SRF"
    assert options["features"]["class"][options["features"]["index"].index(3)] == "PED"
    for known in masks.scheme:
        np.testing.assert_allclose(options["colormap"][known.value][:3] * 255, known.color)
    assert options["colormap"][0][3] == 0
