"""Correction tools in image coordinates: press, move, release.

The app and the plugin feed the same tools; no Qt here.
"""

from mirage_core.annotate.tools.base import Guide, Point, Rect, Step, Tool, ToolOptions
from mirage_core.annotate.tools.box import BoxTool
from mirage_core.annotate.tools.brush import Brush, Eraser
from mirage_core.annotate.tools.fill import FillTool
from mirage_core.annotate.tools.pen import SurfacePen
from mirage_core.annotate.tools.polygon import PolygonTool
from mirage_core.annotate.tools.pull import PullTool
from mirage_core.annotate.tools.scribble import ScribbleTool
from mirage_core.annotate.tools.snap import SnapTool
from mirage_core.annotate.tools.spline import SplineTool
from mirage_core.annotate.tools.undefine import UndefineTool

TOOLS: dict[str, type[Tool]] = {
    tool.name: tool
    for tool in (
        SurfacePen,
        SplineTool,
        PullTool,
        SnapTool,
        UndefineTool,
        Brush,
        Eraser,
        PolygonTool,
        FillTool,
        BoxTool,
        ScribbleTool,
    )
}
"""Every tool by its key, in the order of the tool panel."""

__all__ = [
    "TOOLS",
    "BoxTool",
    "Brush",
    "Eraser",
    "FillTool",
    "Guide",
    "Point",
    "PolygonTool",
    "PullTool",
    "Rect",
    "ScribbleTool",
    "SnapTool",
    "SplineTool",
    "Step",
    "SurfacePen",
    "Tool",
    "ToolOptions",
    "UndefineTool",
]
