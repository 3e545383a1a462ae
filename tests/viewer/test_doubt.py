"""What an engine doubts is gone to by a key and seen on the fundus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mirage_core.annotate import Proposal, Session
from mirage_core.scan import ArrayPixels, Masks, Scan, Surfaces
from mirage_viewer.main_window import MainWindow
from mirage_viewer.models_dialog.words import _HEADS
from mirage_viewer.queue_reasons import worked_out
from tests.viewer.eyes import SHAPE, key, open_scan, write_scan


@pytest.fixture
def eye(qtbot: Any, window: MainWindow, tmp_path: Path) -> MainWindow:
    """A window with a scan that an engine segmented, B-scan 3 and then 1 with the least ease."""
    open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"))
    session = window.desk.session
    assert session is not None
    n, _, width = SHAPE
    confidence = np.full((1, n, width), 0.95, np.float32)
    confidence[:, 3], confidence[:, 1] = 0.2, 0.5
    curves = Surfaces(np.full((1, n, width), 30, np.float32), ("RPE",))
    session.adopt(Proposal(tuple(range(n)), curves, confidence, None, "graph", "Graph"))
    return window


def test_q_goes_to_the_worst_b_scan_and_then_to_the_next_until_they_are_approved(
    qtbot: Any, eye: MainWindow
) -> None:
    def press_q(expected: int) -> None:
        key(eye, "Q")
        qtbot.waitUntil(lambda: eye.desk.b == expected, timeout=10_000)

    def told() -> bool:
        return any("no B-scan to approve" in text for text in eye.messages.texts)

    press_q(3)
    tip = eye.strip.tip_at(eye.strip.cell_rect(1).center().x(), 10)
    assert tip.endswith("number 1 to look at (Q)")
    press_q(1)
    eye.desk.approve_all()
    key(eye, "Q")
    qtbot.waitUntil(told, timeout=10_000)
    assert eye.desk.b == 1
    eye.desk.unapprove()
    key(eye, "Q")
    qtbot.waitUntil(lambda: not told(), timeout=10_000)
    assert eye.desk.b == 1


def test_doubt_is_shown_on_the_fundus_and_hidden_by_a_key(qtbot: Any, eye: MainWindow) -> None:
    canvas = eye.slo
    qtbot.waitUntil(lambda: canvas.doubt_shown, timeout=10_000)
    for keys, shown in (("Shift+N", False), ("Shift+N", True), ("H", False), ("H", True)):
        key(eye, keys)
        assert canvas.doubt_shown is shown, keys


def test_every_head_has_a_name_in_the_card_of_a_model() -> None:
    from mirage_core.model.spec import HeadKind

    assert set(_HEADS) == {kind.value for kind in HeadKind}


def test_q_says_why_and_that_one_is_there_already(qtbot: Any, eye: MainWindow) -> None:
    def wait_for(words: str) -> str:
        qtbot.waitUntil(lambda: any(words in t for t in eye.messages.texts), timeout=10_000)
        (text,) = [t for t in eye.messages.texts if words in t]
        return text

    eye.desk.show_b_scan(3)
    key(eye, "Q")
    there = wait_for("You are on B-scan 4")
    assert "The engine is unsure." in there
    assert "Q again goes on to B-scan 2." in there
    key(eye, "Q")
    assert "The engine is unsure." in wait_for("Next: B-scan 2.")
    assert eye.desk.b == 1
    eye.desk.show_b_scan(4)
    assert not eye.messages.texts, "it is about a B-scan that is not shown any more"


def test_where_one_b_scan_is_left_q_says_so(qtbot: Any, eye: MainWindow) -> None:
    for b in range(4):
        eye.desk.show_b_scan(b)
        eye.desk.approve()
    key(eye, "Q")
    qtbot.waitUntil(
        lambda: any("the only one left" in t for t in eye.messages.texts), timeout=10_000
    )


def test_every_reason_is_that_of_the_figures() -> None:
    n, height, width = 20, 60, 32
    names = ("ILM", "RPE", "BM")
    depths = np.array([10, 40, 46], np.float32)[:, None, None]
    curves = np.broadcast_to(depths, (3, n, width)).copy()
    curves[:, 3, ::2] += 8
    confidence = np.full((3, n, width), 0.9, np.float32)
    confidence[:, 7] = 0.3
    masks = Masks.empty((n, height, width))
    masks.labels[12, 2, 5:15] = 1
    quality = np.full(n, 30, np.float32)
    quality[15] = 12
    session = Session(Scan(ArrayPixels(np.zeros((n, height, width), np.uint8))))
    session.adopt(
        Proposal(tuple(range(n)), Surfaces(curves, names), confidence, masks, "graph", "Graph")
    )
    found = worked_out(session.annotation, quality)
    assert set(found.order) == set(found.why) == set(range(n))
    assert "surfaces lie" in found.why[3]
    assert found.why[7] == "the engine is unsure"
    assert found.why[12] == "10 px of masks lie outside of their layers"
    assert found.why[15].startswith("one of every 8")
    quality[[14, 15]] = quality[[15, 14]]
    assert worked_out(session.annotation, quality).why[14] == "the image is poorer than usual"
    assert "nothing on it stands out" in found.why[18]
