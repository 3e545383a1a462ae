"""Measuring in the window: figures, maps and grid of the scan shown, and its report."""

from mirage_viewer.measuring.desk import Measuring

__all__ = ["Measuring"]
