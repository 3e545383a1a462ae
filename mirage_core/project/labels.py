"""The table of labels: what graders call scans and B-scans, and the set they choose from.

Rows are added and never changed. What holds is the last row of each scan, annotator and B-scan
(or whole scan); one without labels takes them back.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, Select, func, insert, select

from mirage_core.project import clock
from mirage_core.project.label_set import Label, LabelSet
from mirage_core.project.schema import labels, project_log, scans
from mirage_core.project.setting import put_setting, setting
from mirage_core.project.store import Store

if TYPE_CHECKING:
    from mirage_core.project.graders import GraderTable

_KEY = "label_set"
_LOGGED = "labels"


class LabelTable:
    """Reads and writes labels of one store.

    In a blind project a `viewer` sees their own labels only; None is whoever leads the study.
    """

    def __init__(self, store: Store, graders: GraderTable) -> None:
        self._store, self._graders = store, graders

    @property
    def label_set(self) -> LabelSet:
        """What there is to choose from; without names where nobody has chosen any."""
        with self._store.read() as connection:
            return _label_set(connection)

    def set_label_set(self, chosen: LabelSet, author: str) -> None:
        """Change what there is to choose from; the project's log keeps who did, and the names.

        Labels that are given stay as they are, so what is given must stay possible.

        Raises
        ------
        ValueError
            If `author` is empty, a label that is given is not in `chosen`, or something has
            several labels, or none of them, and `chosen` says that one excludes the others.
        ProjectError
            If the project can only be read.
        """
        if not author.strip():
            raise ValueError("Say who changes the labels; the project keeps the name.")
        with self._store.write() as connection:
            if _label_set(connection) == chosen:
                return
            given = _given(connection)
            used = Counter(name for label in given for name in label.labels)
            lost = sorted(set(used) - set(chosen.names))
            if lost:
                times = "once" if used[lost[0]] == 1 else f"{used[lost[0]]} times"
                raise ValueError(f"{lost[0]!r} is given {times}; take it back or rename it first.")
            if not chosen.multi_label and any(len(label.labels) != 1 for label in given):
                raise ValueError(
                    "Something has several labels, or none of them; take these back first."
                )
            _write_set(connection, chosen, author)

    def rename(self, name: str, new: str, author: str) -> None:
        """Call a label otherwise, wherever it is given; in the log the old rows stay.

        Raises
        ------
        ValueError
            If there is no such label, or the new name is another's.
        ProjectError
            If the project can only be read.
        """
        with self._store.write() as connection:
            known = _label_set(connection)
            if name not in known.names:
                raise ValueError(f"The project has no label {name!r}.")
            new = " ".join(new.split())
            names = tuple(new if n == name else n for n in known.names)
            fresh = LabelSet(names, known.multi_label)
            if fresh == known:
                return
            given = _given(connection)
            _write_set(connection, fresh, author)
            for label in given:
                if name in label.labels:
                    words = tuple(new if n == name else n for n in label.labels)
                    _write_again(connection, label, label.annotator, words, author)

    def set(
        self,
        scan_id: str,
        given: Iterable[str],
        author: str,
        *,
        b_scan: int | None = None,
    ) -> Label:
        """Label a scan, or one of its B-scans; durable when the call returns.

        Parameters
        ----------
        scan_id : str
        given : iterable of str
            In a multi-label project none is an answer too.
        author : str
            Whose opinion it is.
        b_scan : int or None
            From 0; None: the scan as a whole.

        Raises
        ------
        ValueError
            If `author` is empty or the labels are not possible here.
        KeyError
            If the project has no such scan.
        IndexError
            If the scan has no such B-scan.
        ProjectError
            If the project can only be read; nothing was written.
        """
        if not author.strip():
            raise ValueError("Say whose label this is; the project keeps the name.")
        with self._store.write() as connection:
            words = _label_set(connection).checked(given)
            _check_place(connection, scan_id, b_scan)
            before = _given(connection, scan_id, author, b_scan)
            if not before or before[0].labels != words:
                _add(connection, scan_id, author, b_scan, words, author)
            return _given(connection, scan_id, author, b_scan)[0]

    def clear(self, scan_id: str, author: str, *, b_scan: int | None = None) -> None:
        """Take back what `author` labelled a scan or B-scan as; the log keeps that it was."""
        with self._store.write() as connection:
            _check_place(connection, scan_id, b_scan)
            if _given(connection, scan_id, author, b_scan):
                _add(connection, scan_id, author, b_scan, None, author)

    def get(self, scan_id: str, author: str, *, b_scan: int | None = None) -> Label | None:
        """Return what `author` labelled a scan or B-scan as; None where they did not."""
        with self._store.read() as connection:
            found = _given(connection, scan_id, author, b_scan)
        return found[0] if found else None

    def of_scan(self, scan_id: str, viewer: str | None = None) -> tuple[Label, ...]:
        """Return all labels of a scan that `viewer` may see: of the whole first, then B-scans."""
        return self._seen(scan_id, viewer)

    def all(self, viewer: str | None = None) -> dict[str, tuple[Label, ...]]:
        """Return all labels that `viewer` may see by scan id; scans without any are left out."""
        return self.snapshot(viewer)[1]

    def snapshot(self, viewer: str | None = None) -> tuple[LabelSet, dict[str, tuple[Label, ...]]]:
        """Return what there is to choose from, and what :meth:`all` returns, of one moment."""
        own = self._only(viewer)
        found: dict[str, list[Label]] = {}
        with self._store.read() as connection:
            chosen, given = _label_set(connection), _given(connection, annotator=own)
        for label in given:
            found.setdefault(label.scan_id, []).append(label)
        return chosen, {scan_id: tuple(of_scan) for scan_id, of_scan in found.items()}

    def counts(self, viewer: str | None = None, *, b_scans: bool = False) -> dict[str, int]:
        """Return how often each label of the set is given, to whole scans or to B-scans.

        What several graders labelled alike counts once.
        """
        places = {
            (label.scan_id, label.b_scan, name)
            for label in self._seen(None, viewer)
            if (label.b_scan is not None) is b_scans
            for name in label.labels
        }
        times = Counter(name for _, _, name in places)
        return {name: times[name] for name in self.label_set.names}

    def _seen(self, scan_id: str | None, viewer: str | None) -> tuple[Label, ...]:
        own = self._only(viewer)
        with self._store.read() as connection:
            return tuple(_given(connection, scan_id, own))

    def _only(self, viewer: str | None) -> str | None:
        """Return whose labels alone `viewer` may see; None: everyone's."""
        return viewer if viewer is not None and self._graders.blind else None


def give_a_name(connection: Connection, unnamed: str, name: str) -> frozenset[str]:
    """Make the labels of someone who had no name yet those of `name`; return their scans.

    What `name` labelled already stays as it is. Within the caller's transaction.
    """
    given = _given(connection)
    taken = {(label.scan_id, label.b_scan) for label in given if label.annotator == name}
    moved = [label for label in given if label.annotator == unnamed]
    moved = [label for label in moved if (label.scan_id, label.b_scan) not in taken]
    for label in moved:
        _write_again(connection, label, name, label.labels, name)
        _add(connection, label.scan_id, unnamed, label.b_scan, None, name)
    return frozenset(label.scan_id for label in moved)


def rows_of_scan(connection: Connection, scan_id: str) -> list[Row[Any]]:
    """Return every row of a scan, oldest first, for the audit trail."""
    query = select(labels).where(labels.c.scan == scan_id).order_by(labels.c.id)
    return list(connection.execute(query).all())


def words_of(content: str | None) -> tuple[str, ...] | None:
    """Return the labels in a row, None where it takes them back."""
    return None if content is None else tuple(json.loads(content))


def _label_set(connection: Connection) -> LabelSet:
    content = setting(connection, _KEY)
    if content is None:
        return LabelSet()
    fields = json.loads(content)
    return LabelSet(tuple(fields["names"]), bool(fields["multi_label"]))


def _write_set(connection: Connection, chosen: LabelSet, author: str) -> None:
    fields = {"names": list(chosen.names), "multi_label": chosen.multi_label}
    content = json.dumps(fields, ensure_ascii=False)
    put_setting(connection, _KEY, content)
    connection.execute(
        insert(project_log).values(time=clock.now(), author=author, what=_LOGGED, detail=content)
    )


def _given(
    connection: Connection,
    scan_id: str | None = None,
    annotator: str | None = None,
    b_scan: int | str | None = "any",
) -> list[Label]:
    """Return what holds now, in the order of scans' ids, whole scans before their B-scans."""
    last: Select[tuple[int]] = select(func.max(labels.c.id)).group_by(
        labels.c.scan, labels.c.annotator, labels.c.b_scan
    )
    query = select(labels).where(labels.c.id.in_(last), labels.c.labels.is_not(None))
    if scan_id is not None:
        query = query.where(labels.c.scan == scan_id)
    if annotator is not None:
        query = query.where(labels.c.annotator == annotator)
    if b_scan != "any":
        query = query.where(labels.c.b_scan.is_not_distinct_from(b_scan))
    query = query.order_by(labels.c.scan, labels.c.b_scan, labels.c.annotator)
    return [
        Label(r.scan, r.annotator, r.b_scan, tuple(json.loads(r.labels)), clock.parse(r.time))
        for r in connection.execute(query)
    ]


def _add(
    connection: Connection,
    scan_id: str,
    annotator: str,
    b_scan: int | None,
    words: tuple[str, ...] | None,
    author: str,
    time: str = "",
) -> None:
    connection.execute(
        insert(labels).values(
            scan=scan_id,
            annotator=annotator,
            b_scan=b_scan,
            labels=None if words is None else json.dumps(words, ensure_ascii=False),
            author=author,
            time=time or clock.now(),
        )
    )


def _write_again(
    connection: Connection, label: Label, annotator: str, words: tuple[str, ...], author: str
) -> None:
    """Write down a label in other words or as another's; it was given when it was given."""
    time = clock.to_text(label.time)
    _add(connection, label.scan_id, annotator, label.b_scan, words, author, time)


def _check_place(connection: Connection, scan_id: str, b_scan: int | None) -> None:
    query = select(scans.c.metadata).where(scans.c.id == scan_id)
    metadata = connection.execute(query).scalar()
    if metadata is None:
        raise KeyError(scan_id)
    n = json.loads(metadata)["shape"][0]
    if b_scan is not None and not 0 <= b_scan < n:
        raise IndexError(f"The scan has {n} B-scans, none of number {b_scan + 1}.")
