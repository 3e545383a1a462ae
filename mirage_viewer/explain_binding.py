"""Ties what speaks for a class to the B-scan and the window of classes. Nothing is decided here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirage_viewer.classes_window import ClassesWindow

if TYPE_CHECKING:
    from mirage_viewer.controller import Desk
    from mirage_viewer.workbench import Workbench


class ExplainBinding:
    """The connections of one window.

    The window keeps it; signals hold it only weakly.
    """

    def __init__(self, window: Workbench, desk: Desk) -> None:
        self.w, self.d, self.e = window, desk, desk.models.explaining
        self.dialog: ClassesWindow | None = None
        self.e.shown_changed.connect(self.show)
        self.e.changed.connect(self.refresh)
        desk.models.changed.connect(self.refresh)
        desk.b_changed.connect(self.moved)
        window.correct_panel.tool_changed.connect(self.tool_changed)
        window.qt_actions["view.clean"].toggled.connect(lambda _: self.show())

    def follow(self, dialog: ClassesWindow) -> None:
        """Tie the window of classes to the desk."""
        self.dialog = dialog
        dialog.why_requested.connect(self.ask)
        dialog.finished.connect(lambda _: self.leave())
        self.refresh()

    def ask(self, engine: str, label: str) -> None:
        """Ask what speaks for a class on the B-scan shown; what is shown already goes."""
        shown = self.e.shown
        opened = self.d.open_scan
        if shown is not None and shown.label == label:
            self.leave()
        elif opened is not None:
            self.d.hush(self.e.topic)
            self.d.models.explain(opened, engine, self.d.b, label)
        self.refresh()

    def leave(self) -> bool:
        """Take it away; return whether there was anything."""
        return self.e.leave()

    def moved(self, _b: int) -> None:
        """Another B-scan is shown: it is not of this one."""
        self.leave()

    def tool_changed(self, name: str) -> None:
        """Only real images are traced."""
        if name:
            self.leave()

    def show(self) -> None:
        """Lay it over the B-scan."""
        shown = self.e.shown
        if shown is not None:
            self.w.correct_panel.choose_tool("")
        if shown is None or self.w.qt_actions["view.clean"].isChecked():
            self.w.canvas.set_evidence(-1, None)
        else:
            self.w.canvas.set_evidence(shown.b, shown.heat, shown.label, shown.model)
        self.refresh()

    def refresh(self) -> None:
        """Say in the window of classes what is shown, or how far it is."""
        if self.dialog is None:
            return
        label = self.e.label if self.e.running else self.e.shown.label if self.e.shown else ""
        why = "" if self.e.running or self.d.models.run is None else "Another run goes on."
        self.dialog.show_why(label, running=self.e.running, why_not=why)
