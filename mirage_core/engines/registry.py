"""Engines by name."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches

from mirage_core.engines.base import Engine

DEFAULT_ENGINE = "graph"


def _graph() -> Engine:
    # Here: a command that starts workers, or only checks a name, need not wait for scipy.
    from mirage_core.engines.graph import GraphEngine

    return GraphEngine()


_MAKERS: dict[str, Callable[[], Engine]] = {DEFAULT_ENGINE: _graph}


def engine_names() -> tuple[str, ...]:
    """Return the names of all engines, the default one first."""
    return tuple(_MAKERS)


def make_engine(name: str = DEFAULT_ENGINE) -> Engine:
    """Return a new engine.

    Raises
    ------
    KeyError
        If there is no engine called `name`; the message offers a close name.
    """
    try:
        maker = _MAKERS[name]
    except KeyError:
        close = get_close_matches(name, _MAKERS, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise KeyError(f"no engine called {name!r}{hint} Known: {', '.join(_MAKERS)}") from None
    return maker()
