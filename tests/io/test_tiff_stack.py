"""TIFF stacks: every way programs write them, and what is wrong with some."""

from __future__ import annotations

import logging
import pickle
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from mirage_core.io import ReadError, open_scan

VOLUME = np.random.default_rng(3).integers(0, 256, (6, 20, 30), dtype=np.uint8)
SLO = np.random.default_rng(4).integers(0, 256, (25, 25), dtype=np.uint8)


def greys(path: Path) -> np.ndarray:
    scan = open_scan(path)
    return np.stack([scan.b_scan(b) for b in range(scan.n_b_scans)])


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_pages_come_back_in_order(tmp_path: Path, compression: str | None, byteorder: str) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path, VOLUME, photometric="minisblack", compression=compression, byteorder=byteorder
    )
    assert np.array_equal(greys(path), VOLUME)


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits", "raw"])
def test_stacks_of_other_writers_come_back(tmp_path: Path, compression: str) -> None:
    path = tmp_path / "a.tif"
    pages = [Image.fromarray(image) for image in VOLUME]
    pages[0].save(path, save_all=True, append_images=pages[1:], compression=compression)
    assert np.array_equal(greys(path), VOLUME)


def test_big_tiff_and_imagej_stacks_come_back(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "big.tif", VOLUME, photometric="minisblack", bigtiff=True)
    tifffile.imwrite(tmp_path / "ij.tif", VOLUME, imagej=True, photometric="minisblack")
    tifffile.imwrite(
        tmp_path / "one.tif", VOLUME, photometric="minisblack", metadata=None, volumetric=False
    )
    for name in ("big", "ij", "one"):
        assert np.array_equal(greys(tmp_path / f"{name}.tif"), VOLUME)


def test_a_stack_behind_a_single_page_comes_back(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "t.tif", VOLUME, photometric="minisblack", truncate=True)
    assert np.array_equal(greys(tmp_path / "t.tif"), VOLUME)
    (tmp_path / "t.tif").write_bytes((tmp_path / "t.tif").read_bytes()[:-700])
    with pytest.raises(ReadError, match="cut short"):
        open_scan(tmp_path / "t.tif")


def test_white_is_zero_is_turned_round(tmp_path: Path) -> None:
    for compression in (None, "zlib"):
        path = tmp_path / f"{compression}.tif"
        tifffile.imwrite(path, VOLUME, photometric="miniswhite", compression=compression)
        assert np.array_equal(greys(path), 255 - VOLUME)


def test_colour_pages_become_grey(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.repeat(VOLUME[..., None], 3, axis=3), photometric="rgb")
    assert np.array_equal(greys(path), VOLUME)


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.float32, np.float64])
def test_deep_pixels_keep_their_values_and_share_one_range(
    tmp_path: Path, dtype: type[np.generic]
) -> None:
    path = tmp_path / "a.tif"
    deep = (np.arange(3 * 20 * 30).reshape(3, 20, 30) * 17).astype(dtype)
    tifffile.imwrite(path, deep, photometric="minisblack")
    scan = open_scan(path)
    assert np.array_equal(scan.pixels.raw(1), deep[1])
    assert scan.b_scan(0).min() == 0
    assert scan.b_scan(2).max() == 255
    assert scan.b_scan(0).max() < 128  # not stretched on its own


def test_one_page_of_another_size_is_the_slo(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as writer:
        writer.write(SLO, photometric="minisblack")
        for image in VOLUME:
            writer.write(image, photometric="minisblack")
    scan = open_scan(path)
    assert scan.shape == VOLUME.shape
    assert np.array_equal(scan.slo, SLO)
    assert scan.geometry.positions_assumed


def test_pages_of_many_sizes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as writer:
        for size in (10, 10, 12, 14):
            writer.write(np.zeros((size, 30), np.uint8), photometric="minisblack")
    with pytest.raises(ReadError, match="3 different sizes"):
        open_scan(path)


def test_pixel_sizes_in_tags_are_not_spacing(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path,
        VOLUME,
        imagej=True,
        resolution=(100, 100),
        metadata={"spacing": 3.9, "unit": "um", "axes": "ZYX"},
    )
    assert open_scan(path).spacing.unknown_axes() == ("b", "z", "x")


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_cut_stack_never_opens_as_a_shorter_one(tmp_path: Path, kept: float) -> None:
    path = tmp_path / "a.tif"
    pages = [Image.fromarray(image) for image in VOLUME]
    pages[0].save(path, save_all=True, append_images=pages[1:])
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(ReadError, match=r"cut short|damaged"):
        open_scan(path)


def test_pages_in_a_circle_end(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, VOLUME[0], photometric="minisblack")
    data = bytearray(path.read_bytes())
    first = int.from_bytes(data[4:8], "little")
    n_tags = int.from_bytes(data[first : first + 2], "little")
    at = first + 2 + 12 * n_tags
    data[at : at + 4] = first.to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(ReadError):
        open_scan(path)


def test_a_broken_stack_leaves_no_file_name_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "Doe_John.tif"
    tifffile.imwrite(path, VOLUME, photometric="minisblack")
    data = bytearray(path.read_bytes())
    data[16:60] = b"\xff" * 44
    path.write_bytes(data)
    with caplog.at_level(logging.DEBUG), pytest.raises(ReadError) as caught:
        open_scan(path).b_scan(0)
    assert "Doe" not in str(caught.value) + repr(caught.value)
    assert "Doe" not in caplog.text
    assert "Doe" not in "".join(capfd.readouterr())


def test_a_stack_that_shrinks_after_opening_gives_a_read_error(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, VOLUME, photometric="minisblack")
    scan = pickle.loads(pickle.dumps(open_scan(path)))
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(ReadError):
        scan.b_scan(5)
