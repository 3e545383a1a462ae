"""Commands about offers: what is worked out to be looked at, then accepted or rejected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirage_core.annotate import MASKS

if TYPE_CHECKING:
    from mirage_viewer.controller import Desk
    from mirage_viewer.workbench import Workbench


class OfferCommands:
    """Methods named by ``Action.calls``: corrections to neighbours, interpolation, the answer."""

    _window: Workbench
    _desk: Desk

    def propagate(self) -> None:
        """Work out what the corrections mean for other B-scans."""
        self._propagate(None)

    def propagate_one(self) -> None:
        """Work that out of the structure in hand alone."""
        self._propagate(self._in_hand())

    def interpolate(self) -> None:
        """Work out what the finished B-scans around this one suggest."""
        self._interpolate(None)

    def interpolate_one(self) -> None:
        """Work that out of the structure in hand alone."""
        self._interpolate(self._in_hand())

    def accept_offer(self) -> None:
        """Take what is offered over."""
        self._desk.offers.accept()

    def reject_offer(self) -> None:
        """Drop what is offered."""
        self._desk.offers.reject()

    def _propagate(self, structure: str | None) -> None:
        opened = self._desk.open_scan
        if opened is not None and self._desk.editable:
            self._desk.offers.propagate(opened, structure)

    def _interpolate(self, structure: str | None) -> None:
        opened = self._desk.open_scan
        if opened is not None and self._desk.editable:
            self._desk.offers.interpolate(opened, self._desk.b, structure)

    def _in_hand(self) -> str:
        """Return the chosen surface, or the masks where the tool in hand draws these."""
        tool = self._desk.runner.tool if self._desk.runner is not None else None
        if tool is not None and tool.draws == "mask":
            return MASKS
        return str(self._window.correct_panel.surface.currentData())
