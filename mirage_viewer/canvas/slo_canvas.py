"""SloCanvas: the fundus with every B-scan's position; a click goes there."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QPointF, QRectF, Qt, QTimer, Signal
from qtpy.QtGui import QMouseEvent, QPainter, QPainterPath
from qtpy.QtWidgets import QWidget

from mirage_core.annotate import Change, Session, Target
from mirage_core.annotate.doubt import doubt_map
from mirage_core.scan import Laterality, LinePosition
from mirage_core.scan.fundus_map import FundusMap
from mirage_viewer.canvas.background import Background
from mirage_viewer.canvas.contrast import grey_table
from mirage_viewer.canvas.doubt_item import SEEN_FROM, DoubtItem
from mirage_viewer.canvas.en_face import EnFace, can_project, project, row_aspect
from mirage_viewer.canvas.fundus_figures import FundusGrid, HeatMap
from mirage_viewer.canvas.fundus_layer import FundusLayer
from mirage_viewer.canvas.image_view import ImageView
from mirage_viewer.canvas.imagined_item import ImaginedItem, Overlay, draw_notice
from mirage_viewer.canvas.items import GreyItem
from mirage_viewer.canvas.links import Links
from mirage_viewer.canvas.slo_items import (
    CurrentLineItem,
    LinesItem,
    PointItem,
    line_path,
    sample_count,
)
from mirage_viewer.guard import guarded

_DOUBT_AFTER_MS = 60
"""Strokes follow one another faster than a map needs to."""
_EYES = {Laterality.OD: "OD · right eye", Laterality.OS: "OS · left eye"}


@guarded
class SloCanvas(ImageView):
    """The SLO, or an en-face projection of the scan when it has none.

    Left click or drag picks a place, wheel zooms, middle button or Space and drag pans. A drag
    from the middle of the grid moves the fovea.

    Signals
    -------
    picked(int, int)
        B-scan and column nearest to where the user clicked.
    fovea_dragged(float, float, bool)
        Where the user has it now, x and y in mm on the fundus; True once it is let go.
    """

    picked = Signal(int, int)
    fovea_dragged = Signal(float, float, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session: Session | None = None
        self._links = Links(self)
        self._en_face: EnFace | None = None
        self._message = ""
        self._b = 0
        self._x = 0.0
        self._picking = False
        self._over_fovea = False
        self._grey = GreyItem()
        self._grey.set_table(grey_table(0, 255))
        self._imagined = ImaginedItem()
        self._imagined_b = -1
        self._imagined_wanted = True
        self._doubt = DoubtItem()
        self._doubt_wanted = True
        self._doubt_soon = QTimer(self)
        self._doubt_soon.setSingleShot(True)
        self._doubt_soon.setInterval(_DOUBT_AFTER_MS)
        self._doubt_soon.timeout.connect(self._show_doubt)
        self._fundus: FundusMap | None = None
        self.measured = FundusLayer(self.to_view, self.to_image)
        self._lines = LinesItem()
        self._current = CurrentLineItem()
        self._point = PointItem()
        pictures = self._grey, self._doubt, self.measured.item, self._imagined
        for z, item in enumerate((*pictures, self._lines, self._current, self._point)):
            item.setZValue(z)
            item.setVisible(False)
            self.scene().addItem(item)
        self._background = Background(self)
        self._background.done.connect(self._on_made)

    @property
    def current(self) -> tuple[int, float]:
        """B-scan and column that are marked."""
        return self._b, self._x

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know of the positions shown."""
        if self._session is None:
            return ()
        geometry = self._session.scan.geometry
        notes = []
        if self._en_face is not None:
            notes.append("en-face projection")
            if not self._en_face.orientation_known:
                notes.append("orientation unknown, shown as stored")
        elif self._session.scan.slo is not None and not geometry.positions:
            notes.append("B-scan positions unknown")
        if self._en_face is None and geometry.positions_assumed:
            notes.append("positions assumed")
        if self._doubt.isVisible():
            notes.append("orange: engine unsure")
        return tuple(notes)

    def set_session(self, session: Session | None) -> None:
        """Show where the B-scans of `session` lie."""
        self._links.clear()
        self._background.clear()
        self._session, self._en_face, self._message = session, None, ""
        self._b, self._x, self._picking = 0, 0.0, False
        self._fitted = True
        self._fundus = None
        self._doubt_soon.stop()
        for item in (self._grey, self._doubt, self._lines, self._current, self._point):
            item.setVisible(False)
        self.set_imagined(-1, None)
        self.measured.clear()
        self._lines.set_lines([])
        self.set_image_size(0, 0, 1.0)
        if session is not None:
            self._links.connect(session.changed, self._on_changed)
            self._begin(session)
        self.viewport().update()

    def set_current(self, b: int, x: float) -> None:
        """Mark B-scan `b` and column `x` (px)."""
        self._b, self._x = b, x
        self._show_imagined()
        if self._session is None:
            return
        self._current.set_line(self._line(b))
        place = self._place(b, x)
        self._current.setVisible(place is not None)
        self._point.setVisible(place is not None)
        if place is not None:
            row, col = place
            self._point.setPos(col + 0.5, row + 0.5)

    def set_imagined(self, b: int, overlay: Overlay | None) -> None:
        """Lay what a model imagined from B-scan `b` over the SLO; seen while `b` is current."""
        self._imagined_b = b
        self._imagined.set_overlay(overlay)
        self._show_imagined()
        self.viewport().update()

    def set_imagined_opacity(self, opacity: float) -> None:
        """Set how strongly what was imagined covers the image, 0..1."""
        self._imagined.setOpacity(opacity)
        self._show_imagined()

    def set_imagined_visible(self, visible: bool) -> None:
        """Show or hide what was imagined."""
        self._imagined_wanted = visible
        self._show_imagined()

    def set_doubt_visible(self, visible: bool) -> None:
        """Show or hide where the engine was unsure."""
        self._doubt_wanted = visible
        self._show_doubt()

    @property
    def doubt_shown(self) -> bool:
        """True while the map of doubt is seen."""
        return self._doubt.isVisible()

    def _show_doubt(self) -> None:
        """Lay the map of doubt over the picture, if it is wanted and there is one."""
        picture = self._grey.boundingRect()
        session = self._session
        seen = self._grey.isVisible() and not picture.isEmpty()
        # Its orange would change the colours of a map.
        there = session is not None and seen and not self.measured.map_shown
        doubt = doubt_map(session.annotation) if there and self._doubt_wanted else None
        if doubt is None or not (doubt > SEEN_FROM).any():
            self._doubt.setVisible(False)
        elif self._en_face is not None:
            self._doubt.set_map(doubt[::-1] if self._en_face.flipped else doubt, picture)
            self._doubt.setVisible(True)
        elif session is not None and session.scan.geometry.positions:
            if self._fundus is not None:
                self._doubt.set_map(self._fundus.painted(doubt), picture)
            else:
                geometry = session.scan.geometry
                size = int(picture.height()), int(picture.width())
                self._background.submit(None, lambda: FundusMap(geometry, size))
            self._doubt.setVisible(self._fundus is not None)
        self.viewport().update()

    def set_heat(self, heat: HeatMap | None) -> None:
        """Lay a map over the picture, or none."""
        self.measured.set_heat(heat)
        self._show_measured()

    def set_grid(self, grid: FundusGrid | None) -> None:
        """Lay the grid about the fovea over the picture, or none."""
        self.measured.set_grid(grid)
        self._point.setOpacity(0.45 if grid is not None else 1.0)  # figures lie under it
        self.viewport().update()

    def set_heat_look(self, colors: str, opacity: float) -> None:
        """Draw the map in the colours called so, 0..1 opaque."""
        self.measured.set_look(colors, opacity)
        self.viewport().update()

    def set_measured_visible(self, visible: bool) -> None:
        """Show or hide map and grid."""
        self.measured.set_visible(visible)
        self._show_measured()

    def _show_measured(self) -> None:
        # Many lines would hide the map.
        self._lines.setOpacity(0.25 if self.measured.map_shown else 1.0)
        self._show_doubt()

    @property
    def imagined(self) -> Overlay | None:
        """What is seen over the SLO that a model imagined, or None."""
        return self._imagined.overlay if self._imagined.isVisible() else None

    def _show_imagined(self) -> None:
        there = self._session is not None and self._imagined.overlay is not None
        here = there and self._en_face is None and self._imagined_b == self._b
        shown = here and self._imagined_wanted and self._imagined.opacity() > 0
        if shown != self._imagined.isVisible():
            self._imagined.setVisible(shown)
            self.viewport().update()

    def _begin(self, session: Session) -> None:
        scan = session.scan
        if scan.slo is not None:
            self._show_picture(scan.slo, 1.0)
        elif can_project(scan):
            self._message = "Making an en-face picture …"
            self._background.submit(None, lambda: project(scan))
        else:
            self._message = "This scan has no fundus image."

    def _on_made(self, _key: object, made: object) -> None:
        if isinstance(made, FundusMap):
            self._fundus = made
            self._show_doubt()
            return
        if self._session is None or not isinstance(made, EnFace):
            return
        self._en_face, self._message = made, ""
        self._show_picture(made.image, row_aspect(self._session.scan))

    def _show_picture(self, image: np.ndarray, aspect: float) -> None:
        assert self._session is not None
        self._grey.set_grey(np.ascontiguousarray(image))
        self._grey.setVisible(True)
        n = self._session.scan.n_b_scans
        # On a projection every row is a B-scan: lines on all of them would hide it.
        lines = [] if self._en_face is not None else [self._line(b) for b in range(n)]
        self._lines.set_lines([line for line in lines if not line.isEmpty()])
        self._lines.setVisible(True)
        self._show_states()
        self.measured.place(self._grey.boundingRect())
        self._show_measured()
        self.set_image_size(*image.shape, aspect)
        self.set_current(self._b, self._x)
        self.viewport().update()

    def _show_states(self) -> None:
        if self._session is not None and self._en_face is None:
            states = self._session.annotation.b_scan_states()
            self._lines.set_states(states if self._session.scan.geometry.positions else ())

    def _line(self, b: int) -> QPainterPath:
        assert self._session is not None
        scan = self._session.scan
        if self._en_face is not None:
            row = float(self._en_face.row_of(b))
            return line_path(np.array([[row, -0.5], [row, scan.shape[2] - 0.5]]))
        if scan.slo is None or not 0 <= b < len(scan.geometry.positions):
            return QPainterPath()
        position = scan.geometry.positions[b]
        straight = isinstance(position, LinePosition)
        return line_path(position.points(sample_count(straight)))

    def _place(self, b: int, x: float) -> tuple[float, float] | None:
        """Return where column `x` of B-scan `b` lies, ``(row, col)`` px of the picture."""
        assert self._session is not None
        scan = self._session.scan
        if self._en_face is not None:
            return float(self._en_face.row_of(b)), x
        return scan.geometry.slo_point(b, x, scan.shape[2]) if scan.slo is not None else None

    def _nearest(self, row: float, col: float) -> tuple[int, int] | None:
        """Return the B-scan and column nearest to ``(row, col)`` px of the picture."""
        assert self._session is not None
        scan = self._session.scan
        n, _, width = scan.shape
        if self._en_face is not None:
            inside = min(max(round(row), 0), n - 1), min(max(round(col), 0), width - 1)
            return self._en_face.row_of(inside[0]), inside[1]
        return scan.geometry.nearest(row, col, width) if scan.slo is not None else None

    def _on_changed(self, change: Change) -> None:
        if Target.STATES in change.targets:
            self._show_states()
        if Target.CONFIDENCE in change.targets and not self._doubt_soon.isActive():
            self._doubt_soon.start()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()
        if self.panning or self.begin_pan(event) or event.button() != Qt.LeftButton:
            return
        if self.measured.press(event.position()):
            self.refresh_cursor()
            return
        self._picking = True
        self._pick(event.position())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        event.accept()
        if self.go_on_panning(event):
            return
        if self.measured.held:
            place = self.measured.drag(event.position())
            if place is not None:
                self.viewport().update()
                self.fovea_dragged.emit(float(place[0]), float(place[1]), False)
        elif self._picking:
            self._pick(event.position())
        else:
            self._over_fovea = self.measured.over_fovea(event.position())
            self.refresh_cursor()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()
        if self.end_pan(event.button()) or event.button() != Qt.LeftButton:
            return
        self._picking = False
        if self.measured.held:
            place = self.measured.release()
            if place is None:
                self._pick(event.position())  # a click: go there
            else:
                self.fovea_dragged.emit(float(place[0]), float(place[1]), True)
            self.refresh_cursor()
            self.viewport().update()

    def _pick(self, position: QPointF) -> None:
        if self._session is None or not self.image_size[0]:
            return
        nearest = self._nearest(*self.to_image(position))
        if nearest is not None:
            self.picked.emit(*nearest)

    def idle_cursor(self) -> Qt.CursorShape:
        if self.measured.held or self._over_fovea:
            return Qt.SizeAllCursor
        return Qt.PointingHandCursor if self._session is not None else Qt.ArrowCursor

    def mm_per_px(self) -> tuple[float | None, float | None]:
        if self._session is None:
            return None, None
        scan = self._session.scan
        if self._en_face is not None:
            return scan.spacing.b.mm, scan.spacing.x.mm
        return scan.geometry.slo_mm_per_px or (None, None)

    def paint_overlays(self, painter: QPainter, view: QRectF, exposed: QRectF) -> None:
        if self._session is None:
            self.paint_message(painter, view, "Fundus", "The SLO image appears here.")
            return
        if self._message:
            self.paint_message(painter, view, "", self._message)
            return
        super().paint_overlays(painter, view, exposed)
        eye = _EYES.get(self._session.scan.laterality)
        at = QPointF(10, 8)
        for text in (*((eye,) if eye else ()), *self.notes):
            at = QPointF(10, self.paint_note(painter, at, text).bottom() + 1)
        self.measured.paint(painter, view, self.overlay_font)
        overlay = self.imagined
        if overlay is not None:
            place = QPointF(8, at.y() + 3)
            draw_notice(painter, place, overlay, view.width() - 16, self.overlay_font())
