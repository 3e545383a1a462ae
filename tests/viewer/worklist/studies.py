"""A project with a few scans, and hands on the worklist of a window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

from mirage_core.annotate import State
from mirage_core.project import Project
from mirage_core.project.importing import import_whole
from mirage_core.scan import Acquisition, Laterality, Scan
from mirage_viewer.main_window import MainWindow
from mirage_viewer.worklist.columns import Column
from mirage_viewer.worklist.page import WorklistPage
from tests.project.eyes import make_scan

N = 5
"""Scans of :func:`make_study`."""
_SCANS = (
    # pseudonym, eye, device, acquired, tags, note, states
    ("P10", Laterality.OD, "Spectralis", date(2024, 5, 6), ("wet AMD",), "", State.APPROVED),
    ("P2", Laterality.OS, "Cirrus", date(2023, 12, 31), (), "Motion at the fovea", State.EDITED),
    ("P1", Laterality.OD, "Spectralis", None, ("check", "drusen"), "", None),
    ("P3", Laterality.UNKNOWN, "", date(2025, 1, 1), ("Drusen",), "", State.PREDICTED),
)


class _Deeper:
    """The same grey, stored in another type, as another program exports it."""

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self.shape = scan.shape

    def display(self, b: int) -> NDArray[np.uint8]:
        return self._scan.b_scan(b)

    def raw(self, b: int) -> NDArray[np.generic]:
        return self._scan.b_scan(b).astype(np.uint16)


def make_study(folder: Path) -> Path:
    """Make a project: four scans of four patients, and the first of them a second time as P4."""
    with Project.create(folder) as project:
        for seed, (name, eye, device, acquired, tags, note, state) in enumerate(_SCANS):
            scan = replace(
                make_scan(seed, patient=False),
                laterality=eye,
                acquisition=Acquisition(device, acquired),
            )
            record, _ = import_whole(project._store, scan)
            project.set_pseudonym(record, name)
            project.set_tags(record, tags)
            project.set_note(record, note)
            if state is not None:
                session = project.session(record, "ada")
                session.set_state(range(scan.n_b_scans), State.PREDICTED)
                session.set_state(range(scan.n_b_scans), state)
                project.close_session(session)
        first = project.open_scan(project.worklist()[0].scan)
        record, _ = import_whole(project._store, replace(first, pixels=_Deeper(first)))
        project.set_pseudonym(record, "P4")
    return folder


def show_worklist(qtbot: Any, window: MainWindow, n: int = N) -> WorklistPage:
    """Show the worklist of `window` once `n` scans are in it, and return the page."""
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    window.desk.projects.look_in()
    page = window.worklist.page
    qtbot.waitUntil(lambda: len(page.model.lines) == n, timeout=20_000)
    QTest.keySequence(window, "Ctrl+Shift+W")
    qtbot.waitUntil(page.isVisible)
    return page


def listed(page: WorklistPage) -> list[str]:
    """Return the pseudonyms that are listed, top to bottom."""
    return [page.rows.line(i).row.scan.pseudonym for i in range(page.rows.rowCount())]


def place(page: WorklistPage, pseudonym: str, column: Column = Column.PSEUDONYM) -> QPoint:
    """Return the middle of a cell, in the table's viewport."""
    index = page.rows.index(listed(page).index(pseudonym), column)
    page.table.scrollTo(index)
    return page.table.visualRect(index).center()


def click(page: WorklistPage, pseudonym: str) -> None:
    """Click the line of a scan."""
    QTest.mouseClick(page.table.viewport(), Qt.MouseButton.LeftButton, pos=place(page, pseudonym))


def double_click(page: WorklistPage, pseudonym: str) -> None:
    """Click the line of a scan twice, as a hand does."""
    at = place(page, pseudonym)
    QTest.mouseClick(page.table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseDClick(page.table.viewport(), Qt.MouseButton.LeftButton, pos=at)


def press(window: MainWindow, *keys: Qt.Key | str) -> None:
    """Press keys, or type text, wherever the keyboard is."""
    window.activateWindow()
    for key in keys:
        at: QWidget = QApplication.focusWidget() or window
        if isinstance(key, str):
            QTest.keyClicks(at, key)
        else:
            QTest.keyClick(at, key)


def choose(picker: Any, words: str) -> None:
    """Choose the entry of a picker that says `words`, by key."""
    picker.setFocus()
    at = picker.findText(words)
    assert at >= 0, [picker.itemText(i) for i in range(picker.count())]
    step = Qt.Key.Key_Down if at > picker.currentIndex() else Qt.Key.Key_Up
    while picker.currentIndex() != at:
        QTest.keyClick(picker, step)


def stored(window: MainWindow) -> Callable[[str], Any]:
    """Return a function that reads the remark on a scan from the disk, by pseudonym."""

    def read(pseudonym: str) -> Any:
        with Project.open(window.desk.projects.folder, read_only=True) as project:
            (row,) = [r for r in project.worklist() if r.scan.pseudonym == pseudonym]
            return row.remark

    return read
