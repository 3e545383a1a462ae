"""Annotations and everything that changes them: sessions, edits, history, tools.

Imports `scan` only; no Qt, no files.
"""
