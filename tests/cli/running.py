"""Run the command line inside the test, and small scans to run it on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from typer.testing import CliRunner

from mirage_core.cli.app import app
from mirage_core.engines import EngineInfo, EngineInput, Prediction
from mirage_core.engines.base import Cancelled, Report
from mirage_core.scan import Masks, Surfaces


@dataclass
class Ran:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def mirage(*args: object) -> Ran:
    """Run ``mirage *args`` in this process; exceptions of ours would come through."""
    result = CliRunner(env={"COLUMNS": "200"}).invoke(
        app, [str(a) for a in args], catch_exceptions=False
    )
    return Ran(result.exit_code, result.stdout, result.stderr)


class FlatEngine:
    """Finds a flat ILM and BM, and fluid between them in the first columns; tells progress."""

    info = EngineInfo("graph", "7", "Flat", ("ILM", "BM"), ("FLUID",), sha256="ab" * 32)

    def describe(self) -> EngineInfo:
        return self.info

    def segment(
        self,
        source: EngineInput,
        report: Report = lambda _fraction: None,
        cancelled: Cancelled = lambda: False,
    ) -> Prediction:
        n = len(source.wanted)
        _, height, width = source.b_scans.shape
        values = np.empty((2, n, width), np.float32)
        values[0], values[1] = height * 0.25, height * 0.75
        values[1, :, -2:] = np.nan
        masks = Masks.empty((n, height, width))
        masks.labels[:, height // 2, :3] = 6
        report(1.0)
        confidence = np.where(np.isnan(values), values, np.float32(0.5))
        return Prediction(Surfaces(values, ("ILM", "BM")), confidence, masks, self.info)


def save_volume(path: Path, seed: int = 0, shape: tuple[int, int, int] = (3, 40, 24)) -> Path:
    """Write an NPZ of noise with a spacing and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    volume = np.random.default_rng(seed).integers(0, 200, shape, dtype=np.uint8)
    np.savez(path, volume=volume, spacing_mm=np.array([0.12, 0.004, 0.011]))
    return path
