"""Links: a widget's connections to the core's signals, undone when either side goes."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from psygnal import SignalInstance
from qtpy.QtCore import QObject


class Links:
    """Connections of one widget that end with the widget.

    Qt deletes widgets while Python may still refer to them; a session must not call into those.

    Parameters
    ----------
    owner : QObject
        Whose methods are connected.
    """

    def __init__(self, owner: QObject) -> None:
        self._links: list[tuple[SignalInstance, weakref.WeakMethod[Callable[..., Any]]]] = []
        owner.destroyed.connect(self.clear)

    def connect(self, signal: SignalInstance, slot: Callable[..., Any]) -> None:
        """Call `slot`, a bound method, whenever `signal` is emitted."""
        signal.connect(slot)
        self._links.append((signal, weakref.WeakMethod(slot)))

    def clear(self, _destroyed: QObject | None = None) -> None:
        """Undo all connections."""
        for signal, reference in self._links:
            slot = reference()
            if slot is not None:
                signal.disconnect(slot, missing_ok=True)
        self._links.clear()
