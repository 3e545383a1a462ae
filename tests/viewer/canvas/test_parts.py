"""The canvases' parts that need no window."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirage_core.scan import ArrayPixels, Scan
from mirage_viewer.canvas.b_scan_cache import BScanCache, why
from mirage_viewer.canvas.contrast import auto_levels, grey_table
from mirage_viewer.canvas.scale_bar import round_length, scale_bar
from mirage_viewer.canvas.surface_item import surface_path
from tests.viewer.canvas.scenes import BrokenPixels, grey_volume


class CountingPixels(ArrayPixels):
    """Counts how often each B-scan is decoded, and can be made to wait."""

    def __init__(self, volume: np.ndarray) -> None:
        super().__init__(volume)
        self.reads: list[int] = []
        self.gate = threading.Event()
        self.gate.set()

    def display(self, b: int) -> np.ndarray:
        self.gate.wait(5)
        self.reads.append(b)
        return super().display(b)


def test_a_b_scan_decoded_ahead_is_not_decoded_again():
    pixels = CountingPixels(grey_volume())
    cache = BScanCache(Scan(pixels))
    cache.ahead([1, 2])
    for b in (1, 2):
        assert cache.get(b)[0, 0] == 40 + 20 * b
    assert sorted(pixels.reads) == [1, 2]
    cache.close()


def test_moving_on_drops_what_was_not_begun():
    pixels = CountingPixels(grey_volume())
    pixels.gate.clear()
    cache = BScanCache(Scan(pixels))
    cache.ahead([0, 1, 2])
    cache.ahead([4])
    pixels.gate.set()
    assert cache.get(4)[0, 0] == 120
    assert 2 not in pixels.reads
    cache.close()


def test_the_cache_keeps_the_last_few():
    pixels = CountingPixels(grey_volume())
    cache = BScanCache(Scan(pixels), capacity=2)
    for b in (0, 1, 2):
        cache.get(b)
    assert [cache.holds(b) for b in range(3)] == [False, True, True]
    cache.close()


def test_a_failure_in_the_background_is_raised_where_the_b_scan_is_asked_for():
    cache = BScanCache(Scan(BrokenPixels(grey_volume(), broken=2)))
    cache.ahead([1, 2, 3, 99, -1])
    with pytest.raises(OSError, match="Input/output"):
        cache.get(2)
    assert cache.get(3)[0, 0] == 100
    cache.close()


def test_a_reason_never_carries_a_file_name():
    assert why(OSError(28, "No space left on device", "/scans/doe_john.vol")) == (
        "No space left on device."
    )
    assert why(ValueError("The file ends early.")) == "The file ends early."


@given(st.integers(0, 254), st.integers(1, 255), st.floats(0.2, 5))
def test_the_grey_table_rises_from_black_to_white(low, width, gamma):
    high = min(low + width, 255)
    levels = grey_table(low, high, gamma) & 0xFF
    assert (np.diff(levels.astype(int)) >= 0).all()
    assert levels[low] == 0
    assert levels[high] == 255


def test_levels_of_an_empty_picture_are_the_whole_range():
    assert auto_levels(np.zeros((4, 4), np.uint8)) == (0, 255)
    assert auto_levels(np.full((4, 4), 255, np.uint8)) == (0, 255)


@given(st.floats(1e-3, 1e5))
def test_round_lengths_are_one_two_or_five(longest):
    length = round_length(longest)
    assert 0.38 * longest <= length <= longest * (1 + 1e-6)
    assert f"{length:e}"[0] in "125"


def test_scale_bars_speak_um_mm_or_px():
    bar = scale_bar(2.0, 0.004, 120)
    assert (bar.label, bar.length_px) == ("200 µm", pytest.approx(100))
    assert scale_bar(0.5, 0.012, 120).label == "2 mm"
    assert scale_bar(0.5, None, 120).label == "200 px"
    assert scale_bar(500.0, None, 120).label == "1 px"


@given(st.lists(st.one_of(st.none(), st.floats(0, 500)), min_size=1, max_size=60))
def test_a_path_covers_exactly_the_columns_drawn(depths):
    values = np.array([np.nan if d is None else d for d in depths], np.float32)
    drawn = np.isfinite(values)
    path = surface_path(values, drawn)
    covered = np.zeros(len(values), bool)
    previous = None
    for i in range(path.elementCount()):
        element = path.elementAt(i)
        if not element.isMoveTo():
            assert element.x > previous
            inside = (np.arange(len(values)) + 0.5 > previous) & (
                np.arange(len(values)) + 0.5 < element.x
            )
            covered |= inside
        column = int(element.x - 0.5) if element.x % 1 else None
        if column is not None:
            assert element.y == values[column] + 0.5
            covered[column] = True
        previous = element.x
    assert (covered == drawn).all()
