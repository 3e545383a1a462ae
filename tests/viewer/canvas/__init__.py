"""Tests of the canvases: real events, pixels and state."""
