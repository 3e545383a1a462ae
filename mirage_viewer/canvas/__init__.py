"""Canvases: B-scan, SLO and B-scan strip, drawn with QGraphicsView, no OpenGL.

They show a session and send pointer events to its tools; they import the core's `scan` and
`annotate`, Qt through qtpy and `mirage_viewer.guard`, nothing else of the app.
"""

from mirage_viewer.canvas.b_scan_canvas import BScanCanvas
from mirage_viewer.canvas.b_scan_strip import BScanStrip
from mirage_viewer.canvas.colors import CLASS_COLORS, STATE_STYLES, StateStyle
from mirage_viewer.canvas.image_view import AspectMode
from mirage_viewer.canvas.imagined_item import Overlay
from mirage_viewer.canvas.slo_canvas import SloCanvas

__all__ = [
    "CLASS_COLORS",
    "STATE_STYLES",
    "AspectMode",
    "BScanCanvas",
    "BScanStrip",
    "Overlay",
    "SloCanvas",
    "StateStyle",
]
