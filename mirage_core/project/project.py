"""Project: the folder as the app, the plugin and the command line see it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from mirage_core.annotate import HISTORY_BYTES, Annotation, Edit, Session
from mirage_core.project.errors import ProjectError, Trouble
from mirage_core.project.folder import ProjectFolder
from mirage_core.project.journal import ProjectJournal
from mirage_core.project.metadata import base_annotation
from mirage_core.project.records import (
    AuditRow,
    ScanRecord,
    UnfinishedSession,
    WorklistRow,
)
from mirage_core.project.worklist import worklist_rows
from mirage_core.scan import Scan

if TYPE_CHECKING:
    from mirage_core.project.store import Store


class Project(ProjectFolder):
    """An open project folder.

    Use it as a context manager or call :meth:`close`. Calls are quick (a transaction of a few
    ms) except :meth:`import_pixels` and :meth:`verify`, which belong in a worker. One object
    may be used from several threads.

    Attributes
    ----------
    folder : Path
    read_only : bool
    notice : str
        A sentence to show when the project could only be opened for reading (a newer
        project, a folder without write access); else empty.
    labels : LabelTable
        What scans and B-scans are labelled as, and what there is to choose from.
    default_engine : DefaultEngineSetting
        Which engine new segmentations use, whoever makes them.
    foveas : FoveaTable
        Where people put the foveas of scans.
    registrations : RegistrationTable
        How people laid the SLO of one visit over that of another.
    """

    def __init__(self, store: Store) -> None:
        # Here and not above: a window that has no project open never loads the SQL driver.
        from mirage_core.project.default_engine import DefaultEngineSetting
        from mirage_core.project.events import EventLog
        from mirage_core.project.foveas import FoveaTable
        from mirage_core.project.graders import GraderTable
        from mirage_core.project.labels import LabelTable
        from mirage_core.project.leases import LeaseTable
        from mirage_core.project.registrations import RegistrationTable

        super().__init__(store)
        self.log = EventLog(store)
        self.graders = GraderTable(store)
        self.labels = LabelTable(store, self.graders)
        self.default_engine = DefaultEngineSetting(store)
        self.foveas = FoveaTable(store)
        self.registrations = RegistrationTable(store)
        self.leases = LeaseTable(store)
        self._open: dict[Session, ProjectJournal] = {}

    def close(self) -> None:
        """Close every session and the database.

        A session with edits that could not be saved stays marked as unfinished: check
        ``session.unsaved`` before, or use :meth:`close_session`, which refuses.
        """
        for session, journal in tuple(self._open.items()):
            with suppress(ProjectError):  # a disk that is full must not keep a window open
                journal.close(finished=session.retry_saving())
        self._open.clear()
        super().close()

    def session(
        self,
        record: ScanRecord,
        author: str,
        *,
        scan: Scan | None = None,
        annotation_id: int | None = None,
        take_over: bool = False,
        on_damage: Callable[[str], None] | None = None,
        history_bytes: int = HISTORY_BYTES,
    ) -> Session:
        """Open one annotator's work on a scan, rebuilt from its events, undo history included.

        Every later edit is durable when the session's call returns. In a read-only project
        the session works in memory and ``session.save_problem`` says so at the first edit.

        Parameters
        ----------
        record : ScanRecord
        author : str
            Who edits now. By default it also chooses whose annotation is opened: that of
            `author`, begun where there is none. Two annotators of a scan never share one.
        scan : Scan, optional
            The scan as read from its source, while its pixels are not yet in the project; by
            default it is opened from the project. Spacing, eye and, once they are stored, the
            device's surfaces are the project's all the same.
        annotation_id : int, optional
            Open this annotation instead, e.g. an unfinished one; its owner stays the same.
        take_over : bool
            Open it even though a program on another computer seems to have it open; that
            program can then save nothing more here.
        on_damage : callable, optional
            Told in a sentence when stored edits cannot be read. They stay in the project,
            everything readable is applied, and work can go on.
        history_bytes : int
            Memory that what edits changed may take, in bytes; the rest is read when needed.

        Raises
        ------
        ScanBusyError
            If another running program has this annotation open. What a killed program left
            open is taken over at once.
        ScanNotStoredError, ReadError
            If `scan` is not given and cannot be opened.
        ProjectError
            If the annotation is another's and the project is blind, or `author` is called like
            the consensus.
        """
        self.graders.must_open(record.id, author, annotation_id)
        scan = self._scan_of(record, scan)
        annotation = self.log.annotation(record.id, author, scan, annotation_id)
        base = base_annotation(scan, annotation.surfaces, annotation.scheme)
        journal = ProjectJournal(self, annotation.id, take_over=take_over)
        try:
            events = self.log.read(annotation.id, base)
            session = Session(scan, base, author, journal, events, events.history, history_bytes)
            journal.follow(base, session.history, events)
        except BaseException:
            journal.close()
            raise
        session.load_ahead()
        self._open[session] = journal
        if events.problem and on_damage is not None:
            on_damage(events.problem)
        return session

    def consensus(
        self,
        record: ScanRecord,
        author: str,
        *,
        scan: Scan | None = None,
        take_over: bool = False,
        on_damage: Callable[[str], None] | None = None,
    ) -> Session:
        """Open what the graders of a scan agreed on, begun where there is nothing yet.

        There is one consensus of a scan, and `author`, who adjudicates, is who edits it now.
        Parameters and errors are those of :meth:`session`; a blind project has no adjudication.
        """
        consensus_id = self.graders.begin_consensus(
            record.id, author, lambda: self._scan_of(record, scan)
        )
        return self.session(
            record,
            author,
            scan=scan,
            annotation_id=consensus_id,
            take_over=take_over,
            on_damage=on_damage,
        )

    def annotation(
        self,
        record: ScanRecord,
        annotation_id: int,
        viewer: str,
        *,
        scan: Scan | None = None,
        on_damage: Callable[[str], None] | None = None,
    ) -> Annotation:
        """Rebuild an annotation of a scan as it is now, to look at; for a background thread.

        It may be open elsewhere meanwhile. Nothing done to it is kept, and it does not follow
        later edits.

        Parameters
        ----------
        record, annotation_id
        viewer : str
            Who looks at it.
        scan, on_damage
            As in :meth:`session`.

        Raises
        ------
        ProjectError
            If it is another's than `viewer`'s and the project is blind.
        KeyError
            If the scan has no such annotation.
        ScanNotStoredError, ReadError
        """
        return self._looked_at(record, annotation_id, viewer, scan, on_damage).annotation

    def moment(
        self,
        record: ScanRecord,
        annotation_id: int,
        viewer: str,
        *,
        scan: Scan | None = None,
        on_damage: Callable[[str], None] | None = None,
    ) -> tuple[Annotation, tuple[Edit, ...]]:
        """Return an annotation as :meth:`annotation` does, and the edits that led to it."""
        seen = self._looked_at(record, annotation_id, viewer, scan, on_damage)
        return seen.annotation, tuple(seen.history.done)

    def _looked_at(
        self,
        record: ScanRecord,
        annotation_id: int,
        viewer: str,
        scan: Scan | None,
        on_damage: Callable[[str], None] | None,
    ) -> Session:
        self.graders.must_see(record.id, annotation_id, viewer)
        scan = self._scan_of(record, scan)
        head = self.log.annotation(record.id, viewer, scan, annotation_id)
        base = base_annotation(scan, head.surfaces, head.scheme)
        events = self.log.read(head.id, base)
        session = Session(scan, base, viewer, events=events, history=events.history)
        if events.problem and on_damage is not None:
            on_damage(events.problem)
        return session

    def close_session(self, session: Session) -> None:
        """Mark a session as properly closed; it is then no longer unfinished.

        Raises
        ------
        ProjectError
            If edits still wait to be written; the session stays open.
        """
        if not session.retry_saving():
            raise ProjectError(
                self.folder,
                Trouble.UNREACHABLE,
                f"{len(session.unsaved)} edits are not saved yet.",
                session.save_problem,
            )
        journal = self._open.get(session)
        if journal is not None:
            journal.close()
            self._open.pop(session, None)

    def unfinished(self, viewer: str | None = None) -> tuple[UnfinishedSession, ...]:
        """Return the work that ended without being closed (crash, power cut), latest first.

        Of a blind project only what `viewer` may see, as in :meth:`worklist`.
        """
        visible = self.graders.visible(self.log.annotations(), viewer)
        ids = {a.id for group in visible.values() for a in group}
        found = self.leases.unfinished(self.scans, self.log)
        return tuple(u for u in found if u.annotation.id in ids)

    def dismiss(self, unfinished: UnfinishedSession) -> None:
        """Do not offer `unfinished` again. The work itself stays in the project."""
        self.leases.dismiss(unfinished.annotation.id)

    def worklist(self, viewer: str | None = None) -> tuple[WorklistRow, ...]:
        """Return every scan with the work on it, in the order they were added.

        Of a blind project `viewer` sees their own work only. None is whoever leads the study,
        who sees that there is work, whosever it is.
        """
        annotations = self.graders.visible(self.log.annotations(), viewer)
        return worklist_rows(
            self.scans.all(), annotations, self.remarks.all(), self.thumbnails.ids()
        )

    @property
    def blind(self) -> bool:
        """Whether graders do not see each other's work."""
        return self.graders.blind

    def set_blind(self, blind: bool, author: str) -> None:
        """Turn blinding on or off; the log of the project keeps that `author` did."""
        self.graders.set_blind(blind, author)

    def audit(self, scan_id: str, viewer: str | None = None) -> tuple[AuditRow, ...]:
        """Return everything that happened to a scan and its annotations, oldest first.

        Of a blind project `viewer` sees what happened to the scan and to their own work.
        """
        from mirage_core.project.audit import audit

        rows = audit(self._store, scan_id)
        if viewer is None or not self.blind:
            return rows
        return tuple(row for row in rows if row.annotator in ("", viewer))

    def audit_of_project(self) -> tuple[AuditRow, ...]:
        """Return what happened to the project itself (blinding, labels, model), oldest first."""
        from mirage_core.project.audit import audit_of_project

        return audit_of_project(self._store)
