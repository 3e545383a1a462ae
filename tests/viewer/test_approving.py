"""One structure is approved alone: by key, and from the list of layers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mirage_core.annotate import MASKS, Proposal, Session, State
from mirage_core.annotate.whereabouts import violations
from mirage_core.scan import FLUID_SCHEME, Surfaces
from mirage_viewer.main_window import MainWindow
from mirage_viewer.theme import current_colors
from tests.viewer.eyes import SHAPE, click, key, open_scan, stroke, write_scan

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


def session(window: MainWindow) -> Session:
    found = window.desk.session
    assert found is not None
    return found


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


# ------------------------------------------------------------------ misplaced masks

IRF = FLUID_SCHEME.by_name("IRF").value


def misplace(window: MainWindow, b: int) -> int:
    """Paint IRF above the ILM of B-scan `b` and return how many px of it."""
    window.desk.show_b_scan(b)
    window.correct_panel.choose_class(IRF)
    key(window, "B")
    stroke(window, [(2, x) for x in range(20, 40)])
    return int(np.count_nonzero(violations(session(window).annotation, b)))


def told_misplaced(window: MainWindow) -> list[str]:
    return [t for t in window.messages.texts if t.startswith("Approved")]


def test_approving_a_b_scan_with_misplaced_masks_is_done_and_told(
    qtbot: Any, eye: MainWindow
) -> None:
    n = misplace(eye, 1)
    assert n > 0
    key(eye, "Ctrl+Return")
    assert session(eye).annotation.b_scan_state(1) is State.APPROVED
    assert eye.desk.b == 2
    (text,) = told_misplaced(eye)
    assert f"Approved B-scan 2 with {n} px of IRF outside of their layers." in text
    key(eye, "Ctrl+Return")
    assert told_misplaced(eye) == [text], "it stays while one goes on approving"
    assert eye.desk.b == 3
    (entry,) = [e for e in eye.messages.entries if e.message.topic == "misplaced"]
    click(entry.button)
    qtbot.waitUntil(lambda: eye.desk.offers.standing, timeout=20_000)
    assert eye.desk.b == 1
    key(eye, "A")
    qtbot.waitUntil(lambda: not eye.desk.offers.standing, timeout=10_000)
    assert not violations(session(eye).annotation, 1).any()
    assert not told_misplaced(eye)


def test_all_b_scans_with_misplaced_masks_that_are_approved_are_told(
    qtbot: Any, eye: MainWindow
) -> None:
    n = misplace(eye, 0) + misplace(eye, 2)
    eye.desk.approve_all()
    qtbot.waitUntil(lambda: bool(told_misplaced(eye)), timeout=20_000)
    assert (
        f"Approved B-scans 1, 3 with {n} px of IRF outside of their layers."
        in (told_misplaced(eye)[0])
    )
    eye.desk.show_b_scan(0)
    eye.desk.unapprove()
    assert "Approved B-scan 3 with" in told_misplaced(eye)[0]
    eye.desk.undo()
    eye.desk.undo()
    assert not told_misplaced(eye)


def test_masks_approved_alone_are_told_too(eye: MainWindow) -> None:
    misplace(eye, 1)
    key(eye, "Alt+Return")
    assert states(eye, MASKS)[1] is State.APPROVED
    assert told_misplaced(eye)


def test_nothing_is_told_where_all_lies_in_its_place(eye: MainWindow) -> None:
    key(eye, "Ctrl+Return")
    assert not eye.messages.texts


def test_misplaced_masks_are_counted_in_the_color_of_warnings(eye: MainWindow) -> None:
    legend = eye.layers_panel.legend

    def color() -> str:
        return str(legend.palette().color(legend.foregroundRole()).name())

    assert color() == current_colors().muted
    misplace(eye, 1)
    assert color() == current_colors().warning
    before = current_colors().warning
    eye.set_theme("light" if eye.desk.settings.theme == "dark" else "dark")
    assert color() == current_colors().warning != before
    eye.desk.show_b_scan(2)
    assert color() == current_colors().muted
