"""Schema versions of ``project.db`` and the steps between them.

The version is ``PRAGMA user_version``. Step ``i`` brings version ``i`` to ``i + 1`` in one
transaction; 0 is an empty database. A step is never changed once it was released: add one.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, insert

from mirage_core.project import schema

Migration = Callable[[Connection], None]


def _create(connection: Connection) -> None:
    schema.metadata.create_all(connection, schema.FIRST)
    for trigger in schema.append_only("events", "scan_log"):
        connection.exec_driver_sql(trigger)
    connection.exec_driver_sql(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    connection.execute(insert(schema.settings).values(key="salt", value=secrets.token_hex(32)))


def _add_consensus_and_worklist(connection: Connection) -> None:
    schema.metadata.create_all(connection, schema.SECOND)
    for trigger in schema.append_only("project_log"):
        connection.exec_driver_sql(trigger)


def _add_labels(connection: Connection) -> None:
    schema.metadata.create_all(connection, schema.THIRD)
    for trigger in schema.append_only("labels"):
        connection.exec_driver_sql(trigger)


MIGRATIONS: tuple[Migration, ...] = (_create, _add_consensus_and_worklist, _add_labels)

SCHEMA_VERSION = len(MIGRATIONS)


def version_of(connection: Connection) -> int:
    """Return the schema version of a database."""
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())


def migrate_step(connection: Connection, migrations: tuple[Migration, ...]) -> bool:
    """Take one step inside the caller's write transaction; return whether there was one."""
    version = version_of(connection)
    if version >= len(migrations):
        return False
    migrations[version](connection)
    connection.exec_driver_sql(f"PRAGMA user_version = {version + 1}")
    return True


def back_up(database: Path, version: int) -> Path:
    """Copy `database`, with what its write-ahead log holds, beside it; return the copy's path.

    A copy that is there already is kept and another name is taken.
    """
    target = database.with_name(f"{database.stem}.v{version}.backup.db")
    number = 1
    while target.exists():
        number += 1
        target = database.with_name(f"{database.stem}.v{version}.backup{number}.db")
    part = target.with_suffix(".part")
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(part)) as copy:
        source.backup(copy)
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    part.replace(target)
    return target
