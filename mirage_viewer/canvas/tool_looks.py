"""How the tool in hand looks under the pointer."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor, QCursor

from mirage_core.annotate import ToolRunner
from mirage_core.annotate.tools.brush import Eraser
from mirage_core.annotate.tools.scribble import ScribbleTool
from mirage_core.scan import surface_kind
from mirage_viewer.theme import ICONS, tool_cursor

_NOTHING = QColor(255, 255, 255)


def drawn_color(runner: ToolRunner) -> QColor:
    """Return the colour of what the tool in hand draws; white where it takes away."""
    tool, options, annotation = runner.tool, runner.options, runner.session.annotation
    if tool is None or isinstance(tool, Eraser):
        return _NOTHING
    if tool.draws == "surface":
        return QColor(*surface_kind(annotation.surfaces.names[options.surface]).color)
    colors = {c.value: c.color for c in annotation.masks.scheme}
    return QColor(*colors[options.mask_class]) if options.mask_class in colors else _NOTHING


def takes_away(runner: ToolRunner, against: bool) -> bool:
    """Return whether a press would take marks away, with the key `against` held or not."""
    return isinstance(runner.tool, Eraser) or (against and isinstance(runner.tool, ScribbleTool))


def cursor_of(runner: ToolRunner, against: bool, ratio: float) -> QCursor | Qt.CursorShape:
    """Return the pointer that says what the tool in hand will do.

    Parameters
    ----------
    runner : ToolRunner
        With a tool in hand.
    against : bool
        Whether the key is held that turns a stroke around.
    ratio : float
        Device pixels per pixel of the screen.
    """
    assert runner.tool is not None
    name = runner.tool.name
    if name not in ICONS:
        return Qt.CrossCursor
    minus = takes_away(runner, against)
    sign = "-" if minus else "+" if isinstance(runner.tool, ScribbleTool) else ""
    color = _NOTHING if minus else drawn_color(runner)
    return tool_cursor(name, color.name(), sign, ratio)
