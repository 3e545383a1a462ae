"""Segmentation engines: what they all are, and the ones we have by name.

May be imported by jobs, the command line and the project; imports `scan` and, where a model is
run, `model`.
"""

from mirage_core.engines.base import (
    Attribution,
    Cancelled,
    Classification,
    Classifier,
    Embedder,
    Embedding,
    Engine,
    EngineCancelledError,
    EngineInfo,
    EngineInput,
    EngineOptions,
    Explainer,
    Mode,
    Prediction,
    Reconstruction,
    Reconstructor,
    Report,
    RunInfo,
)
from mirage_core.engines.registry import (
    GRAPH_ENGINE,
    STARTER_ENGINE,
    default_engine,
    engine_infos,
    engine_names,
    make_engine,
)

__all__ = [
    "GRAPH_ENGINE",
    "STARTER_ENGINE",
    "Attribution",
    "Cancelled",
    "Classification",
    "Classifier",
    "Embedder",
    "Embedding",
    "Engine",
    "EngineCancelledError",
    "EngineInfo",
    "EngineInput",
    "EngineOptions",
    "Explainer",
    "Mode",
    "Prediction",
    "Reconstruction",
    "Reconstructor",
    "Report",
    "RunInfo",
    "default_engine",
    "engine_infos",
    "engine_names",
    "make_engine",
]
