"""The keys of the app on napari's canvas, as far as napari leaves them free."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from napari_mirage.keybindings import bound_by_user, normal_key, taken_keys

if TYPE_CHECKING:
    from napari import Viewer

    from mirage_viewer.qt_actions import QtActions

_OURS_EVERYWHERE = ("edit.undo", "edit.redo")
"""Our history is the one that is kept, whichever layer is chosen."""


def bind_keys(viewer: Viewer, actions: QtActions) -> tuple[str, ...]:
    """Bind the shortcuts of `actions` that napari has no use for; return those.

    napari's own keys stay napari's, those of its layers and those that the user chose or
    bound on this viewer, too.
    """
    taken, bound = taken_keys(), []
    for action in actions.as_shown():
        for shortcut in action.shortcuts:
            try:
                key = normal_key(shortcut)
                if key in taken and action.key not in _OURS_EVERYWHERE:
                    continue
                if bound_by_user(viewer, key):
                    continue
                viewer.bind_key(key, _presser(actions, action.key), overwrite=True)
            except (TypeError, ValueError):
                continue  # a key that napari does not know
            bound.append(shortcut)
    return tuple(bound)


def _presser(actions: QtActions, key: str) -> Callable[[Any], None]:
    def press(_viewer: Any) -> None:
        actions.trigger(key)

    return press
