"""MainWindow: puts the views in place and ties them to the desk."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QByteArray, QEvent, QObject, QSize, Qt, QUrl, Signal
from qtpy.QtGui import QAction, QCloseEvent, QDesktopServices, QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import (
    QApplication,
    QFileDialog,
    QMainWindow,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from mirage_core import RESEARCH_USE_ONLY
from mirage_core.annotate import Change, Target
from mirage_viewer.action_table import ACTIONS, IMAGINE_MENU
from mirage_viewer.actions import Menu
from mirage_viewer.binding import Binding
from mirage_viewer.canvas import BScanCanvas, BScanStrip, SloCanvas
from mirage_viewer.commands import Commands
from mirage_viewer.compare_binding import CompareBinding
from mirage_viewer.compare_models_binding import CompareModelsBinding
from mirage_viewer.controller import Desk
from mirage_viewer.dialogs import Unsaved, ask_about_unsaved
from mirage_viewer.explain_binding import ExplainBinding
from mirage_viewer.guard import guarded
from mirage_viewer.keyboard import keeps_key
from mirage_viewer.labelling.binding import LabelBinding
from mirage_viewer.mask_work import MaskWork
from mirage_viewer.measuring.binding import MeasureBinding
from mirage_viewer.message_bar import MessageBar
from mirage_viewer.messages import Level, Message, print_message
from mirage_viewer.model_windows import ModelWindows
from mirage_viewer.pages import Pages
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
from mirage_viewer.panels.side_tabs import SideTabs
from mirage_viewer.panels.widgets import column
from mirage_viewer.panels.worklist import WorklistPanel
from mirage_viewer.qt_actions import QtActions
from mirage_viewer.start_page import StartPage, short_path
from mirage_viewer.status import StatusBar
from mirage_viewer.teach_window import TeachBinding
from mirage_viewer.theme import apply_theme, scaled, text_px
from mirage_viewer.view_bar import ViewBar
from mirage_viewer.worklist.binding import WorklistBinding

TITLE = "MIRAGE Viewer"
_COMFORTABLE = QSize(1560, 980)
"""With its frame, the size from which a window does not need the whole screen."""
_LEFT_PX = 300
_RIGHT_PX = 348
_STRIP_PX = 92
_BADGES_PX = 30


@guarded
class MainWindow(QMainWindow):
    """The window of the app.

    Parameters
    ----------
    desk : Desk

    Signals
    -------
    closing()
        The window is about to go; nothing more is to be delivered to it.
    """

    closing = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.setAcceptDrops(True)
        self.setMinimumHeight(640)  # how narrow it may be, its parts decide by their words
        apply_theme(desk.settings.theme)
        self.canvas = BScanCanvas()
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
        self.status = StatusBar()
        self.setStatusBar(self.status)
        self.mask_work = MaskWork(desk)
        self.worklist = WorklistBinding(self, desk)
        self.commands = Commands(self, desk)
        self.qt_actions = QtActions(ACTIONS, self.commands, self)
        self._fill_menus()
        self.addToolBar(self.qt_actions.tool_bar(self))
        self._lay_out()
        self._binding = Binding(self, desk)
        self._compare_binding = CompareBinding(self, desk)
        self._compare_models_binding = CompareModelsBinding(self, desk)
        self.model_windows = ModelWindows(self, desk)
        self.explain = ExplainBinding(self, desk)
        self.teach = TeachBinding(self, desk)
        self.measure = MeasureBinding(self, desk)
        self.labelling = LabelBinding(self, desk)
        self._show_theme(desk.settings.theme)
        self._restore_geometry()
        app = QApplication.instance()
        assert app is not None
        app.installEventFilter(self)

    # ------------------------------------------------------------------ building

    def _fill_menus(self) -> None:
        menus = self.qt_actions.fill_menu_bar(self)
        file_menu = menus[Menu.FILE]
        self.recent_menu = file_menu.addMenu("Open recent")
        file_menu.insertMenu(self.qt_actions["file.project"], self.recent_menu)
        file_menu.insertSeparator(self.qt_actions["file.project"])
        self.show_recent()
        self.imaginer_menu = self.qt_actions.submenus[IMAGINE_MENU].addMenu("Model")

    def _lay_out(self) -> None:
        self.view_bar.arrange({a.key: self.qt_actions[a.key] for a in ACTIONS})
        self.start_page.connect_actions(self.qt_actions["file.open"], self.qt_actions["file.demo"])
        left = QSplitter(Qt.Orientation.Vertical)
        left.addWidget(self.slo)
        left.addWidget(self.worklist_panel)
        left.setSizes([_LEFT_PX, _LEFT_PX])
        left.setStretchFactor(0, 2)
        left.setStretchFactor(1, 3)
        left.setMinimumWidth(scaled(_LEFT_PX) - 100)
        self.strip.setFixedHeight(scaled(_STRIP_PX))
        viewing = QWidget()
        middle = column(viewing, 0)
        middle.addWidget(self.view_bar)
        middle.addWidget(self.canvas, 1)
        middle.addWidget(self.strip)
        self.pages = Pages(self.start_page, viewing, self.worklist.page)
        center = QWidget()
        column(center, 0).addWidget(self.pages)
        self.messages = MessageBar(center, self._messages_begin_px)
        self.pages.currentChanged.connect(lambda _: self.messages.place())
        splitter = QSplitter(Qt.Orientation.Horizontal)
        right = self._right_side()
        self.pages.set_beside(left, right)
        splitter.addWidget(left)
        splitter.addWidget(center)
        splitter.addWidget(right)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([scaled(_LEFT_PX), 3000, scaled(_RIGHT_PX)])
        splitter.setChildrenCollapsible(False)
        self.setCentralWidget(splitter)

    def _messages_begin_px(self) -> int:
        """Return how far down messages begin: over an image, below what says which it is."""
        viewing = self.pages.currentIndex() == 1
        badges = 1 + sum(bool(whose) for whose in self.canvas.legend)
        return self.view_bar.height() + badges * scaled(_BADGES_PX) if viewing else 0

    def _right_side(self) -> QWidget:
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
        scroll = QScrollArea()
        scroll.setWidget(content)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setMinimumWidth(scaled(_RIGHT_PX))
        return scroll

    # ------------------------------------------------------------------ showing

    def appear(self) -> None:
        """Show the window; at its first start on a small screen it takes all of that."""
        screen = QApplication.primaryScreen()
        room = screen.availableGeometry().size() if screen is not None else _COMFORTABLE
        small = room.width() < _COMFORTABLE.width() or room.height() < _COMFORTABLE.height()
        if small and not self.desk.settings.geometry:
            self.showMaximized()
        else:
            self.show()

    def begin(self) -> None:
        """What can wait until the window is seen: the notice, the project, unfinished work."""
        settings = self.desk.settings
        if not settings.research_notice_seen:
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
        self.desk.teaching.look_for_unfinished()

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

    def set_theme(self, name: str) -> None:
        """Switch to the theme called `name` and remember it."""
        self.desk.settings.theme = name
        self.desk.settings.save()
        apply_theme(name)
        self._show_theme(name)

    def _show_theme(self, name: str) -> None:
        self.qt_actions.check("view.theme", name == "light")
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

    # ------------------------------------------------------------------ events

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let lists, sliders and buttons that hold the keyboard keep the keys they use."""
        if event.type() == QEvent.Type.ShortcutOverride and keeps_key(watched, event):
            event.accept()
            return True
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:
        """Look for models that another program brought while it was in front."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self.desk.models.engines.look_again()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files that are dragged in."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        files = [Path(u.toLocalFile()) for u in event.mimeData().urls() if u.isLocalFile()]
        if not files:
            return
        event.acceptProposedAction()
        if self.pages.on_worklist:
            self.worklist.import_paths(files)
            return
        self.desk.opener.open_path(files[0])
        if len(files) > 1:
            self.show_message(
                Message(
                    "One scan is shown at a time: only the first of what was dropped is opened.",
                    "Drop the folder instead if they are the B-scans of one scan.",
                    Level.INFO,
                    "drop",
                )
            )

    def closeEvent(self, event: QCloseEvent) -> None:
        """Close, unless unsaved work makes the grader stay."""
        if not (self.worklist.may_close() and self.teach.may_close()):
            event.ignore()
            return
        while self.desk.saving.waiting:
            self.desk.saving.retry()
            if not self.desk.saving.waiting:
                break
            answer = ask_about_unsaved(self, self.desk.saving.waiting, self.desk.saving.problem)
            if answer == Unsaved.STAY:
                event.ignore()
                return
            if answer == Unsaved.LEAVE or (answer == Unsaved.COPY and self.save_copy(wait=True)):
                break
        self.desk.settings.geometry = bytes(self.saveGeometry().toBase64()).decode()
        self.desk.settings.save()
        app = QApplication.instance()
        if app is not None:
            app.removeEventFilter(self)
        self.desk.shut_down()
        self.closing.emit()
        super().closeEvent(event)

    def save_copy(self, *, wait: bool = False) -> bool:
        """Ask for a folder and write the scan's work into a project there."""
        opened = self.desk.open_scan
        if opened is None:
            return False
        chosen = QFileDialog.getExistingDirectory(self, "Save a copy of the work in")
        return bool(chosen) and self.desk.save_copy(Path(chosen), wait=wait)

    def _restore_geometry(self) -> None:
        stored = self.desk.settings.geometry
        if not (stored and self.restoreGeometry(QByteArray.fromBase64(stored.encode()))):
            screen = QApplication.primaryScreen()
            room = screen.availableGeometry() if screen is not None else None
            if room is not None:
                self.resize(min(1680, room.width()), min(1000, room.height() - 60))

    def on_edited(self, change: Change) -> None:
        """Bring the panels up to date."""
        self.history_panel.refresh()
        if change.targets & {Target.SURFACES}:
            self.correct_panel.refresh()
        self.layers_panel.refresh()
        self.export_panel.refresh()
