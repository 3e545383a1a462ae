"""BScanPicture: the scene items of one B-scan, each redrawn only where it changed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QGraphicsScene

from mirage_core.annotate import Annotation, BScanDraft
from mirage_core.annotate.tools.base import Rect
from mirage_core.annotate.whereabouts import violations
from mirage_core.scan import LabelScheme, surface_kind
from mirage_viewer.canvas.colors import LEAVING, MISPLACED
from mirage_viewer.canvas.comparison_layer import ComparisonLayer
from mirage_viewer.canvas.contrast import grey_table
from mirage_viewer.canvas.evidence_item import EvidenceItem
from mirage_viewer.canvas.guides import GuidesItem
from mirage_viewer.canvas.hatch_item import HatchItem
from mirage_viewer.canvas.imagined_item import ImaginedItem
from mirage_viewer.canvas.items import BrushRing, Crosshair, GreyItem, MaskItem
from mirage_viewer.canvas.surface_item import SurfaceItem
from mirage_viewer.canvas.surface_picture import SurfacePicture, offered_marks

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]

_OFFERED = QColor(255, 255, 255)
_OFFERED_OPACITY = 0.25
_Z_IMAGINED, _Z_EVIDENCE, _Z_MISPLACED = 0.5, 1.2, 1.5
_Z_OFFERED, _Z_LEAVING = 2.8, 2.9
_Z_MASK, _Z_SURFACES, _Z_CROSSHAIR, _Z_GUIDES, _Z_RING = 1.0, 2.0, 3.0, 4.0, 5.0


class BScanPicture(SurfacePicture):
    """Image, mask, surfaces, crosshair, guides and brush ring in one scene."""

    def __init__(self, scene: QGraphicsScene) -> None:
        super().__init__()
        self._scene = scene
        self.grey = GreyItem()
        self.imagined = ImaginedItem()
        self.evidence = EvidenceItem()
        self.mask = MaskItem()
        self.guides = GuidesItem()
        self.ring = BrushRing()
        self.crosshair = Crosshair(scene, _Z_CROSSHAIR)
        self.surfaces: list[SurfaceItem] = []
        self.offered: list[SurfaceItem] = []
        self.offered_mask = MaskItem()
        self.misplaced = HatchItem(MISPLACED)
        self.leaving = HatchItem(LEAVING)
        self.comparison = ComparisonLayer(scene)
        for item, z in (
            (self.grey, 0.0),
            (self.imagined, _Z_IMAGINED),
            (self.evidence, _Z_EVIDENCE),
            (self.mask, _Z_MASK),
            (self.misplaced, _Z_MISPLACED),
            (self.offered_mask, _Z_OFFERED),
            (self.leaving, _Z_LEAVING),
            (self.guides, _Z_GUIDES),
            (self.ring, _Z_RING),
        ):
            item.setZValue(z)
            scene.addItem(item)
        self.ring.setVisible(False)
        self._scheme: LabelScheme | None = None
        self._opacity = 0.35
        self._active: int | None = None

    def set_structures(self, names: tuple[str, ...], scheme: LabelScheme) -> None:
        """Make one item per surface of `names` and take the mask colours of `scheme`."""
        for item in (*self.surfaces, *self.offered):
            self._scene.removeItem(item)
        self.surfaces, self.offered = [], []
        for _ in names:
            item = SurfaceItem(_OFFERED)
            item.setZValue(_Z_OFFERED)
            self._scene.addItem(item)
            self.offered.append(item)
        for row, name in enumerate(names):
            item = SurfaceItem(QColor(*surface_kind(name).color))
            item.setZValue(_Z_SURFACES)
            self._scene.addItem(item)
            self.surfaces.append(item)
            item.set_active(row == self._active)
        self._apply_visibility()
        self._scheme = scheme
        self.mask.set_scheme(scheme, self._opacity)
        self.offered_mask.set_scheme(scheme, _OFFERED_OPACITY)
        self.comparison.set_scheme(scheme)

    def show_image(self, image: U8) -> None:
        """Show the grey values ``[z, x]`` of a B-scan."""
        self.grey.set_grey(image)
        for item in (*self.surfaces, *self.offered):
            item.set_bounds(*image.shape)

    def show_annotation(self, annotation: Annotation, b: int) -> None:
        """Show surfaces and masks of B-scan `b`."""
        self.show_surfaces(annotation, b)
        self.mask.set_labels(annotation.masks.labels[b])
        self.show_misplaced(annotation, b)

    def show_misplaced(self, annotation: Annotation, b: int) -> None:
        """Stripe the marks of B-scan `b` that lie where their class cannot be."""
        self.misplaced.set_marks(violations(annotation, b))

    def show_draft(self, draft: BScanDraft, dirty: Rect, annotation: Annotation) -> None:
        """Show a stroke in hand: the mask within `dirty`, and every surface that moved."""
        self.mask.update_labels(draft.mask, *dirty)
        self._show_drawn(draft, annotation)

    def _draw_curves(self, curves: F32, unsure: NDArray[np.bool_]) -> None:
        # Those that are as they were are not redrawn.
        for row, item in enumerate(self.surfaces):
            item.set_depths(curves[row], unsure[row])

    def show_offered(self, curves: F32 | None, mask: U8 | None) -> None:
        """Show surfaces ``[s, x]`` (px, NaN = none) and labels ``[z, x]`` that are offered.

        Dashed: nothing of it is in the annotation yet. Of the labels only those are shown that
        would change; what would be taken away is striped. None takes away what is shown.
        """
        for row, item in enumerate(self.offered):
            depths = curves[row] if curves is not None else np.full(1, np.nan, np.float32)
            item.set_depths(depths, np.ones(depths.shape, bool))
            item.setVisible(self._readable and curves is not None)
        shown = self._readable and mask is not None
        self.offered_mask.setVisible(shown)
        self.leaving.setVisible(shown)
        if mask is not None:
            changed, leaving = offered_marks(mask, self.mask.labels)
            self.offered_mask.set_labels(changed)
            self.leaving.set_marks(leaving)

    def set_contrast(self, low: int, high: int, gamma: float) -> None:
        """Map grey `low` to black and `high` to white."""
        table = grey_table(low, high, gamma)
        self.grey.set_table(table)
        self.imagined.set_table(table)

    def set_active(self, row: int | None) -> None:
        """Draw surface `row` thicker."""
        self._active = row
        for i, item in enumerate(self.surfaces):
            item.set_active(i == row)

    def set_mask_opacity(self, opacity: float) -> None:
        """Set how strongly the mask covers the image, 0..1."""
        self._opacity = min(max(opacity, 0.0), 1.0)
        if self._scheme is not None:
            self.mask.set_scheme(self._scheme, self._opacity)

    def set_readable(self, readable: bool) -> None:
        """Say whether the B-scan could be read; nothing is drawn over one that could not."""
        self._readable = readable
        if not readable:
            self.comparison.show(None)
        self.grey.setVisible(readable)
        self.guides.setVisible(readable)
        if not readable:
            self.ring.setVisible(False)
        self._apply_visibility()

    def _apply_visibility(self) -> None:
        for row, item in enumerate(self.surfaces):
            item.setVisible(self._is_seen(row))
