"""What an engine doubts is gone to by a key and seen on the fundus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mirage_core.annotate import Proposal
from mirage_core.scan import Surfaces
from mirage_viewer.main_window import MainWindow
from mirage_viewer.models_dialog.words import _HEADS
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
