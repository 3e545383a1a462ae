"""Picture: all that is drawn over napari's layers of one B-scan, each part only when it changed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate import Annotation, BScanDraft
from mirage_core.annotate.draft import bounding_box
from mirage_core.annotate.whereabouts import violations
from mirage_core.scan import LabelScheme, surface_kind
from mirage_viewer.canvas.colors import LEAVING, MISPLACED
from mirage_viewer.canvas.evidence_item import EvidenceItem
from mirage_viewer.canvas.hatch_item import HatchItem
from mirage_viewer.canvas.imagined_item import ImaginedItem
from mirage_viewer.canvas.items import MaskItem
from mirage_viewer.canvas.surface_picture import SurfacePicture, offered_marks
from napari_mirage.canvas.comparison import ComparisonMarks
from napari_mirage.canvas.curve_lines import CurveLines
from napari_mirage.canvas.marks import CrosshairMark, GuideMarks, PointerMark, RingMark
from napari_mirage.canvas.rasters import Raster
from napari_mirage.canvas.scene import Scene

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]

_OFFERED = (255, 255, 255)
_OFFERED_OPACITY = 0.25
_IMAGINED, _EVIDENCE, _MISPLACED, _COMPARED, _SURFACES = 0, 2, 4, 6, 20
_COMPARED_CURVES, _OFFERED_MASK, _LEAVING, _OFFERED_CURVES = 24, 30, 31, 32
_CROSSHAIR, _GUIDES, _RING, _POINTER = 40, 50, 60, 70


class Picture(SurfacePicture):
    """Surfaces, what is offered, compared or imagined, crosshair, guides and brush ring.

    The B-scan and its masks themselves are napari's layers.
    """

    def __init__(self, scene: Scene) -> None:
        super().__init__()
        self._scene = scene
        root = scene.root
        self.imagined = Raster(root, _IMAGINED, ImaginedItem(), smooth=True)
        self.evidence = Raster(root, _EVIDENCE, EvidenceItem(), smooth=True)
        self.misplaced = Raster(root, _MISPLACED, HatchItem(MISPLACED))
        self.comparison = ComparisonMarks(root, _COMPARED, _COMPARED_CURVES)
        self.surfaces = CurveLines(root, _SURFACES)
        self.offered_mask = Raster(root, _OFFERED_MASK, MaskItem())
        self.leaving = Raster(root, _LEAVING, HatchItem(LEAVING))
        self.offered = CurveLines(root, _OFFERED_CURVES)
        self.crosshair = CrosshairMark(root, _CROSSHAIR)
        self.guides = GuideMarks(root, _GUIDES)
        self.ring = RingMark(root, _RING)
        self.pointer = PointerMark(root, _POINTER)
        self._marks_shown = True
        self._misplaced_at: tuple[int, int] | None = None

    def set_structures(self, names: tuple[str, ...], scheme: LabelScheme) -> None:
        """Make one curve per surface of `names` and take the mask colours of `scheme`."""
        self.surfaces.set_colors([surface_kind(name).color for name in names])
        self.offered.set_colors([_OFFERED] * len(names))
        self.offered_mask.item.set_scheme(scheme, _OFFERED_OPACITY)
        self.comparison.set_scheme(scheme)
        self._apply_visibility()

    def show_draft(self, draft: BScanDraft, annotation: Annotation) -> None:
        """Show the surfaces of a stroke in hand."""
        self._show_drawn(draft, annotation)

    def _draw_curves(self, curves: F32, unsure: Bool) -> None:
        self.surfaces.set_curves(curves.copy(), unsure)

    def show_misplaced(self, annotation: Annotation, b: int) -> None:
        """Stripe the marks of B-scan `b` that lie where their class cannot be."""
        marks = violations(annotation, b)
        box = bounding_box(marks)
        # Only the box around them: a picture of the whole B-scan would cost every step.
        self._misplaced_at = (box[0].start, box[1].start) if box is not None else None
        if box is not None:
            self.misplaced.item.set_marks(marks[box])
        self._apply_misplaced()

    def show_offered(self, curves: F32 | None, mask: U8 | None, now: U8) -> None:
        """Show surfaces ``[s, x]`` (px, NaN = none) and labels ``[z, x]`` that are offered.

        Dashed: nothing of it is in the annotation yet. Of the labels only those are shown that
        differ from `now`; what would be taken away is striped. None takes away what is shown.
        """
        if curves is None:
            curves = np.full((len(self.offered.shown), 1), np.nan, np.float32)
        self.offered.set_curves(curves, np.ones(curves.shape, bool))
        self.offered.set_shown(np.full(len(curves), self._readable))
        shown = self._readable and mask is not None
        if mask is not None:
            changed, leaving = offered_marks(mask, now)
            self.offered_mask.item.set_labels(changed)
            self.leaving.item.set_marks(leaving)
        self.offered_mask.show(shown)
        self.leaving.show(shown)

    def set_readable(self, readable: bool) -> None:
        """Say whether the B-scan could be read; nothing is drawn over one that could not."""
        if readable == self._readable:
            return
        self._readable = readable
        if not readable:
            self.comparison.show(None)
            self.guides.set_guides(())
            self.ring.hide()
        self._apply_visibility()

    def set_marks_shown(self, shown: bool) -> None:
        """Say whether the masks are shown, and with them the stripes on them."""
        if shown != self._marks_shown:
            self._marks_shown = shown
            self._apply_misplaced()

    def _apply_misplaced(self) -> None:
        at = self._misplaced_at
        self.misplaced.show(self._marks_shown and at is not None, at or (0, 0))

    def _apply_visibility(self) -> None:
        rows = range(len(self.surfaces.shown))
        self.surfaces.set_shown(np.array([self._is_seen(row) for row in rows], bool))
