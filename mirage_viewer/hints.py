"""How each tool is used, with the keys of the window: short enough for the status bar. No Qt."""

from __future__ import annotations

from mirage_core.annotate.tools.base import Tool

_ENDS = "Enter or double-click: end  ·  Esc: drop"
WORKLIST = (
    "Enter: open  ·  Up, Down: choose  ·  Letters: search  ·  Tab: tags, then note  ·  Esc: back"
)
_HINTS = {
    "pen": "Drag along the surface to redraw it  ·  Esc: drop",
    "spline": f"Drag the surface to bend it; where it is missing, click knots  ·  {_ENDS}",
    "pull": f"Click or drag to where the surface runs; the rest follows  ·  {_ENDS}",
    "snap": f"Click along the surface; it follows the edge  ·  {_ENDS}",
    "undefine": "Drag over columns where the surface cannot be seen  ·  Esc: drop",
    "brush": "Drag to paint the chosen class  ·  [ and ]: smaller, larger  ·  Esc: drop",
    "eraser": "Drag to remove marks of any class  ·  [ and ]: smaller, larger  ·  Esc: drop",
    "polygon": f"Click or drag around the region  ·  {_ENDS}",
    "fill": "Click into a pocket to fill it; drag right for more, left for less  ·  Esc: drop",
    "box": "Drag a box around a pocket, or within it; let go to find its edge  ·  Esc: drop",
    "scribble": f"Stroke what belongs to it; with Ctrl, what does not  ·  {_ENDS}",
}


def hint_of(tool: Tool) -> str:
    """Return how `tool` is used; one that is not known here says so itself."""
    return _HINTS.get(tool.name, tool.hint)
