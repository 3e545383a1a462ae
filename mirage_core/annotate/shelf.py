"""Shelf: how much of a history's patches stays in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable

from mirage_core.annotate.patches import Patch, Patches

HISTORY_BYTES = 256 * 2**20
"""Memory that the patches of one session's durable edits may take, in bytes."""


class Shelf:
    """Keeps patches in memory within a budget; those unused for the longest go first.

    Only what a journal gives back is ever released. Edits that are not durable yet, and those
    of a journal that gives nothing back, stay in memory and are not counted.

    Parameters
    ----------
    budget_bytes : int
        0 keeps nothing. Patches that need more than all of it are never kept.
    """

    def __init__(self, budget_bytes: int = HISTORY_BYTES) -> None:
        self.budget_bytes = budget_bytes
        self._lock = threading.Lock()
        self._held: OrderedDict[Patches, None] = OrderedDict()
        self._held_bytes = 0

    @property
    def held_bytes(self) -> int:
        """Memory that what is kept takes, in bytes; never more than the budget."""
        return self._held_bytes

    def take(self, patches: Patches) -> None:
        """Look after `patches` from now on, if a journal gives them back and no one else does."""
        if patches.source is not None and patches.put_on(self) and patches.in_memory:
            patches.load()

    def used(self, patches: Patches, content: tuple[Patch, ...]) -> None:
        """Keep `patches`, just used, and their `content`; release others where that needs room."""
        with self._lock:
            if patches in self._held:
                self._held.move_to_end(patches)
                return
            if patches.n_bytes > self.budget_bytes:
                patches.release()
                return
            patches.hold(content)
            self._held[patches] = None
            self._held_bytes += patches.n_bytes
            while self._held_bytes > self.budget_bytes:
                self._release(next(iter(self._held)))

    def drop(self, gone: Iterable[Patches]) -> None:
        """Release what no undo or redo leads to any more."""
        with self._lock:
            for patches in gone:
                if patches in self._held:
                    self._release(patches)

    def _release(self, patches: Patches) -> None:
        del self._held[patches]
        self._held_bytes -= patches.n_bytes
        patches.release()
