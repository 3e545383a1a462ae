"""Settings of a project: one text each, by its key."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert as upsert

from mirage_core.project.schema import settings


def setting(connection: Connection, key: str) -> str | None:
    """Return the setting called `key`, None where there is none."""
    return connection.execute(select(settings.c.value).where(settings.c.key == key)).scalar()


def put_setting(connection: Connection, key: str, value: str | None) -> None:
    """Make `value` the setting called `key`; None takes it away."""
    if value is None:
        connection.execute(delete(settings).where(settings.c.key == key))
        return
    row = upsert(settings).values(key=key, value=value)
    connection.execute(row.on_conflict_do_update(["key"], set_={"value": value}))
