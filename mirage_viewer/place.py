"""Place: what the parts of a window need to know of where the scan is shown. No Qt."""

from __future__ import annotations

from typing import Protocol

from mirage_viewer.messages import Message
from mirage_viewer.opening import OpenScan


class Place(Protocol):
    """Where the scan is shown: the desk."""

    @property
    def open_scan(self) -> OpenScan | None:
        """The scan shown."""
        ...

    @property
    def author(self) -> str:
        """Who looks at it."""
        ...

    def say(self, message: Message) -> None:
        """Tell the user."""
        ...

    def hush(self, topic: str) -> None:
        """Take back what was told."""
        ...
