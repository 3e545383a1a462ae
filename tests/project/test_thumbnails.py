"""Every scan gets a small picture once: the middle B-scan, padding black, contrast that shows."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mirage_core.io.errors import ReadError
from mirage_core.project import Project, import_pixels
from mirage_core.project.importing import scan_file
from mirage_core.project.thumbnails import HEIGHT_PX, WIDTH_PX, thumbnail_png
from mirage_core.scan import ArrayPixels, Scan
from tests.project.eyes import make_scan


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "study") as project:
        yield project


def picture(png: bytes | None) -> NDArray[np.uint8]:
    assert png is not None
    with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
        assert image.mode == "L"
        return np.asarray(image)


def line_scan(image: NDArray[np.generic]) -> Scan:
    return Scan(ArrayPixels(np.asarray(image, np.uint8)[None]))


def band(height: int = 480, width: int = 720, grey: int = 60) -> NDArray[np.uint8]:
    """A dim band across a darker B-scan."""
    image = np.full((height, width), 20, np.uint8)
    image[height // 3 : height // 2] = grey
    return image


def without_thumbnail(project: Project, scan: Scan) -> str:
    """Import a scan and take its thumbnail away, as in a project of version 1."""
    record = project.import_pixels(project.add_scan(scan), scan)
    with project._store.write() as connection:
        connection.exec_driver_sql("DELETE FROM thumbnails")
    return record.id


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((480, 720), (96, 144)),
        ((496, 1536), (46, 144)),
        ((1024, 512), (96, 96)),
        ((248, 256), (96, 144)),
        ((30, 50), (30, 50)),
        ((1, 3000), (1, 144)),
    ],
)
def test_it_fits_its_box_and_keeps_its_proportions(
    shape: tuple[int, int], size: tuple[int, int]
) -> None:
    small = picture(thumbnail_png(line_scan(band(*shape))))
    assert small.shape == size
    assert size[0] <= HEIGHT_PX
    assert size[1] <= WIDTH_PX


def test_it_shows_the_middle_b_scan() -> None:
    volume = np.full((5, 48, 72), 20, np.uint8)
    volume[2, :, :36] = 120
    small = picture(thumbnail_png(Scan(ArrayPixels(volume))))
    assert small[:, :30].min() == 255
    assert small[:, 42:].max() == 0


@pytest.mark.parametrize("top", [0, 100, 700, 900])
def test_of_a_tall_b_scan_the_retina_is_shown(top: int) -> None:
    tall = np.full((1024, 512), 20, np.uint8)
    tall[top : top + 120] = 90
    small = picture(thumbnail_png(line_scan(tall)))
    assert small.shape == (96, 96)
    assert (small > 200).all(axis=1).sum() == pytest.approx(120 * 96 / 512, abs=1)


def test_a_dim_scan_is_shown_over_the_whole_range() -> None:
    small = picture(thumbnail_png(line_scan(band(grey=45))))
    assert small[40, 70] > 240
    assert small[5, 70] < 15


def test_white_padding_is_black_and_blinds_nothing() -> None:
    plain = band(grey=60)
    padded = plain.copy()
    padded[:80] = 255
    padded[:, -40:] = 255
    small = picture(thumbnail_png(line_scan(padded)))
    assert small[:15].max() == 0
    assert small[:, -7:].max() == 0
    free = np.s_[18:, :-10]
    expected = picture(thumbnail_png(line_scan(plain)))
    assert np.abs(small[free].astype(int) - expected[free]).max() <= 2


def test_a_burned_in_scale_bar_does_not_darken_the_retina() -> None:
    marked = band(grey=60)
    marked[440:446, 20:120] = 255
    assert picture(thumbnail_png(line_scan(marked)))[40, 70] > 230


@pytest.mark.parametrize("grey", [0, 90, 255])
def test_an_image_without_contrast_has_a_picture_all_the_same(grey: int) -> None:
    assert picture(thumbnail_png(line_scan(np.full((48, 72), grey)))).shape == (48, 72)


def test_importing_pixels_makes_it(project: Project) -> None:
    scan = make_scan()
    record = project.add_scan(scan)
    assert project.thumbnail(record) is None
    assert not project.worklist()[0].has_thumbnail
    import_pixels(project.folder, record.id, scan)
    assert project.worklist()[0].has_thumbnail
    assert project.thumbnails.get(record.id) == thumbnail_png(scan)


def test_a_scan_that_has_none_gets_it_when_it_is_asked_for(project: Project) -> None:
    record = project.scan(without_thumbnail(project, make_scan()))
    assert not project.worklist()[0].has_thumbnail
    assert project.thumbnail(record) == thumbnail_png(make_scan())
    assert project.worklist()[0].has_thumbnail


def test_it_is_never_made_twice(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    record = project.import_pixels(project.add_scan(make_scan()), make_scan())
    first = project.thumbnail(record)
    project.thumbnails.keep(record.id, b"another")
    monkeypatch.setattr("mirage_core.project.thumbnails.thumbnail_png", lambda _scan: b"made")
    assert project.thumbnail(record) == first


def test_a_project_for_reading_shows_it_without_keeping_it(project: Project) -> None:
    record = project.scan(without_thumbnail(project, make_scan()))
    with Project.open(project.folder, read_only=True) as reader:
        assert reader.thumbnail(record) == thumbnail_png(make_scan())
    assert not project.worklist()[0].has_thumbnail


def test_a_damaged_scan_has_none(project: Project) -> None:
    record = project.scan(without_thumbnail(project, make_scan()))
    scan_file(project.folder, record.id).write_bytes(b"noise")
    with pytest.raises(ReadError):
        project.thumbnail(record)


def test_an_import_succeeds_though_no_picture_can_be_made(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_scan: Scan) -> bytes:
        raise ReadError(Path("x"), "The drive is gone.", "Connect it.")

    scan = make_scan()
    record = project.add_scan(scan)
    monkeypatch.setattr("mirage_core.project.thumbnails.thumbnail_png", fail)
    assert project.import_pixels(record, scan).imported
