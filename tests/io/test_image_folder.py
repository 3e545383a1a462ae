"""Folders of images and single images: order, SLO, sizes, greys."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from mirage_core.io import ReadError, ReadOptions, open_scan
from mirage_core.scan import Laterality, Provenance

SHAPE = (24, 36)


def flat(value: int, shape: tuple[int, int] = SHAPE) -> Image.Image:
    return Image.fromarray(np.full(shape, value, np.uint8))


def test_names_are_sorted_as_people_count(tmp_path: Path) -> None:
    for number in (10, 2, 1, 100):
        flat(number).save(tmp_path / f"scan_{number}.png")
    scan = open_scan(tmp_path)
    assert [int(scan.b_scan(b)[0, 0]) for b in range(4)] == [1, 2, 10, 100]


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "tiff", "PNG"])
def test_lossless_formats_come_back_exactly(tmp_path: Path, suffix: str) -> None:
    image = np.random.default_rng(0).integers(0, 256, SHAPE, dtype=np.uint8)
    Image.fromarray(image).save(tmp_path / f"1.{suffix}")
    assert np.array_equal(open_scan(tmp_path).b_scan(0), image)


def test_colour_and_palette_become_grey(tmp_path: Path) -> None:
    grey = np.random.default_rng(0).integers(0, 256, SHAPE, dtype=np.uint8)
    rgb = Image.fromarray(np.repeat(grey[..., None], 3, axis=2))
    rgb.save(tmp_path / "1.png")
    rgb.convert("RGBA").save(tmp_path / "2.png")
    Image.fromarray(grey).convert("P").save(tmp_path / "3.png")
    Image.fromarray(np.full((*SHAPE, 3), (200, 100, 50), np.uint8)).save(tmp_path / "4.png")
    scan = open_scan(tmp_path)
    for b in range(3):
        assert np.array_equal(scan.b_scan(b), grey)
    assert np.all(scan.b_scan(3) == round(0.299 * 200 + 0.587 * 100 + 0.114 * 50))


def test_sixteen_bit_images_share_one_range(tmp_path: Path) -> None:
    for number, value in enumerate((0, 1000, 4000)):
        Image.fromarray(np.full(SHAPE, value, np.uint16)).save(tmp_path / f"{number}.png")
    scan = open_scan(tmp_path)
    assert [int(scan.b_scan(b)[0, 0]) for b in range(3)] == [0, 64, 255]
    assert scan.pixels.raw(1)[0, 0] == 1000


@pytest.mark.parametrize("name", ["slo", "x_SLO", "NIR1", "Fundus-OD", "localizer", "a_ir_b"])
def test_a_name_can_say_slo_even_at_the_b_scans_size(tmp_path: Path, name: str) -> None:
    for number in (1, 2, 3):
        flat(number).save(tmp_path / f"b{number}.png")
    flat(99).save(tmp_path / f"{name}.png")
    scan = open_scan(tmp_path)
    assert scan.n_b_scans == 3
    assert scan.slo is not None
    assert np.all(scan.slo == 99)


@pytest.mark.parametrize("name", ["stair", "first", "slow"])
def test_words_that_hold_those_letters_are_b_scans(tmp_path: Path, name: str) -> None:
    for file in ("b1", "b2", name):
        flat(5).save(tmp_path / f"{file}.png")
    assert open_scan(tmp_path).n_b_scans == 3


def test_the_only_image_of_another_size_is_the_slo(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        flat(number).save(tmp_path / f"{number}.png")
    flat(77, (50, 50)).save(tmp_path / "0.png")
    scan = open_scan(tmp_path)
    assert scan.n_b_scans == 3
    assert scan.slo is not None
    assert scan.slo.shape == (50, 50)


def test_many_sizes_are_refused_with_their_number(tmp_path: Path) -> None:
    for number in range(5):
        flat(1, (20 + number, 30)).save(tmp_path / f"{number}.png")
    with pytest.raises(ReadError, match="5 images in this folder have 5 different sizes"):
        open_scan(tmp_path)


def test_one_b_scan_and_one_nameless_image_are_not_guessed(tmp_path: Path) -> None:
    flat(1).save(tmp_path / "1.png")
    flat(1, (50, 50)).save(tmp_path / "2.png")
    with pytest.raises(ReadError, match="should contain 'slo'"):
        open_scan(tmp_path)


def test_masks_and_layer_maps_are_left_out(tmp_path: Path) -> None:
    flat(1).save(tmp_path / "1.png")
    flat(3).save(tmp_path / "1_mask.png")
    flat(3).save(tmp_path / "1-layers.png")
    scan = open_scan(tmp_path)
    assert scan.n_b_scans == 1
    assert any("layers: 2" in note for note in scan.notes)


def test_one_image_is_a_scan_of_one_b_scan(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, SHAPE, dtype=np.uint8)
    Image.fromarray(image).save(tmp_path / "a.png")
    scan = open_scan(tmp_path / "a.png")
    assert scan.shape == (1, *SHAPE)
    assert np.array_equal(scan.b_scan(0), image)


def test_a_damaged_image_is_named_by_its_place_not_its_name(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        flat(number).save(tmp_path / f"Doe_{number}.png")
    (tmp_path / "Doe_2.png").write_bytes(b"\x89PNG\r\n\x1a\n damaged")
    with pytest.raises(ReadError, match="Image 2 of 3") as caught:
        open_scan(tmp_path)
    assert "Doe" not in str(caught.value)
    assert caught.value.path.name == "Doe_2.png"


def test_a_stack_among_images_is_not_cut_to_its_first_page(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((3, *SHAPE), np.uint8), photometric="minisblack")
    with pytest.raises(ReadError, match="stack of 3 pages"):
        open_scan(tmp_path)


def test_an_image_that_disappears_gives_a_read_error(tmp_path: Path) -> None:
    for number in (1, 2):
        flat(number).save(tmp_path / f"{number}.png")
    scan = open_scan(tmp_path)
    (tmp_path / "2.png").unlink()
    with pytest.raises(ReadError, match="not there any more"):
        scan.b_scan(1)
    assert scan.b_scan(0)[0, 0] == 1


def test_an_image_that_changes_size_gives_a_read_error(tmp_path: Path) -> None:
    for number in (1, 2):
        flat(number).save(tmp_path / f"{number}.png")
    scan = open_scan(tmp_path)
    flat(3, (9, 9)).save(tmp_path / "2.png")
    with pytest.raises(ReadError, match="changed since it was opened"):
        scan.b_scan(1)


def test_what_the_user_says_is_used_and_flagged(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        flat(number).save(tmp_path / f"{number}.png")
    slo = tmp_path / "elsewhere"
    slo.mkdir()
    flat(80, (61, 61)).save(slo / "fundus.png")
    scan = open_scan(
        tmp_path,
        ReadOptions(
            spacing_mm=(0.25, 0.004, None),
            laterality=Laterality.OS,
            slo_path=slo / "fundus.png",
            superior_to_inferior=True,
        ),
    )
    assert scan.spacing.require_mm("b", "z") == (0.25, 0.004)
    assert scan.spacing.b.source is Provenance.USER
    assert scan.spacing.x.source is Provenance.UNKNOWN
    assert scan.laterality is Laterality.OS
    assert scan.geometry.superior_to_inferior is True
    rows = [p.points(2)[0, 0] for p in scan.geometry.positions]
    assert rows == pytest.approx([10.0, 30.0, 50.0])


def test_a_spacing_that_is_no_length_is_refused(tmp_path: Path) -> None:
    flat(1).save(tmp_path / "1.png")
    for spacing in ((0.0, 1.0, 1.0), (-1.0, None, None), (float("nan"), None, None)):
        with pytest.raises(ReadError, match="positive numbers in mm"):
            open_scan(tmp_path, ReadOptions(spacing_mm=spacing))
