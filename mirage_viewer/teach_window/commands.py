"""The command that opens the Teach window."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mirage_viewer.workbench import Workbench


class TeachCommands:
    """Methods named by ``Action.calls``."""

    _window: Workbench

    def show_teach(self) -> None:
        """Open the Teach window."""
        self._window.teach.show()
