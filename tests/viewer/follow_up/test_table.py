"""The table of changes: sorted, copied, written as CSV."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import QPoint
from qtpy.QtWidgets import QApplication, QFileDialog

from mirage_core.measure.followup import follow_up
from mirage_viewer.follow_up.export import HEADER, WARNING
from mirage_viewer.main_window import MainWindow
from tests.viewer.eyes import click
from tests.viewer.follow_up.conftest import follow
from tests.viewer.follow_up.studies import PATIENT

Open = Callable[..., MainWindow]


def test_the_table_is_sorted_by_a_click_with_unknown_last(qtbot: Any, opened: Open) -> None:
    window = opened("two")
    part = follow(qtbot, window)
    assert part.dialog is not None
    table = part.dialog.changes.table
    header = table.header()
    at = QPoint(header.sectionViewportPosition(5) + 20, header.height() // 2)
    for descending in (False, True):
        click(header.viewport(), at)
        shown = [table.topLevelItem(i).line.keys[5] for i in range(table.topLevelItemCount())]
        known = [v for v in shown if v == v]
        assert known == sorted(known, reverse=descending)
        assert all(v == v for v in shown[: len(known)])


def test_the_csv_has_every_change_to_each_later_visit(
    qtbot: Any, opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = opened("three", 1)
    part = follow(qtbot, window)
    target = tmp_path / "changes.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    assert part.dialog is not None
    click(part.dialog.csv)
    qtbot.waitUntil(lambda: target.exists() and not part.following.writing, timeout=60_000)
    with target.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == HEADER
    first, second, third = (v.id for v in part.following.visits)
    assert {(r["baseline_scan"], r["later_scan"]) for r in rows} == {
        (first, second),
        (first, third),
    }
    shown = part.following.shown
    assert shown is not None
    mine = [r for r in rows if r["later_scan"] == second and r["structure"] != WARNING]
    again = follow_up(*shown.visits, shown.registration)
    assert len(mine) == len(again.changes)
    for row, change in zip(mine, again.changes, strict=True):
        assert (row["structure"], row["region"], row["figure"]) == (
            change.structure,
            change.region,
            change.figure,
        )
        for name, value in (
            ("baseline", change.first),
            ("later", change.second),
            ("change", change.change),
        ):
            assert float(row[name] or "nan") == pytest.approx(value, nan_ok=True)
    assert {r["days"] for r in mine} == {"185"}
    assert {(r["baseline_work"], r["later_work"]) for r in mine} == {
        tuple(line.state for line in shown.lines)
    }
    assert {r["baseline_approved"] for r in mine if r["figure"] == "CST"} == {"0.0"}
    warned = [r["note"] for r in rows if r["structure"] == WARNING]
    assert any("devices differ" in w for w in warned)
    assert "Drawn by different hands (grader and the device): part of a change may be theirs." in (
        warned
    )


def test_nothing_identifying_is_in_title_csv_or_clipboard(
    qtbot: Any, opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = opened("two")
    part = follow(qtbot, window)
    target = tmp_path / "changes.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    dialog = part.dialog
    assert dialog is not None
    click(dialog.copy)
    click(dialog.csv)
    qtbot.waitUntil(lambda: target.exists() and not part.following.writing, timeout=60_000)
    copied = QApplication.clipboard().text()
    assert "CST" in copied
    assert dialog.windowTitle() == "Follow-up: P0001, right eye"
    texts = (dialog.windowTitle(), target.read_text(encoding="utf-8"), copied)
    for text in texts:
        for word in ("Doe", "Jane", PATIENT.patient_id, "1950-", "2024-"):
            assert word not in text
