"""Surfaces solved again while a grader draws, with what the images say kept between moves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate import BScanDraft
from mirage_core.engines.graph.resolve import (
    Evidence,
    Lead,
    gather_evidence,
    solve_through,
    solve_together,
)
from mirage_core.engines.graph.scale import working_scale
from mirage_core.scan import Spacing

F32 = NDArray[np.float32]

_NEIGHBOURS = 2
_ALONG_UM = 25.0
"""Distance at which a neighbour goes along by a third."""
_LEAST_PX = 1.0


class LiveSolver:
    """Solves the surface that is drawn, and its neighbours, for :class:`PullTool`.

    Parameters
    ----------
    spacing : Spacing
        Of the scan that is drawn on.
    """

    def __init__(self, spacing: Spacing) -> None:
        self._spacing = spacing
        self._image: NDArray[np.uint8] | None = None
        self._evidence: Evidence | None = None

    def __call__(self, draft: BScanDraft, surface: int, known: F32) -> dict[int, F32]:
        """Return the curves ``[x]`` (px) of the surface in row `surface`, and of those it moves.

        Parameters
        ----------
        draft : BScanDraft
            Its curves are not looked at, those of its beginning are.
        surface : int
        known : float32 array ``[x]``
            Depths the surface passes through, px; NaN elsewhere.
        """
        evidence, base = self._look(draft), draft.base_curves
        own = solve_through(evidence, draft.names[surface], base[surface], known)
        found = {surface: own}
        moved = np.nan_to_num(own - base[surface])
        if not (np.abs(moved) > _LEAST_PX).any():
            return found
        rows = range(max(surface - _NEIGHBOURS, 0), min(surface + _NEIGHBOURS + 1, draft.n_ordered))
        led: dict[int, Lead] = {}
        for row in rows:
            apart = np.abs(base[row] - base[surface]) * evidence.scale.axial_um
            lead = moved * np.exp(-np.nan_to_num(apart, nan=np.inf) / _ALONG_UM)
            if row != surface and (np.abs(lead) > _LEAST_PX).any():
                deeper, unsure = lead.astype(np.float32)[None], np.zeros((1, lead.size), np.float32)
                led[row] = Lead(draft.names[row], base[row][None], deeper, unsure)
        if led:
            solved = solve_together(evidence, list(led.values()))
            found |= {row: curve[0] for row, curve in zip(led, solved, strict=True)}
        return found

    def _look(self, draft: BScanDraft) -> Evidence:
        if self._evidence is None or self._image is not draft.image:
            scale = working_scale(self._spacing, draft.image.shape[1])
            ends = {
                name: draft.base_curves[draft.names.index(name)][None]
                for name in ("ILM", "BM")
                if name in draft.names
            }
            self._evidence = gather_evidence(
                draft.image[None], scale, ends.get("ILM"), ends.get("BM")
            )
            self._image = draft.image
        return self._evidence
