"""Menus and toolbar, generated from the registry of actions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QAction, QKeySequence
from qtpy.QtWidgets import QMainWindow, QMenu, QToolBar, QWidget

from mirage_viewer.actions import Action, ActionRegistry, Circumstances, Menu
from mirage_viewer.theme import icon


class QtActions:
    """The registry as Qt actions of one window.

    Parameters
    ----------
    registry : ActionRegistry
    commands : object
        Has a method for every ``action.calls``.
    window : QMainWindow
    """

    def __init__(self, registry: ActionRegistry, commands: object, window: QMainWindow) -> None:
        self.registry = registry
        self._qt: dict[str, QAction] = {}
        self.submenus: dict[str, QMenu] = {}
        for action in registry:
            qt = QAction(action.text, window)
            qt.setToolTip(_tip(action))
            qt.setStatusTip(action.tooltip)
            qt.setShortcuts([QKeySequence(s) for s in action.shortcuts])
            qt.setCheckable(action.checkable)
            qt.triggered.connect(_caller(action, getattr(commands, action.calls)))
            window.addAction(qt)
            self._qt[action.key] = qt
        self.repaint_icons()
        self.update(Circumstances())

    def __getitem__(self, key: str) -> QAction:
        return self._qt[self.registry[key].key]

    def as_shown(self) -> ActionRegistry:
        """Return the actions as they are called now; those that are hidden are left out."""
        return ActionRegistry(
            replace(action, text=self._qt[action.key].text(), toolbar="")
            for action in self.registry
            if self._qt[action.key].isVisible()
        )

    def trigger(self, key: str) -> None:
        """Do the action called `key`, if it can be done now."""
        self[key].trigger()

    def check(self, key: str, checked: bool) -> None:
        """Show a checkable action as checked or not, without doing it."""
        self[key].setChecked(checked)

    def update(self, circumstances: Circumstances) -> None:
        """Enable what can be done now; let the others say why not, where there is more to it."""
        for action in self.registry:
            qt = self._qt[action.key]
            qt.setEnabled(circumstances.allow(action))
            tip = circumstances.reason(action) or _tip(action)
            if qt.toolTip() != tip:
                qt.setToolTip(tip)

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        for action in self.registry:
            if action.icon:
                self._qt[action.key].setIcon(icon(action.icon))

    def fill_menu_bar(self, window: QMainWindow) -> dict[Menu, QMenu]:
        """Make the menus and return them."""
        menus = {}
        for name in Menu:
            menu = window.menuBar().addMenu(name.value)
            menu.setToolTipsVisible(True)
            group = None
            inner: dict[str, QMenu] = {}
            for action in self.registry.menu(name):
                if group is not None and action.group != group:
                    menu.addSeparator()
                group = action.group
                into = menu
                if action.submenu:
                    if action.submenu not in inner:
                        inner[action.submenu] = menu.addMenu(action.submenu)
                        inner[action.submenu].setToolTipsVisible(True)
                    into = inner[action.submenu]
                into.addAction(self._qt[action.key])
            menus[name] = menu
            self.submenus |= inner
        return menus

    def tool_bar(self, parent: QWidget) -> QToolBar:
        """Make the toolbar: icons with words."""
        bar = QToolBar("Main tools", parent)
        bar.setMovable(False)
        bar.setIconSize(QSize(20, 20))
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        for group in self.registry.toolbar:
            if bar.actions():
                bar.addSeparator()
            for action in group:
                qt = self._qt[action.key]
                qt.setIconText(action.toolbar)
                # Setting an icon text must not change what the button explains.
                qt.setToolTip(_tip(action))
                bar.addAction(qt)
                bar.widgetForAction(qt).setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return bar


def shortcut_text(action: Action) -> str:
    """Return the first shortcut of `action` the way this system writes it, or ``""``."""
    if not action.shortcuts:
        return ""
    return QKeySequence(action.shortcuts[0]).toString(QKeySequence.SequenceFormat.NativeText)


def _tip(action: Action) -> str:
    keys = shortcut_text(action)
    return f"{action.tooltip} ({keys})" if keys else action.tooltip


def _caller(action: Action, method: Callable[..., Any]) -> Callable[[bool], None]:
    def call(checked: bool = False) -> None:
        if action.argument is not None:
            method(action.argument)
        elif action.checkable:
            method(checked)
        else:
            method()

    return call
