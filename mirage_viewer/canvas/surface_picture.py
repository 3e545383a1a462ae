"""SurfacePicture: which surfaces of a B-scan are seen and where they are dashed, however drawn."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate import Annotation, BScanDraft

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
Bool = NDArray[np.bool_]

UNSURE_BELOW = 0.5
"""Confidence under which an engine's surface is dashed."""


class SurfacePicture(ABC):
    """What a picture of a B-scan knows of its surfaces; whoever inherits it draws them."""

    def __init__(self) -> None:
        self._show_unsure = True
        self._hidden: set[int] = set()
        self._all_hidden = self._covered = False
        self._readable = True

    @abstractmethod
    def _draw_curves(self, curves: F32, unsure: Bool) -> None:
        """Draw curves ``[s, x]`` (px, NaN = none), dashed where `unsure`."""

    @abstractmethod
    def _apply_visibility(self) -> None:
        """Show what :meth:`_is_seen`, and hide what is not."""

    def _is_seen(self, row: int) -> bool:
        """Return whether the surface in `row` is to be seen."""
        hidden = self._all_hidden or self._covered or row in self._hidden
        return self._readable and not hidden

    def show_surfaces(self, annotation: Annotation, b: int) -> None:
        """Show the surfaces of B-scan `b`."""
        self._show_curves(annotation.surfaces.values[:, b], annotation.confidence[:, b])

    def _show_drawn(self, draft: BScanDraft, annotation: Annotation) -> None:
        """Show the surfaces of a stroke in hand."""
        # What a human draws is sure; the session drops the engine's confidence there, too.
        drawn = draft.curves != draft.base_curves
        confidence = np.where(drawn, np.nan, annotation.confidence[:, draft.b])
        self._show_curves(draft.curves, confidence)

    def _show_curves(self, curves: F32, confidence: NDArray[np.floating]) -> None:
        unsure = np.zeros(curves.shape, bool)
        if self._show_unsure:
            with np.errstate(invalid="ignore"):
                unsure = confidence < UNSURE_BELOW
        self._draw_curves(curves, unsure)

    def set_surface_visible(self, row: int, visible: bool) -> None:
        """Show or hide one surface."""
        (self._hidden.discard if visible else self._hidden.add)(row)
        self._apply_visibility()

    def set_surfaces_visible(self, visible: bool) -> None:
        """Show or hide all surfaces; which of them are hidden one by one is remembered."""
        self._all_hidden = not visible
        self._apply_visibility()

    def set_covered(self, covered: bool) -> None:
        """Hide the surfaces while others are to be looked at, whatever else is wanted."""
        self._covered = covered
        self._apply_visibility()

    def set_unsure_shown(self, shown: bool) -> None:
        """Say whether unsure stretches are dashed; takes effect with the next curves."""
        self._show_unsure = shown


def offered_marks(mask: U8, now: U8) -> tuple[U8, Bool]:
    """Return the labels ``[z, x]`` that `mask` would change, and what it would take away."""
    return np.where(mask != now, mask, np.uint8(0)), (mask == 0) & (now != 0)
