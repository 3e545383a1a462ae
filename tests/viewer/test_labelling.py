"""Labels of B-scans and scans, from the image and from the worklist."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QToolButton

from mirage_core.io import open_scan as read_scan
from mirage_core.project import LabelSet, Project, ProjectError
from mirage_core.project.errors import Trouble
from mirage_viewer.background import Inline
from mirage_viewer.command_palette import CommandPalette
from mirage_viewer.labelling import Labelling, Labels
from mirage_viewer.labelling.desk import chosen
from mirage_viewer.main_window import MainWindow
from mirage_viewer.messages import Level, Message
from mirage_viewer.projects import Projects
from mirage_viewer.settings import Settings
from mirage_viewer.worklist.columns import Column
from tests.viewer.eyes import click, key, write_scan

NAMES = ("CNV", "DME", "normal")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    with Project.create(folder / "study") as project:
        project.labels.set_label_set(LabelSet(NAMES), "Anna")
        for seed in (1, 2):
            scan = read_scan(write_scan(folder / f"eye{seed}.npz", seed))
            project.import_pixels(project.add_scan(scan, "Anna"), scan)
        first, second = (row.scan.id for row in project.worklist())
        project.labels.set(first, ["DME"], "Ben", b_scan=2)
        project.labels.set(second, ["CNV"], "Ben")
        return project.folder


@pytest.fixture
def study(made: Path, tmp_path: Path) -> Path:
    """A project of two scans; Ben labelled a B-scan of the first, and the second."""
    return Path(shutil.copytree(made, tmp_path / "study"))


@pytest.fixture
def anna(
    qtbot: Any, make_app_window: Callable[..., MainWindow], study: Path
) -> Callable[..., MainWindow]:
    """Return a factory of Anna's windows with the first scan open at B-scan 3."""

    def make() -> MainWindow:
        window = make_app_window(
            project=study, settings=Settings(grader="Anna", research_notice_seen=True)
        )
        window.begin()
        qtbot.waitUntil(lambda: len(window.worklist.page.model.lines) == 2, timeout=20_000)
        window.desk.opener.open_record(window.worklist.page.model.lines[0].row.scan.id)
        qtbot.waitUntil(
            lambda: window.desk.open_scan is not None and window.desk.open_scan.record is not None,
            timeout=20_000,
        )
        window.desk.show_b_scan(2)
        qtbot.waitUntil(lambda: bool(window.desk.labelling.known.by_scan), timeout=20_000)
        return window

    return make


def shown(window: MainWindow) -> tuple[str, str]:
    """Return the ids of both scans, the one shown first."""
    opened = window.desk.open_scan
    assert opened is not None
    assert opened.record is not None
    lines = window.worklist.page.model.lines
    (other,) = {line.row.scan.id for line in lines} - {opened.record.id}
    return opened.record.id, other


def stored(study: Path, scan: str, b: int | None, who: str = "Anna") -> tuple[str, ...] | None:
    with Project.open(study, read_only=True) as project:
        label = project.labels.get(scan, who, b_scan=b)
        return None if label is None else label.labels


def settle(qtbot: Any, window: MainWindow) -> None:
    labelling = window.desk.labelling
    qtbot.waitUntil(lambda: not labelling._waiting and not labelling._shown, timeout=20_000)


def button(window: MainWindow, name: str, whole: bool = False) -> QToolButton:
    group = window.labels_panel.scan if whole else window.labels_panel.b_scan
    return next(b for b in group.buttons if b.accessibleName() == name)


class Desk:
    """A desk without a window: whoever is at it labels, and everything is done at once."""

    def __init__(self, folder: Path) -> None:
        self.author = "Anna"
        self.projects = Projects(Inline(), folder)
        self.said: list[Message] = []

    def say(self, message: Message) -> None:
        self.said.append(message)

    def hush(self, topic: str) -> None:
        self.said = [message for message in self.said if message.topic != topic]


@pytest.fixture
def desk(study: Path) -> Iterator[Desk]:
    made = Desk(study)
    yield made
    made.projects.close()


@pytest.fixture
def labelling(desk: Desk) -> Labelling:
    """Anna's labels; they were read."""
    made = Labelling(desk, Inline())
    desk.projects.look_in()
    return made


def first_scan(desk: Desk) -> str:
    return desk.projects.get().worklist()[0].scan.id


def test_a_project_that_refuses_holds_up_no_other(
    study: Path,
    made: Path,
    desk: Desk,
    labelling: Labelling,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    id, table = first_scan(desk), desk.projects.get().labels

    def refuse(*_: object, **__: object) -> None:
        raise ProjectError(study, Trouble.DISK_FULL)

    with monkeypatch.context() as patch:
        patch.setattr(table, "set", refuse)
        labelling.choose(id, "CNV", 2)
        other = Path(shutil.copytree(made, tmp_path / "other"))
        desk.projects.use(other, lambda _project: None)
        assert labelling.of(id, 2) is None
        labelling.choose(id, "normal", 2)
        assert stored(other, id, 2) == ("normal",)
        assert labelling.of(id, 2) == ("normal",)
        assert [change.project.folder for change in labelling._shown.values()] == [study]
        assert desk.said[-1].level is Level.ERROR
        assert labelling.finish() == "The disk is full."
    assert labelling.finish() == ""
    assert stored(study, id, 2) == ("CNV",)


def test_a_label_refused_at_the_end_is_told(
    study: Path, desk: Desk, labelling: Labelling, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Project.open(study) as project:
        project.labels.rename("CNV", "wet AMD", "Ben")
    monkeypatch.setattr(labelling, "retry", lambda: None)  # the program ends before
    labelling.choose(first_scan(desk), "CNV", 2)
    assert labelling.finish().startswith("Not labelled: The project has no label 'CNV'")
    assert labelling.finish() == ""


def test_what_was_read_for_one_grader_is_not_shown_to_another(
    desk: Desk, labelling: Labelling
) -> None:
    id = first_scan(desk)
    labelling.choose(id, "CNV", 2)
    assert labelling.of(id, 2) == ("CNV",)
    assert [label.annotator for label in labelling.of_others(id, 2)] == ["Ben"]
    desk.author = "Ben"
    assert labelling.known == Labels()
    assert labelling.of(id, 2) is None
    assert labelling.of_others(id, 2) == ()
    labelling._take((desk.projects.current, "Anna"), 99, Labels(("of Anna",)))
    assert labelling.known == Labels()
    labelling.look()
    assert labelling.of(id, 2) == ("DME",)


@pytest.mark.parametrize(
    ("given", "name", "several", "then"),
    [
        (None, "CNV", False, ("CNV",)),
        (("DME",), "CNV", False, ("CNV",)),
        (("CNV",), "CNV", False, None),
        (("DME",), "CNV", True, ("DME", "CNV")),
        (("CNV",), "CNV", True, None),
        (("CNV", "DME"), "CNV", True, ("DME",)),
        ((), "CNV", True, ("CNV",)),
        (("CNV",), None, True, ()),
        ((), None, True, None),
    ],
)
def test_what_was_chosen_is_taken_back_by_choosing_it_again(
    given: Any, name: str | None, several: bool, then: Any
) -> None:
    assert chosen(given, name, several=several) == then


def test_a_click_labels_the_b_scan_shown_and_is_durable(
    qtbot: Any, anna: Callable[..., MainWindow], study: Path
) -> None:
    window = anna()
    id, _ = shown(window)
    key(window, "Ctrl+Alt+L")
    assert window.labels_panel.isVisible()
    assert window.labels_panel.b_scan.others.text() == "Ben: DME"
    click(button(window, "CNV"))
    assert button(window, "CNV").isChecked()
    settle(qtbot, window)
    assert stored(study, id, 2) == ("CNV",)
    assert stored(study, id, None) is None
    click(button(window, "CNV"))
    settle(qtbot, window)
    assert stored(study, id, 2) is None
    assert not button(window, "CNV").isChecked()
    with Project.open(study, read_only=True) as project:
        said = [(r.author, r.what) for r in project.audit(id) if r.what == "label"]
    assert said.count(("Anna", "label")) == 2


def test_the_scan_as_a_whole_has_labels_of_its_own(
    qtbot: Any, anna: Callable[..., MainWindow], study: Path
) -> None:
    window = anna()
    id, _ = shown(window)
    window.show_tab(window.labels_panel)
    click(button(window, "normal", whole=True))
    settle(qtbot, window)
    assert stored(study, id, None) == ("normal",)
    assert stored(study, id, 2) is None


def test_digits_label_while_the_card_has_the_keyboard_and_paint_nothing(
    qtbot: Any, anna: Callable[..., MainWindow], study: Path
) -> None:
    window = anna()
    id, _ = shown(window)
    mask_class = window.correct_panel.mask_class.currentData()
    key(window, "Ctrl+Alt+L")
    for press in (Qt.Key.Key_2, Qt.Key.Key_Down, Qt.Key.Key_3):
        at = QApplication.focusWidget()
        assert at is not None
        QTest.keyClick(at, press)
    settle(qtbot, window)
    assert [stored(study, id, b) for b in (2, 3)] == [("DME",), ("normal",)]
    assert window.correct_panel.mask_class.currentData() == mask_class


def test_the_palette_knows_the_labels_by_name(
    qtbot: Any, anna: Callable[..., MainWindow], study: Path
) -> None:
    window = anna()
    id, _ = shown(window)
    palette = CommandPalette(window.qt_actions, window)
    palette.line.setText("DME")
    assert palette.list.item(0).text() == "Label B-scan: DME"
    palette.line.setText("label 4")
    assert "Label B-scan: label 4" not in [
        palette.list.item(i).text() for i in range(palette.list.count())
    ]
    palette.close()
    window.qt_actions.trigger("labels.b_scan_2")
    settle(qtbot, window)
    assert stored(study, id, 2) == ("DME",)


def test_a_blind_grader_sees_nobody_elses_labels(
    anna: Callable[..., MainWindow], study: Path, qtbot: Any
) -> None:
    with Project.open(study) as project:
        id = project.worklist()[0].scan.id
        project.labels.set(id, ["normal"], "Anna", b_scan=2)
        project.set_blind(True, "Anna")
    window = anna()
    assert window.labels_panel.b_scan.others.text() == ""
    assert button(window, "normal").isChecked()
    words = [line.label_words for line in window.worklist.page.model.lines]
    assert words == ["1 B-scan", ""]


def test_nothing_is_labelled_in_a_project_for_reading(
    qtbot: Any, anna: Callable[..., MainWindow], study: Path
) -> None:
    window = anna()
    project = window.desk.projects.current
    assert project is not None
    project.read_only = True  # as a folder without the right to write makes it
    window.labelling.refresh()
    assert not button(window, "CNV").isEnabled()
    assert "reading only" in button(window, "CNV").toolTip()
    assert not window.labels_panel.define.isEnabled()
    assert not window.worklist.page.details.labels.button.isEnabled()
    window.labelling.choose("CNV", False)
    assert not window.desk.labelling._waiting
    project.read_only = False


def test_the_worklist_lists_searches_and_narrows_by_labels(
    qtbot: Any, anna: Callable[..., MainWindow]
) -> None:
    window = anna()
    _, other = shown(window)
    page = window.worklist.page
    window.pages.show_worklist(True)
    assert not page.table.isColumnHidden(Column.LABELS)
    index = page.model.index(page.model.row_of(other), Column.LABELS)
    assert index.data() == "CNV"
    assert index.data(Qt.ItemDataRole.ToolTipRole) == "Ben: CNV"
    page.search.setText("cnv")
    assert [page.rows.line(i).row.scan.id for i in range(page.rows.rowCount())] == [other]
    page.search.clear()
    page.label.setCurrentIndex(page.label.findText("DME"))
    assert page.rows.rowCount() == 1
    assert page.rows.line(0).label_words == "1 B-scan"
    page.label.setCurrentIndex(page.label.findText("Not labelled"))
    assert page.rows.rowCount() == 0
    page.show_all()
    assert page.rows.rowCount() == 2


def test_a_scan_is_labelled_from_the_worklist(
    qtbot: Any, anna: Callable[..., MainWindow], study: Path
) -> None:
    window = anna()
    _, other = shown(window)
    page = window.worklist.page
    window.pages.show_worklist(True)
    page.table.choose(other)
    picker = page.details.labels
    assert picker.button.text() == "Not labelled"
    assert picker.others.text() == "Ben: CNV"
    (entry,) = [a for a in picker.menu.actions() if a.text() == "DME"]
    entry.trigger()
    assert picker.button.text() == "DME"
    settle(qtbot, window)
    assert stored(study, other, None) == ("DME",)
    index = page.model.index(page.model.row_of(other), Column.LABELS)
    assert index.data() == "DME · CNV" or index.data() == "CNV · DME"


def test_the_set_is_changed_and_what_is_given_is_renamed(
    qtbot: Any, anna: Callable[..., MainWindow], study: Path
) -> None:
    window = anna()
    _, other = shown(window)
    window.qt_actions.trigger("labels.define")
    dialog = window.labelling.dialog
    assert dialog is not None
    dialog.list.setCurrentRow(0)
    assert not dialog.remove.isEnabled()
    dialog.list.item(0).setText(" wet  AMD ")
    dialog.list.setCurrentRow(2)
    click(dialog.remove)
    dialog.fresh.setText("healthy")
    dialog._choose()
    qtbot.waitUntil(lambda: window.labelling.dialog is None, timeout=20_000)
    qtbot.waitUntil(
        lambda: window.desk.labelling.known.names == ("wet AMD", "DME", "healthy"), timeout=20_000
    )
    assert stored(study, other, None, "Ben") == ("wet AMD",)
    assert [b.accessibleName() for b in window.labels_panel.b_scan.buttons] == [
        "wet AMD",
        "DME",
        "healthy",
    ]


def test_what_cannot_be_is_said_and_the_dialog_stays(
    qtbot: Any, anna: Callable[..., MainWindow], study: Path
) -> None:
    window = anna()
    window.labelling.define()
    dialog = window.labelling.dialog
    assert dialog is not None
    dialog.list.item(1).setText("cnv")
    dialog._choose()
    qtbot.waitUntil(lambda: bool(dialog.problem.text()), timeout=20_000)
    assert "same name" in dialog.problem.text()
    assert dialog.isEnabled()
    dialog.reject()


def test_a_name_that_was_changed_before_the_rest_was_refused_is_known(
    qtbot: Any, anna: Callable[..., MainWindow], study: Path
) -> None:
    window = anna()
    window.labelling.define()
    dialog = window.labelling.dialog
    assert dialog is not None
    dialog.list.item(0).setText("wet AMD")
    dialog.list.takeItem(1)  # DME, which was given meanwhile
    dialog._choose()
    qtbot.waitUntil(lambda: bool(dialog.problem.text()), timeout=20_000)
    assert dialog.renamed == ()
    dialog.list.setCurrentRow(0)
    assert not dialog.remove.isEnabled()
    dialog.list.item(0).setText("nAMD")
    dialog.fresh.setText("DME")
    dialog._choose()
    qtbot.waitUntil(lambda: window.labelling.dialog is None, timeout=20_000)
    with Project.open(study, read_only=True) as project:
        assert project.labels.label_set.names == ("nAMD", "normal", "DME")


def test_what_another_program_renamed_alike_is_no_problem(
    study: Path, labelling: Labelling
) -> None:
    with Project.open(study) as project:
        project.labels.rename("CNV", "wet AMD", "Ben")
    told: list[str] = []
    labelling.change_set(
        ("wet AMD", "DME"),
        [("CNV", "wet AMD")],
        several=False,
        then=lambda why, _made: told.append(why),
    )
    assert told == [""]
    assert labelling.known.names == ("wet AMD", "DME")


def test_several_labels_may_hold_or_none(
    qtbot: Any, anna: Callable[..., MainWindow], study: Path
) -> None:
    with Project.open(study) as project:
        project.labels.set_label_set(LabelSet(NAMES, multi_label=True), "Anna")
    window = anna()
    id, _ = shown(window)
    window.show_tab(window.labels_panel)
    for name in ("DME", "CNV"):
        click(button(window, name))
    settle(qtbot, window)
    assert stored(study, id, 2) == ("CNV", "DME")
    click(button(window, "None of these"))
    settle(qtbot, window)
    assert stored(study, id, 2) == ()
    assert button(window, "None of these").isChecked()
