"""What could not be written is tried again by itself, and told only if it lasts. No window."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from mirage_core.annotate import Event, JournalError, Session, State
from mirage_core.scan import ArrayPixels, Scan, Spacing
from mirage_viewer import saving
from mirage_viewer.background import Inline
from mirage_viewer.messages import Message
from mirage_viewer.opening import OpenScan
from mirage_viewer.saving import Saving

DISK_FULL = "The disk is full. Free some space."


class Later(Inline):
    """A background whose clock is moved by hand."""

    def __init__(self) -> None:
        self.due: list[tuple[float, Callable[[], object]]] = []

    def later(self, seconds: float, call: Callable[[], object]) -> None:
        self.due.append((seconds, call))

    def wait(self) -> float:
        """Let the next call come; return how long it was put off."""
        (seconds, call), *self.due = self.due
        call()
        return seconds


class Disk:
    """A journal on a disk that is full until it is not."""

    def __init__(self) -> None:
        self.full = True
        self.written: list[Event] = []

    def record(self, events: Sequence[Event]) -> None:
        if self.full:
            raise JournalError(DISK_FULL)
        self.written += events


class Desk:
    """What the parts of a desk would hear."""

    def __init__(self) -> None:
        self.background, self.disk = Later(), Disk()
        scan = Scan(ArrayPixels(np.zeros((3, 8, 8), np.uint8)), Spacing())
        self.session = Session(scan, journal=self.disk)
        self.open_scans = [OpenScan(self.session)]
        self.saving = Saving(self.background, lambda: tuple(self.open_scans))
        self.said: list[Message] = []
        self.hushed: list[str] = []
        self.settled = 0
        self.saving.said.connect(self.said.append)
        self.saving.hushed.connect(self.hushed.append)
        self.saving.settled.connect(self._settled)
        self.saving.follow(self.session)

    def _settled(self) -> None:
        self.settled += 1

    def edit(self, b: int) -> None:
        self.session.set_state([b], State.APPROVED)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_disk_that_works_is_not_asked_again(desk: Desk) -> None:
    desk.disk.full = False
    desk.edit(0)
    assert (desk.background.due, desk.said, desk.settled) == ([], [], 0)


def test_what_passes_at_once_is_not_told(desk: Desk) -> None:
    desk.edit(0)
    assert desk.saving.waiting == 1
    desk.disk.full = False
    assert desk.background.wait() < 1
    assert desk.saving.waiting == 0
    assert (desk.said, desk.settled, desk.background.due) == ([], 1, [])


def test_what_lasts_is_told_once_and_written_when_it_can_be(desk: Desk) -> None:
    desk.edit(0)
    desk.edit(1)
    assert len(desk.background.due) == 1
    desk.background.wait()
    desk.background.wait()
    (message,) = desk.said
    assert message.text == f"Not saved: {DISK_FULL}"
    assert message.hint == "Nothing is lost while this window is open."
    assert len(desk.background.due) == 1
    desk.disk.full = False
    desk.background.wait()
    assert [e.edit.label for e in desk.disk.written if e.edit is not None] == [
        "Approved B-scan 1",
        "Approved B-scan 2",
    ]
    assert (desk.hushed, desk.settled, desk.background.due) == (["saving"], 1, [])


def test_who_asks_for_it_is_answered_though_told_before(desk: Desk) -> None:
    desk.edit(0)
    desk.saving.retry()
    desk.saving.retry()
    assert len(desk.said) == 2
    desk.disk.full = False
    desk.saving.retry()
    assert desk.saving.problem == ""
    assert desk.hushed == ["saving"]


def test_a_stroke_that_gets_through_writes_what_waited_and_settles_it(desk: Desk) -> None:
    desk.edit(0)
    desk.disk.full = False
    desk.edit(1)
    assert (len(desk.disk.written), desk.settled) == (2, 1)
    desk.background.wait()
    assert (desk.said, desk.background.due) == ([], [])


def test_a_scan_that_is_shown_no_more_is_written_too(desk: Desk) -> None:
    desk.edit(0)
    desk.saving.leave(desk.session)
    desk.edit(1)
    other = Session(desk.session.scan)
    desk.open_scans.append(OpenScan(other))
    desk.saving.follow(other)
    desk.disk.full = False
    desk.background.wait()
    assert (len(desk.disk.written), desk.settled) == (2, 1)


def test_a_drive_that_answers_late_is_asked_less_often(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = iter(range(0, 1000, 5))
    monkeypatch.setattr(saving.time, "monotonic", lambda: next(ticks))
    desk.edit(0)
    desk.background.wait()
    assert desk.background.wait() >= 60
