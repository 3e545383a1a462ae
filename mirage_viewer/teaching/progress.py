"""RunProgress: what a run has told so far, put together for plots and words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

FINAL = "final"
"""Lesson that gives the model; the others measure."""

Event = dict[str, Any]


@dataclass
class RunProgress:
    """Events told again, as after going on with a run, change nothing.

    Attributes
    ----------
    losses, scores : dict of str to dict of int to float
        By lesson and optimiser step; scores are of held-out B-scans, 0..1.
    lesson : str
        The one that was heard of last.
    step, steps : int
        Where it is.
    n_lessons, n_measured : int
        Trainings of the run, B-scans that will be measured.
    device : str
    left_s : float or None
        How long the rest takes.
    memory_bytes, gpu_bytes : int or None
        What the worker holds.
    paused : bool
        It waits to go on.
    notes : list of str
    gain : dict or None
        Fields of :class:`~mirage_core.training.finetune.gain.Gain`, at the end.
    seconds : float or None
        How long it took.
    """

    losses: dict[str, dict[int, float]] = field(default_factory=dict)
    scores: dict[str, dict[int, float]] = field(default_factory=dict)
    lesson: str = ""
    step: int = 0
    steps: int = 0
    n_lessons: int = 0
    n_measured: int = 0
    device: str = ""
    left_s: float | None = None
    memory_bytes: int | None = None
    gpu_bytes: int | None = None
    paused: bool = False
    notes: list[str] = field(default_factory=list)
    gain: dict[str, Any] | None = None
    seconds: float | None = None

    def take(self, events: Iterable[Event]) -> bool:
        """Take events in; return whether there were any."""
        before = None
        for before in events:
            handler = getattr(self, f"_take_{before.get('kind')}", None)
            if handler is not None:
                handler(before)
        return before is not None

    @property
    def began(self) -> bool:
        """True once something was learnt."""
        return self.steps > 0

    @property
    def measuring(self) -> bool:
        """True while it finds out what was gained."""
        return self.began and self.lesson != FINAL

    def phase(self) -> str:
        """Return what is being done, in words."""
        if not self.n_lessons:
            return "Reading the corrections and loading the model…"
        if not self.began:
            return "Asking the base model what it sees…"
        place = f"step {self.step} of {self.steps}"
        if not self.measuring:
            return f"Learning: {place}"
        number = list(self.losses).index(self.lesson) if self.lesson in self.losses else 0
        which = f" {number} of {self.n_lessons - 1}" if self.n_lessons > 2 else ""
        return f"Measuring the gain{which}: {place}"

    def _take_plan(self, event: Event) -> None:
        self.n_lessons = int(event["lessons"])
        self.n_measured = int(event["measured"])
        self.device = str(event.get("device", ""))

    def _take_step(self, event: Event) -> None:
        self.paused = False
        self.lesson, self.step, self.steps = event["lesson"], event["step"], event["steps"]
        self.losses.setdefault(self.lesson, {})[self.step] = float(event["loss"])
        self.left_s = event.get("left_s")
        self.memory_bytes = event.get("memory_bytes")
        self.gpu_bytes = event.get("gpu_bytes")

    def _take_check(self, event: Event) -> None:
        if event.get("score") is not None:
            lesson = self.scores.setdefault(event["lesson"], {})
            lesson[int(event["step"])] = float(event["score"])

    def _take_paused(self, _event: Event) -> None:
        self.paused = True

    def _take_note(self, event: Event) -> None:
        if event["text"] not in self.notes:
            self.notes.append(event["text"])

    def _take_done(self, event: Event) -> None:
        self.gain, self.seconds = event.get("gain"), event.get("seconds")
        self.left_s = None
