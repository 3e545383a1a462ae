"""A folder is imported elsewhere: how far it is, how it ended, and no name of a file."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mirage_core.project import Project
from mirage_core.project.folder_import import FolderImport
from mirage_viewer.messages import Level, Message
from mirage_viewer.projects import Projects
from mirage_viewer.qt_background import QtBackground
from mirage_viewer.workers import Workers
from mirage_viewer.worklist.folder_run import FolderRun
from tests.viewer.eyes import write_scan


class Run:
    """A run with everything it tells."""

    def __init__(self, folder: Path, **tasks: Callable[..., Any]) -> None:
        self.background = QtBackground()
        self.workers = Workers(tasks, lambda _keep_s: ThreadPoolExecutor(1))
        self.projects = Projects(self.background, folder)
        self.run = FolderRun(self.background, self.workers, self.projects, lambda: "ada")
        self.said: list[Message] = []
        self.lists: list[str] = []
        self.words: list[str] = []
        self.grown = 0
        self.run.said.connect(self.said.append)
        self.run.list_wanted.connect(self.lists.append)
        self.run.changed.connect(self.changed)
        self.run.grew.connect(self.grew)

    def changed(self) -> None:
        if self.run.running:
            self.words.append(self.run.words)

    def grew(self) -> None:
        self.grown += 1

    def close(self) -> None:
        self.run.close()
        self.workers.close()
        self.projects.close()
        self.background.close()


@pytest.fixture
def make_run(qtbot: Any, tmp_path: Path) -> Any:
    made: list[Run] = []

    def make(**tasks: Callable[..., Any]) -> Run:
        made.append(Run(tmp_path / "study", **tasks))
        return made[-1]

    yield make
    for run in made:
        run.close()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "DOE_JANE"
    for seed in range(3):
        write_scan(folder / f"DOE_{seed}.npz", seed)
    return folder


def ended(qtbot: Any, made: Run) -> Message:
    qtbot.waitUntil(lambda: not made.run.running and bool(made.said), timeout=30_000)
    return made.said[-1]


def test_every_scan_comes_in(
    qtbot: Any, make_run: Callable[..., Run], source: Path, tmp_path: Path
) -> None:
    made = make_run()
    made.run.start([source])
    assert made.run.running
    assert made.words == ["Looking for scans…"]
    message = ended(qtbot, made)
    assert message.text == "3 new scans imported."
    assert message.level is Level.INFO
    assert made.grown >= 1
    with Project.open(tmp_path / "study", read_only=True) as project:
        assert len(project.worklist()) == 3
        assert project.audit(project.worklist()[0].scan.id)[0].author == "ada"


def test_what_failed_is_counted_without_a_name_and_listed_on_demand(
    qtbot: Any, make_run: Callable[..., Run], source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DOE_a.vol", "DOE_b.vol"):
        (source / name).write_bytes(b"")
    made = make_run()
    made.run.start([source])
    message = ended(qtbot, made)
    assert message.level is Level.WARNING
    assert message.text == "3 new scans imported, 2 could not be read."
    assert message.hint == "2 × This .vol file is empty (0 bytes)."
    assert "DOE" not in " ".join([message.text, message.hint, *made.words])
    assert made.lists == []
    assert message.do is not None
    message.do()
    assert [Path(line.split("\t")[0]).name for line in made.lists[0].splitlines()] == [
        "DOE_a.vol",
        "DOE_b.vol",
    ]
    assert "DOE" not in "".join(capsys.readouterr())


def test_progress_counts_scans(qtbot: Any, make_run: Callable[..., Run], source: Path) -> None:
    go_on = threading.Event()

    def import_scans(_project: Any, sources: Any, *_: Any, report: Any, **__: Any) -> Any:
        report(1 / len(sources))
        go_on.wait(10)
        return FolderImport()

    made = make_run(import_scans=import_scans)
    made.run.start([source])
    qtbot.waitUntil(lambda: made.run.progress is not None and made.run.progress.done == 1)
    assert made.run.words == "Importing scan 2 of 3"
    made.run.start([source])  # ignored
    go_on.set()
    assert ended(qtbot, made).text == "No new scans imported."


def test_cancelling_stops_it_and_says_what_stays(
    qtbot: Any, make_run: Callable[..., Run], source: Path
) -> None:
    begun = threading.Event()

    def import_scans(*_: Any, report: Any, cancelled: Callable[[], bool]) -> Any:
        begun.set()
        while not cancelled():
            threading.Event().wait(0.01)
        return FolderImport(n_left=3)

    made = make_run(import_scans=import_scans)
    made.run.start([source])
    qtbot.waitUntil(begun.is_set)
    made.run.cancel()
    assert made.run.cancelling
    assert "cancelled" in ended(qtbot, made).text
    assert made.grown >= 1, "the scans before it are to be seen"


def test_cancelling_while_scans_are_looked_for_imports_nothing(
    qtbot: Any, make_run: Callable[..., Run], source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    monkeypatch.setattr("mirage_core.io.find_scans", lambda _: go_on.wait(10) and [source])
    made = make_run(import_scans=lambda *_, **__: pytest.fail("imported"))
    made.run.start([source])
    made.run.cancel()
    assert not made.run.running
    go_on.set()
    assert "cancelled" in ended(qtbot, made).text
    qtbot.wait(50)
    assert not made.run.running


def test_a_folder_without_scans_says_so(
    qtbot: Any, make_run: Callable[..., Run], tmp_path: Path
) -> None:
    made = make_run()
    (tmp_path / "empty").mkdir()
    made.run.start([tmp_path / "empty"])
    assert ended(qtbot, made).text == "No scan was found there."


def test_a_folder_that_is_gone_is_a_sentence(
    qtbot: Any, make_run: Callable[..., Run], tmp_path: Path
) -> None:
    made = make_run()
    made.run.start([tmp_path / "DOE"])
    message = ended(qtbot, made)
    assert message.level is Level.ERROR
    assert "not there" in message.text
    assert "DOE" not in message.text


def test_a_bug_in_the_worker_ends_the_run_and_tells_no_name(
    qtbot: Any, make_run: Callable[..., Run], source: Path
) -> None:
    def import_scans(*_: Any, **__: Any) -> Any:
        raise ValueError("DOE_JANE")

    made = make_run(import_scans=import_scans)
    made.run.start([source])
    assert ended(qtbot, made).text == "The import ended: ValueError."


def test_a_project_for_reading_is_refused_in_words(
    qtbot: Any, make_run: Callable[..., Run], source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_run()
    Project.create(made.projects.folder).close()
    monkeypatch.setattr("mirage_core.project.store._writable", lambda _folder: False)
    made.run.start([source])
    message = ended(qtbot, made)
    assert "cannot be written to" in message.text
    assert message.hint
