"""The page of this plugin in napari's preferences, as the workbench takes it when it opens.

napari keeps what is typed there in a file of its own. What is left as it comes is what the
desktop app remembers, and what is set goes before it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_mirage.keybindings import PLUGIN

if TYPE_CHECKING:
    from mirage_viewer.settings import Settings

LAST_DEVICE = "as last time"


def starting_choices() -> tuple[Path | None, Settings]:
    """Return the project folder, None for the one used last, and the settings to start with.

    They are what :func:`mirage_viewer.window_factory.make_desk` takes. Grader and device of the
    page hold for napari only: the file that the desktop app reads keeps its own.
    """
    from mirage_viewer.settings import load_settings

    settings, page = load_settings(), _page()
    if page is None:
        return None, settings
    if grader := page.grader.strip():
        settings.for_now(grader=grader)
    if page.device != LAST_DEVICE:
        settings.for_now(device=page.device)
    folder = page.project_folder.strip()
    return (Path(folder).expanduser() if folder else None), settings


def _page() -> Any:
    """Return the page, None where napari does not run or does not know the plugin."""
    if "napari" not in sys.modules:
        return None
    from napari.settings import get_plugin_settings

    try:
        return get_plugin_settings(PLUGIN).start
    except KeyError:
        return None
