"""Engines by name: the model that comes with the program, the graph search, models of the store."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches

from mirage_core.engines.base import Engine, EngineInfo, EngineOptions

STARTER_ENGINE = "starter"
GRAPH_ENGINE = "graph"
DEFAULT_ENGINE = STARTER_ENGINE
"""What segments if nobody chose; :func:`default_engine` if it may have been damaged."""


def _graph() -> Engine:
    # Here: a command that starts workers, or only checks a name, need not wait for scipy.
    from mirage_core.engines.graph import GraphEngine

    return GraphEngine()


_MAKERS: dict[str, Callable[[], Engine]] = {GRAPH_ENGINE: _graph}


def default_engine() -> str:
    """Return the engine to segment with if nobody chose.

    The graph search, which needs no weights, steps in where the starter model cannot be used.
    """
    return DEFAULT_ENGINE if DEFAULT_ENGINE in engine_names() else GRAPH_ENGINE


def engine_names(task: str = "segment") -> tuple[str, ...]:
    """Return the names of all engines that do `task`, the default one first.

    Parameters
    ----------
    task : str
        ``segment``, ``classify``, ``embed`` or ``reconstruct``.
    """
    models = [info.name for info in _model_infos() if task in info.tasks]
    return _default_first(models, list(_MAKERS) if task == "segment" else [])


def engine_infos(task: str = "segment") -> tuple[EngineInfo, ...]:
    """Return what is known of all engines that do `task`, the default one first."""
    infos = {info.name: info for info in _model_infos() if task in info.tasks}
    built_in = {n: make().describe() for n, make in _MAKERS.items() if task == "segment"}
    return tuple((infos | built_in)[n] for n in _default_first(list(infos), list(built_in)))


def _default_first(models: list[str], built_in: list[str]) -> tuple[str, ...]:
    names = dict.fromkeys((*built_in, *models))
    first = [DEFAULT_ENGINE] if DEFAULT_ENGINE in names else []
    return tuple(dict.fromkeys((*first, *names)))


def make_engine(name: str = "", options: EngineOptions | None = None) -> Engine:
    """Return a new engine.

    Parameters
    ----------
    name : str
        Of a built-in engine, or the id of a model; by default :func:`default_engine`.
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

    return tuple(engine_info(m.card) for m in ModelStore().models())
