"""The engine of every model in the store: MIRAGE, and other encoders with the same heads.

`info` and `slo_patch` need no torch; `MirageEngine` imports it when it is first run.
"""

from mirage_core.engines.mirage.engine import MirageEngine
from mirage_core.engines.mirage.info import engine_info

__all__ = ["MirageEngine", "engine_info"]
