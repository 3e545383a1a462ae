"""Stripes mark pixels, and only these."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtGui import QColor

from mirage_viewer.canvas.hatch_item import HatchItem


def test_marked_pixels_are_striped_with_a_rim_and_others_are_clear(qtbot: Any) -> None:
    item = HatchItem(QColor(255, 0, 0))
    marks = np.zeros((20, 30), bool)
    marks[5:15, 8:24] = True
    item.set_marks(marks)
    red = item.buffer == 0xFFFF0000
    assert item.marked == marks.sum()
    assert not item.buffer[~marks].any()
    assert item.buffer[marks].all()
    assert red[5, 8:24].all()
    assert red[5:15, 23].all()
    inside = red[6:14, 9:23]
    assert 0.4 < inside.mean() < 0.6


def test_nothing_is_left_when_the_marks_go(qtbot: Any) -> None:
    item = HatchItem(QColor(255, 0, 0))
    item.set_marks(np.ones((6, 6), bool))
    item.set_marks(np.zeros((6, 6), bool))
    assert item.marked == 0
    assert not item.buffer.any()
