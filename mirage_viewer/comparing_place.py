"""ComparedPlace: what comparing needs to know of where the scan is shown. No Qt."""

from __future__ import annotations

from typing import Protocol

from mirage_viewer.place import Place


class ComparedPlace(Place, Protocol):
    """What is compared on: the desk."""

    b: int

    def show_b_scan(self, b: int) -> None:
        """Go to a B-scan."""
        ...
