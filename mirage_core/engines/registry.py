"""Engines by name: the graph search, the model that comes with the program, those of the store."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches

from mirage_core.engines.base import Engine, EngineInfo, EngineOptions

STARTER_ENGINE = "starter"
"""The model that comes with the program."""
GRAPH_ENGINE = "graph"
"""It needs no weights and is always there."""


def _graph() -> Engine:
    # Here: a command that starts workers, or only checks a name, need not wait for scipy.
    from mirage_core.engines.graph import GraphEngine

    return GraphEngine()


_MAKERS: dict[str, Callable[[], Engine]] = {GRAPH_ENGINE: _graph}


def default_engine() -> str:
    """Return what segments if nobody chose: the starter model where it can be used."""
    return engine_names()[0]


def engine_names(task: str = "segment") -> tuple[str, ...]:
    """Return the names of all engines that do `task`, the default one first.

    Parameters
    ----------
    task : str
        ``segment``, ``classify``, ``embed`` or ``reconstruct``.
    """
    models = [info.name for info in _model_infos() if task in info.tasks]
    return _default_first(list(_MAKERS) if task == "segment" else [], models)


def engine_infos(task: str = "segment") -> tuple[EngineInfo, ...]:
    """Return what is known of all engines that do `task`, the default one first."""
    infos = {info.name: info for info in _model_infos() if task in info.tasks}
    built_in = {name: make().describe() for name, make in _MAKERS.items() if task == "segment"}
    known = infos | built_in
    return tuple(known[name] for name in _default_first(list(built_in), list(infos)))


def _default_first(built_in: list[str], models: list[str]) -> tuple[str, ...]:
    first = [STARTER_ENGINE] if STARTER_ENGINE in models else []
    return tuple(dict.fromkeys((*first, *built_in, *models)))


def make_engine(name: str = "", options: EngineOptions | None = None) -> Engine:
    """Return a new engine.

    Parameters
    ----------
    name : str
        Of a built-in engine, or the id of a model; by default that of :func:`default_engine`.
    options : EngineOptions, optional
        Mode, device, batch size; engines without weights ignore them.

    Raises
    ------
    KeyError
        If there is no engine called `name`; the message offers a close name.
    """
    name = name or default_engine()
    maker = _MAKERS.get(name)
    if maker is not None:
        return maker()
    from mirage_core.model.store.store import ModelStore

    store = ModelStore()
    models = [m.card.id for m in store.models()]
    if name in models:
        from mirage_core.engines.mirage import MirageEngine

        return MirageEngine(name, store.folder, options or EngineOptions())
    known = [*_MAKERS, *models]
    close = get_close_matches(name, known, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise KeyError(f"no engine called {name!r}{hint} Known: {', '.join(known)}")


def _model_infos() -> tuple[EngineInfo, ...]:
    from mirage_core.engines.mirage.info import engine_info
    from mirage_core.model.store.store import ModelStore

    # What came with the program first.
    models = sorted(ModelStore().models(), key=lambda m: not m.shipped)
    return tuple(engine_info(m.card) for m in models)
