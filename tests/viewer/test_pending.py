"""What waits to be written: the latest of each thing, and no project holds up another."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from mirage_viewer.pending import PendingWrites


@dataclass(eq=False)
class Kept:
    """A change that notes that it was written, or fails."""

    project: Any
    name: str
    written: list[str] = field(default_factory=list)
    error: Exception | None = None

    def write(self) -> None:
        if self.error is not None:
            raise self.error
        self.written.append(self.name)


def test_of_one_thing_the_latest_is_written_and_then_nothing_waits() -> None:
    pending: PendingWrites[Kept] = PendingWrites()
    done: list[str] = []
    for name in ("first", "second"):
        pending.put("note", Kept("a", name, done))
    pending.put("tags", Kept("a", "third", done))
    assert [c.name for c in pending.write().written] == done == ["second", "third"]
    assert not pending


def test_a_project_that_cannot_be_written_holds_up_no_other() -> None:
    pending: PendingWrites[Kept] = PendingWrites()
    done: list[str] = []
    pending.put(1, Kept("gone", "lost", done, OSError("unplugged")))
    pending.put(2, Kept("gone", "behind it", done))
    pending.put(3, Kept("there", "kept", done))
    with pytest.raises(OSError, match="unplugged"):
        pending.write_or_raise()
    assert done == ["kept"]
    assert pending.get(1) is not None
    assert pending.get(2) is not None
    assert pending.get(3) is None


def test_what_is_refused_for_good_waits_no_longer() -> None:
    pending: PendingWrites[Kept] = PendingWrites((ValueError,))
    pending.put(1, Kept("a", "no such label", error=ValueError("no such label")))
    why, refused = pending.finish()
    assert why == ""
    assert str(refused) == "no such label"
    assert not pending
