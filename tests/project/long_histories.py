"""Strokes on a stored scan, and a look at the database behind the program's back."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

from mirage_core.annotate import Session
from mirage_core.project import Project


def change(project: Project, sql: str) -> None:
    """Change what the program itself never changes."""
    with closing(sqlite3.connect(project.folder / "project.db")) as connection:
        connection.execute("DROP TRIGGER IF EXISTS events_keep_update")
        connection.execute("DROP TRIGGER IF EXISTS events_keep_delete")
        connection.execute(sql)
        connection.commit()


def ask(project: Project, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(project.folder / "project.db")) as connection:
        return connection.execute(sql).fetchall()


def draw(session: Session, n: int, first: int = 0) -> None:
    for number in range(first, first + n):
        draft = session.draft(number % 6)
        draft.curves[2, 10:20] = 5.0 + number
        assert session.commit(draft, "pen", f"Pen {number}") is not None


def labels(session: Session) -> tuple[list[str], list[str]]:
    history = session.history
    return [e.label for e in history.done], [e.label for e in history.undone]


def heads(session: Session) -> list[tuple[object, ...]]:
    return [
        (e.tool, e.label, e.author, e.time, e.model_sha256, e.b_scans, e.targets, len(e.patches))
        for e in (*session.history.done, *session.history.undone)
    ]


def in_memory(session: Session) -> int:
    edits = (*session.history.done, *session.history.undone)
    return sum(edit.patches.n_bytes for edit in edits if edit.patches.in_memory)
