"""Panels: what a grader works with beside the image, shared by the app and the napari plugin.

They take a session and its tool runner, and say by signals what is wanted. They may import
`mirage_core`, the theme and the colours of the canvas, never a window.
"""
