"""The graph engine: minimum-cost surfaces and dark pockets; needs no weights.

Used through :class:`GraphEngine`; the modules beside it are its parts.
"""

from mirage_core.engines.graph.engine import GraphEngine

__all__ = ["GraphEngine"]
