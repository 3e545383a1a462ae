"""GreyLevels: which grey of the B-scans is shown black and which white."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mirage_viewer.canvas.contrast import auto_levels, possible_levels
from napari_mirage.canvas.session_layers import SessionLayers

if TYPE_CHECKING:
    from napari.layers import Image


class GreyLevels:
    """The part of a view that shares its grey levels with napari's image layer."""

    contrast_changed: Any
    _layers: SessionLayers
    _b: int
    _problem: str
    _show_grey: Callable[[int, int, float], None]

    def _begin_levels(self) -> None:
        self._levels = (0, 255)
        self._gamma = 1.0
        self._watched: Image | None = None

    @property
    def contrast(self) -> tuple[int, int]:
        """Grey levels shown black and white."""
        return self._levels

    @property
    def gamma(self) -> float:
        """Exponent between the two grey levels; under 1 brightens."""
        return self._gamma

    def set_contrast(self, low: int, high: int, gamma: float = 1.0) -> None:
        """Show grey `low` black and `high` white, with ``t ** gamma`` between them."""
        low, high = possible_levels(low, high)
        changed = (low, high) != self._levels
        if changed or gamma != self._gamma:
            self._levels, self._gamma = (low, high), gamma
            self._apply_contrast()
        if changed:
            self.contrast_changed.emit(low, high)

    def _apply_contrast(self) -> None:
        image = self._watched
        if image is not None:
            with image.events.contrast_limits.blocker(self._limits_moved):
                image.contrast_limits = self._levels
            image.gamma = self._gamma
        self._show_grey(*self._levels, self._gamma)

    def _watch_levels(self, image: Image | None) -> None:
        """Follow the grey levels of `image`, which gets ours first; None: of none."""
        if self._watched is not None:
            self._watched.events.contrast_limits.disconnect(self._limits_moved)
        self._watched = image
        if image is not None:
            image.events.contrast_limits.connect(self._limits_moved)
            self._apply_contrast()

    def _limits_moved(self, event: object = None) -> None:
        assert self._watched is not None
        low, high = (round(float(v)) for v in self._watched.contrast_limits)
        if (low, high) != self._levels:
            self._levels = (low, high)
            self._show_grey(low, high, self._gamma)
            self.contrast_changed.emit(low, high)

    def auto_contrast(self) -> None:
        """Choose the grey levels from the B-scan shown."""
        volume = self._layers.volume
        if volume is not None and not self._problem:
            self.set_contrast(*auto_levels(volume.b_scan(self._b)), self._gamma)
