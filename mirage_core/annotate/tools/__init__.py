"""Correction tools in image coordinates: press, move, release.

The app and the plugin feed the same tools; no Qt here.
"""
