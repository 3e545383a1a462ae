"""PairRun: engines run one after the other on a scan, only to be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from psygnal import Signal

from mirage_viewer.background import Background
from mirage_viewer.engine_run import EngineRun, remarks_message
from mirage_viewer.opening import OpenScan
from mirage_viewer.workers import Workers

if TYPE_CHECKING:
    from mirage_core.annotate import Proposal
    from mirage_core.jobs import Progress


class Question(NamedTuple):
    """What an engine is asked.

    Attributes
    ----------
    engine : str
    how : dict
        ``mode`` and ``device``.
    b_scans : tuple of int or None
        None for all.
    """

    engine: str
    how: dict[str, str]
    b_scans: tuple[int, ...] | None


class PairRun(EngineRun):
    """Asks engines one after the other; nothing of it gets into the annotation.

    Signals
    -------
    answered(Question, Proposal)
    """

    answered: ClassVar[Signal] = Signal(object, object)

    noun = "Comparison"
    topic = "compare models"

    def __init__(self, background: Background, workers: Workers) -> None:
        super().__init__(background, workers)
        self._questions: tuple[Question, ...] = ()
        self._at = 0
        self._remarks: dict[str, None] = {}

    def start(self, target: OpenScan, questions: Sequence[Question]) -> None:
        """Ask `questions` about the scan of `target`; ignored while some are being asked."""
        if not self.running and questions:
            self._questions, self._at, self._remarks = tuple(questions), 0, {}
            self._ask(target)

    @property
    def progress(self) -> Progress | None:
        """How far all of it is; how long it takes still is known for the last engine only."""
        from mirage_core.jobs import Progress

        now = super().progress
        if now is None:
            return None if self._at == 0 else Progress(self._at / len(self._questions), 0.0, None)
        last = self._at == len(self._questions) - 1
        done = (self._at + now.fraction) / len(self._questions)
        return Progress(done, now.elapsed_s, now.left_s if last else None)

    def uses(self, engine: str) -> bool:
        """Return whether it is asked, or will be."""
        return self.running and any(q.engine == engine for q in self._questions)

    def forget(self) -> None:
        """Another scan is shown: nobody waits for the result."""
        self.cancel()

    def _ask(self, target: OpenScan) -> None:
        asked = self._questions[self._at]
        self._begin(target, "segment_scan", asked.engine, asked.how, b_scans=asked.b_scans)

    def _take(self, result: Proposal) -> None:
        target = self.target
        assert target is not None
        asked = self._questions[self._at]
        self._remarks.update(dict.fromkeys(result.remarks))
        self.answered.emit(asked, result)
        if self._at + 1 < len(self._questions):
            self._at += 1
            self._ask(target)
            self.changed.emit()
        else:
            self._finish(remarks_message(tuple(self._remarks), self.topic))
