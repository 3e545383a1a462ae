"""The canvas of the plugin: napari's layers, and what is drawn over them, for the app's desk.

Imports `mirage_viewer` and napari; imported by the bench only, once there is a viewer.
"""

from napari_mirage.canvas.napari_canvas import NapariCanvas

__all__ = ["NapariCanvas"]
