"""Masks corrected by hand are offered to the B-scans around with the surfaces, as one step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mirage_core.annotate import Proposal, Session, State
from mirage_core.scan import Surfaces
from mirage_viewer.main_window import MainWindow
from tests.viewer.eyes import SHAPE, key, open_scan, stroke, write_scan

N, HEIGHT, WIDTH = SHAPE
POCKET = (slice(46, 58), slice(30, 60))


@pytest.fixture
def eye(qtbot: Any, window: MainWindow, tmp_path: Path) -> MainWindow:
    """A window with an eye that has a pocket on every B-scan, and an RPE an engine drew."""
    path = write_scan(tmp_path / "eye.npz")
    with np.load(path) as parts:
        kept = dict(parts)
    noise = np.random.default_rng(3).integers(-12, 12, (N, 24, WIDTH))
    kept["volume"][:, 40:] = 100 + noise
    kept["volume"][(slice(None), *POCKET)] = 15
    np.savez(path, **kept)
    open_scan(qtbot, window, path)
    curves = Surfaces(np.full((1, N, WIDTH), 30, np.float32), ("RPE",))
    session(window).adopt(Proposal(tuple(range(N)), curves, None, None, "graph", "Graph"))
    return window


def session(window: MainWindow) -> Session:
    found = window.desk.session
    assert found is not None
    return found


def fill(window: MainWindow, b: int) -> None:
    window.desk.show_b_scan(b)
    key(window, "F")
    key(window, "3")
    stroke(window, [(52, 45), (52, 45)])


def offered(qtbot: Any, window: MainWindow) -> None:
    key(window, "O")
    qtbot.waitUntil(lambda: window.desk.offers.standing, timeout=20_000)


def test_masks_and_surfaces_are_offered_and_accepted_as_one_step(
    qtbot: Any, eye: MainWindow
) -> None:
    fill(eye, 2)
    key(eye, "P")
    stroke(eye, [(36, x) for x in range(20, 41)])
    annotation = session(eye).annotation
    labels, steps = annotation.masks.labels, len(session(eye).history.done)
    drawn, rpe = labels.copy(), annotation.surfaces["RPE"].copy()
    offered(qtbot, eye)
    np.testing.assert_array_equal(labels, drawn)
    eye.desk.show_b_scan(3)
    mask = eye.canvas._picture.offered_mask
    assert mask.isVisible()
    assert (mask.labels[POCKET] == 3).mean() > 0.9
    assert any("RPE, PED" in text for text in eye.messages.texts)
    key(eye, "A")
    qtbot.waitUntil(lambda: not eye.desk.offers.standing, timeout=10_000)
    assert (labels[1][POCKET] == 3).mean() > 0.9
    assert (annotation.surfaces["RPE"][3] != rpe[3]).any()
    np.testing.assert_array_equal(labels[2], drawn[2])
    assert len(session(eye).history.done) == steps + 1
    key(eye, "Ctrl+Z")
    np.testing.assert_array_equal(labels, drawn)
    np.testing.assert_array_equal(annotation.surfaces["RPE"], rpe)


def test_masks_alone_are_offered_and_can_be_rejected(qtbot: Any, eye: MainWindow) -> None:
    fill(eye, 2)
    labels = session(eye).annotation.masks.labels
    drawn = labels.copy()
    offered(qtbot, eye)
    eye.desk.show_b_scan(1)
    assert eye.canvas._picture.offered_mask.isVisible()
    key(eye, "R")
    assert not eye.canvas._picture.offered_mask.isVisible()
    np.testing.assert_array_equal(labels, drawn)


def test_where_only_a_surface_is_offered_no_mask_is_shown(qtbot: Any, eye: MainWindow) -> None:
    fill(eye, 0)
    eye.desk.show_b_scan(2)
    key(eye, "P")
    stroke(eye, [(36, x) for x in range(20, 41)])
    session(eye).set_state([1], State.APPROVED, ["masks"])
    offered(qtbot, eye)
    eye.desk.show_b_scan(3)
    assert not eye.canvas._picture.offered_mask.isVisible()


def test_a_locked_class_is_not_touched_by_an_offer(qtbot: Any, eye: MainWindow) -> None:
    labels = session(eye).annotation.masks.labels
    labels[3, 50:54, 40:50] = 2
    fill(eye, 2)
    eye.correct_panel.choose_class(2)
    key(eye, "Shift+L")
    offered(qtbot, eye)
    key(eye, "A")
    qtbot.waitUntil(lambda: not eye.desk.offers.standing, timeout=10_000)
    assert (labels[3, 50:54, 40:50] == 2).all()
    assert (labels[1][POCKET] == 3).mean() > 0.9
