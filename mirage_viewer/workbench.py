"""Workbench: the parts of a window and how they are tied to the desk, wherever they are put."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, QUrl
from qtpy.QtGui import QAction, QDesktopServices
from qtpy.QtWidgets import (
    QDialog,
    QFileDialog,
    QMenu,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from mirage_core import RESEARCH_USE_ONLY
from mirage_core.annotate import Change, Target
from mirage_viewer.action_table import ACTIONS
from mirage_viewer.binding import Binding
from mirage_viewer.canvas import BScanStrip, SloCanvas
from mirage_viewer.commands import Commands
from mirage_viewer.compare_binding import CompareBinding
from mirage_viewer.compare_models_binding import CompareModelsBinding
from mirage_viewer.controller import Desk
from mirage_viewer.dialogs import Unsaved, ask_about_unsaved
from mirage_viewer.explain_binding import ExplainBinding
from mirage_viewer.labelling.binding import LabelBinding
from mirage_viewer.mask_work import MaskWork
from mirage_viewer.measuring.binding import MeasureBinding
from mirage_viewer.messages import Level, Message, print_message
from mirage_viewer.model_windows import ModelWindows
from mirage_viewer.outdated import Outdated
from mirage_viewer.panels.compare import ComparePanel
from mirage_viewer.panels.compare_models import CompareModelsPanel
from mirage_viewer.panels.compare_tab import CompareTab
from mirage_viewer.panels.correct import CorrectPanel
from mirage_viewer.panels.export import ExportPanel
from mirage_viewer.panels.history import HistoryPanel
from mirage_viewer.panels.labels import LabelsPanel
from mirage_viewer.panels.layers import LayersPanel
from mirage_viewer.panels.measure import MeasurePanel
from mirage_viewer.panels.segment import SegmentPanel
from mirage_viewer.panels.side_scroll import SideScroll
from mirage_viewer.panels.side_tabs import SideTabs
from mirage_viewer.panels.worklist import WorklistPanel
from mirage_viewer.qt_actions import QtActions
from mirage_viewer.start_page import StartPage, short_path
from mirage_viewer.teach_window import TeachBinding
from mirage_viewer.theme import scaled, text_px
from mirage_viewer.view_bar import ViewBar
from mirage_viewer.worklist.binding import WorklistBinding

if TYPE_CHECKING:
    from mirage_viewer.canvas import BScanCanvas
    from mirage_viewer.message_bar import MessageBar
    from mirage_viewer.pages import Pages
    from mirage_viewer.status import StatusBar

RIGHT_PX = 348
"""Width of the panels that stand beside the image, px."""


class Workbench:
    """What every window of the program is made of; to be mixed into a QWidget.

    The window makes what is its own (`canvas`, `status`, `pages`, `messages`, `recent_menu`,
    `imaginer_menu`), calls `make_parts`, puts the parts where it wants them, and calls
    `bind_parts`. A window of another program, napari say, has a canvas of another make.
    """

    desk: Desk
    canvas: BScanCanvas
    status: StatusBar
    pages: Pages
    messages: MessageBar
    recent_menu: QMenu
    imaginer_menu: QMenu
    navigate_hint = (
        "Wheel: next B-scan  ·  Ctrl+wheel: zoom  ·  Middle drag: move  ·  Right drag: contrast"
    )
    """How one gets about while no tool is in hand."""

    def make_parts(self, desk: Desk) -> None:
        """Make the panels, the views beside the canvas, and the actions."""
        self.desk = desk
        self.slo = SloCanvas()
        self.strip = BScanStrip()
        self.view_bar = ViewBar()
        self.start_page = StartPage()
        self.worklist_panel = WorklistPanel()
        self.segment_panel = SegmentPanel()
        self.correct_panel = CorrectPanel()
        self.layers_panel = LayersPanel()
        self.export_panel = ExportPanel()
        self.history_panel = HistoryPanel()
        self.measure_panel = MeasurePanel()
        self.compare_panel = ComparePanel()
        self.compare_models_panel = CompareModelsPanel()
        self.labels_panel = LabelsPanel()
        self.compare_tab = CompareTab(self.compare_panel, self.compare_models_panel)
        self.mask_work = MaskWork(desk)
        self.worklist = WorklistBinding(self, desk)
        self.commands = Commands(self, desk)
        self.qt_actions = QtActions(ACTIONS, self.commands, self)

    def bind_parts(self) -> None:
        """Tie the parts to the desk, once all of them are there."""
        desk = self.desk
        self._outdated = Outdated(self, desk)
        self._binding = Binding(self, desk)
        self._compare_binding = CompareBinding(self, desk)
        self._compare_models_binding = CompareModelsBinding(self, desk)
        self.model_windows = ModelWindows(self, desk)
        self.explain = ExplainBinding(self, desk)
        self.teach = TeachBinding(self, desk)
        self.measure = MeasureBinding(self, desk)
        self.labelling = LabelBinding(self, desk)

    def right_side(self) -> QScrollArea:
        """Put the panels that stand beside the image under each other, in what scrolls."""
        self.tabs = SideTabs()
        for panel, title in (
            (self.layers_panel, "Layers"),
            (self.measure_panel, "Measure"),
            (self.export_panel, "Export"),
            (self.history_panel, "History"),
            (self.compare_tab, "Compare"),
            (self.labels_panel, "Labels"),
        ):
            self.tabs.addTab(panel, title)
        self.tabs.tabBar().setFocusPolicy(Qt.FocusPolicy.TabFocus)
        # All of them fit side by side.
        self.tabs.tabBar().setStyleSheet(
            f"QTabBar::tab {{ padding: 6px 2px; font-size: {text_px() - 1}px; }}"
        )
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(8)
        for panel in (self.segment_panel, self.correct_panel):
            panel.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
            layout.addWidget(panel)
        layout.addWidget(self.tabs, 1)
        return SideScroll(content, scaled(RIGHT_PX))

    # ------------------------------------------------------------------ showing

    @property
    def image_widget(self) -> QWidget:
        """The widget that the image is in."""
        return self.canvas

    def begin(self) -> None:
        """What can wait until the window is seen: the notice, the project, unfinished work."""
        if not self.desk.settings.research_notice_seen:
            self.show_message(
                Message(
                    RESEARCH_USE_ONLY,
                    "Results are for research and must not guide the care of a patient.",
                    topic="research",
                    action="Understood",
                    do=self._notice_seen,
                )
            )
        self.desk.models.engines.refresh()
        self.desk.projects.look_in()
        self.desk.teaching.interrupted.look()
        self.desk.class_teaching.interrupted.look()

    def _notice_seen(self) -> None:
        self.desk.settings.research_notice_seen = True
        self.desk.settings.save()

    def show_message(self, message: Message) -> None:
        """Show `message` at the top, and errors on stderr too."""
        print_message(message)
        self.messages.show_message(message)

    def tell_spacing_unknown(self, why: str = "") -> None:
        """Say that the spacing is unknown and offer to set it."""
        self.show_message(
            Message(
                "Spacing unknown: figures in µm and mm are off.",
                why or "Pixels are all that can be measured until it is entered.",
                Level.WARNING,
                "spacing",
                "Set spacing…",
                self.qt_actions["scan.spacing"].trigger,
            )
        )

    def show_tab(self, panel: QWidget) -> None:
        """Bring a panel of the tabs to the front."""
        self.tabs.setCurrentWidget(panel)

    def show_dialog(self, dialog: QDialog) -> None:
        """Bring a window that one works beside to the front."""
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    def hide_dialog(self, dialog: QDialog) -> None:
        """Put such a window out of the way."""
        dialog.hide()

    def show_recent(self) -> None:
        """List the recent files in the menu and on the start page."""
        paths = self.desk.settings.recent
        self.recent_menu.clear()
        for path in paths:
            entry = QAction(short_path(path).replace("&", "&&"), self.recent_menu)
            entry.triggered.connect(lambda _=False, p=path: self.desk.opener.open_path(Path(p)))
            self.recent_menu.addAction(entry)
        self.recent_menu.setEnabled(bool(paths))
        self.start_page.set_recent(paths)

    def show_folder(self, folder: Path) -> None:
        """Open a folder in the system's file manager."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    def on_edited(self, change: Change) -> None:
        """Bring the panels up to date."""
        self.history_panel.refresh()
        if change.targets & {Target.SURFACES}:
            self.correct_panel.refresh()
        self.layers_panel.refresh()
        self.export_panel.refresh()

    def repaint_parts(self) -> None:
        """Draw icons in the colours of the theme again."""
        self.qt_actions.repaint_icons()
        for part in (
            self.messages,
            self.start_page,
            self.segment_panel,
            self.correct_panel,
            self.layers_panel,
            self.export_panel,
            self.measure_panel,
            self.compare_panel,
            self.compare_models_panel,
            self.labels_panel,
            self.model_windows,
            self.teach,
            self.worklist_panel,
            self.worklist.page,
        ):
            part.repaint_icons()

    # ------------------------------------------------------------------ closing

    def may_close(self) -> bool:
        """Ask about what would be lost or goes on; return whether the window may go."""
        if not (self.worklist.may_close() and self.teach.may_close()):
            return False
        while self.desk.saving.waiting:
            self.desk.saving.retry()
            if not self.desk.saving.waiting:
                break
            answer = ask_about_unsaved(self, self.desk.saving.waiting, self.desk.saving.problem)
            if answer == Unsaved.STAY:
                return False
            if answer == Unsaved.LEAVE or (answer == Unsaved.COPY and self.save_copy(wait=True)):
                break
        return True

    def save_copy(self, *, wait: bool = False) -> bool:
        """Ask for a folder and write the scan's work into a project there."""
        opened = self.desk.open_scan
        if opened is None:
            return False
        chosen = QFileDialog.getExistingDirectory(self, "Save a copy of the work in")
        return bool(chosen) and self.desk.save_copy(Path(chosen), wait=wait)
