"""Keys of the manifest on napari's canvas.

napari 0.9 reads ``keybindings`` of a manifest and binds none of them, so they are bound here as
soon as the workbench is at work in a viewer. The manifest is the one place that names them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

if TYPE_CHECKING:
    from napari import Viewer

PLUGIN = "mirage-viewer"
_BOUND: WeakSet[Any] = WeakSet()


def bind_command_keys(viewer: Viewer) -> None:
    """Bind the manifest's keys in `viewer`, once; a key that the user gave to napari stays its."""
    from npe2 import plugin_manager

    window = viewer.window._qt_window
    if window in _BOUND:
        return
    _BOUND.add(window)
    try:
        manifest = plugin_manager.get_manifest(PLUGIN)
    except KeyError:
        return
    taken = taken_keys()
    for binding in manifest.contributions.keybindings or ():
        key = normal_key(binding.key)
        if key not in taken and not bound_by_user(viewer, key):
            viewer.bind_key(key, _presser(binding.command), overwrite=True)


def taken_keys() -> set[str]:
    """Return the keys that napari, its layers, or the user's choice have a use for."""
    from napari.settings import get_settings

    shortcuts = get_settings().shortcuts.shortcuts
    return {normal_key(str(key)) for keys in shortcuts.values() for key in keys}


def bound_by_user(viewer: Viewer, key: str) -> bool:
    """Return whether somebody else has bound `key` on this viewer itself."""
    from napari.utils.key_bindings import coerce_keybinding

    bound = viewer.keymap.get(coerce_keybinding(key))
    ours = str(getattr(bound, "__module__", "")).startswith("napari_mirage.")
    return bound is not None and not ours


def normal_key(key: str) -> str:
    """Return a key with its modifiers in one order."""
    from app_model.types import KeyBinding

    return str(KeyBinding.from_str(key))


def _presser(command: str) -> Callable[[Any], None]:
    def press(_viewer: Any) -> None:
        from npe2 import plugin_manager

        plugin_manager.instance().commands.execute(command)

    return press
