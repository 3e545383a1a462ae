"""Corrections offered to other B-scans: looked at first, then accepted or rejected as one step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtGui import QPalette

from mirage_core.annotate import Proposal, Session, State
from mirage_core.annotate.between import finished_around
from mirage_core.scan import Surfaces
from mirage_viewer.b_scan_words import short_list
from mirage_viewer.main_window import MainWindow
from mirage_viewer.messages import Message
from tests.viewer.eyes import SHAPE, click, key, open_scan, stroke, write_scan

N, HEIGHT, WIDTH = SHAPE
DEPTH = 30.0


@pytest.fixture
def eye(qtbot: Any, window: MainWindow, tmp_path: Path) -> MainWindow:
    """A window with a scan on which an engine drew a level RPE."""
    open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"))
    curves = Surfaces(np.full((1, N, WIDTH), DEPTH, np.float32), ("RPE",))
    session(window).adopt(Proposal(tuple(range(N)), curves, None, None, "graph", "Graph"))
    return window


def session(window: MainWindow) -> Session:
    found = window.desk.session
    assert found is not None
    return found


def rpe(window: MainWindow) -> np.ndarray:
    return session(window).annotation.surfaces["RPE"].copy()


def correct(window: MainWindow, b: int) -> None:
    window.desk.show_b_scan(b)
    key(window, "P")
    stroke(window, [(DEPTH + 6, x) for x in range(20, 41)])


def offered(qtbot: Any, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.desk.offers.standing, timeout=20_000)


def dashed(window: MainWindow) -> bool:
    items = window.canvas._picture.offered
    return any(item.isVisible() and not item._path.isEmpty() for item in items)


def test_a_correction_is_offered_shown_and_accepted_as_one_step(
    qtbot: Any, eye: MainWindow
) -> None:
    correct(eye, 2)
    before = rpe(eye)
    key(eye, "O")
    offered(qtbot, eye)
    assert any("offered" in text for text in eye.messages.texts)
    np.testing.assert_array_equal(rpe(eye), before)
    assert not dashed(eye)
    eye.desk.show_b_scan(3)
    assert dashed(eye)
    key(eye, "A")
    qtbot.waitUntil(lambda: not eye.desk.offers.standing, timeout=10_000)
    assert not dashed(eye)
    changed = np.flatnonzero((rpe(eye) != before).any(axis=1))
    assert {1, 3} <= set(changed)
    assert 2 not in changed
    assert (rpe(eye)[3, 25:35] > DEPTH + 1).all()
    key(eye, "Ctrl+Z")
    np.testing.assert_array_equal(rpe(eye), before)


def test_a_rejected_offer_leaves_nothing(qtbot: Any, eye: MainWindow) -> None:
    correct(eye, 2)
    before, edits = rpe(eye), len(session(eye).history.done)
    key(eye, "O")
    offered(qtbot, eye)
    eye.desk.show_b_scan(1)
    key(eye, "R")
    assert not eye.desk.offers.standing
    assert not dashed(eye)
    assert not any("offered" in text for text in eye.messages.texts)
    np.testing.assert_array_equal(rpe(eye), before)
    assert len(session(eye).history.done) == edits


def test_keys_of_an_offer_do_nothing_without_one(eye: MainWindow) -> None:
    for name in ("correct.accept", "correct.reject"):
        assert not eye.qt_actions[name].isEnabled()


def test_without_a_correction_it_is_said_that_there_is_nothing(qtbot: Any, eye: MainWindow) -> None:
    key(eye, "O")
    qtbot.waitUntil(
        lambda: any("no correction" in text for text in eye.messages.texts), timeout=20_000
    )


def test_what_was_drawn_while_it_was_looked_at_stays(qtbot: Any, eye: MainWindow) -> None:
    correct(eye, 2)
    key(eye, "O")
    offered(qtbot, eye)
    eye.desk.show_b_scan(3)
    stroke(eye, [(DEPTH - 8, x) for x in range(5, 50)])
    drawn = rpe(eye)[3]
    assert not dashed(eye)
    key(eye, "A")
    qtbot.waitUntil(lambda: not eye.desk.offers.standing, timeout=10_000)
    np.testing.assert_array_equal(rpe(eye)[3], drawn)


def test_another_scan_takes_the_offer_away(qtbot: Any, eye: MainWindow, tmp_path: Path) -> None:
    correct(eye, 2)
    key(eye, "O")
    offered(qtbot, eye)
    open_scan(qtbot, eye, write_scan(tmp_path / "other.npz", seed=5))
    assert not eye.desk.offers.standing
    assert not dashed(eye)


def test_b_scans_between_two_finished_ones_are_interpolated(qtbot: Any, eye: MainWindow) -> None:
    for b in (0, 3):
        eye.desk.show_b_scan(b)
        key(eye, "P")
        stroke(eye, [(DEPTH + 4 + 3 * b, x) for x in range(WIDTH)])
    ilm = session(eye).annotation.surfaces["ILM"].copy()
    ilm[1, 20:30] += 3
    session(eye).annotation.surfaces["ILM"][...] = ilm
    eye.desk.show_b_scan(1)
    key(eye, "I")
    offered(qtbot, eye)
    assert dashed(eye)
    key(eye, "A")
    qtbot.waitUntil(lambda: not eye.desk.offers.standing, timeout=10_000)
    np.testing.assert_array_equal(session(eye).annotation.surfaces["ILM"], ilm)
    middle = rpe(eye)[:, WIDTH // 2]
    assert middle[0] < middle[1] < middle[2] < middle[3]
    states = session(eye).annotation.states[session(eye).annotation.surfaces.index("RPE")]
    assert states[:4].tolist() == [State.EDITED, State.PREDICTED, State.PREDICTED, State.EDITED]


def test_with_nothing_finished_on_either_side_it_is_said(eye: MainWindow) -> None:
    key(eye, "I")
    assert any("either side" in text for text in eye.messages.texts)


@pytest.mark.parametrize(
    ("finished", "b", "ends"),
    [
        ((0, 3), 1, (0, 3)),
        ((0, 1, 3), 2, (1, 3)),
        ((0, 3), 3, (0, 3)),
        ((0, 3), 0, (0, 3)),
        ((0, 1), 1, None),
        ((0,), 2, None),
        ((), 1, None),
    ],
)
def test_the_nearest_finished_b_scans_are_taken(
    eye: MainWindow, finished: tuple[int, ...], b: int, ends: tuple[int, int] | None
) -> None:
    if finished:
        session(eye).set_state(finished, State.APPROVED)
    assert finished_around(session(eye).annotation, b) == ends


def test_pulling_at_one_point_moves_the_surface_to_the_image_s_edge(eye: MainWindow) -> None:
    row = session(eye).annotation.surfaces.index("BM")
    curves = Surfaces(np.full((1, 1, WIDTH), 48, np.float32), ("BM",))
    session(eye).adopt(Proposal((1,), curves, None, None, "graph", "Graph"))
    eye.desk.show_b_scan(1)
    eye.correct_panel.choose_surface(row)
    key(eye, "T")
    stroke(eye, [(40, 30), (40, 30)])
    key(eye, "Return")
    bm = session(eye).annotation.surfaces.values[row, 1]
    assert bm[30] == pytest.approx(40, abs=1)
    # The bright band ends at row 40: beside the point the curve lies there too.
    assert np.abs(bm[22:38] - 40).max() < 2
    assert bm[90] == 48
    assert session(eye).history.done[-1].label.startswith("Pull on BM")


def test_one_structure_alone_is_offered(qtbot: Any, eye: MainWindow) -> None:
    curves = Surfaces(np.full((1, N, WIDTH), DEPTH - 12, np.float32), ("ILM",))
    session(eye).adopt(Proposal(tuple(range(N)), curves, None, None, "graph", "Graph"))
    for name, depth in (("ILM", DEPTH - 12), ("RPE", DEPTH)):
        eye.correct_panel.surface.setCurrentIndex(eye.correct_panel.surface.findData(name))
        key(eye, "P")
        stroke(eye, [(depth + 5, x) for x in range(20, 41)])
    ilm, before = session(eye).annotation.surfaces["ILM"].copy(), rpe(eye)
    key(eye, "Alt+O")
    offered(qtbot, eye)
    key(eye, "A")
    qtbot.waitUntil(lambda: not eye.desk.offers.standing)
    others = [b for b in range(N) if b != eye.desk.b]
    np.testing.assert_array_equal(session(eye).annotation.surfaces["ILM"], ilm)
    assert (rpe(eye)[others] != before[others]).any()


def test_a_structure_that_is_not_known_on_both_sides_is_not_interpolated(
    qtbot: Any, eye: MainWindow
) -> None:
    for b in (0, N - 1):
        correct(eye, b)
    eye.desk.show_b_scan(1)
    eye.correct_panel.surface.setCurrentIndex(eye.correct_panel.surface.findData("BM"))
    key(eye, "Alt+I")
    qtbot.waitUntil(lambda: not eye.desk.offers.working)
    assert not eye.desk.offers.standing
    assert any("known on both" in text for text in eye.messages.texts)


def message_buttons(window: MainWindow) -> tuple[Any, Any, Any]:
    (entry,) = window.messages.entries
    return entry.button, entry.other_button, entry.close_button


@pytest.mark.parametrize("which", ["close", "reject"])
def test_closing_what_is_told_of_an_offer_rejects_it(
    qtbot: Any, eye: MainWindow, which: str
) -> None:
    correct(eye, 2)
    before, steps = rpe(eye), len(session(eye).history.done)
    key(eye, "O")
    offered(qtbot, eye)
    eye.desk.show_b_scan(3)
    assert dashed(eye)
    accept, reject, close = message_buttons(eye)
    assert (accept.text(), reject.text()) == ("Accept", "Reject")
    assert reject.isVisible()
    click(close if which == "close" else reject)
    assert not eye.desk.offers.standing
    assert not dashed(eye)
    assert not eye.messages.entries
    np.testing.assert_array_equal(rpe(eye), before)
    assert len(session(eye).history.done) == steps
    key(eye, "O")  # nothing is lost: it can be worked out again
    offered(qtbot, eye)


def test_an_offer_names_the_b_scans_that_it_changes_and_ticks_them(
    qtbot: Any, eye: MainWindow
) -> None:
    def ticked(b: int) -> bool:
        place = eye.strip.tick_rect(b).center().toPoint()
        ground = eye.strip.palette().color(QPalette.ColorRole.WindowText)
        return bool(eye.strip.grab().toImage().pixelColor(place) == ground)

    correct(eye, 2)
    key(eye, "O")
    offered(qtbot, eye)
    changed = eye.desk.offers.b_scans
    assert 2 not in changed
    assert len(changed) >= 2
    assert any(short_list(changed) in text for text in eye.messages.texts)
    assert [b for b in range(N) if ticked(b)] == list(changed)
    tip = eye.strip.tip_at(eye.strip.cell_rect(changed[0]).center().x(), 20)
    assert "offered" in tip
    key(eye, "R")
    assert not any(ticked(b) for b in range(N))


def test_what_is_told_of_an_offer_is_not_crowded_out(qtbot: Any, eye: MainWindow) -> None:
    correct(eye, 2)
    key(eye, "O")
    offered(qtbot, eye)
    for n in range(12):
        eye.show_message(Message(f"Note {n}", topic=f"note {n}"))
    assert any("offered" in text for text in eye.messages.texts)
    assert len(eye.messages.entries) < 10


@pytest.mark.parametrize(
    ("b_scans", "words"),
    [
        ((6,), "B-scan 7"),
        ((6, 8, 9, 10, 11), "B-scans 7, 9–12"),
        ((3, 2, 2), "B-scans 3, 4"),
        (tuple(range(0, 40, 2)), "B-scans 1, 3, 5, 7, 9, 11, … 39"),
    ],
)
def test_b_scans_are_named_in_short_form(b_scans: tuple[int, ...], words: str) -> None:
    assert short_list(b_scans) == words
