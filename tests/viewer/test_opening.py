"""Opening a scan by every way in; work on it continues when it is opened again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QMimeData, QPoint, Qt
from qtpy.QtGui import QDragEnterEvent
from qtpy.QtWidgets import QApplication, QFileDialog

from mirage_viewer import app as program
from mirage_viewer.main_window import MainWindow
from tests.shared_data import shared_data
from tests.viewer.eyes import drop, key, open_scan, stroke, wait_open, write_scan


@pytest.fixture
def scan_file(tmp_path: Path) -> Path:
    return write_scan(tmp_path / "DOE_JANE_1950.npz")


def test_the_empty_window_offers_the_ways_in(window: MainWindow) -> None:
    assert window.start_page.isVisible()
    assert window.start_page.open.isVisible()
    assert not window.canvas.isVisible()
    assert not window.qt_actions["scan.segment"].isEnabled()
    assert window.windowTitle() == "MIRAGE Viewer"


def test_a_file_chosen_in_the_dialog_is_shown(
    qtbot: Any, window: MainWindow, scan_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def choose(*arguments: Any) -> tuple[str, str]:
        asked.append(arguments)
        return str(scan_file), ""

    monkeypatch.setattr(QFileDialog, "getOpenFileName", choose)
    key(window, "Ctrl+O")
    wait_open(qtbot, window)
    assert "*.vol" in asked[0][3]
    assert ".npz" in asked[0][3]
    assert window.canvas.isVisible()
    assert window.status.saved.text() == "All changes saved"
    image = window.canvas.grab().toImage()
    bright = window.canvas.to_view(35, 48).toPoint()
    assert image.pixelColor(bright.x() + 3, bright.y()).lightness() > 150


def test_a_dropped_file_is_shown(qtbot: Any, window: MainWindow, scan_file: Path) -> None:
    drop(window, scan_file)
    wait_open(qtbot, window)
    assert window.desk.open_scan is not None


def test_a_dropped_folder_of_images_is_one_scan(
    qtbot: Any, window: MainWindow, tmp_path: Path
) -> None:
    from skimage.io import imsave

    folder = tmp_path / "b_scans"
    folder.mkdir()
    for i in range(1, 12):
        imsave(folder / f"{i}.png", np.full((40, 50), 10 * i, np.uint8), check_contrast=False)
    drop(window, folder)
    wait_open(qtbot, window)
    scan = window.desk.open_scan.scan
    assert scan.shape == (11, 40, 50)
    assert scan.b_scan(10).max() == 110


def test_of_several_dropped_files_the_first_is_opened_and_that_is_said(
    qtbot: Any, window: MainWindow, scan_file: Path, tmp_path: Path
) -> None:
    drop(window, scan_file, write_scan(tmp_path / "other.npz", seed=2))
    wait_open(qtbot, window)
    assert window.desk.open_scan.path == scan_file
    assert any("only the first" in text for text in window.messages.texts)


def test_a_file_dropped_while_another_is_opening_wins(
    qtbot: Any, window: MainWindow, scan_file: Path, tmp_path: Path
) -> None:
    second = write_scan(tmp_path / "second.npz", seed=3)
    window.desk.opener.open_path(scan_file)
    drop(window, second)
    wait_open(qtbot, window)
    assert window.desk.open_scan.path == second
    assert window.desk.opener.busy == ""


def test_text_dragged_over_the_window_is_not_taken(window: MainWindow) -> None:
    mime = QMimeData()
    mime.setText("not a file")
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(300, 300), Qt.DropAction.CopyAction, mime, buttons, keys)
    enter.ignore()
    QApplication.sendEvent(window, enter)
    assert not enter.isAccepted()


def test_a_file_on_the_command_line_is_shown(
    qtbot: Any, scan_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[MainWindow] = []

    def run(app: QApplication) -> int:
        windows = [w for w in app.topLevelWidgets() if isinstance(w, MainWindow)]
        (window,) = [w for w in windows if w.isVisible()]
        shown.append(window)
        wait_open(qtbot, window)
        assert window.desk.open_scan is not None
        assert window.desk.open_scan.scan.spacing.as_mm() == (0.2, 0.004, 0.02)
        window.close()
        return 0

    monkeypatch.setattr(program, "run", run)
    for hook in ("sys.excepthook", "threading.excepthook"):
        monkeypatch.setattr(hook, None)
    project = tmp_path / "study"
    code = program.main([str(scan_file), "--project", str(project), "--spacing", "0.2,,0.02"])
    assert code == 0
    assert (project / "project.db").exists()
    shown[0].deleteLater()


def test_a_bad_file_on_the_command_line_shows_in_the_window_and_in_the_exit_code(
    qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "DOE.vol"
    bad.write_bytes(b"")
    shown: list[MainWindow] = []

    def run(app: QApplication) -> int:
        windows = [w for w in app.topLevelWidgets() if isinstance(w, MainWindow)]
        (window,) = [w for w in windows if w.isVisible()]
        shown.append(window)
        qtbot.waitUntil(lambda: any("empty" in text for text in window.messages.texts))
        window.close()
        return 0

    monkeypatch.setattr(program, "run", run)
    for hook in ("sys.excepthook", "threading.excepthook"):
        monkeypatch.setattr(hook, None)
    assert program.main([str(bad), "--project", str(tmp_path / "study")]) == 2
    errors = capsys.readouterr().err
    assert "This .vol file is empty" in errors
    assert "DOE" not in errors
    shown[0].deleteLater()


@pytest.mark.parametrize("spacing", ["1,2", "a,b,c", "0.1,-1,0.1", "0.1,nan,0.1"])
def test_a_wrong_spacing_on_the_command_line_says_what_is_meant(
    spacing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        program.parse(["--spacing", spacing])
    assert stop.value.code == 2
    assert "three positive numbers in mm" in capsys.readouterr().err


def test_the_title_carries_nothing_of_the_file_name(
    qtbot: Any, window: MainWindow, scan_file: Path
) -> None:
    open_scan(qtbot, window, scan_file)
    assert "5 × 64 × 96" in window.windowTitle()
    assert "DOE" not in window.windowTitle()
    texts = [window.worklist_panel.list.item(0).text(), *window.messages.texts]
    assert not any("DOE" in text for text in texts)


def test_reading_happens_in_another_thread(
    qtbot: Any, window: MainWindow, scan_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mirage_viewer import opening

    threads = []
    for name in ("read_scan", "register", "import_into_project"):
        real = getattr(opening, name)

        def spied(*args: Any, _real: Any = real, **kwargs: Any) -> Any:
            threads.append(threading.current_thread())
            return _real(*args, **kwargs)

        monkeypatch.setattr(opening, name, spied)
    open_scan(qtbot, window, scan_file)
    assert len(threads) == 3
    assert threading.main_thread() not in threads


def test_a_scan_is_seen_before_its_place_in_the_project_is_made(
    qtbot: Any, window: MainWindow, scan_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mirage_viewer import opening

    go_on = threading.Event()
    real = opening.register

    def late(*args: Any, **kwargs: Any) -> Any:
        go_on.wait(10)
        return real(*args, **kwargs)

    monkeypatch.setattr(opening, "register", late)
    window.desk.opener.open_path(scan_file)
    qtbot.waitUntil(window.canvas.isVisible)
    key(window, "Down")
    assert window.canvas.b == 3
    assert not window.correct_panel.tools["pen"].isEnabled()
    assert window.status.saved.text() == "Opening the scan…"
    go_on.set()
    wait_open(qtbot, window)
    assert window.correct_panel.tools["pen"].isEnabled()
    assert window.canvas.b == window.desk.b == 3, "the place is kept"


def test_a_volume_opens_at_its_middle_b_scan(
    qtbot: Any, window: MainWindow, scan_file: Path
) -> None:
    open_scan(qtbot, window, scan_file, b=None)
    assert window.desk.b == window.canvas.b == window.strip.current == 2
    assert window.view_bar.place.text() == "B-scan 3 of 5"


def test_a_scan_with_fewer_b_scans_opens_from_a_place_it_does_not_have(
    qtbot: Any, window: MainWindow, scan_file: Path, tmp_path: Path
) -> None:
    open_scan(qtbot, window, scan_file, b=4)
    np.savez(tmp_path / "line.npz", volume=np.full((1, 64, 96), 40, np.uint8))
    open_scan(qtbot, window, tmp_path / "line.npz", b=None)
    assert window.desk.b == window.canvas.b == 0
    assert window.layers_panel.list.count() > 0


def test_work_that_was_begun_goes_on_at_the_b_scan_corrected_last(
    qtbot: Any, make_app_window: Callable[..., MainWindow], scan_file: Path
) -> None:
    window = make_app_window()
    open_scan(qtbot, window, scan_file, b=4)
    key(window, "B")
    stroke(window, [(20, 20), (20, 40)])
    window.close()
    again = make_app_window()
    open_scan(qtbot, again, scan_file, b=None)
    assert again.desk.b == again.canvas.b == 4


def test_another_project_takes_over_and_the_first_can_be_gone_back_to(
    qtbot: Any,
    window: MainWindow,
    scan_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    open_scan(qtbot, window, scan_file)
    folder = tmp_path / "study"
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
    window.qt_actions["file.project"].trigger()
    qtbot.waitUntil(lambda: window.worklist_panel.list.count() == 0)
    assert (folder / "project.db").exists()
    assert window.start_page.isVisible()
    assert window.desk.settings.last_project == str(folder)
    window.qt_actions["file.project_default"].trigger()
    qtbot.waitUntil(lambda: window.worklist_panel.list.count() == 1)


def test_work_can_be_copied_into_another_project(
    qtbot: Any,
    window: MainWindow,
    scan_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    open_scan(qtbot, window, scan_file)
    key(window, "B")
    stroke(window, [(20, 20), (20, 40)])
    folder = tmp_path / "copy"
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
    key(window, "Ctrl+Shift+S")
    qtbot.waitUntil(lambda: any("Saved a copy" in t for t in window.messages.texts))
    from mirage_core.project import Project

    with Project.open(folder) as project:
        (row,) = project.worklist()
        assert row.scan.imported
        assert row.annotations[0].n_events == 1
    key(window, "Ctrl+Shift+S")
    qtbot.waitUntil(lambda: any("already" in t for t in window.messages.texts))


def test_recent_files_are_in_the_menu_and_on_the_start_page(
    qtbot: Any, make_app_window: Callable[..., MainWindow], scan_file: Path
) -> None:
    window = make_app_window()
    open_scan(qtbot, window, scan_file)
    window.close()
    again = make_app_window()
    assert again.start_page.heading.isVisible()
    again.recent_menu.actions()[0].trigger()
    wait_open(qtbot, again)


def test_reopening_continues_with_edits_and_undo(
    qtbot: Any, make_app_window: Callable[..., MainWindow], scan_file: Path
) -> None:
    window = make_app_window()
    open_scan(qtbot, window, scan_file)
    key(window, "Down")
    key(window, "B")
    stroke(window, [(20, 20), (20, 40)])
    painted = window.desk.session.annotation.masks.labels.copy()
    assert painted[1].any()
    window.close()

    again = make_app_window()
    open_scan(qtbot, again, scan_file)
    session = again.desk.session
    assert np.array_equal(session.annotation.masks.labels, painted)
    assert again.history_panel.model.rowCount() == 2  # the change, and the beginning
    key(again, "Ctrl+Z")
    assert again.desk.b == 1, "undo goes to what changed"
    assert not session.annotation.masks.labels.any()


def test_another_scan_takes_the_place_of_the_first_and_both_are_listed(
    qtbot: Any, window: MainWindow, scan_file: Path, tmp_path: Path
) -> None:
    open_scan(qtbot, window, scan_file)
    first = window.desk.open_scan
    open_scan(qtbot, window, write_scan(tmp_path / "other.npz", seed=2))
    qtbot.waitUntil(lambda: window.worklist_panel.list.count() == 2)
    assert window.desk.open_scan is not first
    window.worklist_panel.list.itemClicked.emit(window.worklist_panel.list.item(1))
    qtbot.waitUntil(lambda: window.desk.open_scan.record.id == first.record.id)
    assert window.desk.editable


def test_the_last_of_two_quick_openings_wins(
    qtbot: Any, window: MainWindow, scan_file: Path, tmp_path: Path
) -> None:
    second = write_scan(tmp_path / "second.npz", seed=3)
    window.desk.opener.open_path(scan_file)
    window.desk.opener.open_path(second)
    wait_open(qtbot, window)
    assert window.desk.open_scan.path == second


def test_unknown_spacing_is_said_and_can_be_entered(
    qtbot: Any, window: MainWindow, tmp_path: Path
) -> None:
    from mirage_viewer.dialogs import SpacingDialog

    path = write_scan(tmp_path / "bare.npz", spacing=False)
    open_scan(qtbot, window, path)
    (entry,) = [e for e in window.messages.entries if e.message.topic == "spacing"]
    window.canvas.pointer_moved.emit(10.0, 10.0)
    assert "?" in window.status.microns.text()
    entry.button.click()
    (dialog,) = window.findChildren(SpacingDialog)
    ok = dialog.buttons.buttons()[0]
    dialog.fields["z"].setText("nonsense")
    assert not ok.isEnabled()
    dialog.fields["z"].setText("0,004")
    dialog.fields["x"].setText("0.012")
    assert "1.15 mm wide" in dialog.result_line.text()
    ok.click()
    window.canvas.pointer_moved.emit(10.0, 10.0)
    assert window.status.microns.text() == "x 120  z 40 µm"
    assert not [e for e in window.messages.entries if e.message.topic == "spacing"]
    qtbot.waitUntil(lambda: window.desk.open_scan.record.spacing.z.mm == 0.004)
    window.desk.opener.close_scan()
    open_scan(qtbot, window, path)
    assert window.desk.open_scan.scan.spacing.z.source == "user"


@pytest.mark.parametrize("name", ["spectralis_vol/line.vol", "spectralis_vol/circle.vol"])
def test_real_files_open(qtbot: Any, window: MainWindow, name: str) -> None:
    open_scan(qtbot, window, shared_data(name))
    assert window.canvas.problem == ""
    assert "TEST-PATIENT" not in window.windowTitle()
