"""The search that the tool "Pull" draws with, loaded when the tool is first taken in hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate import BScanDraft
from mirage_core.scan import Spacing

if TYPE_CHECKING:
    from mirage_core.engines.graph.live import LiveSolver

F32 = NDArray[np.float32]


class Solving:
    """Solves surfaces of one scan through given points.

    Parameters
    ----------
    spacing : Spacing
    """

    needs = ("mirage_core.engines.graph.live",)
    """Modules that the tool runner loads ahead."""

    def __init__(self, spacing: Spacing) -> None:
        self._spacing = spacing
        self._solver: LiveSolver | None = None

    def __call__(self, draft: BScanDraft, surface: int, known: F32) -> Mapping[int, F32]:
        """See :class:`~mirage_core.engines.graph.live.LiveSolver`."""
        if self._solver is None:
            from mirage_core.engines.graph.live import LiveSolver

            self._solver = LiveSolver(self._spacing)
        return self._solver(draft, surface, known)
