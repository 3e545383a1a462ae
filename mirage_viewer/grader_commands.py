"""Commands of the Graders menu."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QFileDialog

from mirage_viewer.controller import Desk

if TYPE_CHECKING:
    from mirage_viewer.workbench import Workbench


class GraderCommands:
    """Methods named by ``Action.calls``: comparing, adjudicating, blinding, the audit trail."""

    _window: Workbench
    _desk: Desk

    def show_compare(self) -> None:
        """Bring the Compare panel to the front."""
        self._show_graders()
        self._desk.comparing.look_up()

    def next_difference(self) -> None:
        """Go to the next B-scan on which the two differ."""
        models = self._desk.model_comparing
        (models if models.on_show else self._desk.comparing).next_difference()

    def open_consensus(self) -> None:
        """Open the consensus."""
        self._show_graders()
        self._desk.adjudicating.begin()

    def _show_graders(self) -> None:
        self._window.show_tab(self._window.compare_tab)
        self._window.compare_tab.choose(models=False)

    def open_own_work(self) -> None:
        """Go back from the consensus."""
        self._desk.adjudicating.end()

    def take_from(self, which: str) -> None:
        """Take the B-scan over into the consensus."""
        self._desk.adjudicating.take(int(which))

    def take_agreed(self) -> None:
        """Take over what both agree on."""
        self._desk.adjudicating.take_agreeing()

    def set_blind(self, on: bool) -> None:
        """Turn blinding on or off."""
        self._desk.grading.set_blind(on)

    def export_audit(self) -> None:
        """Ask where the audit trail goes."""
        path, _ = QFileDialog.getSaveFileName(
            self._window, "Write the audit trail to", "audit.csv", "CSV (*.csv)"
        )
        if path:
            self._desk.grading.export_audit(Path(path))
