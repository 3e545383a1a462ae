"""Graders of a project: who sees whose work, and the consensus that comes of it.

Blinding keeps honest graders from seeing each other's work by accident. It is no lock: whoever
has the folder can turn it off, and the project's log says who did and when.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from mirage_core.annotate import Annotation
from mirage_core.io.native_layout import scheme_to_json
from mirage_core.project import clock, labels
from mirage_core.project.errors import ProjectError, Trouble
from mirage_core.project.records import AnnotationRecord, Grader
from mirage_core.project.scans import note_in_log
from mirage_core.project.schema import annotation_rows, consensus, project_log
from mirage_core.project.setting import put_setting, setting
from mirage_core.project.store import Store
from mirage_core.scan import Scan, State

CONSENSUS = "Consensus"
"""Annotator of a consensus; a number follows where a person is called so."""

_BLIND = "blind"
_NO_ADJUDICATION = (
    "A blind project has no adjudication: whoever adjudicates sees the work of every grader."
)


class GraderTable:
    """Reads and writes what a store knows of its graders."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def blind(self) -> bool:
        """Whether graders do not see each other's work."""
        with self._store.read() as connection:
            return _is_blind(connection)

    def set_blind(self, blind: bool, author: str) -> None:
        """Turn blinding on or off and log who did; nothing happens where it is so already.

        Raises
        ------
        ValueError
            If `author` is empty.
        """
        if not author.strip():
            raise ValueError("Say who turns blinding on or off; the project keeps the name.")
        with self._store.write() as connection:
            if _is_blind(connection) == blind:
                return
            word = "on" if blind else "off"
            put_setting(connection, _BLIND, word)
            connection.execute(
                insert(project_log).values(
                    time=clock.now(), author=author, what=_BLIND, detail=word
                )
            )

    def visible(
        self, annotations: dict[str, list[AnnotationRecord]], viewer: str | None
    ) -> dict[str, list[AnnotationRecord]]:
        """Return what of `annotations`, by scan id, `viewer` may see; a consensus is marked so.

        In a blind project that is the viewer's own work. None is whoever leads the study, and
        sees that there is work, whosever it is.
        """
        with self._store.read() as connection:
            blind = _is_blind(connection)
            of_all = set(connection.execute(select(consensus.c.annotation)).scalars())
        marked = {
            scan_id: [replace(a, is_consensus=a.id in of_all) for a in group]
            for scan_id, group in annotations.items()
        }
        if not blind or viewer is None:
            return marked
        return {
            scan_id: [a for a in group if a.annotator == viewer and not a.is_consensus]
            for scan_id, group in marked.items()
        }

    def all(
        self, annotations: dict[str, list[AnnotationRecord]], viewer: str | None
    ) -> tuple[Grader, ...]:
        """Return who has annotations that `viewer` may see, in the order of the alphabet."""
        by_name: dict[str, list[AnnotationRecord]] = {}
        for group in self.visible(annotations, viewer).values():
            for a in group:
                if not a.is_consensus:
                    by_name.setdefault(a.annotator, []).append(a)
        return tuple(_grader(name, by_name[name]) for name in sorted(by_name))

    def must_open(self, scan_id: str, author: str, annotation_id: int | None) -> None:
        """Raise ProjectError where `author` may not work on an annotation of a scan.

        None is the author's own, which nobody called like the consensus can have.
        """
        if annotation_id is None:
            self._must_be_a_person(scan_id, author)
        else:
            self.must_see(scan_id, annotation_id, author)

    def must_see(self, scan_id: str, annotation_id: int, viewer: str) -> None:
        """Raise ProjectError where `viewer` may not see an annotation of a scan."""
        with self._store.read() as connection:
            if not _is_blind(connection):
                return
            owner = connection.execute(
                select(annotation_rows.c.annotator).where(
                    annotation_rows.c.scan == scan_id, annotation_rows.c.id == annotation_id
                )
            ).scalar()
            if annotation_id == _consensus_of(connection, scan_id):
                raise ProjectError(self._store.folder, Trouble.BLIND, _NO_ADJUDICATION)
        if owner is not None and owner != viewer:
            raise ProjectError(self._store.folder, Trouble.BLIND)

    def _must_be_a_person(self, scan_id: str, author: str) -> None:
        query = (
            select(annotation_rows.c.annotator)
            .join(consensus, consensus.c.annotation == annotation_rows.c.id)
            .where(consensus.c.scan == scan_id)
        )
        with self._store.read() as connection:
            name = connection.execute(query).scalar()
        if name == author:
            raise ProjectError(
                self._store.folder,
                Trouble.NAME_TAKEN,
                f"{author} is the name of the graders' consensus on this scan.",
                "Work under another name, or open the consensus as such.",
            )

    def give_a_name(self, unnamed: str, name: str) -> frozenset[str]:
        """Make the work of someone who had no name yet that of `name`; return its scans.

        Scans on which `name` has work already are left as they are: nobody's two annotations
        become one. The edits keep the author they were recorded with. Labels follow, where
        `name` has given none.

        Raises
        ------
        ProjectError
            If a consensus is called so, or the project can only be read.
        """
        theirs = select(annotation_rows.c.scan).where(annotation_rows.c.annotator == name)
        rows = (
            select(annotation_rows.c.id, annotation_rows.c.scan)
            .where(annotation_rows.c.annotator == unnamed)
            .where(annotation_rows.c.scan.not_in(theirs))
            .where(annotation_rows.c.id.not_in(select(consensus.c.annotation)))
        )
        with self._store.write() as connection:
            found = connection.execute(rows).all()
            for row in found:
                one = annotation_rows.c.id == row.id
                connection.execute(update(annotation_rows).where(one).values(annotator=name))
                note_in_log(connection, row.scan, name, "annotator", f"was {unnamed}")
            labelled = labels.give_a_name(connection, unnamed, name)
        return frozenset(row.scan for row in found) | labelled

    def consensus_id(self, scan_id: str) -> int | None:
        """Return the annotation that is the consensus of a scan, None where there is none."""
        with self._store.read() as connection:
            return _consensus_of(connection, scan_id)

    def begin_consensus(self, scan_id: str, author: str, scan: Callable[[], Scan]) -> int:
        """Return the annotation that is the consensus of a scan, begun where there is none.

        Parameters
        ----------
        scan_id : str
        author : str
            Who adjudicates.
        scan : callable
            Opens the scan; called where the consensus has to be begun.

        Raises
        ------
        ProjectError
            If the project is blind, or there is none yet and it is open for reading only.
        """
        with self._store.read() as connection:
            if _is_blind(connection):
                raise ProjectError(self._store.folder, Trouble.BLIND, _NO_ADJUDICATION)
            there = _consensus_of(connection, scan_id)
        if there is not None:
            return there
        fresh = Annotation.for_scan(scan())
        with self._store.write() as connection:
            # Asked again: another program may have begun it since.
            there = _consensus_of(connection, scan_id)
            if there is not None:
                return there
            made = connection.execute(
                insert(annotation_rows)
                .values(
                    scan=scan_id,
                    annotator=_free_name(connection),
                    surfaces=json.dumps(fresh.surfaces.names),
                    scheme=scheme_to_json(fresh.masks.scheme),
                    created=clock.now(),
                    n_events=0,
                )
                .returning(annotation_rows.c.id)
            ).scalar_one()
            connection.execute(insert(consensus).values(scan=scan_id, annotation=made))
            note_in_log(connection, scan_id, author, "consensus")
        return int(made)


def _is_blind(connection: Connection) -> bool:
    return setting(connection, _BLIND) == "on"


def _consensus_of(connection: Connection, scan_id: str) -> int | None:
    query = select(consensus.c.annotation).where(consensus.c.scan == scan_id)
    return connection.execute(query).scalar()


def _free_name(connection: Connection) -> str:
    """Return the name of a consensus: one that no person has anywhere in the project."""
    people = set(
        connection.execute(
            select(annotation_rows.c.annotator).where(
                annotation_rows.c.id.not_in(select(consensus.c.annotation))
            )
        ).scalars()
    )
    name, number = CONSENSUS, 1
    while name in people:
        number += 1
        name = f"{CONSENSUS} {number}"
    return name


def _grader(name: str, work: list[AnnotationRecord]) -> Grader:
    begun = [a for a in work if a.n_events]
    counts = dict.fromkeys(State, 0)
    changed: list[datetime] = []
    for a in begun:
        for state, n in a.state_counts().items():
            counts[state] += n
        if a.changed is not None:
            changed.append(a.changed)
    return Grader(name, len(begun), counts, max(changed, default=None))
