"""Masks as wholes: locks, pockets, tidying, and marks outside of their layers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mirage_core.annotate import Proposal, Session
from mirage_core.scan import FLUID_SCHEME, Masks, Surfaces
from mirage_viewer.main_window import MainWindow
from tests.viewer.eyes import SHAPE, click, key, open_scan, stroke, write_scan

N, HEIGHT, WIDTH = SHAPE
IRF, SRF = (FLUID_SCHEME.by_name(name).value for name in ("IRF", "SRF"))


@pytest.fixture
def eye(qtbot: Any, window: MainWindow, tmp_path: Path) -> MainWindow:
    """A window with a pocket of IRF through B-scans 1 to 3 and one of SRF beside it."""
    open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"))
    masks = Masks.empty(SHAPE)
    masks.labels[1:4, 20:30, 20:40] = IRF
    masks.labels[1, 24, 28] = 0
    masks.labels[2, 20:30, 60:70] = SRF
    names = ("ILM", "OPL/ONL", "OS/RPE", "RPE", "BM")
    depths = np.array([10, 15, 40, 42, 46], np.float32)[:, None, None]
    curves = Surfaces(np.broadcast_to(depths, (5, N, WIDTH)).copy(), names)
    session(window).adopt(Proposal(tuple(range(N)), curves, None, masks, "graph", "Graph"))
    window.desk.show_b_scan(2)
    return window


def session(window: MainWindow) -> Session:
    found = window.desk.session
    assert found is not None
    return found


def labels(window: MainWindow) -> np.ndarray:
    return session(window).annotation.masks.labels


def wait_for(qtbot: Any, window: MainWindow, words: str) -> None:
    qtbot.waitUntil(lambda: any(words in text for text in window.messages.texts), timeout=20_000)


def test_a_pocket_is_told_with_its_volume_and_deleted_as_a_whole(
    qtbot: Any, eye: MainWindow
) -> None:
    before = labels(eye).copy()
    eye.desk.set_crosshair(25, 30)
    key(eye, "K")
    voxels = np.count_nonzero(before == IRF)
    nl = voxels * 0.12 * 0.004 * 0.012 * 1000
    wait_for(qtbot, eye, f"IRF pocket: {nl:.2f} nL on B-scans 2–4")
    np.testing.assert_array_equal(labels(eye), before)
    key(eye, "A")
    assert not (labels(eye) == IRF).any()
    assert (labels(eye) == SRF).sum() == (before == SRF).sum()
    key(eye, "Ctrl+Z")
    np.testing.assert_array_equal(labels(eye), before)


def test_a_pocket_gets_the_chosen_class(qtbot: Any, eye: MainWindow) -> None:
    eye.desk.set_crosshair(25, 30)
    eye.correct_panel.choose_class(SRF)
    key(eye, "Shift+K")
    wait_for(qtbot, eye, "makes it SRF")
    key(eye, "A")
    assert (labels(eye)[1:4, 22, 25] == SRF).all()


def test_a_pocket_is_not_given_a_locked_class(qtbot: Any, eye: MainWindow) -> None:
    before = labels(eye).copy()
    eye.desk.set_crosshair(25, 30)
    eye.correct_panel.choose_class(SRF)
    key(eye, "Shift+L")
    key(eye, "Shift+K")
    wait_for(qtbot, eye, "SRF is locked")
    assert not eye.desk.offers.standing
    np.testing.assert_array_equal(labels(eye), before)


def test_where_there_is_no_pocket_it_is_said(qtbot: Any, eye: MainWindow) -> None:
    eye.desk.set_crosshair(5, 5)
    key(eye, "K")
    wait_for(qtbot, eye, "no pocket")


def test_no_tool_paints_over_a_locked_class(qtbot: Any, eye: MainWindow) -> None:
    before = labels(eye).copy()
    eye.correct_panel.choose_class(IRF)
    click(eye.correct_panel.lock)
    assert eye.qt_actions["masks.lock"].isChecked()
    eye.correct_panel.choose_class(SRF)
    assert not eye.correct_panel.lock.isChecked()
    key(eye, "B")
    stroke(eye, [(25, x) for x in range(10, 60)])
    assert (labels(eye)[2] == SRF).sum() > (before[2] == SRF).sum()
    np.testing.assert_array_equal(labels(eye) == IRF, before == IRF)
    eye.desk.set_crosshair(25, 30)
    key(eye, "K")
    wait_for(qtbot, eye, "locked")
    assert not eye.desk.offers.standing
    eye.correct_panel.choose_class(IRF)
    key(eye, "Shift+L")
    key(eye, "E")
    stroke(eye, [(25, x) for x in range(22, 38)])
    assert (labels(eye)[2] == IRF).sum() < (before[2] == IRF).sum()


def test_a_hole_is_filled_and_specks_go_on_this_b_scan(eye: MainWindow) -> None:
    eye.correct_panel.choose_class(IRF)
    eye.desk.show_b_scan(1)
    key(eye, "Shift+F")
    assert labels(eye)[1, 24, 28] == IRF
    key(eye, "Shift+F")
    assert any("stays as it is" in text for text in eye.messages.texts)
    key(eye, "B")
    eye.correct_panel.radius.setValue(0)
    stroke(eye, [(50, 80), (50, 80)])
    assert labels(eye)[1, 50, 80] == IRF
    key(eye, "Shift+X")
    assert labels(eye)[1, 50, 80] == 0
    assert labels(eye)[1, 25, 30] == IRF


def test_marks_outside_of_their_layers_are_told_shown_and_removed_when_asked(
    qtbot: Any, eye: MainWindow
) -> None:
    assert "outside" not in eye.layers_panel.legend.text()
    narrowest = eye.minimumSizeHint().width()
    eye.correct_panel.choose_class(IRF)
    key(eye, "B")
    stroke(eye, [(3, x) for x in range(20, 40)])
    inside = labels(eye)[2, 20:30, 20:40].copy()
    assert "px of masks outside of their layers" in eye.layers_panel.legend.text()
    assert eye.minimumSizeHint().width() <= narrowest
    key(eye, "W")
    wait_for(qtbot, eye, "outside of their layers on B-scan 3")
    assert (labels(eye)[2, 3] == IRF).any()
    offered = eye.desk.offers.on(2)
    assert offered is not None
    assert offered.mask is not None
    assert not (offered.mask[:7] == IRF).any()
    key(eye, "A")
    assert not (labels(eye)[2, :7] == IRF).any()
    np.testing.assert_array_equal(labels(eye)[2, 20:30, 20:40], inside)
    assert "outside" not in eye.layers_panel.legend.text()
    key(eye, "W")
    wait_for(qtbot, eye, "All masks lie where")


def test_marks_outside_of_their_layers_are_striped_until_they_are_removed(
    qtbot: Any, eye: MainWindow
) -> None:
    misplaced = eye.canvas._picture.misplaced
    assert misplaced.marked == 0
    moved = session(eye).annotation.surfaces.values[:, 2].copy()
    draft = session(eye).draft(2)
    draft.mask[2:6, 50:58] = IRF  # above the ILM
    session(eye).commit(draft, "brush", "Brush")
    assert misplaced.marked == 4 * 8
    np.testing.assert_array_equal(session(eye).annotation.surfaces.values[:, 2], moved)
    key(eye, "W")
    wait_for(qtbot, eye, "outside of their layers")
    assert eye.canvas._picture.leaving.marked == 4 * 8
    assert not eye.canvas._picture.offered_mask.labels.any()
    key(eye, "A")
    assert misplaced.marked == 0
    assert not eye.canvas._picture.leaving.isVisible()
