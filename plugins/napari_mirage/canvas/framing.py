"""Framing: what part of a B-scan is seen, how large, and how rows relate to columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirage_core.annotate import Session
from mirage_viewer.canvas.image_view import AspectMode
from napari_mirage.canvas.session_layers import SessionLayers

if TYPE_CHECKING:
    from napari import Viewer


class Framing:
    """The part of a view that moves napari's camera and scales its layers."""

    _viewer: Viewer
    _layers: SessionLayers
    _session: Session | None
    _b: int
    _moving: bool
    _aspect_mode: AspectMode

    @property
    def aspect_mode(self) -> AspectMode:
        """How rows relate to columns on screen, as asked for."""
        return self._aspect_mode

    def refresh_spacing(self) -> None:
        """Take over that the session's scan got another spacing; the B-scan stays."""
        self._moving = True
        try:
            self._layers.refresh_spacing()
            if self._session is not None:
                self._layers.show_b_scan(self._b)
        finally:
            self._moving = False
        self.fit()

    def set_aspect(self, mode: AspectMode) -> None:
        """Show equal lengths equal (1:1 µm, if the spacing is known) or pixels square."""
        if mode != self._aspect_mode:
            self._aspect_mode = mode
            self._layers.set_actual(mode is AspectMode.UM)
            self.refresh_spacing()

    def fit(self) -> None:
        """Show the whole image as large as possible."""
        if self._layers.image is not None:
            self._viewer.reset_view(layers=[self._layers.image])

    def zoom_by(self, factor: float) -> None:
        """Zoom by `factor` about the middle of the view."""
        self._viewer.scene.camera.zoom *= factor

    def actual_pixels(self) -> None:
        """Show one image column per view pixel."""
        if self._layers.image is not None:
            self._viewer.scene.camera.zoom = 1 / float(self._layers.image.scale[-1])
