"""The worklist of a real window: by mouse and by key."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QFileDialog, QLabel, QMessageBox, QWidget

from mirage_core.project import ProjectError, Trouble
from mirage_core.project.remarks import RemarkTable
from mirage_core.scan import State
from mirage_viewer.canvas.colors import STATE_STYLES
from mirage_viewer.main_window import MainWindow
from mirage_viewer.worklist.columns import Column
from mirage_viewer.worklist.page import WorklistPage
from tests.viewer.eyes import drop, key, open_scan, stroke, wait_open, write_scan
from tests.viewer.worklist.studies import (
    choose,
    click,
    double_click,
    listed,
    place,
    press,
    show_worklist,
    stored,
)

Make = Callable[..., MainWindow]
SORTED = ["P1", "P2", "P3", "P4", "P10"]


@pytest.fixture
def window(make_app_window: Make, study: Path) -> MainWindow:
    return make_app_window(project=study)


@pytest.fixture
def page(qtbot: Any, window: MainWindow) -> WorklistPage:
    return show_worklist(qtbot, window)


def opened(window: MainWindow) -> str:
    """Pseudonym of the scan that is open."""
    scan = window.desk.open_scan
    return scan.record.pseudonym if scan is not None and scan.record is not None else ""


# ------------------------------------------------------------------ coming and going


def test_it_takes_the_whole_window_and_gives_it_back(
    qtbot: Any, window: MainWindow, page: WorklistPage
) -> None:
    assert page.width() > 0.95 * window.width()
    assert not window.segment_panel.isVisible()
    assert window.qt_actions["file.worklist"].isChecked()
    press(window, Qt.Key.Key_Escape)
    assert not page.isVisible()
    assert window.start_page.isVisible()
    assert window.segment_panel.isVisible()
    assert not window.qt_actions["file.worklist"].isChecked()


def test_the_narrow_list_leads_to_it(qtbot: Any, window: MainWindow) -> None:
    window.desk.projects.look_in()
    qtbot.waitUntil(lambda: window.worklist_panel.list.count() == 5)
    QTest.mouseClick(window.worklist_panel.all_button, Qt.MouseButton.LeftButton)
    assert window.worklist.page.isVisible()
    QTest.mouseClick(window.worklist.page.back, Qt.MouseButton.LeftButton)
    assert not window.worklist.page.isVisible()


@pytest.mark.parametrize("how", ["double click", "enter", "button"])
def test_a_scan_is_opened(qtbot: Any, window: MainWindow, page: WorklistPage, how: str) -> None:
    if how == "double click":
        double_click(page, "P2")
    else:
        click(page, "P2")
        if how == "enter":
            press(window, Qt.Key.Key_Return)
        else:
            QTest.mouseClick(page.details.open, Qt.MouseButton.LeftButton)
    wait_open(qtbot, window)
    assert opened(window) == "P2"
    assert window.canvas.isVisible()
    assert window.layers_panel.isVisible()
    press(window, Qt.Key.Key_Down)
    assert window.desk.b == 4, "the keys are the image's again"


def test_the_scan_that_is_open_already_is_shown_at_once(
    qtbot: Any, window: MainWindow, page: WorklistPage
) -> None:
    double_click(page, "P2")
    wait_open(qtbot, window)
    before = window.desk.open_scan
    QTest.keySequence(window, "Ctrl+Shift+W")
    assert page.table.current_id == before.record.id
    press(window, Qt.Key.Key_Return)
    assert window.canvas.isVisible()
    assert window.desk.open_scan is before


def test_what_is_not_seen_cannot_be_changed(qtbot: Any, window: MainWindow, tmp_path: Path) -> None:
    open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"))
    key(window, "B")
    stroke(window, [(20, 20), (20, 40)])
    n = len(window.desk.session.history.done)
    show_worklist(qtbot, window, 6)
    for keys in ("Ctrl+Z", "Ctrl+Return", "E", "Ctrl+R"):
        QTest.keySequence(QApplication.focusWidget(), keys)
    assert len(window.desk.session.history.done) == n
    assert window.correct_panel.tool == "brush"
    assert not window.qt_actions["edit.approve"].isEnabled()
    QTest.keySequence(window, "Ctrl+Shift+W")
    assert window.qt_actions["edit.approve"].isEnabled()


def test_another_project_can_be_chosen_from_it(
    qtbot: Any, window: MainWindow, page: WorklistPage, tmp_path: Path
) -> None:
    window.desk.use_project(tmp_path / "other")
    qtbot.waitUntil(lambda: not page.model.lines)
    assert page.isVisible()
    assert page.empty.isVisible()
    assert "No scans in this project" in page.empty.title.text()


# ------------------------------------------------------------------ finding


def test_typing_anywhere_in_the_list_searches_it(window: MainWindow, page: WorklistPage) -> None:
    assert listed(page) == SORTED
    press(window, "drusen")
    assert page.search.hasFocus()
    assert page.search.text() == "drusen"
    assert listed(page) == ["P1", "P3"]
    assert page.count.text() == "2 of 5 scans"
    press(window, Qt.Key.Key_Escape)
    assert listed(page) == SORTED
    assert page.count.text() == "5 scans"


@pytest.mark.parametrize(
    ("text", "found"),
    [("cirrus", ["P2"]), ("fovea", ["P2"]), ("p1", ["P1", "P10"]), ("amd", ["P10"])],
)
def test_a_search_looks_through_devices_notes_patients_and_tags(
    window: MainWindow, page: WorklistPage, text: str, found: list[str]
) -> None:
    press(window, text)
    assert listed(page) == found


def test_enter_in_the_search_opens_the_first_that_was_found(
    qtbot: Any, window: MainWindow, page: WorklistPage
) -> None:
    press(window, "cirrus", Qt.Key.Key_Return)
    wait_open(qtbot, window)
    assert opened(window) == "P2"


def test_down_leads_from_the_search_into_the_list(window: MainWindow, page: WorklistPage) -> None:
    QTest.keySequence(page.table, "Ctrl+F")
    assert page.search.hasFocus()
    press(window, "drusen", Qt.Key.Key_Down)
    assert page.table.hasFocus()
    press(window, Qt.Key.Key_End)
    assert page.details.heading.text() == "P3"


@pytest.mark.parametrize(
    ("picker", "words", "found"),
    [
        ("show_picker", "Not started", ["P1", "P4"]),
        ("show_picker", "In work", ["P2", "P3"]),
        ("show_picker", "All approved", ["P10"]),
        ("show_picker", "Duplicates", ["P4"]),
        ("eye", "OS, left", ["P2"]),
        ("eye", "Eye not known", ["P3"]),
        ("tag", "drusen", ["P1", "P3"]),
        ("device", "Cirrus", ["P2"]),
    ],
)
def test_pickers_narrow_the_list(
    page: WorklistPage, picker: str, words: str, found: list[str]
) -> None:
    choose(getattr(page, picker), words)
    assert listed(page) == found
    choose(getattr(page, picker), getattr(page, picker).itemText(0))
    assert listed(page) == SORTED


def test_when_nothing_fits_one_click_shows_everything_again(
    window: MainWindow, page: WorklistPage
) -> None:
    choose(page.eye, "OS, left")
    press(window, "f1")
    page.search.setText("drusen")
    assert listed(page) == []
    assert page.empty.isVisible()
    QTest.mouseClick(page.empty.clear_button, Qt.MouseButton.LeftButton)
    assert listed(page) == SORTED
    assert page.table.isVisible()


def test_a_click_on_a_column_sorts_by_it(page: WorklistPage) -> None:
    header = page.table.horizontalHeader()

    def click_on(column: Column) -> None:
        x = header.sectionViewportPosition(column) + header.sectionSize(column) // 2
        at = QPoint(x, header.height() // 2)
        QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=at)

    click_on(Column.ACQUIRED)
    assert listed(page) == ["P2", "P10", "P4", "P3", "P1"], "without a date it stands last"
    click_on(Column.ACQUIRED)
    assert listed(page)[0] == "P3"
    assert listed(page)[-1] == "P1"
    click_on(Column.WORK)
    assert "P10" in (listed(page)[0], listed(page)[-1])


# ------------------------------------------------------------------ what is seen


def test_columns_are_as_wide_as_what_they_hold_until_someone_moves_them(
    window: MainWindow, page: WorklistPage
) -> None:
    table, longest = page.table, max((line.row.scan.device for line in page.model.lines), key=len)
    room = table.columnWidth(Column.DEVICE)
    assert room >= table.fontMetrics().horizontalAdvance(longest) + 12
    table.setColumnWidth(Column.DEVICE, 60)
    page.set_rows([line.row for line in page.model.lines])
    assert table.columnWidth(Column.DEVICE) == 60


def test_progress_is_a_bar_of_the_states(qtbot: Any, page: WorklistPage) -> None:
    image = page.table.viewport().grab().toImage()
    for name, state in (("P10", State.APPROVED), ("P2", State.EDITED), ("P3", State.PREDICTED)):
        at = place(page, name, Column.WORK)
        column = [image.pixelColor(at.x(), y).getRgb()[:3] for y in range(at.y() - 20, at.y())]
        assert STATE_STYLES[state].color in column, name


def test_thumbnails_come_by_themselves(qtbot: Any, page: WorklistPage) -> None:
    at = place(page, "P1", Column.PICTURE)

    def bright() -> bool:
        image = page.table.viewport().grab().toImage()
        return image.pixelColor(at.x(), at.y()).lightness() > 40

    qtbot.waitUntil(bright)


def test_a_scan_that_is_here_twice_is_marked(page: WorklistPage) -> None:
    twice = next(line for line in page.model.lines if line.row.scan.pseudonym == "P4")
    assert twice.duplicate_words == "same as P10"
    assert [line.duplicate_words for line in page.model.lines].count("") == 4


def test_no_name_of_a_file_or_a_patient_is_anywhere(
    qtbot: Any, make_app_window: Make, tmp_path: Path
) -> None:
    window = make_app_window()
    open_scan(qtbot, window, write_scan(tmp_path / "DOE_JANE_1950.npz"))
    page = show_worklist(qtbot, window, 1)
    said = [
        str(page.rows.index(0, column).data(role))
        for column in Column
        for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole)
    ]
    for widget in page.findChildren(QWidget):
        said += [widget.toolTip(), widget.accessibleName()]
        if isinstance(widget, QLabel):
            said.append(widget.text())
    assert "DOE" not in " ".join([*said, *window.messages.texts])


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_both_themes_draw_it(window: MainWindow, page: WorklistPage, theme: str) -> None:
    window.set_theme(theme)
    image = page.table.viewport().grab().toImage()
    at = place(page, "P1", Column.NOTE)
    assert (image.pixelColor(at.x(), at.y()).lightness() > 200) is (theme == "light")
    picture = place(page, "P1", Column.PICTURE)
    corner = image.pixelColor(picture.x() - 38, picture.y())
    assert corner.lightness() < 60, "dark around images in both"


# ------------------------------------------------------------------ tags and notes


def test_a_note_is_kept_once_one_goes_on(
    qtbot: Any, window: MainWindow, page: WorklistPage
) -> None:
    click(page, "P1")
    page.details.note.setFocus()
    press(window, "Vitreous haze")
    click(page, "P3")
    qtbot.waitUntil(lambda: stored(window)("P1").note == "Vitreous haze")
    assert page.details.note.toPlainText() == ""
    click(page, "P1")
    qtbot.waitUntil(lambda: page.details.note.toPlainText() == "Vitreous haze")
    qtbot.waitUntil(
        lambda: page.rows.index(listed(page).index("P1"), Column.NOTE).data() == "Vitreous haze"
    )


def test_a_note_is_kept_when_one_only_stops_typing(
    qtbot: Any, window: MainWindow, page: WorklistPage
) -> None:
    click(page, "P1")
    page.details.note.setFocus()
    press(window, "Haze ")
    qtbot.waitUntil(lambda: stored(window)("P1").note == "Haze")
    assert page.details.note.toPlainText() == "Haze ", "what is being typed stays as it is"
    press(window, "and blinks")
    qtbot.waitUntil(lambda: stored(window)("P1").note == "Haze and blinks")


def test_tags_are_typed_with_commas(qtbot: Any, window: MainWindow, page: WorklistPage) -> None:
    click(page, "P2")
    page.details.tags.setFocus()
    press(window, "wet AMD,  artefact, ", Qt.Key.Key_Return)
    assert page.table.hasFocus()
    qtbot.waitUntil(lambda: stored(window)("P2").tags == ("artefact", "wet AMD"))
    qtbot.waitUntil(lambda: page.details.tags.text() == "artefact, wet AMD")
    qtbot.waitUntil(lambda: page.tag.findText("artefact") > 0)
    choose(page.tag, "artefact")
    assert listed(page) == ["P2"]


def test_tab_leads_from_the_table_to_tags_and_then_to_the_note(
    qtbot: Any, window: MainWindow, page: WorklistPage
) -> None:
    click(page, "P2")
    press(window, Qt.Key.Key_Tab)
    assert page.details.tags.hasFocus()
    press(window, "circle, second read", Qt.Key.Key_Tab)
    assert page.details.note.hasFocus()
    press(window, "Blink at the end")
    qtbot.waitUntil(lambda: "Blink at the end" in stored(window)("P2").note)
    assert stored(window)("P2").tags == ("circle", "second read")
    assert page.isVisible(), "no space of it opened the scan"
    press(window, Qt.Key.Key_Backtab, Qt.Key.Key_Backtab)
    assert page.table.hasFocus()


def test_tags_of_other_scans_are_offered(
    qtbot: Any, window: MainWindow, page: WorklistPage
) -> None:
    click(page, "P2")
    offered = {b.text(): b for b in page.details.offered}
    assert {"wet AMD", "check"} < set(offered)
    assert "Drusen" not in offered, "one spelling of a tag is enough"
    QTest.mouseClick(offered["check"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: stored(window)("P2").tags == ("check",))
    click(page, "P1")
    assert {b.text() for b in page.details.offered if b.isChecked()} == {"check", "drusen"}
    offered = {b.text(): b for b in page.details.offered}
    QTest.mouseClick(offered["check"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: stored(window)("P1").tags == ("drusen",))


def test_the_last_word_before_closing_is_kept(
    qtbot: Any, window: MainWindow, page: WorklistPage
) -> None:
    click(page, "P1")
    page.details.note.setFocus()
    press(window, "Last word")
    window.close()
    assert stored(window)("P1").note == "Last word"


def test_a_window_whose_notes_cannot_be_saved_asks_before_it_closes(
    qtbot: Any, window: MainWindow, page: WorklistPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise ProjectError(window.desk.projects.folder, Trouble.DISK_FULL)

    asked: list[str] = []

    def stay(_parent: object, _title: str, words: str) -> QMessageBox.StandardButton:
        asked.append(words)
        return QMessageBox.StandardButton.No

    monkeypatch.setattr(RemarkTable, "set_note", full)
    monkeypatch.setattr(QMessageBox, "question", stay)
    click(page, "P1")
    page.details.note.setFocus()
    press(window, "Haze")
    click(page, "P2")
    qtbot.waitUntil(lambda: any("not saved" in text for text in window.messages.texts))
    window.close()
    assert window.isVisible()
    assert "The disk is full" in asked[0]
    monkeypatch.undo()
    window.close()
    assert stored(window)("P1").note == "Haze"


def test_in_a_project_for_reading_nothing_can_be_typed(
    qtbot: Any, make_app_window: Make, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mirage_core.project.store._writable", lambda _folder: False)
    window = make_app_window(project=study)
    page = show_worklist(qtbot, window)
    click(page, "P2")
    assert page.details.note.toPlainText() == "Motion at the fovea"
    assert page.details.note.isReadOnly()
    assert page.details.tags.isReadOnly()
    assert not any(button.isEnabled() for button in page.details.offered)


# ------------------------------------------------------------------ importing


def test_a_folder_is_imported_with_progress(
    qtbot: Any, make_app_window: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(3):
        write_scan(tmp_path / "exports" / f"DOE_{seed}.npz", seed)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "exports"))
    window = make_app_window(project=tmp_path / "study")
    page = show_worklist(qtbot, window, 0)
    assert page.empty.isVisible()
    QTest.mouseClick(page.empty.import_button, Qt.MouseButton.LeftButton)
    assert page.imports.cancel.isVisible()
    qtbot.waitUntil(lambda: len(page.model.lines) == 3, timeout=30_000)
    qtbot.waitUntil(page.imports.button.isVisible)
    assert "3 new scans imported." in " ".join(window.messages.texts)
    assert "DOE" not in " ".join(window.messages.texts)
    assert page.table.isVisible()


def test_the_menu_imports_too_and_leads_to_the_worklist(
    qtbot: Any, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_scan(tmp_path / "exports" / "1.npz", 9)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "exports"))
    window.activateWindow()
    QTest.keySequence(window, "Ctrl+Shift+F")
    page = window.worklist.page
    assert page.isVisible()
    qtbot.waitUntil(lambda: len(page.model.lines) == 6, timeout=30_000)


def test_what_is_dropped_on_the_worklist_is_imported(
    qtbot: Any, window: MainWindow, page: WorklistPage, tmp_path: Path
) -> None:
    files = [write_scan(tmp_path / f"DOE_{seed}.npz", seed) for seed in (21, 22)]
    drop(window, *files)
    qtbot.waitUntil(lambda: len(page.model.lines) == 7, timeout=30_000)
    assert page.isVisible()


def test_an_import_can_be_cancelled_and_the_image_goes_on_meanwhile(
    qtbot: Any, make_app_window: Make, study: Path, tmp_path: Path
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from mirage_core.project.folder_import import FolderImport
    from mirage_viewer.workers import Workers

    def import_scans(*_: Any, report: Any, cancelled: Callable[[], bool]) -> FolderImport:
        report(0.5)
        while not cancelled():
            threading.Event().wait(0.01)
        return FolderImport()

    workers = Workers({"import_scans": import_scans}, lambda _keep_s: ThreadPoolExecutor(2))
    window = make_app_window(project=study, workers=workers)
    page = show_worklist(qtbot, window)
    files = [write_scan(tmp_path / "e" / f"{seed}.npz", seed) for seed in range(2)]
    drop(window, files[0].parent)
    qtbot.waitUntil(lambda: "scan 2 of 2" in page.imports.words.text())
    double_click(page, "P2")
    wait_open(qtbot, window)
    assert window.status.saved.text() == "Importing scan 2 of 2"
    key(window, "Ctrl+Shift+W")
    QTest.mouseClick(page.imports.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(page.imports.button.isVisible)
    assert "Import cancelled" in " ".join(window.messages.texts)
    assert window.status.saved.text() == "All changes saved"


def test_the_list_of_files_that_failed_goes_to_the_clipboard_only(
    qtbot: Any, window: MainWindow, page: WorklistPage, tmp_path: Path
) -> None:
    bad = tmp_path / "DOE.vol"
    bad.write_bytes(b"")
    drop(window, bad)
    qtbot.waitUntil(
        lambda: any("could not be read" in t for t in window.messages.texts), timeout=30_000
    )
    entry = next(e for e in window.messages.entries if "could not" in e.message.text)
    assert "DOE" not in " ".join(window.messages.texts)
    QTest.mouseClick(entry.button, Qt.MouseButton.LeftButton)
    assert "DOE.vol" in QApplication.clipboard().text()
    assert "DOE" not in " ".join(window.messages.texts)
