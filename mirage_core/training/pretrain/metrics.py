"""What a run tells of every epoch, and the file it tells it in: a JSON object per line."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mirage_core.io.atomic import atomic_file, explain_os_error

METRICS = "metrics.jsonl"


@dataclass(frozen=True)
class EpochMetrics:
    """One epoch.

    Attributes
    ----------
    epoch, step : int
        Epochs and optimiser steps done.
    loss : float
        Mean over the epoch's steps of the sum over the domains.
    losses : dict of str to float
        Per domain: mean squared error of images, cross-entropy of layer maps.
    lr : float
        Of the last step.
    grad_norm : float or None
        Mean over the steps; None where a step overflowed half precision.
    seconds, samples_per_s : float
        Since the epoch began or was resumed.
    """

    epoch: int
    step: int
    loss: float
    losses: dict[str, float]
    lr: float
    grad_norm: float | None
    seconds: float
    samples_per_s: float


class EpochSums:
    """Adds up the steps of an epoch; what it holds fits into a checkpoint."""

    def __init__(self, sums: Mapping[str, float] | None = None) -> None:
        self._sums: dict[str, float] = dict(sums or {})

    def add(self, losses: Mapping[str, float], grad_norm: float) -> None:
        """Add one step."""
        values = {f"loss {name}": loss for name, loss in losses.items()}
        for name, value in {"steps": 1.0, "grad_norm": grad_norm, **values}.items():
            self._sums[name] = self._sums.get(name, 0.0) + value

    @property
    def sums(self) -> dict[str, float]:
        """A copy of the sums by name."""
        return dict(self._sums)

    def losses(self) -> dict[str, float]:
        """Return the mean loss per domain."""
        n = self._sums["steps"]
        prefix = "loss "
        return {
            name.removeprefix(prefix): total / n
            for name, total in self._sums.items()
            if name.startswith(prefix)
        }

    def grad_norm(self) -> float | None:
        """Return the mean norm of the gradient, None if it is infinite."""
        mean = self._sums["grad_norm"] / self._sums["steps"]
        return mean if math.isfinite(mean) else None


class MetricsLog:
    """The file ``metrics.jsonl`` of a run."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / METRICS

    def append(self, metrics: EpochMetrics) -> None:
        """Write one more line.

        Raises
        ------
        ExportError
            If the disk refuses.
        """
        line = json.dumps(asdict(metrics), allow_nan=False)
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            raise explain_os_error(error, self.path) from error

    def keep(self, epochs: int) -> None:
        """Drop what was written after `epochs` epochs, and a line that was cut short."""
        kept = [line for line in self.lines() if line["epoch"] <= epochs]
        with atomic_file(self.path, overwrite=True) as fresh:
            text = "".join(json.dumps(line, allow_nan=False) + "\n" for line in kept)
            fresh.write_text(text, encoding="utf-8")

    def lines(self) -> list[dict[str, Any]]:
        """Return what was written and is whole."""
        lines: list[dict[str, Any]] = []
        if self.path.exists():
            for text in self.path.read_text(encoding="utf-8", errors="replace").splitlines():
                try:
                    lines.append(json.loads(text))
                except ValueError:
                    break
        return lines
