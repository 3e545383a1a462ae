"""Errors in Qt event handlers reach ``sys.excepthook`` instead of ending the process.

On Python 3.11, PySide (6.8 to 6.12 at least) dereferences a null pointer when an override of a
Qt method lets out an error that the interpreter itself raised, a ZeroDivisionError or an
IndexError, say. Other errors leave the event loop. Neither may happen to a grader at work.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any, TypeVar

C = TypeVar("C", bound=type)

# Qt calls these, and what they return when they fail.
_ANSWERS: dict[str, bool | None] = {
    "paint": None,
    "drawForeground": None,
    "drawBackground": None,
    "scrollContentsBy": None,
    "showPopup": None,
    "event": False,
    "eventFilter": False,
}


def is_handler(name: str) -> bool:
    """Return whether Qt calls a method of this name: ``…Event``, ``paint`` and its like."""
    return name in _ANSWERS or name.endswith("Event")


def guarded(cls: C) -> C:
    """Wrap every event handler and paint method that `cls` itself defines.

    A handler that fails returns nothing, ``event`` and ``eventFilter`` return False: the error
    is reported and the event loop goes on as if the event had not been for this object.
    """
    for name, member in list(vars(cls).items()):
        if inspect.isfunction(member) and is_handler(name):
            setattr(cls, name, _guard(member, _ANSWERS.get(name)))
    return cls


def _guard(handler: Callable[..., Any], answer: bool | None) -> Callable[..., Any]:
    @functools.wraps(handler)
    def guarded_handler(*arguments: Any) -> Any:
        try:
            return handler(*arguments)
        except Exception as error:
            sys.excepthook(type(error), error, error.__traceback__)
            return answer

    return guarded_handler
