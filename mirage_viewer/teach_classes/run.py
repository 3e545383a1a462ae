"""ClassRun: one run at a time in a worker of its own, and what it has told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mirage_viewer.teaching.progress import FINAL, Event, RunProgress
from mirage_viewer.teaching.run import TeachRun


@dataclass
class ClassProgress(RunProgress):
    """What teaching classes tells; a step is an epoch, and a fit is over at once.

    Attributes
    ----------
    n_fits : int
        Lessons that are learnt.
    whole : bool
        The encoder learns too.
    """

    n_fits: int = 0
    whole: bool = False

    def phase(self) -> str:
        """Return what is being done, in words."""
        if not self.n_lessons:
            return "Reading the labels and loading the model…"
        if self.began:
            place = f"epoch {self.step} of {self.steps}"
            return f"Learning: {place}" if self.lesson == FINAL else f"Measuring: {place}"
        if self.whole:
            return "Learning: the first epoch"
        if not self.n_fits:
            return "Looking at the labelled images…"
        if self.n_fits < self.n_lessons:
            return f"Measuring on patients held back: {self.n_fits} of {self.n_lessons - 1}"
        return "Putting the model together…"

    def _take_plan(self, event: Event) -> None:
        super()._take_plan(event)
        self.whole = event.get("trained") == "all"

    def _take_fit(self, _event: Event) -> None:
        self.n_fits += 1

    def _take_epoch(self, event: Event) -> None:
        self._take_step(event)

    def _take_done(self, event: Event) -> None:
        self.seconds, self.left_s = event.get("seconds"), None


class ClassRun(TeachRun):
    """The run of one window."""

    def _task(self) -> Callable[..., Any]:
        from mirage_core.jobs.teach_classes import teach_classes

        return teach_classes

    def _nothing_told(self) -> RunProgress:
        return ClassProgress()
