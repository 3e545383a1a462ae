"""The strip shows every B-scan's state, and a click goes there."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QImage
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from mirage_core.annotate import Session
from mirage_core.scan import ArrayPixels, Scan, State
from mirage_viewer.canvas import STATE_STYLES, BScanStrip
from tests.viewer.canvas.scenes import BrokenPixels, grey_volume, near, show, small_session, wheel


def strip_of(qtbot, session: Session, width: int = 600, height: int = 90) -> BScanStrip:
    strip = BScanStrip()
    show(qtbot, strip, width, height)
    strip.set_session(session)
    QApplication.processEvents()
    return strip


def many(n: int) -> Session:
    return Session(Scan(ArrayPixels(np.full((n, 16, 20), 90, np.uint8))))


def band_color(strip: BScanStrip, b: int):
    cell = strip.cell_rect(b)
    place = QPoint(int(cell.left() + 0.4 * cell.width()), int(cell.bottom()) - 3)
    return strip.grab().toImage().pixelColor(place)


def on_screen(strip: BScanStrip) -> QImage:
    """Return what repaints have left on the screen, without asking for another."""
    QApplication.processEvents()
    return strip.screen().grabWindow(strip.winId()).toImage()


def test_every_cell_has_the_colour_of_its_state(qtbot):
    session = small_session()
    session.set_state([1], State.EDITED)
    session.set_state([3], State.APPROVED)
    strip = strip_of(qtbot, session)
    strip.set_current(4)
    expected = [State.PREDICTED, State.EDITED, State.PREDICTED, State.APPROVED]
    for b, state in enumerate(expected):
        assert near(band_color(strip, b), STATE_STYLES[state].qcolor)


def test_colours_follow_edits_and_undo(qtbot):
    session = small_session()
    strip = strip_of(qtbot, session)
    session.set_state([2], State.APPROVED)
    assert near(band_color(strip, 2), STATE_STYLES[State.APPROVED].qcolor)
    session.undo()
    assert near(band_color(strip, 2), STATE_STYLES[State.PREDICTED].qcolor)


def test_state_colours_differ_in_lightness_or_hue_for_red_green_blindness():
    def deuteranope(color: tuple[int, int, int]) -> np.ndarray:
        # Viénot et al. 1999: what a dichromat without M cones keeps apart.
        matrix = np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]])
        linear = (np.array(color) / 255) ** 2.2
        return np.clip(matrix @ linear, 0, 1) ** (1 / 2.2) * 255

    seen = [deuteranope(style.color) for style in STATE_STYLES.values()]
    for i, a in enumerate(seen):
        for b in seen[i + 1 :]:
            assert np.abs(a - b).max() > 24


def test_a_click_picks_its_b_scan_and_a_drag_goes_on(qtbot):
    strip = strip_of(qtbot, small_session())
    strip.picked.connect(strip.set_current)
    picked = []
    strip.picked.connect(picked.append)
    places = [strip.cell_rect(b).center().toPoint() for b in (3, 2, 1)]
    QTest.mousePress(strip, Qt.LeftButton, pos=places[0])
    QTest.mouseRelease(strip, Qt.LeftButton, pos=places[0])
    assert picked == [3]
    assert strip.current == 3
    QTest.mousePress(strip, Qt.LeftButton, pos=places[1])
    QTest.mouseMove(strip, places[2])
    QTest.mouseRelease(strip, Qt.LeftButton, pos=places[2])
    assert picked[1] == 2
    assert strip.b_scan_at(-50) == 0
    assert strip.b_scan_at(5000) == 4


def test_the_current_b_scan_is_marked(qtbot):
    strip = strip_of(qtbot, small_session())
    strip.set_current(1)
    with_one = strip.grab().toImage()
    strip.set_current(3)
    with_three = strip.grab().toImage()
    first, third = strip.cell_rect(1).toRect(), strip.cell_rect(3).toRect()
    assert with_one.copy(first) != with_three.copy(first)
    assert with_one.copy(third) != with_three.copy(third)


@pytest.mark.parametrize("n", [3, 40, 300])
def test_the_mark_leaves_nothing_behind_when_it_moves(qtbot, n):
    strip = strip_of(qtbot, many(n))
    qtbot.waitUntil(lambda: len(strip._thumbnails) == len(strip._groups()))
    before = on_screen(strip)
    for b in (1, 2, n // 2, n - 1):
        strip.set_current(b)
        partial = on_screen(strip)
        strip.repaint()
        assert partial == on_screen(strip)
    assert partial != before


def test_tooltips_count_from_one_and_name_the_state(qtbot):
    session = small_session()
    session.set_state([1], State.EDITED)
    strip = strip_of(qtbot, session)
    at = strip.cell_rect(1).center()
    assert strip.tip_at(at.x(), at.y()) == "B-scan 2: edited"
    assert strip.tip_at(at.x(), strip.height() - 2) == ""


@pytest.mark.parametrize("n", [1, 2, 49, 97, 400])
def test_any_number_of_b_scans_fits(qtbot, n):
    session = many(n)
    session.set_state([n - 1], State.APPROVED)
    strip = strip_of(qtbot, session)
    strip.set_current(0 if n > 1 else 5)
    last = strip.cell_rect(n - 1)
    assert last.right() <= strip.width()
    for b in {0, n // 2, n - 1}:
        assert strip.b_scan_at(strip.cell_rect(b).center().x()) == b
    if n > 1:
        assert near(band_color(strip, n - 1), STATE_STYLES[State.APPROVED].qcolor)


def test_thumbnails_come_in_the_background_where_there_is_room(qtbot):
    strip = strip_of(qtbot, small_session(), height=110)
    place = QPoint(int(strip.cell_rect(3).center().x()), 25)

    def lit() -> bool:
        return strip.grab().toImage().pixelColor(place).lightness() > 60

    session = small_session(pixels=BrokenPixels(_striped(), broken=1))
    strip.set_session(session)
    qtbot.waitUntil(lit, timeout=5000)
    low = strip_of(qtbot, small_session(), height=40)
    assert low._groups() == []


def _striped() -> np.ndarray:
    volume = grey_volume()
    volume[:, :, ::2] = 200
    return volume


def test_the_thumbnail_of_a_single_b_scan_keeps_its_proportions(qtbot):
    strip = strip_of(qtbot, many(1))
    picture = strip.grab().toImage()
    around = picture.pixelColor(100, 30)
    # Right of the mark at the left edge and left of that at the right edge.
    inside = [x for x in range(20, 580) if picture.pixelColor(x, 30) != around]
    rows = strip.cell_rect(0).height() - 17
    assert len(inside) == pytest.approx(rows * 20 / 16, abs=3)


def test_the_wheel_over_the_strip_steps(qtbot):
    strip = strip_of(qtbot, small_session())
    with qtbot.waitSignal(strip.stepped) as caught:
        wheel(strip, QPointF(100, 30), -120)
    assert caught.args == [1]


def test_without_a_session_it_says_so_and_ignores_clicks(qtbot):
    strip = BScanStrip()
    show(qtbot, strip, 300, 80)
    QTest.mouseClick(strip, Qt.LeftButton, pos=QPoint(50, 20))
    assert strip.b_scan_at(10) is None
    strip.set_session(small_session())
    strip.set_session(None)
    assert strip.tip_at(10, 10) == ""
    assert not strip.grab().isNull()
