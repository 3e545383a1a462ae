"""WorklistBinding: ties the worklist, as a page and as a panel, to the desk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QFileDialog, QMessageBox

from mirage_viewer.messages import Message
from mirage_viewer.worklist.page import WorklistPage
from mirage_viewer.worklist.pictures import Pictures

if TYPE_CHECKING:
    from mirage_core.project.records import WorklistRow
    from mirage_viewer.controller import Desk
    from mirage_viewer.workbench import Workbench

_COPIED = "The list of files was copied; paste it where only you can read it."


class WorklistBinding:
    """What the window shows of the worklist and does with it.

    The window keeps it; signals hold it only weakly.
    """

    def __init__(self, window: Workbench, desk: Desk) -> None:
        self.w, self.d = window, desk
        work = desk.worklist
        self.page = page = WorklistPage(Pictures(work.background, work.thumbnail))
        page.opened.connect(self.open)
        page.closed.connect(self.leave)
        page.imports.import_requested.connect(self.ask_for_folder)
        page.imports.cancel_requested.connect(work.folders.cancel)
        page.details.note_changed.connect(work.remarks.set_note)
        page.details.tags_changed.connect(work.remarks.set_tags)
        work.folders.changed.connect(self.run_changed)
        work.folders.list_wanted.connect(self.copy_list)
        desk.projects.worklist_changed.connect(self.rows_changed)

    # ------------------------------------------------------------------ from the desk

    def rows_changed(self, rows: tuple[WorklistRow, ...]) -> None:
        """List the scans."""
        project = self.d.projects.current
        self.page.details.set_read_only(project is not None and project.read_only)
        self.page.set_rows(rows, self.current_id)
        self.w.worklist_panel.set_rows(rows, self.current_id)

    def run_changed(self) -> None:
        """Show how far an import is."""
        folders = self.d.worklist.folders
        if folders.running:
            self.page.imports.show_run(
                folders.words, folders.progress, cancelling=folders.cancelling
            )
        else:
            self.page.imports.show_idle()

    @property
    def current_id(self) -> str:
        """Id of the scan that is open, ``""`` for none."""
        opened = self.d.open_scan
        record = opened.record if opened is not None else None
        return record.id if record is not None else ""

    # ------------------------------------------------------------------ from the page

    def open(self, scan_id: str) -> None:
        """Open a scan; the image comes when it is there."""
        self.page.details.keep()
        shown = scan_id == self.current_id
        self.d.opener.open_record(scan_id)
        if shown:
            self.leave()

    def leave(self) -> None:
        """Go back to the image."""
        self.page.details.keep()
        self.w.pages.show_worklist(False)

    def ask_for_folder(self) -> None:
        """Ask for a folder and import it; while one is imported, show how far it is."""
        if not self.d.worklist.folders.running:
            chosen = QFileDialog.getExistingDirectory(
                self.w, "Import every scan under a folder", str(Path.home())
            )
            if not chosen:
                return
            self.import_paths([Path(chosen)])
        self.w.pages.show_worklist(True)

    def import_paths(self, paths: Sequence[Path]) -> None:
        """Import the scans at and under `paths`."""
        self.d.hush("import folder")
        self.d.worklist.folders.start(paths)

    def copy_list(self, text: str) -> None:
        """Copy which files failed: their names may be those of patients, and are not shown."""
        QGuiApplication.clipboard().setText(text)
        self.d.say(Message(_COPIED, topic="import folder"))

    def may_close(self) -> bool:
        """Write what was typed; where that fails, ask whether to close all the same."""
        self.page.details.keep()
        parts = (
            self.d.worklist.remarks,
            self.d.labelling,
            self.d.measuring,
            self.w.measure.follow_up,
        )
        # Each is written, whatever became of the one before it.
        problem = next(filter(None, [part.finish() for part in parts]), "")
        if not problem:
            return True
        answer = QMessageBox.question(
            self.w,
            "Notes, tags, labels, foveas or registrations are not saved",
            f"{problem} What you typed or chose last would be lost. Close all the same?",
        )
        return answer == QMessageBox.StandardButton.Yes
