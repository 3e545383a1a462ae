"""The engine that new segmentations in a project use, whoever makes them."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import Connection, insert

from mirage_core.project import clock
from mirage_core.project.schema import project_log
from mirage_core.project.setting import put_setting, setting
from mirage_core.project.store import Store

_KEY = "default_engine"


@dataclass(frozen=True, slots=True)
class DefaultEngine:
    """An engine as a project remembers it.

    Attributes
    ----------
    name : str
        In the registry of engines; the id of a model.
    title : str
        What it was called where it was chosen, for computers that do not have it.
    """

    name: str
    title: str


class DefaultEngineSetting:
    """Reads and writes the default engine of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self) -> DefaultEngine | None:
        """Return the engine that new segmentations use; None where each grader's own choice is."""
        with self._store.read() as connection:
            return _stored(connection)

    def set(self, engine: DefaultEngine | None, author: str) -> None:
        """Use `engine` from now on, None for each grader's own choice; the log keeps who said so.

        Nothing happens where it is so already.

        Raises
        ------
        ValueError
            If `author` is empty, or the engine has no name.
        ProjectError
            If the project can only be read.
        """
        if not author.strip():
            raise ValueError("Say who chooses the model; the project keeps the name.")
        if engine is not None and not engine.name:
            raise ValueError("an engine without a name")
        with self._store.write() as connection:
            if _stored(connection) == engine:
                return
            value, detail = None, "none"
            if engine is not None:
                value = json.dumps({"name": engine.name, "title": engine.title})
                detail = f"{engine.title} ({engine.name})"
            put_setting(connection, _KEY, value)
            connection.execute(
                insert(project_log).values(
                    time=clock.now(), author=author, what=_KEY, detail=detail
                )
            )


def _stored(connection: Connection) -> DefaultEngine | None:
    value = setting(connection, _KEY)
    try:
        stored = json.loads(value) if value is not None else None
        return DefaultEngine(str(stored["name"]), str(stored["title"])) if stored else None
    except (ValueError, KeyError, TypeError):
        return None  # another program's: the grader's own choice counts
