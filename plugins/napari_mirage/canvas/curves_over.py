"""CurvesOver: the session's surfaces over a B-scan, and those of offers and comparisons."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate import Session
from mirage_viewer.canvas.comparison_layer import Compared
from napari_mirage.canvas.badge_rows import ViewBadges
from napari_mirage.canvas.picture import Picture

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]


class CurvesOver:
    """The part of a view that says which curves are seen, and whose they are."""

    _picture: Picture
    _badges: ViewBadges
    _session: Session | None
    _b: int
    _problem: str
    _apply_visibility: Callable[[], None]
    _refresh_badges: Callable[[], None]
    _draw_b_scan: Callable[[], None]

    def _begin_curves(self) -> None:
        self._covered = False
        self._offered = False

    def set_offered(self, curves: F32 | None, mask: U8 | None) -> None:
        """Show what is offered on this B-scan, dashed; None for nothing.

        Parameters
        ----------
        curves : float32 array ``[s, x]`` or None
            Rows as those of the annotation's surfaces, px from the top, NaN where nothing is.
        mask : uint8 array ``[z, x]`` or None
        """
        nothing = curves is None and mask is None
        if self._session is None or (nothing and not self._offered):
            return
        self._offered = not nothing
        now = self._session.annotation.masks.labels[self._b]
        self._picture.show_offered(curves, mask, now)

    def set_compared(
        self, compared: Compared | None, one: str = "", other: str = "", *, alone: bool = False
    ) -> None:
        """Lay another annotation of this B-scan over it, and where it differs; None: none.

        Parameters
        ----------
        compared : Compared or None
        one, other : str
            Whose the orange and the cyan curves are, said on the image; empty for nobody's.
        alone : bool
            The work shown is hidden under it.
        """
        self._picture.comparison.show(compared if not self._problem else None)
        self._badges.legend = (one, other) if compared is not None else ("", "")
        self._covered = alone and compared is not None
        self._picture.set_covered(self._covered)
        self._apply_visibility()

    @property
    def covered(self) -> bool:
        """Whether the work shown is hidden under a comparison."""
        return self._covered

    @property
    def legend(self) -> tuple[str, str]:
        """Whose the orange and the cyan curves are; empty for nobody's."""
        return self._badges.legend

    def set_whose(self, words: str) -> None:
        """Say on the image whose work it is, where it is not the grader's own; empty if it is."""
        self._badges.whose = words
        self._refresh_badges()

    def set_surface_visible(self, row: int, visible: bool) -> None:
        """Show or hide the surface in `row` of the annotation."""
        self._picture.set_surface_visible(row, visible)

    def set_surfaces_visible(self, visible: bool) -> None:
        """Show or hide all surfaces."""
        self._picture.set_surfaces_visible(visible)

    def set_active_surface(self, row: int) -> None:
        """Draw the surface in `row` of the annotation thicker than the others."""
        self._picture.surfaces.set_active(row)

    def set_confidence_visible(self, visible: bool) -> None:
        """Say whether stretches that the engine is not sure of are dashed."""
        self._picture.set_unsure_shown(visible)
        self._draw_b_scan()
