"""BScanView: shows one B-scan of a session with its annotation; no pointer yet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, Signal
from qtpy.QtGui import QPainter
from qtpy.QtWidgets import QWidget

from mirage_core.annotate import Change, Session, Target
from mirage_core.scan import FLUID_SCHEME, State
from mirage_viewer.canvas.b_scan_cache import BScanCache, why
from mirage_viewer.canvas.b_scan_picture import BScanPicture
from mirage_viewer.canvas.badges import badge_rect, draw_badge
from mirage_viewer.canvas.colors import ONE, OTHER, STATE_STYLES
from mirage_viewer.canvas.comparison_layer import Compared
from mirage_viewer.canvas.contrast import auto_levels, possible_levels
from mirage_viewer.canvas.evidence_item import draw_legend
from mirage_viewer.canvas.image_view import AspectMode, ImageView
from mirage_viewer.canvas.imagined_item import Overlay, draw_notice
from mirage_viewer.canvas.links import Links
from mirage_viewer.guard import guarded

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]

_AHEAD = 3
"""B-scans decoded ahead in the direction of stepping."""


@guarded
class BScanView(ImageView):
    """One B-scan with surfaces, masks, crosshair, badges and scale bars.

    Signals
    -------
    contrast_changed(int, int)
        Grey levels shown black and white.
    """

    contrast_changed = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture = BScanPicture(self.scene())
        self._session: Session | None = None
        self._session_links = Links(self)
        self._cache: BScanCache | None = None
        self._b = 0
        self._problem = ""
        self._aspect_mode = AspectMode.PX
        self._levels = (0, 255)
        self._gamma = 1.0
        self._crosshair_wanted = True
        self._mask_wanted = True
        self._imagined_wanted = True
        self._imagined_b = -1
        self._whose = ""
        self._legend: tuple[str, str] = ("", "")
        self._covered = False
        self._picture.set_contrast(0, 255, 1.0)

    @property
    def b(self) -> int:
        """The B-scan shown."""
        return self._b

    @property
    def problem(self) -> str:
        """Why the B-scan cannot be shown, or ``""``."""
        return self._problem

    @property
    def contrast(self) -> tuple[int, int]:
        """Grey levels shown black and white."""
        return self._levels

    @property
    def gamma(self) -> float:
        """Exponent between the two grey levels; under 1 brightens."""
        return self._gamma

    @property
    def aspect_mode(self) -> AspectMode:
        """How rows relate to columns on screen, as asked for."""
        return self._aspect_mode

    @property
    def crosshair(self) -> tuple[float, float]:
        """Image point ``(z, x)`` px of the crosshair."""
        return self._picture.crosshair.z, self._picture.crosshair.x

    def take_session(self, session: Session | None, b: int = 0) -> None:
        """Show `session`, B-scan `b` of it; None empties the view."""
        if self._cache is not None:
            self._cache.close()
            self._cache = None
        self._session_links.clear()
        self._session, self._b, self._problem = session, b, ""
        self.set_imagined(-1, None)
        self.set_evidence(-1, None)
        self._picture.ring.setVisible(False)
        self._picture.guides.set_guides(())
        if session is None:
            self._picture.set_structures((), FLUID_SCHEME)
            self._show_nothing()
            return
        self._cache = BScanCache(session.scan)
        self._session_links.connect(session.changed, self._on_changed)
        annotation = session.annotation
        self._picture.set_structures(annotation.surfaces.names, annotation.masks.scheme)
        _, height, width = session.scan.shape
        self._fitted = True
        self._picture.crosshair.move_to(height / 2, width / 2, height, width)
        self._set_size()
        self.show_b_scan(b)

    def show_b_scan(self, b: int) -> None:
        """Show B-scan `b`, or the nearest there is."""
        if self._session is None or self._cache is None:
            return
        b = min(max(b, 0), self._session.scan.n_b_scans - 1)
        onwards = 1 if b >= self._b else -1
        self._b = b
        try:
            image = self._cache.get(b)
        except Exception as error:
            # Any reader's failure costs this B-scan only; the others and the work stay.
            self._problem = why(error)
            self._picture.set_readable(False)
        else:
            self._problem = ""
            self._picture.set_readable(True)
            self._picture.show_image(image)
        self._picture.show_annotation(self._session.annotation, b)
        self._apply_visibility()
        ahead = [b + onwards * k for k in range(1, _AHEAD + 1)]
        self._cache.ahead([*ahead[:1], b - onwards, *ahead[1:]])
        self.viewport().update()

    def refresh_spacing(self) -> None:
        """Take over that the session's scan got another spacing; zoom and B-scan stay."""
        self._set_size()
        self.viewport().update()

    def _show_nothing(self) -> None:
        self._picture.set_readable(False)
        self.set_image_size(0, 0, 1.0)
        self._apply_visibility()
        self.viewport().update()

    def _set_size(self) -> None:
        if self._session is None:
            return
        scan = self._session.scan
        _, height, width = scan.shape
        dz, dx = scan.spacing.z.mm, scan.spacing.x.mm
        aspect = 1.0
        if self._aspect_mode is AspectMode.UM and dz is not None and dx is not None:
            aspect = dz / dx
        self.set_image_size(height, width, aspect)

    def _on_changed(self, change: Change) -> None:
        session = self._session
        if session is None or self._b not in change.b_scans:
            return
        if change.targets & {Target.SURFACES, Target.CONFIDENCE}:
            self._picture.show_surfaces(session.annotation, self._b)
        if Target.MASKS in change.targets:
            for patch in change.edit.patches:
                if patch.target is Target.MASKS and self._b in patch.b_scans:
                    _, z, x = patch.where
                    labels = session.annotation.masks.labels[self._b]
                    self._picture.mask.update_labels(labels, z.start, z.stop, x.start, x.stop)
        if change.targets & {Target.SURFACES, Target.MASKS}:
            self._picture.show_misplaced(session.annotation, self._b)
        if Target.STATES in change.targets:
            self.viewport().update(self._badge_rect().toAlignedRect())

    def set_contrast(self, low: int, high: int, gamma: float = 1.0) -> None:
        """Show grey `low` black and `high` white, with ``t ** gamma`` between them."""
        low, high = possible_levels(low, high)
        changed = (low, high) != self._levels
        if changed or gamma != self._gamma:
            self._levels, self._gamma = (low, high), gamma
            self._picture.set_contrast(low, high, gamma)
        if changed:
            self.contrast_changed.emit(low, high)

    def auto_contrast(self) -> None:
        """Choose the grey levels from the B-scan shown."""
        if self._session is not None and self._cache is not None and not self._problem:
            self.set_contrast(*auto_levels(self._cache.get(self._b)), self._gamma)

    def set_aspect(self, mode: AspectMode) -> None:
        """Show equal lengths equal (1:1 µm, if the spacing is known) or pixels square."""
        self._aspect_mode = mode
        self._set_size()

    def set_imagined(self, b: int, overlay: Overlay | None) -> None:
        """Lay what a model imagined for B-scan `b` over it; seen while that one is shown."""
        self._imagined_b = b
        self._picture.imagined.set_overlay(overlay)
        self._apply_visibility()
        self.viewport().update()

    def set_imagined_opacity(self, opacity: float) -> None:
        """Set how strongly what was imagined covers the image, 0..1."""
        self._picture.imagined.setOpacity(opacity)
        self._apply_visibility()

    def set_imagined_visible(self, visible: bool) -> None:
        """Show or hide what was imagined."""
        self._imagined_wanted = visible
        self._apply_visibility()

    @property
    def imagined(self) -> Overlay | None:
        """What is seen over the image that a model imagined, or None."""
        item = self._picture.imagined
        return item.overlay if item.isVisible() else None

    def set_evidence(self, b: int, heat: F32 | None, label: str = "", model: str = "") -> None:
        """Lay what speaks for the class `label` on B-scan `b` over it; None: nothing.

        `heat` is float32 ``[z, x]``, 0..1; `model` the title of who says so.
        """
        words = f"What speaks for {label} ({model})"
        self._picture.evidence.set_heat(b, heat, words)
        self._apply_visibility()
        self.viewport().update()

    @property
    def evidence(self) -> str:
        """What the heat map over the image is, or ``""``."""
        item = self._picture.evidence
        return item.words if item.isVisible() else ""

    def set_offered(self, curves: F32 | None, mask: U8 | None) -> None:
        """Show what is offered on this B-scan, dashed; None for nothing.

        Parameters
        ----------
        curves : float32 array ``[s, x]`` or None
            Rows as those of the annotation's surfaces, px from the top, NaN where nothing is.
        mask : uint8 array ``[z, x]`` or None
        """
        self._picture.show_offered(curves, mask)

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
        legend = (one, other) if compared is not None else ("", "")
        covered = alone and compared is not None
        if covered != self._covered:
            self._covered = covered
            self._picture.set_covered(covered)
            self._apply_visibility()
        if legend != self._legend:
            self._legend = legend
            self.viewport().update()

    @property
    def covered(self) -> bool:
        """Whether the work shown is hidden under a comparison."""
        return self._covered

    @property
    def legend(self) -> tuple[str, str]:
        """Whose the orange and the cyan curves are; empty for nobody's."""
        return self._legend

    def set_whose(self, words: str) -> None:
        """Say on the image whose work it is, where it is not the grader's own; empty if it is."""
        self._whose = words
        self.viewport().update()

    def set_surface_visible(self, row: int, visible: bool) -> None:
        """Show or hide the surface in `row` of the annotation."""
        self._picture.set_surface_visible(row, visible)

    def set_surfaces_visible(self, visible: bool) -> None:
        """Show or hide all surfaces."""
        self._picture.set_surfaces_visible(visible)

    def set_active_surface(self, row: int) -> None:
        """Draw the surface in `row` of the annotation thicker than the others."""
        self._picture.set_active(row)

    def set_mask_visible(self, visible: bool) -> None:
        """Show or hide the mask overlay."""
        self._mask_wanted = visible
        self._apply_visibility()

    def set_mask_opacity(self, opacity: float) -> None:
        """Set how strongly the mask covers the image, 0..1."""
        self._picture.set_mask_opacity(opacity)

    def set_crosshair(self, z: float, x: float) -> None:
        """Put the crosshair at image point ``(z, x)`` px."""
        self._picture.crosshair.move_to(z, x, *self.image_size)

    def set_crosshair_visible(self, visible: bool) -> None:
        """Show or hide the crosshair."""
        self._crosshair_wanted = visible
        self._apply_visibility()

    def set_confidence_visible(self, visible: bool) -> None:
        """Say whether stretches that the engine is not sure of are dashed."""
        self._picture.set_unsure_shown(visible)
        if self._session is not None:
            self._picture.show_surfaces(self._session.annotation, self._b)

    def _apply_visibility(self) -> None:
        shown = self._session is not None and not self._problem
        own = shown and self._mask_wanted and not self._covered
        self._picture.mask.setVisible(own)
        self._picture.misplaced.setVisible(own)
        self._picture.crosshair.set_visible(shown and self._crosshair_wanted)
        evidence = self._picture.evidence
        evidence.setVisible(shown and bool(evidence.words) and evidence.b == self._b)
        imagined = self._picture.imagined
        here = imagined.overlay is not None and self._imagined_b == self._b
        visible = shown and here and self._imagined_wanted and imagined.opacity() > 0
        if visible != imagined.isVisible():
            imagined.setVisible(visible)
            self.viewport().update()  # the notice on it comes and goes with it

    def mm_per_px(self) -> tuple[float | None, float | None]:
        if self._session is None:
            return None, None
        spacing = self._session.scan.spacing
        return spacing.z.mm, spacing.x.mm

    def paint_overlays(self, painter: QPainter, view: QRectF, exposed: QRectF) -> None:
        session = self._session
        if session is None:
            self.paint_message(
                painter, view, "No scan is open", "Drop an OCT file here or press Ctrl+O"
            )
            return
        if self._problem:
            title = f"B-scan {self._b + 1} cannot be shown"
            text = f"{self._problem}\nThe other B-scans and your work are not affected."
            self.paint_message(painter, view, title, text)
        else:
            self.paint_scale_bars(painter, view, exposed)
        if self._badge_rect().intersects(exposed):
            self._paint_badges(painter, view)

    def _badge_rect(self) -> QRectF:
        width = float(self.viewport().width())
        lines = (3 if self.imagined is not None else 1) + (2 if any(self._legend) else 0)
        lines += 1 if self.evidence else 0
        return QRectF(0, 0, width, 16 + lines * (badge_rect(self.overlay_font(), "X").height() + 6))

    def _paint_badges(self, painter: QPainter, view: QRectF) -> None:
        assert self._session is not None
        scan = self._session.scan
        state = self._session.annotation.b_scan_state(self._b)
        style = STATE_STYLES[State(state)]
        font = self.overlay_font()
        place = f"B-scan {self._b + 1} / {scan.n_b_scans}"
        box = draw_badge(painter, QPointF(8, 8), place, font)
        text = f"{style.title} {style.glyph}".strip()
        state_box = draw_badge(painter, QPointF(box.right() + 6, 8), text, font, style.qcolor)
        if self._whose:
            draw_badge(painter, QPointF(state_box.right() + 6, 8), self._whose, font, OTHER)
        if scan.acquisition.simulated:
            size = badge_rect(font, "simulated")
            draw_badge(painter, QPointF(view.right() - 8 - size.width(), 8), "simulated", font)
        for whose, color in zip(self._legend, (ONE, OTHER), strict=True):
            if whose:
                box = draw_badge(painter, QPointF(8, box.bottom() + 6), whose, font, color)
        if self.evidence:
            place_of = QPointF(8, box.bottom() + 6)
            box = draw_legend(painter, place_of, self.evidence, view.width() - 16, font)
        overlay = self.imagined
        if overlay is not None:
            draw_notice(painter, QPointF(8, box.bottom() + 6), overlay, view.width() - 16, font)
