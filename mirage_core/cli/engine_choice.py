"""The engine a command is given: whether it is there and can do the task, else why not."""

from __future__ import annotations

import difflib

from mirage_core.cli.console import CommandError


def check_engine(name: str, task: str, noun: str = "engine") -> None:
    """Refuse `name` unless it is that of an engine which does `task`.

    Parameters
    ----------
    name : str
    task : str
        ``segment``, ``classify``, ``embed`` or ``reconstruct``.
    noun : str
        What the command calls it.

    Raises
    ------
    CommandError
        If there is none of that name, or it does something else.
    ModelStoreError
        If it is a model that is damaged.
    """
    from mirage_core.engines import engine_names

    known = engine_names(task)
    if name in known:
        return
    from mirage_core.engines.errors import TaskMissingError
    from mirage_core.engines.mirage.engine import check_task
    from mirage_core.model.store.store import ModelStore

    there = f"There are: {', '.join(known)}." if known else "Import or download one first."
    store = ModelStore()
    if name in {model.folder.name for model in store.list()}:
        try:
            check_task(store.get(name).card, task)
        except TaskMissingError as error:
            raise CommandError(error.what, error.hint or there) from error
    near = difflib.get_close_matches(name, known, 1)
    raise CommandError(
        f"There is no {noun} {name!r}.", f"Did you mean {near[0]!r}?" if near else there
    )
