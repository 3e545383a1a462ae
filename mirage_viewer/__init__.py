"""The desktop app `mirage-viewer` (PySide6 through qtpy).

May import `mirage_core`; imported by nobody but the plugin, which reuses `panels` and `canvas`.
"""
