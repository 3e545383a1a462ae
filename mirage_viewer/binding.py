"""Ties the window's views to the desk: who tells whom. Nothing is decided here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer

from mirage_core.annotate import State
from mirage_viewer import hints, readout
from mirage_viewer.actions import Circumstances
from mirage_viewer.approving import approve_structure
from mirage_viewer.controller import Desk
from mirage_viewer.engines import GRAPH
from mirage_viewer.export_run import ExportChoice
from mirage_viewer.looking_back import look_back

if TYPE_CHECKING:
    from mirage_core.annotate import Change, Session, ToolRunner
    from mirage_viewer.engine_run import EngineRun
    from mirage_viewer.workbench import Workbench

_WORKLIST_AFTER_MS = 700
_HELD = "is held down  ·  Alt+arrows: draw  ·  Space or Enter: let go  ·  Esc: drop the stroke"
_EXPORTS = "MIRAGE exports"


class Binding:
    """The connections of one window; the window keeps it, signals hold it only weakly."""

    def __init__(self, window: Workbench, desk: Desk) -> None:
        self.w, self.d = window, desk
        self._point: tuple[float, float] | None = None
        self._shown: tuple[Session | None, ToolRunner | None] | None = None
        self._worklist_soon = QTimer(window)
        self._worklist_soon.setSingleShot(True)
        self._worklist_soon.setInterval(_WORKLIST_AFTER_MS)
        self._worklist_soon.timeout.connect(desk.projects.refresh_worklist)
        self._connect_desk()
        self._connect_views()
        self._connect_panels()
        self.scan_changed()
        self.conditions_changed()
        window.correct_panel.set_ordering(desk.settings.ordering)

    def _connect_desk(self) -> None:
        w, d = self.w, self.d
        d.scan_changed.connect(self.scan_changed)
        d.b_changed.connect(self.b_changed)
        d.crosshair_changed.connect(self.crosshair_changed)
        d.said.connect(self.w.show_message)
        d.hushed.connect(self.w.messages.hush)
        d.edited.connect(self.edited)
        d.conditions_changed.connect(self.conditions_changed)
        d.offers.changed.connect(self.show_offered)
        d.queue.ordered.connect(w.strip.set_queue)
        d.exports.progressed.connect(self.w.export_panel.show_progress)
        d.exports.folder_wanted.connect(self.w.show_folder)

    def _connect_views(self) -> None:
        w, d = self.w, self.d
        w.canvas.stepped.connect(d.step)
        w.canvas.crosshair_moved.connect(d.set_crosshair)
        w.canvas.pointer_moved.connect(self.pointer_moved)
        w.canvas.pointer_left.connect(self.pointer_left)
        w.canvas.keys.kept_changed.connect(self.kept_changed)
        w.canvas.contrast_changed.connect(w.view_bar.show_contrast)
        w.view_bar.contrast_picked.connect(w.canvas.set_contrast)
        w.slo.picked.connect(d.pick)
        w.strip.picked.connect(d.show_b_scan)
        w.strip.stepped.connect(d.step)
        w.start_page.recent_picked.connect(lambda path: d.opener.open_path(Path(path)))
        w.status.retry_requested.connect(d.saving.retry)

    def _connect_panels(self) -> None:
        w, d = self.w, self.d
        w.segment_panel.segment_requested.connect(
            lambda engine, whole, keep: d.segment(engine, whole=whole, keep_corrected=keep)
        )
        w.segment_panel.cancel_requested.connect(d.models.cancel)
        w.correct_panel.undo_requested.connect(d.undo)
        w.correct_panel.redo_requested.connect(d.redo)
        w.correct_panel.approve_requested.connect(d.approve)
        w.correct_panel.tool_changed.connect(self.tool_changed)
        w.correct_panel.surface_changed.connect(self.surface_changed)
        w.correct_panel.ordering_changed.connect(self.ordering_changed)
        w.correct_panel.lock_changed.connect(lambda on: w.qt_actions.check("masks.lock", on))
        layers = w.layers_panel
        layers.surface_shown.connect(w.canvas.set_surface_visible)
        layers.all_surfaces_shown.connect(self.surfaces_shown)
        layers.masks_shown.connect(self.masks_shown)
        layers.opacity_changed.connect(w.canvas.set_mask_opacity)
        layers.confidence_shown.connect(self.confidence_shown)
        layers.surface_picked.connect(w.correct_panel.choose_surface)
        layers.approval_asked.connect(lambda name, what: approve_structure(d, name, what))
        w.export_panel.folder.setText(d.settings.export_folder or str(Path.home() / _EXPORTS))
        w.export_panel.export_requested.connect(self.export)
        w.export_panel.cancel_requested.connect(d.exports.cancel)
        w.history_panel.b_scan_picked.connect(d.show_b_scan)
        w.history_panel.moment_picked.connect(lambda n, b, what: look_back(d, n, b, what))
        w.worklist_panel.scan_picked.connect(d.opener.open_record)
        w.worklist_panel.all_requested.connect(lambda: w.pages.show_worklist(True))
        w.pages.worklist_shown.connect(self.worklist_shown)
        d.worklist.folders.changed.connect(self._show_saved)
        for key in (
            "view.surfaces",
            "view.masks",
            "view.confidence",
            "view.doubt",
            "view.crosshair",
        ):
            w.qt_actions.check(key, True)
        w.canvas.set_mask_opacity(layers.opacity.value() / 100)

    # ------------------------------------------------------------------ from the desk

    def scan_changed(self) -> None:
        """Show what is open now."""
        w, d = self.w, self.d
        opened, session, runner = d.open_scan, d.session, d.runner
        w.pages.show_session(session)
        consensus = opened is not None and opened.consensus
        title = f"{opened.scan.title} – " if opened is not None else ""
        title = f"Consensus: {title}" if consensus else title
        w.setWindowTitle(f"{title}MIRAGE Viewer")
        if (session, runner) != self._shown:
            same_scan = self._shown is not None and session is self._shown[0]
            self._shown = (session, runner)
            w.canvas.set_session(session, runner, d.b)
            if not same_scan:
                w.slo.set_session(session)
                w.strip.set_session(session)
                # What was clicked to open it may be gone: the keys belong to the image now.
                w.canvas.setFocus()
            for panel in (w.layers_panel, w.export_panel, w.history_panel):
                panel.set_session(session, runner)
        else:
            w.canvas.refresh_spacing()
        w.canvas.set_whose("consensus" if consensus else "")
        w.correct_panel.set_session(session, runner)
        if session is not None:
            self.surface_changed(w.correct_panel.surface.currentIndex())
            self.b_changed(d.b)
            self._tell_spacing()
        w.show_recent()
        record = opened.record if opened is not None else None
        w.worklist_panel.set_current(record.id if record is not None else "")
        self._show_hint()
        w.status.show_device(opened.scan.acquisition.device if opened is not None else "")
        self.pointer_left()

    def _tell_spacing(self) -> None:
        assert self.d.session is not None
        if {"z", "x"} & set(self.d.session.scan.spacing.unknown_axes()):
            if self.d.editable:
                self.w.tell_spacing_unknown()
        else:
            self.w.messages.hush("spacing")

    def b_changed(self, b: int) -> None:
        """Show B-scan `b` everywhere."""
        w, d = self.w, self.d
        assert d.session is not None
        w.canvas.show_b_scan(b)
        d.offers.follow()
        self.show_offered()
        w.strip.set_current(b)
        w.slo.set_current(b, d.crosshair[1])
        w.view_bar.show_place(b, d.session.scan.n_b_scans)
        w.layers_panel.show_b_scan(b)
        self._show_point()

    def crosshair_changed(self, z: float, x: float) -> None:
        """Show the shared point in both views."""
        self.w.canvas.set_crosshair(z, x)
        self.w.slo.set_current(self.d.b, x)

    def edited(self, change: Change) -> None:
        """Bring the panels up to date."""
        self.w.on_edited(change)
        self.show_offered()
        if not self._worklist_soon.isActive():  # while edits follow one another, it keeps up
            self._worklist_soon.start()
        self._show_point()

    def show_offered(self) -> None:
        """Lay what is offered on this B-scan over it, and tick all that it would change."""
        self.w.strip.set_offered(self.d.offers.b_scans)
        offered = self.d.offers.on(self.d.b)
        if offered is None:
            self.w.canvas.set_offered(None, None)
        else:
            self.w.canvas.set_offered(offered.curves, offered.mask)

    def conditions_changed(self) -> None:
        """Show what can be done and what is being done."""
        w, d = self.w, self.d
        now = d.circumstances
        if w.pages.on_worklist:  # what is not seen must not be changed
            now = Circumstances(running=now.running, unsaved=now.unsaved)
        w.qt_actions.update(now)
        w.correct_panel.set_can(undo=now.undo, redo=now.redo)
        run = d.models.run
        if run is not None:
            progress = run.progress
            w.segment_panel.show_running(
                progress.fraction if progress is not None else 0.0,
                progress.left_s if progress is not None else None,
                cancelling=run.cancelling,
                where=self._where(run),
                loading="Starting…" if run.engine == GRAPH else "Loading the model…",
            )
        else:
            w.segment_panel.show_idle(ready=now.ready)
        self._show_saved()

    def _where(self, run: EngineRun) -> str:
        """Say what runs, unless it is what everyone expects: this scan's segmentation."""
        if run is not self.d.segmentation:
            return f"{run.noun}: "
        return "" if run.target is self.d.open_scan else "Another scan: "

    def _show_saved(self) -> None:
        d = self.d
        if d.opener.busy:
            self.w.status.show_saved("", note=d.opener.busy)
        elif d.session is not None and d.session.unsaved:
            self.w.status.show_saved(d.session.save_problem or "Edits wait to be written.")
        elif d.worklist.folders.running:
            self.w.status.show_saved("", note=d.worklist.folders.words)
        elif d.session is None:
            self.w.status.show_saved(None)
        elif d.open_scan is not None and d.open_scan.read_only:
            self.w.status.show_saved("", note="Read only")
        elif d.open_scan is not None and d.open_scan.project is None:
            self.w.status.show_saved("", note="Not in a project")
        elif d.opener.importing is not None:
            self.w.status.show_saved(
                "", note=f"All changes saved; copying scan {d.opener.importing:.0%}"
            )
        else:
            self.w.status.show_saved("")

    def worklist_shown(self, on: bool) -> None:
        """The worklist took the place of the image, or gave it back."""
        self.w.qt_actions.check("file.worklist", on)
        self.conditions_changed()
        self._show_hint()
        if on:
            self.w.worklist.page.appear(self.w.worklist.current_id)
        else:
            self.w.canvas.setFocus()

    # ------------------------------------------------------------------ from the views

    def export(self, name: str, states: frozenset[State], folder: Path) -> None:
        """Export, and remember where to."""
        self.d.settings.export_folder = str(folder)
        self.d.settings.save()
        self.d.export(ExportChoice(name, states, folder))

    def pointer_moved(self, z: float, x: float) -> None:
        """Tell what is under the pointer."""
        self._point = (z, x)
        self._show_point()

    def pointer_left(self) -> None:
        """Nothing is under the pointer."""
        self._point = None
        self._show_point()

    def _show_point(self) -> None:
        session = self.d.session
        if self._point is None or session is None:
            self.w.status.show_point("", "", "")
            return
        z, x = self._point
        self.w.status.show_point(
            readout.position_px(self.d.b, z, x),
            readout.position_um(z, x, session.scan.spacing),
            readout.structure_at(session.annotation, self.d.b, z, x),
        )

    def tool_changed(self, name: str) -> None:
        """Show the tool in hand and how it is used."""
        for key in self.w.correct_panel.tools:
            self.w.qt_actions.check(f"tool.{key or 'none'}", key == name)
        self._show_hint()
        self.w.canvas.refresh_cursor()

    def _show_hint(self) -> None:
        tool = self.d.runner.tool if self.d.runner is not None else None
        if self.w.pages.on_worklist:
            self.w.status.show_hint(hints.WORKLIST)
            return
        idle = self.w.navigate_hint if self.d.session is not None else ""
        if tool is not None and self.w.canvas.keys.kept:
            self.w.status.show_hint(f"{tool.title} {_HELD}")
            return
        self.w.status.show_hint(hints.hint_of(tool) if tool is not None else idle)

    def kept_changed(self, _kept: bool) -> None:
        """Say that the tool stays down without a key, and how it is let go."""
        self._show_hint()

    def surface_changed(self, row: int) -> None:
        """Mark the surface that is drawn."""
        if row >= 0:
            self.w.canvas.set_active_surface(row)
            self.w.layers_panel.choose_surface(row)

    def ordering_changed(self, policy: str) -> None:
        """Remember what gives way when surfaces meet."""
        if policy != self.d.settings.ordering:
            self.d.settings.ordering = policy
            self.d.settings.save()

    def surfaces_shown(self, on: bool) -> None:
        """Show or hide the surfaces."""
        self.w.qt_actions.check("view.surfaces", on)
        self.w.qt_actions.check("view.clean", False)
        self.w.canvas.set_surfaces_visible(on)

    def masks_shown(self, on: bool) -> None:
        """Show or hide the masks."""
        self.w.qt_actions.check("view.masks", on)
        self.w.qt_actions.check("view.clean", False)
        self.w.canvas.set_mask_visible(on)

    def confidence_shown(self, on: bool) -> None:
        """Mark where the engine was unsure, or not."""
        self.w.qt_actions.check("view.confidence", on)
        self.w.canvas.set_confidence_visible(on)
