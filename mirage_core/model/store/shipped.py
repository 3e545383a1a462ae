"""Where the models lie that come with the program: read, and never changed."""

from __future__ import annotations

from pathlib import Path

from mirage_core.model.store.card import CARD_FILE


def shipped_folders(root: Path) -> dict[str, Path]:
    """Return the folders of the models in `root` by id."""
    try:
        return {f.name: f for f in sorted(root.iterdir()) if (f / CARD_FILE).is_file()}
    except OSError:
        return {}
