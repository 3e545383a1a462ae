"""NapariView: shows a session's B-scans in a napari viewer; no pointer yet."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QObject, QTimer, Signal

from mirage_core.annotate import Change, Session, Target, ToolRunner
from mirage_core.scan import FLUID_SCHEME
from mirage_viewer.canvas.b_scan_cache import why
from mirage_viewer.canvas.image_view import AspectMode
from mirage_viewer.canvas.links import Links
from napari_mirage.canvas.badge_rows import ViewBadges
from napari_mirage.canvas.curves_over import CurvesOver
from napari_mirage.canvas.framing import Framing
from napari_mirage.canvas.levels import GreyLevels
from napari_mirage.canvas.overlays import OverlaidPictures
from napari_mirage.canvas.picture import Picture
from napari_mirage.canvas.scene import Scene
from napari_mirage.canvas.session_layers import SessionLayers

if TYPE_CHECKING:
    from napari import Viewer

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]


class NapariView(CurvesOver, OverlaidPictures, GreyLevels, Framing, QObject):
    """The B-scans of a session as napari's layers, and what lies over them.

    Signals
    -------
    contrast_changed(int, int)
        Grey levels shown black and white.
    b_picked(int)
        The user moved napari's slider to a B-scan; the others are to follow.
    noted(str)
        A sentence for the grader.
    undo_asked(), redo_asked()
        On the masks' layer.
    image_gone()
        The user removed the scan's image from the viewer: the scan is to be closed.
    """

    contrast_changed = Signal(int, int)
    b_picked = Signal(int)
    noted = Signal(str)
    undo_asked = Signal()
    redo_asked = Signal()
    image_gone = Signal()

    def __init__(self, viewer: Viewer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._scene = Scene(viewer)
        self._picture = Picture(self._scene)
        self._badges = ViewBadges(self._scene.widget)
        self._layers = SessionLayers(viewer, self)
        self._layers.noted.connect(self.noted)
        self._layers.undo_asked.connect(self.undo_asked)
        self._layers.redo_asked.connect(self.redo_asked)
        self._layers.image_gone.connect(self._image_went)
        self._layers.masks_made.connect(self._take_masks)
        self._session: Session | None = None
        self._session_links = Links(self)
        self._b = 0
        self._problem = ""
        self._aspect_mode = AspectMode.UM
        self._crosshair_wanted = self._mask_wanted = True
        self._mask_opacity = 0.35
        self._own_shown: bool | None = None
        self._moving = False
        # Once for edits that follow one another, and not in the way of the stroke's own frame.
        self._stripes_soon = QTimer(self)
        self._stripes_soon.setSingleShot(True)
        self._stripes_soon.setInterval(0)
        self._stripes_soon.timeout.connect(self._draw_stripes)
        viewer.dims.events.current_step.connect(self._slider_moved)
        self._begin_curves()
        self._begin_pictures()
        self._begin_levels()

    # ------------------------------------------------------------------ what is shown

    @property
    def b(self) -> int:
        """The B-scan shown."""
        return self._b

    @property
    def problem(self) -> str:
        """Why the B-scan cannot be shown, or ``""``."""
        return self._problem

    @property
    def crosshair(self) -> tuple[float, float]:
        """Image point ``(z, x)`` px of the crosshair."""
        return self._picture.crosshair.z, self._picture.crosshair.x

    @property
    def image_size(self) -> tuple[int, int]:
        """``(rows, columns)`` of a B-scan, ``(0, 0)`` while there is none."""
        return self._session.scan.shape[1:] if self._session is not None else (0, 0)

    def contains(self, z: float, x: float) -> bool:
        """Return whether image point ``(z, x)`` px lies on the image."""
        height, width = self.image_size
        return -0.5 <= z < height - 0.5 and -0.5 <= x < width - 0.5

    def take_session(self, session: Session | None, runner: ToolRunner | None, b: int = 0) -> None:
        """Show `session`, B-scan `b` of it; None takes away what was brought."""
        another = session is not self._session
        self._session_links.clear()
        self._session, self._problem = session, ""
        self._watch_levels(None)
        if another:
            self._forget_pictures()
            self._offered = False
        self._moving = True  # napari puts its slider somewhere when layers come and go
        try:
            self._layers.set_session(session, runner)
        finally:
            self._moving = False
        self._scene.follow(self._layers.image)
        if session is None:
            self._picture.set_structures((), FLUID_SCHEME)
            self._show_nothing()
            return
        self._session_links.connect(session.changed, self._on_changed)
        if another:
            annotation = session.annotation
            self._picture.set_structures(annotation.surfaces.names, annotation.masks.scheme)
            height, width = self.image_size
            self._picture.crosshair.move_to(height / 2, width / 2, height, width)
            self.fit()
        self._watch_levels(self._layers.image)
        self.show_b_scan(b)

    def show_b_scan(self, b: int) -> None:
        """Show B-scan `b`, or the nearest there is."""
        session, volume = self._session, self._layers.volume
        if session is None or volume is None:
            return
        b = min(max(b, 0), session.scan.n_b_scans - 1)
        onwards = 1 if b >= self._b else -1
        self._b = b
        if self._layers.b != b:
            self._moving = True
            try:
                self._layers.show_b_scan(b)
            finally:
                self._moving = False
        problem = volume.problems.get(b)
        self._problem = why(problem) if problem is not None else ""
        self._picture.set_readable(not self._problem)
        self._draw_b_scan()
        self._layers.look_ahead(b, onwards)

    def _draw_b_scan(self) -> None:
        """Draw what lies over the B-scan shown."""
        session = self._session
        if session is not None and self._scene.settled():
            self._picture.show_surfaces(session.annotation, self._b)
            self._draw_stripes()
        self._apply_visibility()

    def _draw_stripes(self) -> None:
        if self._session is not None:
            self._picture.show_misplaced(self._session.annotation, self._b)

    def _show_nothing(self) -> None:
        self._picture.set_readable(False)
        self._apply_visibility()

    def _slider_moved(self, event: object = None) -> None:
        if self._moving or self._session is None or self._layers.image is None:
            return
        b = self._layers.b
        if b != self._b:
            self.b_picked.emit(b)
            if self._b != b:  # nobody leads: go along
                self.show_b_scan(b)

    def _image_went(self) -> None:
        self.image_gone.emit()
        if self._session is not None and self._layers.image is None:
            self.take_session(None, None)

    def _take_masks(self) -> None:
        keeper = self._layers.keeper
        assert keeper is not None
        keeper.layer.opacity = self._mask_opacity
        keeper.layer.events.visible.connect(self._eye_used)
        self._own_shown = None
        self._apply_visibility()

    def _eye_used(self, event: object = None) -> None:
        keeper = self._layers.keeper
        if keeper is not None and self._own_shown:
            self._picture.set_marks_shown(keeper.layer.visible)

    def _on_changed(self, change: Change) -> None:
        session = self._session
        if session is None:
            return
        if self._layers.keeper is not None:
            self._layers.keeper.show_change(change)
        if self._b not in change.b_scans or not self._scene.settled():
            return
        if change.targets & {Target.SURFACES, Target.CONFIDENCE}:
            self._picture.show_surfaces(session.annotation, self._b)
        if change.targets & {Target.SURFACES, Target.MASKS}:
            self._stripes_soon.start()
        if Target.STATES in change.targets:
            self._refresh_badges()

    # ------------------------------------------------------------------ masks and crosshair

    @property
    def why_read_only(self) -> Callable[[], str]:
        """Says why nothing may be drawn, where nothing may."""
        return self._layers.why_read_only

    @why_read_only.setter
    def why_read_only(self, why: Callable[[], str]) -> None:
        self._layers.why_read_only = why

    def offer_masks(self, labels: U8, tool: str) -> None:
        """Make `labels` ``[b, z, x]`` the masks of the session, as one edit made with `tool`."""
        if self._layers.keeper is not None:
            self._layers.keeper.data_offered(labels, tool)

    def set_mask_visible(self, visible: bool) -> None:
        """Show or hide the masks."""
        self._mask_wanted = visible
        self._apply_visibility()

    def set_mask_opacity(self, opacity: float) -> None:
        """Set how strongly the masks cover the image, 0..1."""
        self._mask_opacity = min(max(opacity, 0.0), 1.0)
        if self._layers.keeper is not None:
            self._layers.keeper.layer.opacity = self._mask_opacity

    def set_crosshair(self, z: float, x: float) -> None:
        """Put the crosshair at image point ``(z, x)`` px."""
        self._picture.crosshair.move_to(z, x, *self.image_size)

    def set_crosshair_visible(self, visible: bool) -> None:
        """Show or hide the crosshair."""
        self._crosshair_wanted = visible
        self._apply_visibility()

    def _apply_visibility(self) -> None:
        shown = self._session is not None and not self._problem
        own = shown and self._mask_wanted and not self._covered
        keeper = self._layers.keeper
        if keeper is not None:
            if own is not self._own_shown:  # else what the user did with the layer's eye stays
                self._own_shown = own
                keeper.layer.visible = own
            self._picture.set_marks_shown(own and keeper.layer.visible)
        self._picture.crosshair.set_visible(shown and self._crosshair_wanted)
        self._show_pictures(shown, self._b)
        self._refresh_badges()

    def _refresh_badges(self) -> None:
        self._badges.refresh(self._session, self._b, self._problem, self)

    def close(self) -> None:
        """Take away what was brought, and listen no more; nothing of the user's is removed."""
        self._session_links.clear()
        self._viewer.dims.events.current_step.disconnect(self._slider_moved)
        self._watch_levels(None)
        self._stripes_soon.stop()
        self._layers.stop()
        self._session = None
        self._moving = True
        with suppress(RuntimeError):  # Qt may have deleted napari's window before
            self._scene.follow(None)
            self._badges.close()
            self._layers.close()
            if self._viewer.layers:
                self._viewer.reset_view()  # what is left may be of another size altogether
            self._scene.close()
