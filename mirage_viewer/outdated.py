"""Messages that say nothing of what is shown any more are taken away, or kept out of sight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirage_viewer.misplaced import MISPLACED
from mirage_viewer.offers import NOTES, OFFER
from mirage_viewer.unwritable import BUSY

if TYPE_CHECKING:
    from mirage_viewer.controller import Desk
    from mirage_viewer.workbench import Workbench

_OF_A_TOOL = (NOTES, "masks", "queue")
_OF_A_B_SCAN = (NOTES, "masks", "queue")
_OF_A_SCAN = (NOTES, "masks", "queue", "approval", "segment", "export", "damage")
_OF_NO_SCAN = ("unfinished",)
_BESIDE_THE_IMAGE = (OFFER, *_OF_A_SCAN, MISPLACED, "spacing", BUSY)
_OF_THE_WORKLIST = ("import folder",)


class Outdated:
    """Watches scan, B-scan, tool and page; to be made before what tells of a change itself.

    Parameters
    ----------
    window : Workbench
    desk : Desk
    """

    def __init__(self, window: Workbench, desk: Desk) -> None:
        self.w, self.d = window, desk
        self._pixels: object = None
        desk.scan_changed.connect(self.scan_changed)
        desk.b_changed.connect(self.b_changed)
        window.correct_panel.tool_changed.connect(self.tool_changed)
        window.pages.worklist_shown.connect(self.page_changed)

    def scan_changed(self) -> None:
        """Another scan is shown, or the same one became editable, which outdates nothing."""
        opened = self.d.open_scan
        pixels = opened.scan.pixels if opened is not None else None
        if pixels is not self._pixels:
            self._pixels = pixels
            self.w.messages.outdate(_OF_A_SCAN)
            if opened is not None:
                self.w.messages.outdate(_OF_NO_SCAN)

    def b_changed(self, _b: int) -> None:
        """Another B-scan is shown."""
        self.w.messages.outdate(_OF_A_B_SCAN)

    def tool_changed(self, _name: str) -> None:
        """Another tool is in hand."""
        self.w.messages.outdate(_OF_A_TOOL)

    def page_changed(self, worklist: bool) -> None:
        """Show what belongs to the page that is shown; the rest comes back with its own."""
        away = () if worklist else _OF_THE_WORKLIST
        self.w.messages.put_away((*away, *(_BESIDE_THE_IMAGE if self.w.pages.on_worklist else ())))
