"""The napari plugin: scans as layers, on the same core as the desktop app.

Imports `mirage_core` (later also `mirage_viewer.panels`); imports no Qt binding itself.
"""
