"""The models dialog: the list, the card of one, and the page that asks before a download."""

from mirage_viewer.models_dialog.dialog import ModelsDialog

__all__ = ["ModelsDialog"]
