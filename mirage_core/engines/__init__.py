"""Segmentation engines: what they all are, and the ones we have by name.

May be imported by jobs, the command line and the project; imports only `scan`.
"""

from mirage_core.engines.base import (
    Cancelled,
    Engine,
    EngineCancelledError,
    EngineInfo,
    EngineInput,
    Prediction,
    Report,
)
from mirage_core.engines.registry import DEFAULT_ENGINE, engine_names, make_engine

__all__ = [
    "DEFAULT_ENGINE",
    "Cancelled",
    "Engine",
    "EngineCancelledError",
    "EngineInfo",
    "EngineInput",
    "Prediction",
    "Report",
    "engine_names",
    "make_engine",
]
