"""The project folder: scans, everyone's work on them, and who did what when.

A project is ``project.db`` (SQLite) beside ``scans/<id>.h5`` (docs/project_format.md). Open one
with :class:`Project`; the database driver is only imported then. The command line, the app
and the plugin import this package; it stands on the rest of the core.
"""

from mirage_core.project.errors import (
    ImportCancelledError,
    ProjectError,
    ScanBusyError,
    ScanNotStoredError,
    Trouble,
)
from mirage_core.project.importing import import_pixels
from mirage_core.project.journal import ProjectJournal
from mirage_core.project.label_set import Label, LabelSet
from mirage_core.project.project import Project
from mirage_core.project.records import (
    AnnotationRecord,
    AuditRow,
    ScanRecord,
    UnfinishedSession,
    WorklistRow,
)

__all__ = [
    "AnnotationRecord",
    "AuditRow",
    "ImportCancelledError",
    "Label",
    "LabelSet",
    "Project",
    "ProjectError",
    "ProjectJournal",
    "ScanBusyError",
    "ScanNotStoredError",
    "ScanRecord",
    "Trouble",
    "UnfinishedSession",
    "WorklistRow",
    "import_pixels",
]
