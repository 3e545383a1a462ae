"""What speaks for a class, laid over the B-scan, and gone as soon as it does not belong there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint

from mirage_viewer.canvas.evidence_item import EvidenceItem
from mirage_viewer.classes_window import ClassesWindow
from mirage_viewer.main_window import MainWindow
from mirage_viewer.workers import Workers
from tests.viewer import tasks
from tests.viewer.eyes import click, key, open_scan, write_scan
from tests.viewer.stores import add_model


@pytest.fixture
def asked(
    qtbot: Any, make_app_window: Callable[..., MainWindow], tmp_path: Path
) -> Callable[..., tuple[MainWindow, ClassesWindow]]:
    """Return a factory of windows whose B-scan 2 is classified."""
    add_model(tmp_path, "stages")

    def make(explain: Callable[..., Any] = tasks.explain) -> tuple[MainWindow, ClassesWindow]:
        workers = Workers({"classify_scan": tasks.classify, "explain_scan": explain})
        window = make_app_window(workers=workers)
        engines = window.desk.models.engines
        engines.refresh()
        qtbot.waitUntil(lambda: engines.listing is not None, timeout=20_000)
        open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"), b=1)
        window.qt_actions.trigger("scan.classify")
        settle(qtbot, window)
        shown = window.model_windows.classes
        assert shown is not None
        return window, shown

    return make


def settle(qtbot: Any, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.desk.models.run is None, timeout=30_000)


def show_why(qtbot: Any, window: MainWindow, shown: ClassesWindow, name: str = "AMD") -> None:
    click(shown.whys[name])
    settle(qtbot, window)
    qtbot.waitUntil(lambda: bool(window.canvas.evidence), timeout=20_000)


def press(qtbot: Any, window: MainWindow, keys: str) -> None:
    """Press keys over the image, beside which the window of classes stays open."""
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    key(window, keys)


def test_the_evidence_lies_over_the_b_scan_with_what_it_is_and_is_not(
    qtbot: Any, asked: Callable[..., tuple[MainWindow, ClassesWindow]]
) -> None:
    window, shown = asked()
    below, right = window.canvas.to_view(50, 80), window.canvas.to_view(10, 10)

    def colors() -> list[tuple[int, ...]]:
        image = window.canvas.viewport().grab().toImage()
        scale = image.devicePixelRatio()
        at = [QPoint(round(p.x() * scale), round(p.y() * scale)) for p in (below, right)]
        return [image.pixelColor(p).getRgb()[:3] for p in at]

    before = colors()
    show_why(qtbot, window, shown)
    assert window.canvas.evidence == "What speaks for AMD (Title of stages)"
    assert shown.whys["AMD"].text() == "Hide why"
    assert "not a segmentation" in shown.why.text()
    assert shown.why.isVisible()
    after = colors()
    assert after[1] == before[1]
    red, green, blue = after[0]
    assert red > blue + 60
    assert green > blue + 60


def test_asked_once_more_it_goes(
    qtbot: Any, asked: Callable[..., tuple[MainWindow, ClassesWindow]]
) -> None:
    window, shown = asked()
    show_why(qtbot, window, shown)
    click(shown.whys["AMD"])
    assert not window.canvas.evidence
    assert shown.whys["AMD"].text() == "Show why"


@pytest.mark.parametrize("keys", ["Down", "Esc", "B"])
def test_it_goes_with_another_b_scan_with_escape_and_with_a_tool(
    qtbot: Any, asked: Callable[..., tuple[MainWindow, ClassesWindow]], keys: str
) -> None:
    window, shown = asked()
    show_why(qtbot, window, shown)
    press(qtbot, window, keys)
    assert not window.canvas.evidence
    assert window.desk.models.explaining.shown is None


def test_it_goes_with_the_window_of_classes(
    qtbot: Any, asked: Callable[..., tuple[MainWindow, ClassesWindow]]
) -> None:
    window, shown = asked()
    show_why(qtbot, window, shown)
    shown.reject()
    assert not window.canvas.evidence


def test_a_bare_image_hides_it_for_as_long(
    qtbot: Any, asked: Callable[..., tuple[MainWindow, ClassesWindow]]
) -> None:
    window, shown = asked()
    show_why(qtbot, window, shown)
    press(qtbot, window, "H")
    assert not window.canvas.evidence
    press(qtbot, window, "H")
    assert window.canvas.evidence


def test_who_goes_on_meanwhile_sees_nothing_of_it_and_is_told_nothing(
    qtbot: Any, asked: Callable[..., tuple[MainWindow, ClassesWindow]]
) -> None:
    window, shown = asked(tasks.explain_slowly)
    click(shown.whys["AMD"])
    qtbot.waitUntil(lambda: shown.whys["AMD"].text() == "Looking…")
    press(qtbot, window, "Down")
    settle(qtbot, window)
    assert not window.canvas.evidence
    assert not [e for e in window.messages.entries if e.message.topic == "explain"]
    assert shown.whys["AMD"].text() == "Show why"


def test_a_model_that_cannot_tell_says_so(
    qtbot: Any, asked: Callable[..., tuple[MainWindow, ClassesWindow]]
) -> None:
    window, shown = asked(tasks.unexplained)
    click(shown.whys["AMD"])
    settle(qtbot, window)
    (said,) = [e.message for e in window.messages.entries if e.message.topic == "explain"]
    assert said.text == "Title of stages does not tell where it looks."
    assert not window.canvas.evidence


def test_the_ramp_is_lighter_and_denser_all_the_way() -> None:
    item = EvidenceItem()
    item.set_heat(0, np.linspace(0, 1, 256, dtype=np.float32)[None], "What speaks for A")
    argb = item.buffer[0]
    alpha = (argb >> 24).astype(int)
    light = sum(
        weight * ((argb >> shift) & 255).astype(float)
        for shift, weight in ((16, 0.2126), (8, 0.7152), (0, 0.0722))
    )
    assert argb[0] == 0
    assert (np.diff(alpha) >= 0).all()
    assert (np.diff(light) > -0.8).all()
    assert light[-1] > 0.6 * 255
