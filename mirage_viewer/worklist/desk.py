"""WorklistDesk: what is done with the worklist beside showing it. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mirage_viewer.background import Background
from mirage_viewer.projects import Projects
from mirage_viewer.workers import Workers
from mirage_viewer.worklist.folder_run import FolderRun
from mirage_viewer.worklist.remarking import Remarking

if TYPE_CHECKING:
    from mirage_core.project.records import ScanRecord


class WorklistDesk:
    """Notes, tags, thumbnails, and folders that are imported.

    Attributes
    ----------
    background : Background
    remarks : Remarking
    folders : FolderRun
    """

    def __init__(
        self,
        background: Background,
        workers: Workers,
        projects: Projects,
        author: Callable[[], str],
    ) -> None:
        self.background = background
        self._projects = projects
        self.remarks = Remarking(background, lambda: projects.current, author)
        self.folders = FolderRun(background, workers, projects, author)
        self.remarks.kept.connect(projects.refresh_worklist)
        self.folders.grew.connect(projects.refresh_worklist)

    def thumbnail(self, scan: ScanRecord) -> bytes | None:
        """Return the PNG of a scan, None where there is none; for a background thread.

        Raises
        ------
        ProjectError, ReadError
        """
        project = self._projects.current
        return project.thumbnail(scan) if project is not None else None

    def close(self) -> None:
        """End the import at once; call :meth:`Remarking.finish` before."""
        self.folders.close()
