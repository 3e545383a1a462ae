"""The models dialog: the list, the card of one, and the page that asks before a download."""

from mirage_viewer.models_dialog.dialog import ModelsDialog
from mirage_viewer.models_dialog.unsaid_form import UnsaidForm

__all__ = ["ModelsDialog", "UnsaidForm"]
