"""A model's answer against what the grader made of it, and the plot of both, in the window."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtWidgets import QFileDialog

from mirage_core.annotate import Proposal, Session, State
from mirage_core.io import open_scan as read_scan
from mirage_core.project import Project
from mirage_core.scan import Masks, Surfaces
from mirage_viewer.comparing import ENGINE, NOBODY
from mirage_viewer.main_window import MainWindow
from tests.viewer.eyes import SHAPE, open_only_scan, write_scan
from tests.viewer.test_comparing import lines, pick

N, HEIGHT, WIDTH = SHAPE
TITLE = "Model, uncorrected"


def predict(session: Session, rpe_px: float = 42.0) -> None:
    """Have a model draw level layers on every B-scan."""
    depths = np.array([10, rpe_px, 46], np.float32)[:, None, None]
    curves = Surfaces(np.broadcast_to(depths, (3, N, WIDTH)).copy(), ("ILM", "RPE", "BM"))
    masks = Masks.empty(SHAPE)
    session.adopt(Proposal(tuple(range(N)), curves, None, masks, "graph", "Graph", "ab" * 32))


def draw(session: Session, b: int, rpe_px: float) -> None:
    draft = session.draft(b)
    draft.curves[session.annotation.surfaces.index("RPE")] = rpe_px
    session.commit(draft, "pen", "Pen on RPE")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A project in which Ben corrected the RPE of B-scans 1 to 3 by 2 px, and left the others."""
    scan = read_scan(write_scan(tmp_path / "eye.npz"))
    with Project.create(tmp_path / "study") as project:
        record = project.import_pixels(project.add_scan(scan, "Ben"), scan)
        session = project.session(record, "Ben")
        predict(session)
        for b in range(3):
            draw(session, b, 40.0)
        session.set_state(range(3), State.APPROVED)
        return project.folder


@pytest.fixture
def ben(qtbot: Any, make_app_window: Callable[..., MainWindow], study: Path) -> MainWindow:
    """Ben's window, with his work on the scan open."""
    window = open_only_scan(qtbot, make_app_window, study, "Ben")
    qtbot.waitUntil(lambda: window.desk.comparing.engine is not None, timeout=10_000)
    return window


def test_the_model_is_compared_with_what_was_corrected_or_approved_alone(
    qtbot: Any, ben: MainWindow
) -> None:
    pick(qtbot, ben, TITLE)
    found = ben.desk.comparing.agreement
    assert found is not None
    assert found.b_scans == (0, 1, 2)
    rpe = next(s for s in found.surfaces if s.name == "RPE")
    assert (rpe.px.bias, rpe.px.sd) == (-2, 0)
    assert float(lines(ben)["ILM"][1]) == 0
    ben.desk.show_b_scan(2)
    assert ben.canvas._picture.comparison.shade.isVisible()
    table = ben.compare_panel.table
    assert "both" not in table.topLevelItem(0).toolTip(0)
    assert table.headerItem().text(2) == "Error", "of the model: it was corrected"
    assert "mean error" in table.topLevelItem(0).toolTip(0)


def test_it_is_offered_in_a_blind_project_as_it_is_nobody_elses_work(
    qtbot: Any, ben: MainWindow
) -> None:
    ben.qt_actions["graders.blind"].trigger()
    qtbot.waitUntil(lambda: "blind" in ben.desk.comparing.why, timeout=10_000)
    qtbot.waitUntil(lambda: ben.compare_panel.other.isEnabled(), timeout=10_000)
    pick(qtbot, ben, TITLE)
    assert not ben.compare_panel.adjudicate.isEnabled()


def test_an_answer_that_is_undone_is_not_offered_any_more_and_a_new_one_counts(
    qtbot: Any, ben: MainWindow
) -> None:
    session = ben.desk.session
    assert session is not None
    pick(qtbot, ben, TITLE)
    predict(session, 44.0)  # on the B-scans that were left
    draw(session, 4, 40.0)
    wanted = (0, 1, 2, 4)
    qtbot.waitUntil(
        lambda: (
            ben.desk.comparing.agreement is not None
            and ben.desk.comparing.agreement.b_scans == wanted
        ),
        timeout=10_000,
    )
    found = ben.desk.comparing.annotation(ENGINE)
    assert found is not None
    assert found.surfaces["RPE"][:, 0].tolist() == [42.0] * 3 + [44.0] * (N - 3)
    while session.history.done:
        session.undo()
    assert ben.desk.comparing.engine is None
    assert ben.desk.comparing.other == NOBODY
    assert ben.compare_panel.other.findText(TITLE) < 0


def test_the_plot_follows_what_is_compared_and_is_written(
    qtbot: Any, ben: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pick(qtbot, ben, TITLE)
    ben.compare_panel.plot.click()
    dialog = ben._compare_binding._plot
    assert dialog is not None
    assert dialog.isVisible()
    titles = [dialog.layer.itemText(i) for i in range(dialog.layer.count())]
    assert titles[0] == "ILM to BM"
    at = dialog.layer.findText("ILM to RPE")
    dialog.layer.setCurrentIndex(at)
    dialog.layer.activated.emit(at)
    assert dialog.plot.layer is not None
    px_um = 1000 * (ben.desk.session.scan.spacing.z.mm or 0)  # type: ignore[union-attr]
    bias = dialog.plot.layer.analysis.bias.value
    assert bias == pytest.approx(-2 * px_um, rel=1e-3)
    assert f"{bias:+.1f}".replace("-", "−") in dialog.words.text()
    # The drawing is not blank: points in the accent's colour.
    drawn = dialog.plot.grab().toImage()
    colours = {drawn.pixel(x, y) for x in range(0, drawn.width(), 2)
               for y in range(0, drawn.height(), 2)}  # fmt: skip
    assert len(colours) > 5
    path = tmp_path / "plots"
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_a, **_k: (str(path), "PNG (*.png)")
    )
    dialog.save.click()
    written = tmp_path / "plots.png"
    qtbot.waitUntil(written.exists, timeout=30_000)
    assert written.read_bytes().startswith(b"\x89PNG")
    ben.compare_panel.other.setCurrentIndex(0)
    ben.compare_panel.other.activated.emit(0)
    assert dialog.layer.count() == 0
    assert not dialog.save.isEnabled()
    assert "Choose" in dialog.words.text()
    dialog.close()


def test_the_table_has_limits_of_agreement(
    qtbot: Any, ben: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pick(qtbot, ben, TITLE)
    path = tmp_path / "agreement.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a, **_k: (str(path), "CSV"))
    ben.compare_panel.save.click()
    qtbot.waitUntil(path.exists, timeout=10_000)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {r["second"] for r in rows} == {TITLE}
    limits = [r for r in rows if r["figure"] == "upper limit of agreement"]
    assert {r["structure"] for r in limits} >= {"ILM..BM", "ILM..RPE"}
