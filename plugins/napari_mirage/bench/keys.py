"""The keys of the app on napari's canvas, as far as napari leaves them free."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.QtGui import QKeySequence

if TYPE_CHECKING:
    from napari import Viewer

    from mirage_viewer.qt_actions import QtActions

_MODIFIERS = {"Ctrl": "Control", "Meta": "Meta", "Shift": "Shift", "Alt": "Alt"}
_KEYS = {
    "Return": "Enter",
    "Del": "Delete",
    "PgUp": "PageUp",
    "PgDown": "PageDown",
    "Esc": "Escape",
}


def bind_keys(viewer: Viewer, actions: QtActions) -> tuple[str, ...]:
    """Bind the shortcuts of `actions` that napari has no use for; return those, Qt's way.

    napari's own keys stay napari's, those of its layers too. Undo and redo are the exception:
    they are ours on every layer, since our history is the one that is kept.
    """
    taken = _napari_keys()
    bound = []
    for action in actions.registry:
        for shortcut in action.shortcuts:
            key = _as_napari_writes(shortcut)
            if key in taken and action.key not in ("edit.undo", "edit.redo"):
                continue
            try:
                viewer.bind_key(key, _presser(actions, action.key), overwrite=True)
            except (TypeError, ValueError):
                continue  # a key that napari does not know
            bound.append(shortcut)
    return tuple(bound)


def _napari_keys() -> set[str]:
    from napari.settings import get_settings

    shortcuts = get_settings().shortcuts.shortcuts
    return {_as_napari_writes(str(key)) for keys in shortcuts.values() for key in keys}


def _as_napari_writes(shortcut: str) -> str:
    """Return a key as napari names it, its modifiers in one order."""
    portable = QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.PortableText)
    *modifiers, key = portable.split("+")
    return "-".join([*(_MODIFIERS.get(m, m) for m in modifiers), _KEYS.get(key, key)])


def _presser(actions: QtActions, key: str) -> Callable[[Any], None]:
    def press(_viewer: Any) -> None:
        actions.trigger(key)

    return press
