"""The Teach window: choose corrections, watch a model learn, compare before and after.

Three cards on one page that stays open beside the scan; the binding ties them to the desk.
"""

from mirage_viewer.teach_window.binding import TeachBinding
from mirage_viewer.teach_window.window import TeachWindow

__all__ = ["TeachBinding", "TeachWindow"]
