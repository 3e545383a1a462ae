"""Correction tools in image coordinates: press, move, release. The app and the plugin share them."""
