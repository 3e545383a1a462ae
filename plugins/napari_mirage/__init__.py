"""The napari plugin: the desktop app's work on napari's layers, on the same core and panels.

Imports no Qt binding itself, and nothing slow before it is needed.
"""
