"""Where on a B-scan a classifier sees evidence of a class. No Qt."""

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
    from mirage_core.engines.base import Attribution


@dataclass(frozen=True, eq=False, slots=True)
class Evidence:
    """What speaks for a class on one B-scan: to look at, not to measure.

    Attributes
    ----------
    b : int
    label : str
        The class.
    heat : float32 array ``[z, x]``
        On the B-scan's own grid, 0..1.
    model : str
        Title of the model.
    """

    b: int
    label: str
    heat: NDArray[np.float32]
    model: str


class Explaining(EngineRun):
    """Asks a classifier what speaks for a class on one B-scan, and keeps it while it is shown.

    Signals
    -------
    shown_changed()
        Something else is to be laid over the B-scan, or nothing.

    Attributes
    ----------
    shown : Evidence or None
    label : str
        The class that was asked for last.
    """

    shown_changed: ClassVar[Signal] = Signal()

    noun = "Explanation"
    topic = "explain"

    def __init__(self, background: Background, workers: Workers) -> None:
        super().__init__(background, workers)
        self.shown: Evidence | None = None
        self.label = ""
        self._b = 0

    def start(self, target: OpenScan, engine: str, b: int, label: str, how: dict[str, str]) -> None:
        """Ask what speaks for `label` on B-scan `b`; ignored while something is asked."""
        if not self.running:
            self._show(None)
            self._b, self.label = b, label
            self._begin(target, "explain_scan", engine, how, b_scans=(b,), label=label)

    def leave(self) -> bool:
        """Take away what is shown, and wait for nothing; return whether there was anything."""
        there = self.shown is not None or (self.running and not self.cancelling)
        self.cancel()
        self._show(None)
        return there

    def forget(self) -> None:
        """Another scan is shown."""
        self.leave()

    def _take(self, result: Attribution) -> None:
        evidence = Evidence(self._b, result.label, result.heat[0], result.engine.title)
        self._finish(remarks_message(result.run.remarks, self.topic))
        self._show(evidence)

    def _was_cancelled(self) -> None:
        self._finish(None)  # one goes on to another B-scan; there is nothing to be said of it

    def _show(self, evidence: Evidence | None) -> None:
        if evidence is not self.shown:
            self.shown = evidence
            self.shown_changed.emit()
