"""Notes and tags reach the project in order, the latest last, and wait where they cannot."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mirage_core.project import Project, ProjectError, ScanRecord, Trouble
from mirage_core.project.remarks import RemarkTable
from mirage_viewer.background import Inline
from mirage_viewer.messages import Level, Message
from mirage_viewer.worklist.remarking import Remarking
from tests.project.eyes import make_scan


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "study") as project:
        yield project


@pytest.fixture
def scan(project: Project) -> ScanRecord:
    return project.add_scan(make_scan())


class Threads:
    """A background that begins at once in threads, and is waited for."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self._calls: list[Callable[[], object]] = []

    def run(self, work: Any, done: Any = lambda _: None, failed: Any = None) -> None:
        def body() -> None:
            try:
                result = work()
            except Exception as error:
                caught = error
                self.post(lambda: failed(caught))
            else:
                self.post(lambda: done(result))

        self._threads.append(threading.Thread(target=body))
        self._threads[-1].start()

    def post(self, call: Callable[[], object]) -> None:
        self._calls.append(call)

    def later(self, seconds: float, call: Any) -> None:
        call()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()
        for call in self._calls:
            call()


def test_what_is_typed_is_in_the_project_and_said_to_be(project: Project, scan: ScanRecord) -> None:
    remarks = Remarking(Inline(), lambda: project, lambda: "ada")
    kept: list[bool] = []
    remarks.kept.connect(lambda: kept.append(True))
    remarks.set_note(scan, "Motion")
    remarks.set_tags(scan, ("drusen",))
    assert project.remark(scan).note == "Motion"
    assert project.remark(scan).tags == ("drusen",)
    assert len(kept) == 2
    assert not remarks.waiting
    assert {row.author for row in project.audit(scan.id)[1:]} == {"ada"}


def test_of_many_changes_the_last_one_stays(
    project: Project, scan: ScanRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, go_on = threading.Event(), threading.Event()
    real, written = RemarkTable.set_note, []

    def slow(self: RemarkTable, scan_id: str, text: str, author: str) -> Any:
        first.set()
        go_on.wait(10)
        written.append(text)
        return real(self, scan_id, text, author)

    monkeypatch.setattr(RemarkTable, "set_note", slow)
    background = Threads()
    remarks = Remarking(background, lambda: project, lambda: "")
    remarks.set_note(scan, "0")
    assert first.wait(10)
    for i in range(1, 30):
        remarks.set_note(scan, str(i))
    go_on.set()
    background.join()
    assert project.remark(scan).note == "29"
    assert written == ["0", "29"], "what was overtaken is not written at all"


def test_what_cannot_be_saved_waits_and_is_written_when_it_can(
    project: Project, scan: ScanRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise ProjectError(project.folder, Trouble.DISK_FULL)

    remarks = Remarking(Inline(), lambda: project, lambda: "")
    said: list[Message] = []
    hushed: list[str] = []
    remarks.said.connect(said.append)
    remarks.hushed.connect(hushed.append)
    monkeypatch.setattr(RemarkTable, "set_note", full)
    remarks.set_note(scan, "Motion")
    assert remarks.waiting
    (message,) = said
    assert message.level is Level.ERROR
    assert "The disk is full" in message.text
    assert "Motion" not in f"{message.text} {message.hint}"
    assert "The disk is full" in remarks.finish()
    monkeypatch.undo()
    assert message.do is not None
    message.do()
    assert project.remark(scan).note == "Motion"
    assert hushed == [message.topic]
    assert remarks.finish() == ""


def test_a_note_goes_to_the_project_it_was_typed_in(
    project: Project, scan: ScanRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Project.create(tmp_path / "other") as other:
        twin = other.add_scan(make_scan())
        in_use = [project]
        background = Threads()
        remarks = Remarking(background, lambda: in_use[0], lambda: "")
        remarks.set_note(scan, "here")
        in_use[0] = other
        background.join()
        assert project.remark(scan).note == "here"
        assert other.remark(twin).note == ""


def test_without_a_project_nothing_is_typed(scan: ScanRecord) -> None:
    remarks = Remarking(Inline(), lambda: None, lambda: "")
    remarks.set_note(scan, "lost")
    assert not remarks.waiting
