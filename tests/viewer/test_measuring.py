"""The Measure panel: figures, map and grid of the scan shown, its fovea, and what is written."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QDialog, QFileDialog, QTreeWidgetItem

from mirage_core.annotate import Proposal, State
from mirage_core.cli.measure_files import figure_rows
from mirage_core.io import ReadError
from mirage_core.measure.fovea import Fovea, FoveaSource
from mirage_core.measure.tables import measure_scan
from mirage_core.project import Project
from mirage_core.simulate import EyeParameters, save_npz, simulate_eye
from mirage_viewer.action_table import ACTIONS
from mirage_viewer.main_window import MainWindow
from mirage_viewer.measuring import binding as measuring_binding
from mirage_viewer.measuring import desk as measuring_desk
from mirage_viewer.measuring.dialog import ReportDialog
from mirage_viewer.measuring.maps import MapKind
from tests.viewer.eyes import _drag, click, key, open_scan, write_scan

EYE = simulate_eye(EyeParameters(shape=(25, 120, 128), field_mm=(6.4, 1.92, 6.4)), 4)


def settle(qtbot: Any, window: MainWindow) -> None:
    """Wait until nothing is worked out any more."""
    measuring = window.desk.measuring
    qtbot.waitUntil(
        lambda: measuring.seen is not None and not measuring.busy and not measuring.stale,
        timeout=20_000,
    )


@pytest.fixture
def eye(qtbot: Any, window: MainWindow, tmp_path: Path) -> MainWindow:
    """A window with a simulated eye, its layers as the device's, measured."""
    save_npz(EYE, tmp_path / "eye.npz")
    open_scan(qtbot, window, tmp_path / "eye.npz", None)
    key(window, "F7")
    assert window.tabs.currentWidget() is window.measure_panel
    settle(qtbot, window)
    return window


def items(window: MainWindow) -> Iterator[QTreeWidgetItem]:
    def below(item: QTreeWidgetItem) -> Iterator[QTreeWidgetItem]:
        for i in range(item.childCount()):
            yield item.child(i)
            yield from below(item.child(i))

    yield from below(window.measure_panel.table.invisibleRootItem())


def item(window: MainWindow, name: str) -> QTreeWidgetItem:
    return next(i for i in items(window) if i.text(0) == name)


def fundus(window: MainWindow, x_mm: float, y_mm: float) -> QPoint:
    """Return where ``(x, y)`` mm from the fovea is on the fundus view."""
    grid = window.slo.measured.grid
    assert grid is not None
    row, col = grid.frame.to_px(grid.centre_mm + np.array([x_mm, y_mm]))
    return window.slo.to_view(row, col).toPoint()


def move_fovea(window: MainWindow, x_mm: float, y_mm: float) -> None:
    """Drag the fovea on the fundus."""
    view, start, end = window.slo.viewport(), fundus(window, 0, 0), fundus(window, x_mm, y_mm)
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    _drag(view, (start + end) / 2)
    _drag(view, end)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=end)


def lower_ilm(window: MainWindow, px: float) -> None:
    """Let an engine draw the ILM deeper on every B-scan."""
    session = window.desk.session
    assert session is not None
    n = session.scan.n_b_scans
    ilm = session.annotation.surfaces["ILM"] + np.float32(px)
    surfaces = session.annotation.surfaces.__class__(ilm[None].copy(), ("ILM",))
    session.adopt(Proposal(tuple(range(n)), surfaces, None, None, "graph", "Graph"), overwrite=True)


def test_the_table_has_the_figures_of_the_core(eye: MainWindow) -> None:
    opened = eye.desk.open_scan
    assert opened is not None
    figures = measure_scan(opened.scan, opened.session.annotation)
    found = {(r.structure, r.region, r.figure): r.measured for r in figures.rows}
    cst = found["ILM..BM", "central", "CST"]
    assert item(eye, "CST").text(1) == f"{cst.value:.0f} µm"
    volume = found["ILM..BM", "6 mm", "volume"]
    assert item(eye, "Volume 6 mm").text(1) == f"{volume.value:.3f} mm³"
    tip = item(eye, "CST").toolTip(1)
    assert "Surfaces: ILM, BM" in tip
    assert f"Spacing: {cst.basis.spacing}" in tip
    assert "Approved by a human: 0 %" in tip


def test_greyed_until_a_human_approved_all_of_it(qtbot: Any, eye: MainWindow) -> None:
    quiet = item(eye, "CST").foreground(1).color()
    assert item(eye, "CST").text(2) == "0 %"
    eye.desk.session.set_state(list(range(25)), State.APPROVED)
    qtbot.waitUntil(lambda: item(eye, "CST").text(2) == "100 %", timeout=20_000)
    assert item(eye, "CST").foreground(1).color() != quiet


def test_the_grid_has_its_nine_figures_and_its_sides(eye: MainWindow) -> None:
    grid = eye.slo.measured.grid
    assert grid is not None
    figures = eye.desk.measuring.seen.figures
    means = [
        r.measured.text
        for r in figures.rows
        if (r.structure, r.figure) == ("ILM..BM", "mean thickness")
    ]
    assert [c.text for c in grid.cells] == means
    sides = {c.text: (c.x_mm, c.y_mm) for c in grid.sides}
    # A right eye: nasal is right, superior up.
    assert sides["N"][0] > 0 > sides["T"][0]
    assert sides["S"][1] > 0 > sides["I"][1]
    assert fundus(eye, 0, 1).y() < fundus(eye, 0, 0).y()


def test_the_map_is_seen_and_hidden_with_the_other_overlays(eye: MainWindow) -> None:
    assert eye.slo.measured.map_shown
    for keys, shown in (
        ("H", False),
        ("H", True),
        ("Ctrl+Shift+F7", False),
        ("Ctrl+Shift+F7", True),
    ):
        key(eye, keys)
        assert eye.slo.measured.map_shown is shown, keys
        assert (eye.slo.measured.grid is not None) is shown, keys


def test_every_map_can_be_chosen_and_none(qtbot: Any, eye: MainWindow) -> None:
    panel, measuring = eye.measure_panel, eye.desk.measuring
    classes = {c.title for c in eye.desk.session.annotation.masks.scheme}
    wanted = {"Height of drusen": "Height of drusen", "Thickness": "ILM to BM"}
    wanted |= {title: title for title in classes}
    for i in range(panel.map.count()):
        panel.map.setCurrentIndex(i)
        panel.map.activated.emit(i)
        settle(qtbot, eye)
        text = panel.map.itemText(i)
        if text == "No map":
            assert not eye.slo.measured.map_shown
            assert eye.slo.measured.grid is not None
        elif measuring.seen.heat is not None:
            assert measuring.seen.heat.title == wanted[text]
        else:
            assert measuring.seen.why


def test_between_any_two_surfaces(qtbot: Any, eye: MainWindow) -> None:
    panel = eye.measure_panel
    panel.upper_surface.setCurrentIndex(panel.upper_surface.findText("IPL/INL"))
    panel.lower_surface.setCurrentIndex(panel.lower_surface.findText("RPE"))
    panel.lower_surface.activated.emit(panel.lower_surface.currentIndex())
    settle(qtbot, eye)
    seen = eye.desk.measuring.seen
    assert seen.en_face.surfaces == ("IPL/INL", "RPE")
    surfaces = eye.desk.session.annotation.surfaces
    expected = (surfaces["RPE"] - surfaces["IPL/INL"]) * eye.desk.session.scan.spacing.z.mm * 1000
    assert np.allclose(seen.en_face.values, expected, equal_nan=True, atol=1e-3)


def test_figures_follow_an_edit_in_a_moment(qtbot: Any, eye: MainWindow) -> None:
    before = float(item(eye, "CST").text(1).split()[0])
    lower_ilm(eye, 2.0)
    assert "changed" in eye.measure_panel.state.text()
    thinner = 2.0 * eye.desk.session.scan.spacing.z.mm * 1000
    qtbot.waitUntil(
        lambda: abs(float(item(eye, "CST").text(1).split()[0]) - (before - thinner)) <= 1,
        timeout=20_000,
    )
    assert float(eye.slo.measured.grid.cells[0].text) == pytest.approx(before - thinner, abs=1)


def test_a_dragged_fovea_moves_the_figures_and_is_kept(qtbot: Any, eye: MainWindow) -> None:
    found, before = eye.desk.measuring.fovea, [c.text for c in eye.slo.measured.grid.cells]
    assert found.source is FoveaSource.THICKNESS
    move_fovea(eye, 0.8, -0.5)
    settle(qtbot, eye)
    put = eye.desk.measuring.fovea
    dx_mm, db_mm = EYE.scan.spacing.x.mm, EYE.scan.spacing.b.mm
    assert (put.x - found.x) * dx_mm == pytest.approx(0.8, abs=0.1)
    assert abs(put.b - found.b) * db_mm == pytest.approx(0.5, abs=0.1)
    assert [c.text for c in eye.slo.measured.grid.cells] != before
    assert "by hand" in eye.measure_panel.fovea.text()
    record, project = eye.desk.open_scan.record, eye.desk.open_scan.project
    qtbot.waitUntil(lambda: project.foveas.get(record.id) == put, timeout=10_000)
    click(eye.measure_panel.seek)
    settle(qtbot, eye)
    assert eye.desk.measuring.fovea == found
    qtbot.waitUntil(lambda: project.foveas.get(record.id) is None, timeout=10_000)


def test_the_place_of_the_fovea_is_there_when_the_scan_is_opened_again(
    qtbot: Any, eye: MainWindow, tmp_path: Path
) -> None:
    eye.desk.show_b_scan(10)
    eye.desk.set_crosshair(50, 70)
    key(eye, "Shift+F7")
    settle(qtbot, eye)
    record, project = eye.desk.open_scan.record, eye.desk.open_scan.project
    qtbot.waitUntil(lambda: project.foveas.get(record.id) is not None, timeout=10_000)
    open_scan(qtbot, eye, write_scan(tmp_path / "other.npz"))
    qtbot.waitUntil(lambda: eye.desk.measuring.put is None)
    open_scan(qtbot, eye, tmp_path / "eye.npz", None)
    qtbot.waitUntil(
        lambda: eye.desk.measuring.fovea is not None and eye.desk.measuring.fovea.b == 10.0,
        timeout=20_000,
    )
    assert eye.desk.measuring.put.x == 70


def test_where_nothing_can_be_kept_that_is_said(qtbot: Any, eye: MainWindow) -> None:
    opened = eye.desk.open_scan
    opened.project = opened.record = None
    eye.desk.measuring.put_fovea(12.0, 60.0)
    settle(qtbot, eye)
    assert eye.desk.measuring.fovea.x == 60.0
    assert any("while the scan is open" in text for text in eye.messages.texts)


def test_without_spacing_there_are_dashes_with_the_reason(
    qtbot: Any, window: MainWindow, tmp_path: Path
) -> None:
    open_scan(qtbot, window, write_scan(tmp_path / "bare.npz", spacing=False))
    session = window.desk.session
    n, _, width = session.scan.shape
    curves = np.stack([np.full((n, width), row, np.float32) for row in (20, 40)])
    surfaces = session.annotation.surfaces.__class__(curves, ("ILM", "BM"))
    session.adopt(Proposal(tuple(range(n)), surfaces, None, None, "graph", "Graph"))
    key(window, "F7")
    settle(qtbot, window)
    cst = item(window, "CST")
    assert cst.text(1) == "–"
    assert "spacing" in cst.toolTip(1).lower()
    assert not window.slo.measured.map_shown
    said = window.measure_panel.state
    assert said.text().endswith("Set the spacing (Scan menu, Ctrl+M) to get figures in µm and mm.")
    assert ACTIONS["scan.spacing"].shortcuts == ("Ctrl+M",)
    assert "--" not in said.text() + cst.toolTip(1)
    window.tabs.setCurrentWidget(window.measure_panel)
    qtbot.waitUntil(lambda: said.height() >= said.heightForWidth(said.width()))
    window.desk.set_spacing((0.12, 0.004, 0.012))
    qtbot.waitUntil(lambda: window.slo.measured.map_shown, timeout=20_000)


def test_nothing_is_measured_before_somebody_looks(
    qtbot: Any, window: MainWindow, tmp_path: Path
) -> None:
    open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"))
    window.desk.session.set_state([0], State.APPROVED)
    qtbot.wait(600)
    assert window.desk.measuring.seen is None
    assert not window.slo.measured.map_shown


@pytest.mark.parametrize("suffix", [".pdf", ".html"])
def test_a_report_is_written_in_the_background(
    qtbot: Any,
    eye: MainWindow,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    suffix: str,
) -> None:
    pytest.importorskip("matplotlib", reason="reports are drawn by matplotlib")
    target = tmp_path / f"report{suffix}"

    def accept(dialog: ReportDialog) -> int:
        assert dialog.patient.text() == ""
        dialog.patient.setText("Somebody Typed")
        (dialog.pdf if suffix == ".pdf" else dialog.html).click()
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(ReportDialog, "exec", accept)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    seen: list[float | None] = []
    eye.desk.measuring.reports.progressed.connect(seen.append)
    key(eye, "Ctrl+F7")
    qtbot.waitUntil(
        lambda: any("report is written" in t for t in eye.messages.texts), timeout=60_000
    )
    assert seen[0] == 0.0
    assert seen[-1] is None
    assert any(0 < f < 1 for f in seen if f is not None)
    content = target.read_bytes()
    assert content.startswith(b"%PDF" if suffix == ".pdf" else b"<!DOCTYPE html>")
    if suffix == ".html":
        assert "Somebody Typed" in content.decode()
        assert "Research use only" in content.decode()


def test_a_report_that_cannot_be_written_is_told(
    qtbot: Any, eye: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib", reason="reports are drawn by matplotlib")

    def accept(dialog: ReportDialog) -> int:
        dialog.pdf.click()
        return QDialog.DialogCode.Accepted

    nowhere = tmp_path / "eye.npz" / "report.pdf"
    monkeypatch.setattr(ReportDialog, "exec", accept)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(nowhere), ""))
    eye.measure_panel.report.click()
    qtbot.waitUntil(lambda: any("cannot be" in t for t in eye.messages.texts), timeout=60_000)
    assert eye.measure_panel.report.isEnabled()
    assert not nowhere.exists()


def test_all_figures_are_copied_and_written_as_one_table(
    qtbot: Any, eye: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    click(eye.measure_panel.copy)
    copied = [line.split("\t") for line in QApplication.clipboard().text().splitlines()]
    target = tmp_path / "figures.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    click(eye.measure_panel.csv)
    qtbot.waitUntil(target.exists, timeout=20_000)
    written = target.read_text(encoding="utf-8").splitlines()
    assert written[0] == ",".join(copied[0])
    assert len(written) == len(copied) == len(eye.desk.measuring.seen.figures.rows) + 1
    assert "CST" in {row[4] for row in copied}


def test_figures_that_are_out_of_date_are_not_copied(qtbot: Any, eye: MainWindow) -> None:
    assert eye.measure_panel.copy.isEnabled()
    QApplication.clipboard().setText("before")
    lower_ilm(eye, 1.0)
    assert not eye.measure_panel.copy.isEnabled()
    eye.measure.copy()
    assert QApplication.clipboard().text() == "before"
    settle(qtbot, eye)
    qtbot.waitUntil(eye.measure_panel.copy.isEnabled)


def test_what_cannot_be_measured_is_told_in_the_panel(
    qtbot: Any, eye: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ReadError("", "The file is gone.", "")

    monkeypatch.setattr(measuring_desk, "all_of", fail)
    eye.desk.measuring.measure()
    state = eye.measure_panel.state
    qtbot.waitUntil(lambda: state.text().startswith("Could not be measured: "), timeout=10_000)


def test_a_table_is_about_the_stored_fovea_before_anything_is_measured(
    qtbot: Any, window: MainWindow, tmp_path: Path
) -> None:
    save_npz(EYE, tmp_path / "eye.npz")
    open_scan(qtbot, window, tmp_path / "eye.npz", None)
    opened, put = window.desk.open_scan, Fovea(8.0, 50.0)
    opened.project.foveas.set(opened.record.id, put, "Anna")
    target = tmp_path / "figures.csv"
    window.desk.measuring.reports.write_table(opened, None, target, "Anna")
    qtbot.waitUntil(lambda: not window.desk.measuring.reports.running, timeout=20_000)
    rows = figure_rows(
        opened.name, "Anna", measure_scan(opened.scan, opened.session.annotation, put)
    )
    with target.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file))[1:] == [list(row) for row in rows]


def test_a_fovea_put_before_the_scan_is_in_the_project_is_written_by_a_window_that_closes_at_once(
    qtbot: Any, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_npz(EYE, tmp_path / "eye.npz")
    # Registering takes longer than the grader stays.
    monkeypatch.setattr(window.desk.opener, "_register", lambda *_a, **_k: None)
    window.desk.opener.open_path(tmp_path / "eye.npz")
    qtbot.waitUntil(lambda: window.desk.open_scan is not None, timeout=10_000)
    assert window.desk.open_scan.project is None
    window.desk.measuring.put_fovea(8.0, 50.0)
    folder = window.desk.projects.folder
    assert window.close()
    with Project.open(folder, read_only=True) as project:
        (record,) = project.scans.all()
        assert project.foveas.get(record.id) == Fovea(8.0, 50.0)


def test_a_fovea_put_just_before_closing_is_written(eye: MainWindow) -> None:
    opened = eye.desk.open_scan
    eye.desk.measuring.put_fovea(8.0, 50.0)
    assert eye.worklist.may_close()
    assert opened.project.foveas.get(opened.record.id) == Fovea(8.0, 50.0)


def test_without_a_scan_no_profile_is_left(qtbot: Any, eye: MainWindow) -> None:
    eye.measure_panel.show_profile([(0.0, 90.0), (5.0, 95.0)])
    eye.desk.opener.close_scan()
    assert eye.measure_panel.plot.points == ()
    assert not eye.measure_panel.copy.isEnabled()


def test_strokes_do_not_wait_for_the_figures(
    qtbot: Any, eye: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[object] = []
    monkeypatch.setattr(measuring_binding, "figure_lines", lambda *_: begun.append(1) or ())
    lower_ilm(eye, 1.0)
    assert begun == []  # nothing of it in the call that edits
    qtbot.waitUntil(lambda: bool(begun), timeout=20_000)


def test_the_value_of_the_map_is_told_at_the_crosshair(qtbot: Any, eye: MainWindow) -> None:
    eye.desk.show_b_scan(5)
    eye.desk.set_crosshair(40, 33)
    value = eye.desk.measuring.seen.en_face.values[5, 33]
    assert f"{value:.0f} µm" in eye.measure_panel.state.text()
    assert eye.measure_panel.choice.kind is MapKind.THICKNESS
