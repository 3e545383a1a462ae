"""Two graders of a scan: compared in the window, adjudicated into a consensus, or kept apart."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from qtpy.QtWidgets import QFileDialog

from mirage_core.annotate import Annotation, Proposal, Session, State
from mirage_core.io import open_scan as read_scan
from mirage_core.measure.fovea import Fovea
from mirage_core.project import Project
from mirage_core.scan import FLUID_SCHEME, Masks, Surfaces
from mirage_viewer.background import Inline
from mirage_viewer.main_window import MainWindow
from mirage_viewer.panels.fitting import NameButton
from mirage_viewer.panels.side_scroll import SideScroll
from tests.viewer.eyes import SHAPE, key, open_only_scan, write_scan

N, HEIGHT, WIDTH = SHAPE
SRF = FLUID_SCHEME.by_name("SRF").value
NAMES = ("ILM", "RPE", "BM")


def draw(session: Session, rpe_px: float, far_on: int, marks: bool) -> None:
    """Give every B-scan layers; on B-scan `far_on` the RPE lies 6 px deeper over 20 columns."""
    depths = np.array([10, rpe_px, 46], np.float32)[:, None, None]
    curves = np.broadcast_to(depths, (3, N, WIDTH)).copy()
    curves[1, far_on, 20:40] -= 6
    masks = Masks.empty(SHAPE)
    if marks:
        masks.labels[far_on, 30:35, 60:70] = SRF
    surfaces = Surfaces(curves, NAMES)
    session.adopt(Proposal(tuple(range(N)), surfaces, None, masks, "graph", "Graph"))
    session.set_state(range(N), State.APPROVED)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A project in which Anna and Ben worked on a scan; they differ on B-scan 3."""
    scan = read_scan(write_scan(tmp_path / "eye.npz"))
    with Project.create(tmp_path / "study") as project:
        record = project.import_pixels(project.add_scan(scan, "Anna"), scan)
        draw(project.session(record, "Anna"), 42.0, far_on=3, marks=True)
        draw(project.session(record, "Ben"), 42.5, far_on=0, marks=False)
        return project.folder


@pytest.fixture
def ben(qtbot: Any, make_app_window: Callable[..., MainWindow], study: Path) -> MainWindow:
    """Ben's window, with his work on the scan open."""
    window = open_only_scan(qtbot, make_app_window, study, "Ben")
    qtbot.waitUntil(lambda: bool(window.desk.comparing.candidates), timeout=10_000)
    return window


def annotation(window: MainWindow) -> Annotation:
    assert window.desk.session is not None
    return window.desk.session.annotation


def pick(qtbot: Any, window: MainWindow, title: str) -> None:
    """Choose whom to compare with, and wait for the table."""
    panel = window.compare_panel
    at = panel.other.findText(title)
    assert at > 0, [panel.other.itemText(i) for i in range(panel.other.count())]
    panel.other.setCurrentIndex(at)
    panel.other.activated.emit(at)
    qtbot.waitUntil(lambda: window.desk.comparing.agreement is not None, timeout=10_000)


def lines(window: MainWindow) -> dict[str, list[str]]:
    table = window.compare_panel.table
    items = [table.topLevelItem(i) for i in range(table.topLevelItemCount())]
    return {item.text(0): [item.text(i) for i in range(1, 5)] for item in items}


def consensus(qtbot: Any, window: MainWindow) -> None:
    """Open the consensus, and wait until both graders are laid over it."""
    key(window, "Ctrl+Alt+A")
    qtbot.waitUntil(lambda: window.desk.comparing.consensus, timeout=10_000)
    qtbot.waitUntil(lambda: window.desk.comparing.agreement is not None, timeout=10_000)


def test_another_graders_work_lies_over_ones_own_with_the_agreement(
    qtbot: Any, ben: MainWindow
) -> None:
    key(ben, "Ctrl+Alt+C")
    pick(qtbot, ben, "Anna")
    table = lines(ben)
    # Ben's RPE lies 0.5 px deeper, and by 6 px more or less over a few columns.
    assert table["ILM"][:3] == ["+0.0", "0.0", "0.0"]
    assert float(table["RPE"][0]) == pytest.approx(0.5 * dz_um(ben), abs=0.06)
    assert table["SRF"][3] == "0.000"
    assert "µm" in ben.compare_panel.table.headerItem().text(0)
    layer = ben.canvas._picture.comparison
    ben.desk.show_b_scan(3)
    bounds = layer.shade.path().boundingRect()
    assert (bounds.left(), bounds.right()) == (20, 40)
    assert layer.stripes.marked == 5 * 10
    ben.desk.show_b_scan(2)
    assert layer.shade.path().isEmpty()
    assert layer.stripes.marked == 0


def test_between_graders_there_is_a_difference_and_no_error(qtbot: Any, ben: MainWindow) -> None:
    pick(qtbot, ben, "Anna")
    table = ben.compare_panel.table
    titles = [table.headerItem().text(i).replace("\n", " ") for i in range(5)]
    assert titles[1:] == ["Bias", "Mean abs. diff.", "p95", "Dice"]
    said = [table.topLevelItem(i).toolTip(0) for i in range(table.topLevelItemCount())]
    assert "mean absolute difference" in said[0]
    assert "error" not in " ".join(said)


def test_what_the_consensus_takes_bears_the_names_of_the_graders(
    qtbot: Any, ben: MainWindow
) -> None:
    consensus(qtbot, ben)
    panel = ben.compare_panel
    assert [button.text() for button in panel.takes] == ["Anna", "Ben"]
    assert "from Ben" in panel.takes[1].toolTip()
    at = panel.other.findText("Anna")
    panel.other.setCurrentIndex(at)
    panel.other.activated.emit(at)
    assert panel.takes[1].text() == "Anna"


def test_a_long_name_narrows_no_other_button(qtbot: Any) -> None:
    button = NameButton("Anna-Lena Prof. Dr. von und zu Hohenstein & Co")
    qtbot.addWidget(button)
    assert button.minimumSizeHint().width() < 60


def test_all_that_is_said_below_the_table_can_be_read(qtbot: Any, ben: MainWindow) -> None:
    key(ben, "Ctrl+Alt+C")
    words = ben.compare_panel.words
    assert words.text().startswith("Choose another")
    pick(qtbot, ben, "Anna")
    assert "px apart" in words.text()
    qtbot.waitUntil(lambda: words.height() >= words.heightForWidth(words.width()))


def test_nothing_beside_the_image_lies_under_the_scroll_bar(qtbot: Any, ben: MainWindow) -> None:
    ben.resize(ben.width(), ben.minimumSizeHint().height())
    consensus(qtbot, ben)
    key(ben, "Ctrl+Alt+C")
    scroll = next(s for s in ben.findChildren(SideScroll))
    qtbot.waitUntil(lambda: scroll.verticalScrollBar().isVisible())
    assert scroll.widget().width() <= scroll.viewport().width()


def dz_um(window: MainWindow) -> float:
    assert window.desk.session is not None
    mm = window.desk.session.scan.spacing.z.mm
    assert mm is not None
    return mm * 1000


def rpe_row(window: MainWindow) -> int:
    return annotation(window).surfaces.index("RPE")


def test_nothing_lies_over_it_any_more_when_nobody_is_chosen(qtbot: Any, ben: MainWindow) -> None:
    pick(qtbot, ben, "Anna")
    ben.compare_panel.other.setCurrentIndex(0)
    ben.compare_panel.other.activated.emit(0)
    assert not ben.canvas._picture.comparison.shade.isVisible()
    assert not lines(ben)


def test_a_key_goes_to_where_they_differ_and_on(qtbot: Any, ben: MainWindow) -> None:
    pick(qtbot, ben, "Anna")
    seen = []
    for _ in range(3):
        before = ben.desk.b
        key(ben, "Alt+Q")
        qtbot.waitUntil(lambda b=before: ben.desk.b != b, timeout=5_000)
        seen.append(ben.desk.b)
    assert set(seen) == {0, 3}
    assert seen[0] == seen[2]


def test_what_is_drawn_while_comparing_counts_at_once(qtbot: Any, ben: MainWindow) -> None:
    pick(qtbot, ben, "Anna")
    ben.desk.show_b_scan(3)
    assert ben.desk.session is not None
    draft = ben.desk.session.draft(3)
    draft.curves[rpe_row(ben)] = 42
    draft.curves[rpe_row(ben), 20:40] = 36
    ben.desk.session.commit(draft, "pen", "Pen")
    assert ben.canvas._picture.comparison.shade.path().isEmpty()
    assert ben.desk.comparing.stale
    qtbot.waitUntil(lambda: not ben.desk.comparing.stale, timeout=10_000)


def test_the_consensus_takes_what_is_agreed_and_then_b_scan_by_b_scan(
    qtbot: Any, ben: MainWindow, study: Path
) -> None:
    own = annotation(ben).surfaces.values.copy()
    consensus(qtbot, ben)
    assert ben.windowTitle().startswith("Consensus")
    assert not np.isfinite(annotation(ben).surfaces.values).any()
    assert ben.canvas._picture.comparison.mask.isVisible()
    key(ben, "Alt+3")
    qtbot.waitUntil(lambda: bool(annotation(ben).states.max()), timeout=10_000)
    states = annotation(ben).b_scan_states()
    assert [i for i, s in enumerate(states) if s is not State.APPROVED] == [0, 3]
    ben.desk.show_b_scan(3)
    key(ben, "Alt+1")
    rpe = annotation(ben).surfaces["RPE"]
    np.testing.assert_array_equal(rpe[3, 20:40], 36)
    assert (annotation(ben).masks.labels[3] == SRF).sum() == 50
    ben.desk.show_b_scan(0)
    key(ben, "Alt+2")
    np.testing.assert_array_equal(annotation(ben).surfaces["RPE"][0], own[rpe_row(ben), 0])
    key(ben, "Ctrl+Z")
    assert not np.isfinite(annotation(ben).surfaces["RPE"][0]).any()
    key(ben, "Ctrl+Shift+Z")
    assert all(s is State.APPROVED for s in annotation(ben).b_scan_states())
    labels = [edit.label for edit in ben.desk.session.history.done]  # type: ignore[union-attr]
    assert labels[1:] == ["B-scan 4 from Anna", "B-scan 1 from Ben"]
    key(ben, "Ctrl+Alt+M")
    qtbot.waitUntil(lambda: ben.desk.editable and not ben.desk.comparing.consensus, timeout=10_000)
    np.testing.assert_array_equal(annotation(ben).surfaces.values, own)
    with Project.open(study, read_only=True) as project:
        (record,) = project.scans.all()
        whose = {row.annotator for row in project.audit(record.id) if row.tool == "adjudicate"}
    assert whose == {"Consensus"}


def test_a_blind_project_shows_nobody_elses_work_and_says_why(qtbot: Any, ben: MainWindow) -> None:
    pick(qtbot, ben, "Anna")
    ben.qt_actions["graders.blind"].trigger()
    qtbot.waitUntil(lambda: "blind" in ben.desk.comparing.why, timeout=10_000)
    assert ben.compare_panel.other.count() == 1
    assert not ben.compare_panel.other.isEnabled()
    assert not ben.canvas._picture.comparison.shade.isVisible()
    assert "see only their own work" in " ".join(ben.messages.texts)
    key(ben, "Ctrl+Alt+A")
    qtbot.waitUntil(
        lambda: any("blind project has no adjudication" in t for t in ben.messages.texts),
        timeout=10_000,
    )
    assert not ben.desk.comparing.consensus
    ben.qt_actions["graders.blind"].trigger()
    qtbot.waitUntil(lambda: bool(ben.desk.comparing.candidates), timeout=10_000)


def test_table_and_audit_trail_are_written(
    qtbot: Any, ben: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pick(qtbot, ben, "Anna")
    for what, path in (
        (ben.compare_panel.save.click, tmp_path / "agreement.csv"),
        (ben.qt_actions["graders.audit"].trigger, tmp_path / "audit.csv"),
    ):
        monkeypatch.setattr(
            QFileDialog, "getSaveFileName", lambda *_a, p=path, **_k: (str(p), "CSV")
        )
        what()
        qtbot.waitUntil(path.exists, timeout=10_000)
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert rows
        assert "P0001" in {row["pseudonym"] for row in rows}
    names = {row["author"] for row in rows}
    assert {"Anna", "Ben"} <= names


def test_a_fovea_put_elsewhere_has_the_agreement_measured_anew(qtbot: Any, ben: MainWindow) -> None:
    pick(qtbot, ben, "Anna")
    comparing = ben.desk.comparing
    before = comparing.agreement
    ben.desk.measuring.put_fovea(2.0, 50.0)
    assert comparing.stale
    qtbot.waitUntil(lambda: comparing.agreement is not before, timeout=10_000)
    assert not comparing.stale


class Slow:
    """A background whose work ends when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def run(self, work: Any, done: Any = None, failed: Any = None) -> None:
        self.waiting.append(lambda: Inline().run(work, done, failed))


def test_an_agreement_that_comes_late_does_not_replace_a_newer_one(
    qtbot: Any, ben: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    pick(qtbot, ben, "Anna")
    comparing, slow, asked = ben.desk.comparing, Slow(), []

    def compare(*_: object, fovea: Fovea | None, **__: object) -> object:
        asked.append(fovea)
        return f"agreement {len(asked)}"

    monkeypatch.setattr("mirage_core.measure.comparison.compare", compare)
    monkeypatch.setattr(comparing, "_background", slow)
    monkeypatch.setattr(comparing, "measured", Mock())
    monkeypatch.setattr(comparing, "_fovea_of", lambda *_: Fovea(1.0, 2.0))
    comparing.measure()
    comparing.measure()
    while slow.waiting:
        slow.waiting.pop()()  # the newer ends first
    assert comparing.agreement == "agreement 1"
    assert asked == [Fovea(1.0, 2.0)] * 2  # also one that is not written yet
    comparing.agreement = None  # what is drawn later is no agreement
