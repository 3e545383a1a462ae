"""Large edits are brought back into memory before undo or redo come to them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress

from mirage_core.annotate.edit import Edit
from mirage_core.annotate.history import History
from mirage_core.annotate.patches import UnreadableEditError

_REACH = 200
"""How many steps of undo and of redo are looked ahead; a key that is held down takes seconds."""
_LARGE_BYTES = 2**20
"""What is smaller is read within a stroke's time anyway."""


class LoadAhead:
    """Loads what is large and soon needed, in a thread of its own, one at a time.

    Parameters
    ----------
    budget_bytes : int
        Memory that the history's patches may take; half of it is filled at most.
    """

    def __init__(self, budget_bytes: int) -> None:
        self._most_bytes = budget_bytes // 2
        self._thread: threading.Thread | None = None

    def look(self, history: History) -> None:
        """Begin to load what is missing near the present of `history`, unless it is under way."""
        if self._thread is not None and self._thread.is_alive():
            return
        wanted = []
        room = self._most_bytes
        for edit in (*history.done[: -_REACH - 1 : -1], *history.undone[: -_REACH - 1 : -1]):
            patches = edit.patches
            if patches.n_bytes >= _LARGE_BYTES:
                room -= patches.n_bytes
                if room < 0:
                    break
                if not patches.in_memory:
                    wanted.append(edit)
        if wanted:
            self._thread = threading.Thread(target=_load, args=(wanted,), daemon=True)
            self._thread.start()


def _load(edits: Sequence[Edit]) -> None:
    for edit in edits:
        with suppress(UnreadableEditError):  # whoever needs it is told
            edit.patches.load()
