"""A window killed while an offer is worked out or accepted: all of it is there, or nothing.

Windows run in processes of their own and are really killed. ``MIRAGE_NIGHTLY=1`` kills more often.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mirage_core.project import Project
from mirage_viewer.main_window import MainWindow
from tests.viewer.eyes import key, wait_open, write_scan
from tests.viewer.other_window import OtherWindow
from tests.viewer.window_program import digest

KILLS = 30 if os.environ.get("MIRAGE_NIGHTLY") else 3
SEED = 4
LONGEST_S = 0.1


class Corrected:
    """A window with an engine's layers and one correction, which it has acknowledged."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "study"
        self.window = OtherWindow(self.project)
        self.window.open(str(write_scan(folder / "eye.npz")))
        self.engine_drew = self.window.layers()["digest"]
        told = self.window.correct(2)
        assert told["saved"] == "All changes saved"
        self.before, self.labels = told["digest"], told["labels"]
        self.after = ""

    def offer(self) -> None:
        self.window.press("O")
        self.window.wait_for("offered", True)
        self.after = self.window.when_accepted()
        assert self.after != self.before


@pytest.fixture
def corrected(tmp_path: Path) -> Corrected:
    return Corrected(tmp_path)


def continued(qtbot: Any, window: MainWindow) -> None:
    """Take up what the new window offers to continue."""
    window.begin()
    qtbot.waitUntil(
        lambda: any(e.message.topic == "unfinished" for e in window.messages.entries),
        timeout=20_000,
    )
    (entry,) = [e for e in window.messages.entries if e.message.topic == "unfinished"]
    assert entry.message.text == "Continue where you stopped?"
    entry.button.click()
    wait_open(qtbot, window)


@pytest.mark.parametrize(
    ("moment", "accepted"),
    [
        ("while it is worked out", False),
        ("before it is written", False),
        ("before it is committed", False),
        ("when it is committed", True),
    ],
)
def test_an_offer_is_there_wholly_or_not_at_all_after_a_kill(
    qtbot: Any,
    make_app_window: Callable[..., MainWindow],
    corrected: Corrected,
    moment: str,
    accepted: bool,
) -> None:
    if moment == "while it is worked out":
        corrected.window.die(moment)
        corrected.window.tell("press", "O")
    else:
        corrected.offer()
        corrected.window.die(moment)
        corrected.window.tell("press", "A")
    assert corrected.window.is_gone() != 0
    window = make_app_window(project=corrected.project)
    continued(qtbot, window)
    session = window.desk.session
    assert session is not None
    assert digest(session.annotation) == (corrected.after if accepted else corrected.before)
    labels = [e.label for e in session.history.done]
    assert labels[:2] == corrected.labels
    assert len(labels) == 2 + accepted
    key(window, "Ctrl+Z")
    expected = corrected.before if accepted else corrected.engine_drew
    assert digest(session.annotation) == expected
    key(window, "Ctrl+Y")
    assert digest(session.annotation) == (corrected.after if accepted else corrected.before)


@pytest.mark.timeout(1800)
def test_wherever_the_kill_meets_accepting_nothing_is_halved(tmp_path: Path) -> None:
    moments = random.Random(SEED)
    for kill in range(KILLS):
        folder = tmp_path / str(kill)
        folder.mkdir()
        corrected = Corrected(folder)
        corrected.offer()
        corrected.window.tell("press", "A")
        time.sleep(moments.uniform(0.0, LONGEST_S))
        corrected.window.kill()
        with Project.open(corrected.project) as project:
            (left,) = project.unfinished()
            session = project.session(left.scan, "grader", annotation_id=left.annotation.id)
            if len(session.history.done) == 3:
                assert digest(session.annotation) == corrected.after
                session.undo()
            assert [e.label for e in session.history.done] == corrected.labels
            assert digest(session.annotation) == corrected.before
            session.undo()
            assert digest(session.annotation) == corrected.engine_drew
