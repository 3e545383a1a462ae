"""How the app looks: colours, style sheet, icons. Imports Qt, nothing else of ours."""

from mirage_viewer.theme.apply import apply_theme, current_colors, scaled, text_px, wear_theme
from mirage_viewer.theme.colors import DARK, LIGHT, THEMES, Colors, contrast_ratio
from mirage_viewer.theme.cursors import tool_cursor
from mirage_viewer.theme.icons import ICONS, icon

__all__ = [
    "DARK",
    "ICONS",
    "LIGHT",
    "THEMES",
    "Colors",
    "apply_theme",
    "contrast_ratio",
    "current_colors",
    "icon",
    "scaled",
    "text_px",
    "tool_cursor",
    "wear_theme",
]
