"""Place: what comparing needs to know of where the scan is shown. No Qt."""

from __future__ import annotations

from typing import Protocol

from mirage_viewer.messages import Message
from mirage_viewer.opening import OpenScan


class Place(Protocol):
    """What is compared on: the desk."""

    b: int

    @property
    def author(self) -> str:
        """Who looks."""
        ...

    @property
    def open_scan(self) -> OpenScan | None:
        """What is shown."""
        ...

    def show_b_scan(self, b: int) -> None:
        """Go to a B-scan."""
        ...

    def say(self, message: Message) -> None:
        """Tell the user."""
        ...

    def hush(self, topic: str) -> None:
        """Take back what was told."""
        ...
