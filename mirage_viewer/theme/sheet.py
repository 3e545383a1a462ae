"""The style sheet, one text for both themes."""

from __future__ import annotations

from pathlib import Path
from string import Template

from mirage_viewer.theme.colors import Colors

_IMAGES = Path(__file__).parent / "images"

# Widgets are addressed by a dynamic property `look` where their type is not enough.
_SHEET = Template("""
QWidget { color: $text; font-size: ${size}px; }
QMainWindow, QDialog { background: $window; }
QToolTip { background: $raised; color: $text; border: 1px solid $border; padding: 4px 6px; }

QMenuBar { background: $window; padding: 1px 4px; }
QMenuBar::item { padding: 4px 9px; border-radius: 4px; background: transparent; }
QMenuBar::item:selected { background: $hover; }
QMenu { background: $panel; border: 1px solid $border; padding: 4px; }
QMenu::item { padding: 5px 26px 5px 10px; border-radius: 4px; }
QMenu::item:selected { background: $selection; }
QMenu::item:disabled { color: $disabled; }
QMenu::separator { height: 1px; background: $border; margin: 4px 6px; }
QMenu::icon { padding-left: 6px; }
QMenu::indicator { width: 16px; height: 16px; padding-left: 6px; }
QMenu::indicator:checked { image: url("$images/menu_tick_$name.svg"); }

QToolBar { background: $panel; border: none; border-bottom: 1px solid $border; padding: 4px 8px;
    spacing: 3px; }
QToolBar::separator { width: 1px; background: $border; margin: 5px 6px; }
QToolBar QToolButton { padding: 5px 9px; border-radius: 6px; border: 1px solid transparent;
    font-size: ${size}px; }
QToolBar QToolButton:hover { background: $hover; }
QToolBar QToolButton:checked { background: $selection; border-color: $accent; }
QToolBar QToolButton:disabled { color: $disabled; }

QStatusBar { background: $panel; border-top: 1px solid $border; }
QStatusBar::item { border: none; }
QStatusBar QLabel { padding: 2px 7px; }

QWidget[look="panel"] { background: $panel; }
QFrame[look="card"] { background: $panel; border: 1px solid $border; border-radius: 8px; }
QLabel[look="heading"] { font-size: ${heading}px; font-weight: 600; }
QLabel[look="title"] { font-size: ${title}px; font-weight: 600; }
QLabel[look="muted"] { color: $muted; }
QLabel[look="small"] { color: $muted; font-size: ${small}px; }
QLabel[look="small warning"] { color: $warning; font-size: ${small}px; }
QLabel[look="good"] { color: $good; }
QLabel[look="warning"] { color: $warning; }
QLabel[look="error"] { color: $error; }
QLabel[look="chip"] { color: $muted; border: 1px solid $border; border-radius: 9px;
    padding: 1px 8px; font-size: ${small}px; }

QFrame[message] QPushButton { padding: 3px 12px; background: transparent;
    border-color: $muted; }
QFrame[message] QPushButton:hover { background: $hover; }
QPushButton, QToolButton[look="button"] { background: $raised; border: 1px solid $border;
    border-radius: 6px; padding: 6px 12px; min-height: 18px; }
QPushButton:hover, QToolButton[look="button"]:hover { background: $hover; }
QPushButton:pressed, QToolButton[look="button"]:pressed { background: $selection; }
QPushButton:checked, QToolButton[look="button"]:checked { background: $selection;
    border-color: $accent; }
QPushButton:disabled, QToolButton[look="button"]:disabled { color: $disabled; }
QPushButton:focus, QToolButton[look="button"]:focus { border-color: $accent; }
QPushButton[look="primary"] { background: $accent; color: $on_accent; border-color: $accent;
    font-weight: 600; }
QPushButton[look="primary"]:hover { background: $accent_hover; }
QPushButton[look="primary"]:disabled { background: $raised; color: $disabled;
    border-color: $border; }
QPushButton[look="link"] { background: transparent; border: none; text-align: left;
    padding: 5px 8px; color: $info; }
QPushButton[look="link"]:hover { background: $hover; }
QToolButton[look="tool"] { background: $raised; border: 1px solid $border; border-radius: 7px;
    padding: 2px 2px; font-size: ${small}px; }
QToolButton[look="tool"]:hover { background: $hover; }
QToolButton[look="tool"]:checked { background: $selection; border: 2px solid $accent;
    padding: 1px 1px; }
QToolButton[look="tool"]:focus { border-color: $accent; }
QToolButton[look="tool"]:disabled { color: $disabled; }
QToolButton[look="flat"] { background: transparent; border: 1px solid transparent;
    border-radius: 5px; padding: 4px; }
QToolButton[look="flat"]:hover { background: $hover; }
QToolButton[look="flat"]:checked { background: $selection; border-color: $accent; }
QToolButton[look="flat"]:disabled { color: $disabled; }

QToolButton[look="words"] { background: transparent; border: 1px solid transparent;
    border-radius: 5px; padding: 1px 4px; color: $muted; font-size: ${small}px; }
QToolButton[look="words"]:hover { background: $hover; color: $text; }
QToolButton[look="words"]:focus { border-color: $accent; }
QToolButton[look="words"]:disabled { color: $disabled; }
QToolButton[look="words"]::menu-indicator { image: none; width: 0; }

QComboBox, QLineEdit, QDoubleSpinBox, QSpinBox { background: $raised; border: 1px solid $border;
    border-radius: 6px; padding: 4px 8px; min-height: 18px; selection-background-color: $selection;
    selection-color: $text; }
QComboBox:hover, QLineEdit:hover, QDoubleSpinBox:hover, QSpinBox:hover { border-color: $muted; }
QComboBox:focus, QLineEdit:focus, QDoubleSpinBox:focus, QSpinBox:focus { border-color: $accent; }
QComboBox:disabled, QLineEdit:disabled, QDoubleSpinBox:disabled { color: $disabled; }
QComboBox QAbstractItemView { background: $panel; border: 1px solid $border;
    selection-background-color: $selection; selection-color: $text; outline: none; }
QComboBox { padding-right: 22px; }
QComboBox::drop-down { border: none; width: 22px; }
QComboBox::down-arrow { image: url("$images/down_$name.svg"); width: 14px; height: 14px; }
QCheckBox::indicator, QListView::indicator { width: 15px; height: 15px; border: 1px solid $muted;
    border-radius: 4px; background: $raised; }
QCheckBox::indicator:checked, QListView::indicator:checked { background: $accent;
    border-color: $accent; image: url("$images/tick_$name.svg"); }
QCheckBox::indicator:disabled { border-color: $disabled; background: $panel; }
QCheckBox::indicator:checked:disabled { background: $disabled; }
QCheckBox, QRadioButton { spacing: 7px; background: transparent; }
QCheckBox:disabled, QRadioButton:disabled { color: $disabled; }
QLabel { background: transparent; }
QLabel:disabled { color: $disabled; }

QSlider { background: transparent; }
QSlider::groove:horizontal { height: 4px; background: $border; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent; border-radius: 2px; }
QSlider::handle:horizontal { width: 14px; height: 14px; margin: -5px 0; border-radius: 7px;
    background: $text; }
QSlider::handle:horizontal:hover { background: $accent; }
QSlider::sub-page:horizontal:disabled { background: $border; }
QSlider::handle:horizontal:disabled { background: $disabled; }

QProgressBar { background: $raised; border: 1px solid $border; border-radius: 5px; height: 8px;
    max-height: 8px; }
QProgressBar::chunk { background: $accent; border-radius: 4px; }

QListWidget, QListView, QTreeView, QTableView, QPlainTextEdit, QTextBrowser { background: $panel;
    border: 1px solid $border; border-radius: 6px; outline: none; padding: 2px; }
QListWidget::item, QListView::item { padding: 4px 6px; border-radius: 4px; }
QListWidget[look="dense"]::item { padding: 1px 4px; }
QListWidget::item:hover, QListView::item:hover { background: $hover; }
QListWidget::item:selected, QListView::item:selected { background: $selection; color: $text; }
QListWidget::item:disabled { color: $disabled; }
QHeaderView::section { background: $raised; border: none; padding: 4px 6px; }

QDialogButtonBox, QMessageBox { dialogbuttonbox-buttons-have-icons: 0; }
QDialog[look="palette"] { border: 1px solid $muted; }

QTabWidget::pane { border: 1px solid $border; border-radius: 8px; top: -1px; background: $panel; }
QTabBar::tab { background: transparent; color: $muted; padding: 6px 11px; border: 1px solid
    transparent; border-top-left-radius: 6px; border-top-right-radius: 6px; }
QTabBar::tab:hover { color: $text; background: $hover; }
QTabBar::tab:selected { color: $text; background: $panel; border-color: $border;
    border-bottom-color: $panel; font-weight: 600; }

QScrollArea { background: transparent; border: none; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar::handle:vertical { background: $border; border-radius: 5px; min-height: 28px; }
QScrollBar::handle:vertical:hover { background: $muted; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle:horizontal { background: $border; border-radius: 5px; min-width: 28px; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QSplitter::handle { background: $window; }
QSplitter::handle:hover { background: $accent; }

QFrame[message="info"] { background: $info_panel; border: none; border-left: 4px solid $info;
    border-radius: 4px; }
QFrame[message="warning"] { background: $warning_panel; border: none;
    border-left: 4px solid $warning; border-radius: 4px; }
QFrame[message="error"] { background: $error_panel; border: none; border-left: 4px solid $error;
    border-radius: 4px; }
""")


def style_sheet(colors: Colors, size_px: int) -> str:
    """Return the Qt style sheet in `colors`, its text `size_px` high."""
    values = {name: getattr(colors, name) for name in colors.__slots__}
    sizes = {"size": size_px, "small": size_px - 1, "heading": size_px + 1, "title": size_px + 11}
    return _SHEET.substitute(values, images=_IMAGES.as_posix(), **sizes)
