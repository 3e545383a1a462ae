"""A sentence for whoever sits at napari; in a script without napari nobody needs it."""

from __future__ import annotations

import sys


def notify(sentence: str) -> None:
    """Show `sentence` as one of napari's notifications."""
    if "napari" in sys.modules:
        from napari.utils.notifications import show_info

        show_info(sentence)
