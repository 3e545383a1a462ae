"""OverlaidPictures: what a model imagined, and what speaks for a class, over a B-scan."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mirage_viewer.canvas.contrast import grey_table
from mirage_viewer.canvas.imagined_item import Overlay
from napari_mirage.canvas.picture import Picture

F32 = NDArray[np.float32]


class OverlaidPictures:
    """The part of a view that lays pictures over one B-scan; always said to be what they are."""

    _picture: Picture
    _apply_visibility: Callable[[], None]

    def _begin_pictures(self) -> None:
        self._imagined_b = -1
        self._imagined_wanted = True
        self._imagined_opacity = 1.0

    def _forget_pictures(self) -> None:
        self.set_imagined(-1, None)
        self.set_evidence(-1, None)

    def set_imagined(self, b: int, overlay: Overlay | None) -> None:
        """Lay what a model imagined for B-scan `b` over it; seen while that one is shown."""
        self._imagined_b = b
        self._picture.imagined.item.set_overlay(overlay)
        self._apply_visibility()

    def set_imagined_opacity(self, opacity: float) -> None:
        """Set how strongly what was imagined covers the image, 0..1."""
        self._imagined_opacity = opacity
        self._picture.imagined.set_opacity(opacity)
        self._apply_visibility()

    def set_imagined_visible(self, visible: bool) -> None:
        """Show or hide what was imagined."""
        self._imagined_wanted = visible
        self._apply_visibility()

    @property
    def imagined(self) -> Overlay | None:
        """What is seen over the image that a model imagined, or None."""
        return self._picture.imagined.item.overlay if self._picture.imagined.visible else None

    def set_evidence(self, b: int, heat: F32 | None, label: str = "", model: str = "") -> None:
        """Lay what speaks for the class `label` on B-scan `b` over it; None: nothing.

        `heat` is float32 ``[z, x]``, 0..1; `model` the title of who says so.
        """
        self._picture.evidence.item.set_heat(b, heat, f"What speaks for {label} ({model})")
        self._apply_visibility()

    @property
    def evidence(self) -> str:
        """What the heat map over the image is, or ``""``."""
        return self._picture.evidence.item.words if self._picture.evidence.visible else ""

    def _show_grey(self, low: int, high: int, gamma: float) -> None:
        """Show what was imagined with the grey levels of the image below it."""
        self._picture.imagined.item.set_table(grey_table(low, high, gamma))
        if self._picture.imagined.visible:
            self._picture.imagined.show(True)

    def _show_pictures(self, shown: bool, b: int) -> None:
        """Show what belongs to B-scan `b`."""
        evidence = self._picture.evidence
        evidence.show(shown and bool(evidence.item.words) and evidence.item.b == b)
        imagined = self._picture.imagined
        here = imagined.item.overlay is not None and self._imagined_b == b
        imagined.show(shown and here and self._imagined_wanted and self._imagined_opacity > 0)
