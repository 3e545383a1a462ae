"""One structure is approved alone: by key, and from the list of layers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mirage_core.annotate import MASKS, Proposal, State
from mirage_core.scan import Surfaces
from mirage_viewer.main_window import MainWindow
from tests.viewer.eyes import SHAPE, key, open_scan, write_scan

N, HEIGHT, WIDTH = SHAPE
NAMES = ("ILM", "RPE", "BM")


@pytest.fixture
def eye(qtbot: Any, window: MainWindow, tmp_path: Path) -> MainWindow:
    """A window with three surfaces on every B-scan but the last."""
    open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"))
    depths = np.array([10, 42, 46], np.float32)[:, None, None]
    curves = Surfaces(np.broadcast_to(depths, (3, N - 1, WIDTH)).copy(), NAMES)
    session = window.desk.session
    assert session is not None
    session.adopt(Proposal(tuple(range(N - 1)), curves, None, None, "graph", "Graph"))
    window.desk.show_b_scan(1)
    return window


def states(window: MainWindow, name: str) -> list[State]:
    assert window.desk.session is not None
    annotation = window.desk.session.annotation
    return [State(s) for s in annotation.states[annotation.structures.index(name)]]


def choose(window: MainWindow, name: str) -> None:
    picker = window.correct_panel.surface
    picker.setCurrentIndex(picker.findData(name))


def test_a_key_approves_the_chosen_surface_here_and_nothing_else(eye: MainWindow) -> None:
    choose(eye, "BM")
    key(eye, "Shift+Return")
    assert states(eye, "BM") == [State.PREDICTED, State.APPROVED, *[State.PREDICTED] * (N - 3), 0]
    assert State.APPROVED not in states(eye, "RPE")
    assert "BM   ·   approved ✓" in [
        eye.layers_panel.list.item(i).text() for i in range(eye.layers_panel.list.count())
    ]
    key(eye, "Ctrl+Z")
    assert State.APPROVED not in states(eye, "BM")


def test_a_key_approves_that_there_is_no_fluid(eye: MainWindow) -> None:
    key(eye, "Alt+Return")
    assert states(eye, MASKS)[1] is State.APPROVED
    assert State.APPROVED not in states(eye, "RPE")


def test_a_surface_is_approved_on_all_b_scans_it_is_known_on_in_one_step(eye: MainWindow) -> None:
    eye.layers_panel.approval_asked.emit("RPE", "everywhere")
    assert states(eye, "RPE") == [State.APPROVED] * (N - 1) + [State.UNSEEN]
    assert f"Approved RPE on {N - 1} of {N} B-scans." in " ".join(eye.messages.texts)
    key(eye, "Ctrl+Z")
    assert State.APPROVED not in states(eye, "RPE")


def test_the_menu_of_the_list_asks_for_it(qtbot: Any, eye: MainWindow) -> None:
    panel = eye.layers_panel
    asked: list[tuple[str, str]] = []
    panel.approval_asked.connect(lambda name, what: asked.append((name, what)))
    row = next(i for i in range(panel.list.count()) if panel.list.item(i).text().startswith("RPE"))
    panel.list.customContextMenuRequested.emit(
        panel.list.visualItemRect(panel.list.item(row)).center()
    )
    from qtpy.QtWidgets import QMenu

    menu = panel.findChildren(QMenu)[-1]
    for action in menu.actions():
        action.trigger()
    menu.close()
    assert asked == [("RPE", "here"), ("RPE", "everywhere"), ("RPE", "withdraw")]
    assert states(eye, "RPE")[1] is State.EDITED


def test_what_is_not_known_cannot_be_approved_and_that_is_said(eye: MainWindow) -> None:
    eye.desk.show_b_scan(N - 1)
    choose(eye, "RPE")
    key(eye, "Shift+Return")
    assert states(eye, "RPE")[-1] is State.UNSEEN
    assert "Nothing to change: RPE is not known here" in " ".join(eye.messages.texts)
