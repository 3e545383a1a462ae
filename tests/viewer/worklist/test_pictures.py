"""Thumbnails are read when they are first seen, the latest first, and each once."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from mirage_core.io.errors import ReadError
from mirage_core.project.records import ScanRecord
from mirage_viewer.background import Inline
from mirage_viewer.worklist.pictures import Pictures
from tests.project.records import record


def png(grey: int = 200) -> bytes:
    file = io.BytesIO()
    Image.new("L", (12, 8), grey).save(file, "PNG")
    return file.getvalue()


class Later:
    """A background whose work waits until it is told to go on."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def run(self, work: Any, done: Any = lambda _: None, failed: Any = None) -> None:
        self.waiting.append(lambda: Inline().run(work, done, failed))

    def post(self, call: Any) -> None:
        call()

    def later(self, seconds: float, call: Any) -> None:
        call()

    def go_on(self) -> None:
        while self.waiting:
            self.waiting.pop(0)()


@pytest.fixture
def later(qtbot: object) -> Later:
    return Later()


def test_nothing_is_read_before_it_is_asked_for(later: Later) -> None:
    Pictures(later, lambda _scan: pytest.fail("read"))
    assert later.waiting == []


def test_a_picture_arrives_and_is_kept(later: Later) -> None:
    read: list[str] = []

    def load(scan: ScanRecord) -> bytes:
        read.append(scan.id)
        return png()

    pictures = Pictures(later, load)
    arrived: list[str] = []
    pictures.arrived.connect(arrived.append)
    assert pictures.of(record("1")) is None
    assert pictures.of(record("1")) is None, "asked for again while it is drawn again"
    later.go_on()
    assert arrived == read == ["1"]
    image = pictures.of(record("1"))
    assert image is not None
    assert (image.width(), image.height()) == (12, 8)
    assert later.waiting == []


def test_what_was_scrolled_to_last_is_read_first(later: Later) -> None:
    read: list[str] = []
    pictures = Pictures(later, lambda scan: read.append(scan.id) or png())  # type: ignore[func-returns-value]
    for i in range(100):
        pictures.of(record(str(i)))
    later.go_on()
    assert read[0] == "0", "it was the only one when reading began"
    assert read[1] == "99"
    assert len(read) < 100, "what was only passed by is not read"


@pytest.mark.parametrize("content", [None, b"noise"])
def test_a_scan_without_a_picture_is_not_asked_for_again(
    later: Later, content: bytes | None
) -> None:
    pictures = Pictures(later, lambda _scan: content)
    pictures.of(record("1"))
    later.go_on()
    assert pictures.of(record("1")) is None
    assert later.waiting == []


def test_a_scan_whose_pixels_are_still_coming_is_asked_for_once_they_are_there(
    later: Later,
) -> None:
    pictures = Pictures(later, lambda _scan: png())
    assert pictures.of(record("1", imported=False)) is None
    assert later.waiting == []
    pictures.of(record("1"))
    later.go_on()
    assert pictures.of(record("1")) is not None


def test_a_damaged_scan_does_not_keep_the_others_from_being_read(later: Later) -> None:
    def load(scan: ScanRecord) -> bytes:
        if scan.id == "bad":
            raise ReadError("x", "It is damaged.", "Bring it back.")
        return png()

    pictures = Pictures(later, load)
    for name in ("bad", "good"):
        pictures.of(record(name))
    later.go_on()
    assert pictures.of(record("bad")) is None
    assert pictures.of(record("good")) is not None


def test_a_bug_is_reported_and_the_others_are_read_all_the_same(later: Later) -> None:
    def load(scan: ScanRecord) -> bytes:
        if scan.id == "bad":
            raise ZeroDivisionError
        return png()

    pictures = Pictures(later, load)
    pictures.of(record("bad"))
    with pytest.raises(ZeroDivisionError):
        later.go_on()
    pictures.of(record("good"))
    later.go_on()
    assert pictures.of(record("good")) is not None
