"""CardView: what is known of one model, as text that can be selected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QTextBrowser, QWidget

from mirage_viewer.models_dialog import words
from mirage_viewer.theme import current_colors

if TYPE_CHECKING:
    from mirage_core.model.store.store import BrokenModel, StoredModel

_NOTHING = (
    "<h3>No models yet</h3><p>The graph search segments without any. Models find more, imagine "
    "one image from another, or classify.</p><p><b>Import file…</b> takes a file of weights you "
    "have. <b>Download…</b> asks the hub, shows the terms, and fetches nothing before you accept "
    "them.</p>"
)


class CardView(QTextBrowser):
    """Shows the card of a model, or why it cannot be used."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setOpenLinks(False)
        self._entry: StoredModel | BrokenModel | None = None

    def show_entry(self, entry: StoredModel | BrokenModel | None) -> None:
        """Show `entry`; None if there is none."""
        self._entry = entry
        if entry is None:
            self.setHtml(_NOTHING)
            return
        card, muted = words.card_of(entry), current_colors().muted
        if card is None:
            self.setHtml(words.broken_html(entry, muted))
        else:
            self.setHtml(words.card_html(card, muted))
            self.setToolTip(f"SHA-256 {card.weights_sha256}")

    def repaint_icons(self) -> None:
        """Take the theme's colours again."""
        self.show_entry(self._entry)
