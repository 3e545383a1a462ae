"""MainWindow: the workbench as a window of its own."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QByteArray, QEvent, QObject, QSize, Qt, Signal
from qtpy.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import (
    QApplication,
    QMainWindow,
    QSplitter,
    QWidget,
)

from mirage_viewer.action_table import ACTIONS, IMAGINE_MENU
from mirage_viewer.actions import Menu
from mirage_viewer.canvas import BScanCanvas
from mirage_viewer.controller import Desk
from mirage_viewer.guard import guarded
from mirage_viewer.keyboard import keeps_key
from mirage_viewer.message_bar import MessageBar
from mirage_viewer.messages import Level, Message
from mirage_viewer.pages import Pages
from mirage_viewer.panels.widgets import column
from mirage_viewer.status import StatusBar
from mirage_viewer.theme import apply_theme, scaled
from mirage_viewer.workbench import RIGHT_PX, Workbench

TITLE = "MIRAGE Viewer"
_COMFORTABLE = QSize(1560, 980)
"""With its frame, the size from which a window does not need the whole screen."""
_LEFT_PX = 300
_STRIP_PX = 92
_BADGES_PX = 30


@guarded
class MainWindow(Workbench, QMainWindow):
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
        self.setAcceptDrops(True)
        self.setMinimumHeight(640)  # how narrow it may be, its parts decide by their words
        apply_theme(desk.settings.theme)
        self.canvas = BScanCanvas()
        self.status = StatusBar()
        self.setStatusBar(self.status)
        self.make_parts(desk)
        self._fill_menus()
        self.addToolBar(self.qt_actions.tool_bar(self))
        self._lay_out()
        self.bind_parts()
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
        self._center_layout = column(center, 0)
        self._center_layout.addWidget(self.pages)
        self.messages = MessageBar(center, self._messages_begin_px, self._make_room_for_messages)
        self.pages.currentChanged.connect(lambda _: self.messages.place())
        splitter = QSplitter(Qt.Orientation.Horizontal)
        right = self.right_side()
        self.pages.set_beside(left, right)
        splitter.addWidget(left)
        splitter.addWidget(center)
        splitter.addWidget(right)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([scaled(_LEFT_PX), 3000, scaled(RIGHT_PX)])
        splitter.setChildrenCollapsible(False)
        self.setCentralWidget(splitter)

    def _messages_begin_px(self) -> int:
        """Return how far down messages begin: over an image, below what says which it is."""
        if not self.pages.on_image:
            return 0
        badges = 1 + sum(bool(whose) for whose in self.canvas.legend)
        return self.view_bar.height() + badges * scaled(_BADGES_PX)

    def _make_room_for_messages(self, height_px: int) -> None:
        """Begin a page below the messages; the image alone stays where it is, under them."""
        top = 0 if self.pages.on_image else height_px
        if self._center_layout.contentsMargins().top() != top:
            self._center_layout.setContentsMargins(0, top, 0, 0)
            self._center_layout.activate()  # a page is never seen where it is not to stay

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

    def set_theme(self, name: str) -> None:
        """Switch to the theme called `name` and remember it."""
        self.desk.settings.theme = name
        self.desk.settings.save()
        apply_theme(name)
        self._show_theme(name)

    def _show_theme(self, name: str) -> None:
        self.qt_actions.check("view.theme", name == "light")
        self.repaint_parts()

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
        if not self.may_close():
            event.ignore()
            return
        self.desk.settings.geometry = bytes(self.saveGeometry().toBase64()).decode()
        self.desk.settings.save()
        app = QApplication.instance()
        if app is not None:
            app.removeEventFilter(self)
        self.desk.shut_down()
        self.closing.emit()
        super().closeEvent(event)

    def _restore_geometry(self) -> None:
        stored = self.desk.settings.geometry
        if not (stored and self.restoreGeometry(QByteArray.fromBase64(stored.encode()))):
            screen = QApplication.primaryScreen()
            room = screen.availableGeometry() if screen is not None else None
            if room is not None:
                self.resize(min(1680, room.width()), min(1000, room.height() - 60))
