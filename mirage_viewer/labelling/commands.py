"""Commands of the Labels menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mirage_viewer.workbench import Workbench


class LabelCommands:
    """Methods named by ``Action.calls``."""

    _window: Workbench

    def show_labels(self) -> None:
        """Bring the labels to the front; digits choose there."""
        self._window.show_tab(self._window.labels_panel)
        self._window.labels_panel.take_keyboard()

    def define_labels(self) -> None:
        """Say what there is to choose from."""
        self._window.labelling.define()

    def label_b_scan(self, number: str) -> None:
        """Label the B-scan shown."""
        self._window.labelling.choose_nth(int(number))
