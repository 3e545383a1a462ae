"""NapariCanvas: a napari viewer as the canvas on which B-scans are looked at and corrected."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Qt, Signal
from qtpy.QtGui import QCursor
from qtpy.QtWidgets import QWidget

from mirage_core.annotate import BScanDraft, Session, ToolRunner
from mirage_core.annotate.tools.base import Guide, Point, Rect
from mirage_core.annotate.tools.brush import Brush
from mirage_viewer.canvas.key_hand import KeyHand
from mirage_viewer.canvas.links import Links
from mirage_viewer.canvas.tool_looks import cursor_of, drawn_color, takes_away
from napari_mirage.canvas.canvas_keys import CanvasKeys
from napari_mirage.canvas.pointer import Pointer
from napari_mirage.canvas.view import NapariView

if TYPE_CHECKING:
    from napari import Viewer

_IDLE = "pan_zoom"
"""The mode of a layer that leaves the mouse to the viewer."""
_PAINTING = ("paint", "erase", "fill", "polygon")


class NapariCanvas(NapariView):
    """Stands in for the app's ``BScanCanvas``: same methods, same signals, on napari's layers.

    Left button: the tool in hand; without one a click puts the crosshair and a drag pans, as
    ever in napari. With Ctrl a tool that can turns its stroke around. Double click and Enter
    finish a stroke of several clicks, Esc drops it. napari's own painting tools work on the
    masks' layer; who takes one of them puts ours away.

    Parameters
    ----------
    viewer : napari.Viewer
    parent : QObject or None

    Signals
    -------
    stepped(int)
        As of the app's canvas; here nobody asks for a step but by :attr:`b_picked`.
    crosshair_moved(float, float)
        The user put the crosshair at image point ``(z, x)`` px.
    pointer_moved(float, float)
        Image point ``(z, x)`` in px under the pointer.
    pointer_left()
        The pointer is no longer over the image.
    tool_dropped()
        A painting tool of napari's was taken: ours is to be put away.
    label_picked(int)
        Another label was chosen for napari's painting tools.
    """

    stepped = Signal(int)
    crosshair_moved = Signal(float, float)
    pointer_moved = Signal(float, float)
    pointer_left = Signal()
    tool_dropped = Signal()
    label_picked = Signal(int)

    def __init__(self, viewer: Viewer, parent: QObject | None = None) -> None:
        super().__init__(viewer, parent)
        self._runner: ToolRunner | None = None
        self._runner_links = Links(self)
        self._against = False
        self._class: int | None = None
        self._closed = False
        self.keys = KeyHand(self)
        self._canvas_keys = CanvasKeys(self._scene.widget, self)
        self._pointer = Pointer(viewer, self)
        self.noted.connect(self._badges.say)

    @property
    def runner(self) -> ToolRunner | None:
        """Who takes presses; None where nothing can be drawn."""
        return self._runner if not self._problem else None

    @property
    def note(self) -> str:
        """What the tool last could not do, or ``""``."""
        return self._badges.note

    def set_session(self, session: Session | None, runner: ToolRunner | None, b: int = 0) -> None:
        """Show `session`, B-scan `b` of it, and let `runner` have the pointer."""
        self._runner_links.clear()
        self._runner = runner
        self.keys.forget()
        self.keys.hide()
        self._badges.say("")
        self._picture.guides.set_guides(())
        if runner is not None:
            self._runner_links.connect(runner.drawn, self._on_drawn)
            self._runner_links.connect(runner.guides_changed, self._on_guides)
            self._runner_links.connect(runner.ended, self._on_ended)
            self._runner_links.connect(runner.noted, self._badges.say)
            self._runner_links.connect(runner.changed, self._on_tool)
        self.take_session(session, runner, b)
        self._on_tool()

    def show_b_scan(self, b: int) -> None:
        """Show B-scan `b`, or the nearest there is; a stroke in hand is finished first."""
        if self._runner is not None and self._session is not None:
            self._runner.go_to(min(max(b, 0), self._session.scan.n_b_scans - 1))
        self._badges.say("")
        super().show_b_scan(b)

    def shows(self, layer: object) -> bool:
        """Return whether `layer` is the image or the masks of the session."""
        keeper = self._layers.keeper
        ours = self._layers.image, keeper.layer if keeper is not None else None
        return layer is not None and any(layer is part for part in ours)

    def finish_stroke(self) -> None:
        """End the stroke in hand."""
        self.keys.lift()
        if self._runner is not None:
            self._runner.finish()

    def _take_masks(self) -> None:
        super()._take_masks()
        assert self._layers.keeper is not None
        events = self._layers.keeper.layer.events
        events.mode.connect(self._mode_changed)
        self._class = None
        self._choose_label()
        events.selected_label.connect(self._label_changed)

    # ------------------------------------------------------------------ strokes

    def _on_drawn(self, draft: BScanDraft, dirty: Rect) -> None:
        if self._session is None:
            return
        if self._layers.keeper is not None:
            self._layers.keeper.show_draft(draft, dirty)
        if draft.b == self._b:
            self._picture.show_draft(draft, self._session.annotation)

    def _on_guides(self, guides: tuple[Guide, ...]) -> None:
        self._picture.guides.set_guides(guides)
        for guide in guides:
            if guide.kind == "circle":
                z, x = guide.points[0]
                self._place_ring(float(z), float(x), guide.radius_px)

    def _on_ended(self, _edit: object) -> None:
        self.keys.forget()

    def _on_tool(self) -> None:
        """Another tool is in hand, or other options are."""
        keeper, runner = self._layers.keeper, self._runner
        if runner is not None and runner.tool is not None and keeper is not None:
            keeper.layer.mode = _IDLE
        self._choose_label()
        self.refresh_cursor()

    def _choose_label(self) -> None:
        """Let napari's tools paint the class that ours would."""
        keeper, runner = self._layers.keeper, self._runner
        if keeper is None or runner is None or runner.options.mask_class == self._class:
            return  # what was chosen in napari's controls stays
        self._class = runner.options.mask_class
        keeper.layer.selected_label = self._class

    def _label_changed(self, event: Any = None) -> None:
        keeper = self._layers.keeper
        if keeper is not None:
            self.label_picked.emit(int(keeper.layer.selected_label))

    def _mode_changed(self, event: Any) -> None:
        runner = self._runner
        if str(event.mode) in _PAINTING and runner is not None and runner.tool is not None:
            runner.take(None)
            self.tool_dropped.emit()

    # ------------------------------------------------------------------ mouse

    def point_of(self, event: Any) -> Point | None:
        """Return the image point under a mouse event of napari's; None where no image is."""
        image = self._layers.image
        if self._session is None or image is None or self._problem or not self._scene.flat:
            return None
        _, z, x = image.world_to_data(event.position)
        return Point(float(z), float(x))

    def left_to_napari(self) -> bool:
        """Return whether napari has a use for the left button itself."""
        active = self._viewer.layers.selection.active
        return self._canvas_keys.space_held or (active is not None and str(active.mode) != _IDLE)

    def mouse_used(self, at: Point, against: bool, *, pressed: bool = False) -> None:
        """The mouse went to `at`, or was pressed there; `against` with the key that turns."""
        self.turn(against)
        self.keys.hide()
        if pressed and self.runner is not None:
            self._round_brush(self.runner)
        self._follow_pointer(*at)

    def mouse_clicked(self, at: Point) -> None:
        """The left button was clicked at `at` with no tool in hand."""
        if self.contains(*at):
            self.keys.hide()
            self._move_crosshair(*at)

    def leave(self) -> None:
        """The mouse left."""
        if not self.keys.shown:
            self._picture.ring.hide()
            self.pointer_left.emit()

    def _follow_pointer(self, z: float, x: float) -> None:
        runner = self.runner
        if runner is not None and isinstance(runner.tool, Brush) and not self.left_to_napari():
            self._place_ring(z, x, runner.options.radius_px)
        else:
            self._picture.ring.hide()
        if self.contains(z, x):
            self.pointer_moved.emit(z, x)
        else:
            self.pointer_left.emit()

    def _move_crosshair(self, z: float, x: float) -> tuple[float, float]:
        height, width = self.image_size
        z, x = min(max(z, 0.0), height - 1.0), min(max(x, 0.0), width - 1.0)
        self.set_crosshair(z, x)
        self.crosshair_moved.emit(z, x)
        return z, x

    # ------------------------------------------------------------------ how it looks

    def turn(self, against: bool) -> None:
        """Note whether the key is held that turns a stroke around."""
        if against is not self._against:
            self._against = against
            self.refresh_cursor()

    def refresh_cursor(self) -> None:
        """Show what the pointer would do here."""
        runner = self.runner
        if runner is None or runner.tool is None:
            self._picture.ring.hide()
            self._picture.pointer.hide()
            self._scene.set_cursor(None)
            return
        self._scene.set_cursor(QCursor(self._tool_cursor(runner)))
        self._picture.ring.set_look(drawn_color(runner), takes_away(runner, self._against))
        if not isinstance(runner.tool, Brush):
            self._picture.ring.hide()
        elif self.keys.shown:
            self._place_ring(*self.crosshair, runner.options.radius_px)

    def _tool_cursor(self, runner: ToolRunner) -> QCursor | Qt.CursorShape:
        return cursor_of(runner, self._against, self._scene.widget.devicePixelRatioF())

    def _place_ring(self, z: float, x: float, radius_px: float) -> None:
        self._picture.ring.place(z, x, radius_px * self._brush_aspect(), radius_px)

    def _brush_aspect(self) -> float:
        """Rows per column of equal length on screen."""
        image = self._layers.image
        return float(image.scale[-1] / image.scale[-2]) if image is not None else 1.0

    def _round_brush(self, runner: ToolRunner) -> None:
        """Make a brush round on screen, whatever the aspect was when its options were made."""
        if runner.options.aspect != self._brush_aspect():
            runner.options = replace(runner.options, aspect=self._brush_aspect())

    # ------------------------------------------------------------------ keys

    def point_at(self, z: float, x: float) -> tuple[float, float]:
        """Put crosshair and pointer at image point ``(z, x)`` px, or the nearest there is."""
        z, x = self._move_crosshair(z, x)
        runner = self.runner
        if runner is not None and runner.tool is not None:
            self._picture.pointer.move_to(z, x)
        if runner is not None:
            self._round_brush(runner)
        self._follow_pointer(z, x)
        return z, x

    def stop_pointing(self) -> None:
        """Take the keys' pointer away."""
        self._picture.pointer.hide()
        self._picture.ring.hide()

    def place_badges(self) -> None:
        """The canvas has another size."""
        self._badges.place()

    def setFocus(self) -> None:
        """Give the keyboard to the image."""
        self._scene.widget.setFocus()

    def viewport(self) -> QWidget:
        """The widget that shows the image."""
        return self._scene.widget

    def close(self) -> None:
        """Take away what was brought, and listen no more; nothing of the user's is removed."""
        if self._closed:
            return
        self._closed = True
        self._runner_links.clear()
        self._runner = None
        self._pointer.close()
        with suppress(RuntimeError):  # Qt may have deleted napari's window before
            self._canvas_keys.close()
            self._scene.set_cursor(None)
        super().close()
