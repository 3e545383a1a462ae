"""Commands: what every action of the registry does, one method each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QFileDialog, QInputDialog, QLineEdit

from mirage_core.annotate import MASKS
from mirage_core.places import data_dir
from mirage_viewer.approving import approve_structure, is_seen
from mirage_viewer.canvas import AspectMode
from mirage_viewer.controller import Desk
from mirage_viewer.dialogs import ShortcutSheet, SpacingDialog, show_about
from mirage_viewer.grader_commands import GraderCommands
from mirage_viewer.labelling.commands import LabelCommands
from mirage_viewer.measuring.commands import MeasureCommands
from mirage_viewer.offer_commands import OfferCommands
from mirage_viewer.pointer_commands import PointerCommands
from mirage_viewer.teach_window.commands import TeachCommands

if TYPE_CHECKING:
    from mirage_viewer.workbench import Workbench

_ZOOM_STEP = 1.25


class Commands(
    GraderCommands, LabelCommands, MeasureCommands, OfferCommands, PointerCommands, TeachCommands
):
    """Methods named by ``Action.calls``.

    Parameters
    ----------
    window : Workbench
    desk : Desk
    """

    def __init__(self, window: Workbench, desk: Desk) -> None:
        self._window = window
        self._desk = desk

    # ------------------------------------------------------------------ file

    def open_file(self) -> None:
        """Ask for a scan file and open it."""
        from mirage_core.io import supported_suffixes

        patterns = " ".join(f"*{s} *{s.upper()}" for s in supported_suffixes())
        chosen, _ = QFileDialog.getOpenFileName(
            self._window,
            "Open scan",
            self._last_folder(),
            f"OCT scans ({patterns});;All files (*)",
        )
        if chosen:
            self._desk.opener.open_path(Path(chosen))

    def open_folder(self) -> None:
        """Ask for a folder of images and open it."""
        chosen = QFileDialog.getExistingDirectory(
            self._window, "Open a folder of B-scans", self._last_folder()
        )
        if chosen:
            self._desk.opener.open_path(Path(chosen))

    def _last_folder(self) -> str:
        recent = self._desk.settings.recent
        return str(Path(recent[0]).parent) if recent else str(Path.home())

    def open_demo(self) -> None:
        """Open the built-in eye."""
        self._desk.opener.open_demo()

    def show_worklist(self, on: bool) -> None:
        """Show the worklist, or the image."""
        self._window.pages.show_worklist(on)

    def import_folder(self) -> None:
        """Ask for a folder and import the scans under it."""
        self._window.worklist.ask_for_folder()

    def open_project(self) -> None:
        """Ask for a project folder, open or create it."""
        chosen = QFileDialog.getExistingDirectory(
            self._window,
            "Open a project folder, or choose an empty folder for a new one",
            str(self._desk.projects.folder.parent),
        )
        if chosen:
            self._desk.use_project(Path(chosen))

    def default_project(self) -> None:
        """Use the default project."""
        self._desk.use_project(data_dir() / "project")

    def retry_saving(self) -> None:
        """Write what waits."""
        self._desk.saving.retry()

    def save_copy(self) -> None:
        """Ask for a folder and write this scan's work into a project there."""
        self._window.save_copy()

    def show_export(self) -> None:
        """Bring the export panel to the front."""
        self._window.show_tab(self._window.export_panel)

    def close_scan(self) -> None:
        """Close the scan."""
        self._desk.opener.close_scan()

    def quit(self) -> None:
        """Close the window."""
        self._window.close()

    # ------------------------------------------------------------------ edit

    def undo(self) -> None:
        """Undo."""
        self._desk.undo()

    def redo(self) -> None:
        """Redo."""
        self._desk.redo()

    def approve(self) -> None:
        """Approve the B-scan and step on."""
        if is_seen(self._window):
            self._desk.approve()

    def approve_all(self) -> None:
        """Approve all segmented B-scans."""
        if is_seen(self._window):
            self._desk.approve_all()

    def unapprove(self) -> None:
        """Withdraw the approval of this B-scan."""
        self._desk.unapprove()

    def approve_structure(self, which: str) -> None:
        """Approve the chosen surface alone, or the masks alone."""
        name = MASKS if which == "masks" else str(self._window.correct_panel.surface.currentData())
        if is_seen(self._window):
            approve_structure(self._desk, name)

    def set_grader(self) -> None:
        """Ask for the grader's name."""
        name, ok = QInputDialog.getText(
            self._window,
            "Grader name",
            "Kept with every edit. Each grader has an annotation of their own per scan:",
            QLineEdit.EchoMode.Normal,
            self._desk.settings.grader,
        )
        if ok:
            self._desk.set_grader(name)

    def show_history(self) -> None:
        """Bring the history to the front."""
        self._window.show_tab(self._window.history_panel)

    # ------------------------------------------------------------------ scan

    def segment_volume(self) -> None:
        """Segment all B-scans."""
        self._window.segment_panel.request(whole=True)

    def segment_b_scan(self) -> None:
        """Segment this B-scan."""
        self._window.segment_panel.request(whole=False)

    def cancel_run(self) -> None:
        """Cancel the run that goes on."""
        self._desk.models.cancel()

    def imagine(self, what: str) -> None:
        """Let a model imagine something to look at."""
        self._desk.hush("imagine")
        self._desk.models.imagine(self._desk.open_scan, what, self._desk.b)

    def remove_imagined(self) -> None:
        """Take away what was imagined for this B-scan."""
        self._desk.models.imagining.remove(self._desk.b)

    def classify(self) -> None:
        """Show what a model takes this B-scan for."""
        self._window.model_windows.show_classes()
        self._window.model_windows.classify(whole=False)

    def show_models(self) -> None:
        """Open the models dialog."""
        self._window.model_windows.show_models()

    def compare_models(self) -> None:
        """Bring the comparison of models to the front."""
        self._window.show_tab(self._window.compare_tab)
        self._window.compare_tab.choose(models=True)

    def use_for_project(self, on: bool) -> None:
        """Make the engine that segments the project's, or none."""
        self._desk.project_model.use_chosen(on)

    def previous_b_scan(self) -> None:
        """Step back."""
        self._desk.step(-1)

    def next_b_scan(self) -> None:
        """Step on."""
        self._desk.step(1)

    def first_b_scan(self) -> None:
        """Go to the first B-scan."""
        self._desk.show_b_scan(0)

    def last_b_scan(self) -> None:
        """Go to the last B-scan."""
        if self._desk.open_scan is not None:
            self._desk.show_b_scan(self._desk.open_scan.scan.n_b_scans - 1)

    def next_open(self) -> None:
        """Go to the next B-scan that is not approved."""
        self._desk.queue.next_open()

    def next_to_look_at(self) -> None:
        """Go to the B-scan that is to be looked at first, then to the one after it."""
        self._desk.queue.next_to_look_at()

    def set_spacing(self) -> None:
        """Ask for the spacing."""
        opened = self._desk.open_scan
        if opened is None:
            return
        dialog = SpacingDialog(opened.scan, self._window)

        def accepted() -> None:
            if self._desk.open_scan is opened:
                self._desk.set_spacing(dialog.spacing_mm())

        dialog.accepted.connect(accepted)
        dialog.open()

    # ------------------------------------------------------------------ correct

    def masks(self, what: str) -> None:
        """Do something to masks as wholes: tidy a class, look at a pocket or at misplaced ones."""
        self._window.mask_work.do(what)

    def lock_class(self, on: bool) -> None:
        """Lock the chosen class, or unlock it."""
        self._window.correct_panel.lock_class(on)

    def take_tool(self, name: str) -> None:
        """Take a tool in hand."""
        self._window.correct_panel.choose_tool(name)
        # Asked for a tool that is in hand, Qt has taken the tick off its entry.
        self._window.qt_actions.check(f"tool.{name or 'none'}", True)

    def surface_up(self) -> None:
        """Choose the surface above."""
        self._window.correct_panel.step_surface(-1)

    def surface_down(self) -> None:
        """Choose the surface below."""
        self._window.correct_panel.step_surface(1)

    def choose_class(self, number: str) -> None:
        """Choose a mask class."""
        self._window.correct_panel.choose_class(int(number))

    def smaller_brush(self) -> None:
        """Make the brush smaller."""
        self._window.correct_panel.step_radius(-1)

    def larger_brush(self) -> None:
        """Make the brush larger."""
        self._window.correct_panel.step_radius(1)

    def cancel_stroke(self) -> None:
        """Drop the stroke in hand; without one, give the keyboard back to the image."""
        if self._desk.runner is not None and self._desk.runner.busy:
            self._desk.runner.cancel()
        elif not self._window.explain.leave():
            self._window.canvas.setFocus()

    # ------------------------------------------------------------------ view

    def fit(self) -> None:
        """Show the whole B-scan."""
        self._window.canvas.fit()

    def actual_pixels(self) -> None:
        """Show one image pixel per screen pixel."""
        self._window.canvas.actual_pixels()

    def zoom_in(self) -> None:
        """Enlarge."""
        self._window.canvas.zoom_by(_ZOOM_STEP)

    def zoom_out(self) -> None:
        """Shrink."""
        self._window.canvas.zoom_by(1 / _ZOOM_STEP)

    def aspect_um(self, on: bool) -> None:
        """Show true proportions or square pixels."""
        spacing = self._desk.open_scan.scan.spacing if self._desk.open_scan else None
        if on and spacing is not None and None in (spacing.z.mm, spacing.x.mm):
            self._window.qt_actions.check("view.aspect_um", False)
            self._window.tell_spacing_unknown("True proportions need the spacing.")
            return
        self._window.canvas.set_aspect(AspectMode.UM if on else AspectMode.PX)

    def auto_contrast(self) -> None:
        """Choose contrast from the image."""
        self._window.canvas.auto_contrast()

    def reset_contrast(self) -> None:
        """Show grey values as stored."""
        self._window.view_bar.reset()

    def show_surfaces(self, on: bool) -> None:
        """Show or hide the surfaces."""
        self._window.layers_panel.surfaces.setChecked(on)

    def show_masks(self, on: bool) -> None:
        """Show or hide the masks."""
        self._window.layers_panel.masks.setChecked(on)

    def hide_overlays(self, on: bool) -> None:
        """Hide everything that lies over the image."""
        layers = self._window.layers_panel
        self._window.canvas.set_surfaces_visible(not on and layers.surfaces.isChecked())
        self._window.canvas.set_mask_visible(not on and layers.masks.isChecked())
        self._window.canvas.set_crosshair_visible(
            not on and self._window.qt_actions["view.crosshair"].isChecked()
        )
        self._window.slo.set_doubt_visible(
            not on and self._window.qt_actions["view.doubt"].isChecked()
        )
        self._window.model_windows.show_or_hide()

    def show_confidence(self, on: bool) -> None:
        """Mark where the engine was unsure."""
        self._window.layers_panel.confidence.setChecked(on)

    def show_doubt(self, on: bool) -> None:
        """Mark on the fundus where the engine was unsure."""
        self._window.slo.set_doubt_visible(on)

    def show_crosshair(self, on: bool) -> None:
        """Show or hide the crosshair."""
        self._window.canvas.set_crosshair_visible(on)

    def light_theme(self, on: bool) -> None:
        """Switch the theme."""
        self._window.set_theme("light" if on else "dark")

    def full_screen(self, on: bool) -> None:
        """Use the whole screen, or not."""
        if on:
            self._window.showFullScreen()
        else:
            self._window.showNormal()

    # ------------------------------------------------------------------ help

    def command_palette(self) -> None:
        """Search all commands."""
        from mirage_viewer.command_palette import CommandPalette

        CommandPalette(self._window.qt_actions, self._window).open()

    def shortcut_sheet(self) -> None:
        """Show all shortcuts."""
        ShortcutSheet(self._window.qt_actions.registry, self._window).open()

    def about(self) -> None:
        """Show version and terms."""
        show_about(self._window)
