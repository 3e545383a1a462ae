"""Errors in Qt event handlers reach ``sys.excepthook`` instead of ending the process.

On Python 3.11, PySide (6.8 to 6.11 at least) dereferences a null pointer when an override of a
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

_HANDLERS = frozenset(("paint", "drawForeground", "drawBackground", "scrollContentsBy"))


def guarded(cls: C) -> C:
    """Wrap every event handler and paint method that `cls` itself defines.

    Methods count whose names end in ``Event``, besides ``paint`` and its like; all of them
    return nothing, so that an error can be reported and the event loop goes on.
    """
    for name, member in list(vars(cls).items()):
        if inspect.isfunction(member) and (name.endswith("Event") or name in _HANDLERS):
            setattr(cls, name, _guard(member))
    return cls


def _guard(handler: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(handler)
    def guarded_handler(*arguments: Any) -> None:
        try:
            handler(*arguments)
        except Exception as error:
            sys.excepthook(type(error), error, error.__traceback__)

    return guarded_handler
