"""Pictures of the window for the README, and for looking at."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mirage_viewer.workbench import Workbench


def gallery(window: Workbench, folder: Path) -> list[Path]:
    """Save the window in both themes and two sizes to `folder`, for the README and for looking."""
    from qtpy.QtWidgets import QApplication

    folder.mkdir(parents=True, exist_ok=True)
    # Pictures for the public show no folder of this computer.
    window.export_panel.folder.clear()
    window.messages.hush("export")
    window.show_tab(window.layers_panel)
    written = []
    for theme in ("dark", "light"):
        window.set_theme(theme)
        for width, height in ((1440, 900), (1920, 1080)):
            window.resize(width, height)
            end = time.monotonic() + 0.5
            while time.monotonic() < end:
                QApplication.processEvents()
            large = "" if width == 1440 else f"-{width}x{height}"
            path = folder / f"window-{theme}{large}.png"
            window.grab().save(str(path))
            written.append(path)
    return written
