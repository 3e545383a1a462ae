"""Commands that measure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mirage_viewer.workbench import Workbench


class MeasureCommands:
    """Methods named by ``Action.calls``."""

    _window: Workbench

    def show_measure(self) -> None:
        """Bring the Measure panel to the front."""
        self._window.show_tab(self._window.measure_panel)

    def put_fovea(self) -> None:
        """Put the fovea at the crosshair."""
        self.show_measure()
        self._window.measure.fovea_here()

    def save_report(self) -> None:
        """Write the report."""
        self.show_measure()
        self._window.measure.save_report()

    def show_follow_up(self) -> None:
        """Compare the visits of this eye."""
        self._window.measure.follow_up.show()

    def show_map(self, on: bool) -> None:
        """Show or hide map and grid on the fundus."""
        if on and not self._window.desk.measuring.active:
            self._window.desk.measuring.activate()
        self._window.measure.show_or_hide()
