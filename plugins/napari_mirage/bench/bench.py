"""Bench: the workbench of one napari viewer. Its panels are docks, its canvas napari's layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject, Qt, Signal
from qtpy.QtWidgets import QApplication, QDialog, QMenu, QMenuBar, QVBoxLayout, QWidget

from mirage_viewer.action_table import ACTIONS, IMAGINE_MENU
from mirage_viewer.actions import Menu
from mirage_viewer.guard import guarded
from mirage_viewer.keyboard import keeps_key
from mirage_viewer.message_bar import MessageBar
from mirage_viewer.theme import scaled, wear_theme
from mirage_viewer.workbench import RIGHT_PX, Workbench
from napari_mirage.bench.docks import TEACH, Docks
from napari_mirage.bench.keys import bind_keys
from napari_mirage.bench.pages import DockPages
from napari_mirage.bench.status import DockStatus
from napari_mirage.canvas import NapariCanvas

if TYPE_CHECKING:
    from napari import Viewer

    from mirage_viewer.controller import Desk
    from mirage_viewer.qt_background import QtBackground

_NAPARIS_OWN = ("file.quit", "view.full_screen", "view.theme")
"""Actions that are the program's, which is napari here."""


_HINT = "Slider: next B-scan  ·  Wheel: zoom  ·  Drag: move  ·  Click: crosshair"


@guarded
class Bench(Workbench, QWidget):
    """The panels that stand beside the image; the other parts are docks of their own.

    Parameters
    ----------
    viewer : napari.Viewer
    desk : Desk
    background : QtBackground
        Works for the desk.

    Signals
    -------
    closing()
        It is about to go; nothing more is to be delivered to it.
    """

    closing = Signal()
    navigate_hint = _HINT

    def __init__(self, viewer: Viewer, desk: Desk, background: QtBackground) -> None:
        super().__init__()
        self.viewer = viewer
        self._background = background
        background.setParent(self)
        self._closed = False
        self.docks = Docks(viewer, self)
        self.canvas = NapariCanvas(viewer, self)
        self.status = DockStatus()
        self.pages = DockPages(self, self.docks.show_worklist)
        self.make_parts(desk)
        self._lay_out()
        self.bind_parts()
        self.wear_theme()
        self._connect()
        bind_keys(viewer, self.qt_actions)

    # ------------------------------------------------------------------ building

    def _lay_out(self) -> None:
        for action in ACTIONS:
            # On napari's canvas napari's own keys come first; see `bind_keys`.
            context = Qt.ShortcutContext.WidgetWithChildrenShortcut
            self.qt_actions[action.key].setShortcutContext(context)
        for key in _NAPARIS_OWN:
            self.qt_actions[key].setVisible(False)
        self._menus = QMenuBar()
        self._menus.setNativeMenuBar(False)
        file_menu = self.qt_actions.fill_menu_bar(self)[Menu.FILE]
        self.recent_menu = QMenu("Open recent", file_menu)
        file_menu.insertMenu(self.qt_actions["file.project"], self.recent_menu)
        self.imaginer_menu = self.qt_actions.submenus[IMAGINE_MENU].addMenu("Model")
        # What napari has itself is kept out of sight, and goes when the bench goes.
        for part in (self.view_bar, self.start_page, self.worklist_panel):
            part.setParent(self)
            part.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._menus)
        layout.addWidget(self.right_side(), 1)
        layout.addWidget(self.status)
        self.messages = MessageBar(self, self._menus.height)
        self.setMinimumWidth(scaled(RIGHT_PX))

    @property
    def image_widget(self) -> QWidget:
        """The widget of napari's canvas."""
        return self.canvas.viewport()

    def show_dialog(self, dialog: QDialog) -> None:
        """Show the Teach window in its dock."""
        assert dialog is self.docks.teaching
        self.docks.show(TEACH)

    def hide_dialog(self, dialog: QDialog) -> None:
        """Hide its dock."""
        self.docks.hide(TEACH)

    def menuBar(self) -> QMenuBar:
        """Return where the menus go."""
        return self._menus

    def _connect(self) -> None:
        viewer, desk = self.viewer, self.desk
        self.qt_actions.check("view.aspect_um", True)  # as napari shows what has a scale
        self.canvas.b_picked.connect(desk.show_b_scan)
        self.canvas.undo_asked.connect(desk.undo)
        self.canvas.redo_asked.connect(desk.redo)
        self.canvas.tool_dropped.connect(lambda: self.correct_panel.choose_tool(""))
        self.canvas.label_picked.connect(self.correct_panel.choose_class)
        self.canvas.image_gone.connect(desk.opener.close_scan)
        viewer.events.theme.connect(self.wear_theme)
        app = QApplication.instance()
        assert app is not None
        app.installEventFilter(self)
        app.aboutToQuit.connect(self.close_down)

    # ------------------------------------------------------------------ theme

    def wear_theme(self, event: object = None) -> None:
        """Look like the theme of napari that is in use."""
        self.set_theme("light" if "light" in self.viewer.theme else "dark")

    def set_theme(self, name: str) -> None:
        """Look like the theme of napari that is nearest."""
        for widget in (*self.docks.widgets, self.model_windows.controls):
            wear_theme(widget, name)
        self.repaint_parts()

    # ------------------------------------------------------------------ events

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ask before napari's window closes; leave their keys to lists, sliders and buttons."""
        if watched is self.docks.window:
            if event.type() == QEvent.Type.Close and not self.may_close():
                event.ignore()
                return True
            if event.type() == QEvent.Type.DeferredDelete:
                # It is closed for good. At the close itself napari may still ask, and stay.
                self.close_down()
        kept = event.type() == QEvent.Type.ShortcutOverride and self._is_ours(watched)
        if kept and keeps_key(watched, event):
            event.accept()
            return True
        return super().eventFilter(watched, event)

    def _is_ours(self, watched: QObject) -> bool:
        ours = self.docks.widgets
        return isinstance(watched, QWidget) and any(w.isAncestorOf(watched) for w in ours)

    def close_down(self) -> None:
        """End everything; nothing of it is needed any more."""
        if self._closed:
            return
        self._closed = True
        app = QApplication.instance()
        if app is not None:
            app.removeEventFilter(self)
        self.closing.emit()
        self.canvas.close()
        self.desk.settings.save()
        self.desk.shut_down()
        self._background.close()
        for widget in self.docks.widgets:
            if widget.parentWidget() is None:  # in no dock, and so nobody else's to delete
                widget.deleteLater()
