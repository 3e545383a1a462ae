"""Labelling: what scans and B-scans of a project are called, and by whom."""

from mirage_viewer.labelling.desk import Labelling, Labels

__all__ = ["Labelling", "Labels"]
