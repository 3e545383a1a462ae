"""Class probabilities of B-scans, from a model that classifies. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from mirage_viewer.background import Background
from mirage_viewer.engine_run import EngineRun, remarks_message
from mirage_viewer.opening import OpenScan
from mirage_viewer.workers import Workers

if TYPE_CHECKING:
    from mirage_core.engines.base import Classification


@dataclass(frozen=True, eq=False, slots=True)
class Classes:
    """What a model says of some B-scans.

    Attributes
    ----------
    labels : tuple of str
    probabilities : float32 array ``[n, k]``
        Rows sum to 1.
    b_scans : tuple of int
        What the rows are of.
    n_b_scans : int
        Of the whole scan.
    model : str
        Title of the model.
    engine : str
        Its name, to ask it more; empty if it cannot be.
    """

    labels: tuple[str, ...]
    probabilities: NDArray[np.float32]
    b_scans: tuple[int, ...]
    n_b_scans: int
    model: str
    engine: str = ""

    def highest(self, k: int) -> int:
        """Return the B-scan on which class `k` is likeliest."""
        return self.b_scans[int(self.probabilities[:, k].argmax())]

    def most(self, k: int) -> float:
        """Return how likely class `k` is there."""
        return float(self.probabilities[:, k].max())


class Classifying(EngineRun):
    """Runs a classifier on one B-scan or all.

    Signals
    -------
    classified(Classes)
    """

    classified: ClassVar[Signal] = Signal(object)

    noun = "Classification"
    topic = "classify"

    def __init__(self, background: Background, workers: Workers) -> None:
        super().__init__(background, workers)
        self._b_scans: tuple[int, ...] = ()

    def start(
        self, target: OpenScan, engine: str, b_scans: tuple[int, ...], how: dict[str, str]
    ) -> None:
        """Classify `b_scans` of `target`; ignored while something is classified."""
        if not self.running:
            self._b_scans = b_scans
            self._begin(target, "classify_scan", engine, how, b_scans=b_scans)

    def forget(self) -> None:
        """Another scan is shown: nobody waits for the result."""
        self.cancel()

    def _take(self, result: Classification) -> None:
        assert self.target is not None
        classes = Classes(
            result.labels,
            result.probabilities,
            self._b_scans,
            self.target.scan.n_b_scans,
            result.engine.title,
            self.engine,
        )
        self._finish(remarks_message(result.run.remarks, "classify"))
        self.classified.emit(classes)
