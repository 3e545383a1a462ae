"""Follow-up: two visits of one eye side by side, brought together, and what changed.

The desk and what it shows are without Qt; window and views are made when first wanted.
"""
