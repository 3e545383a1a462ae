"""How far the work on a scan is, in numbers and words. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mirage_core.annotate import State


class Stage(StrEnum):
    """How far a scan is as a whole."""

    NOT_STARTED = "not started"
    IN_WORK = "in work"
    ALL_APPROVED = "all approved"


@dataclass(frozen=True, slots=True)
class Work:
    """How many B-scans of one annotation are in each state.

    Attributes
    ----------
    approved, edited, predicted : int
        B-scans.
    total : int
        All B-scans; 0 before the first edit.
    """

    approved: int = 0
    edited: int = 0
    predicted: int = 0
    total: int = 0

    @classmethod
    def of(cls, states: tuple[State, ...]) -> Work:
        """Count the states of the B-scans."""
        return cls(
            states.count(State.APPROVED),
            states.count(State.EDITED),
            states.count(State.PREDICTED),
            len(states),
        )

    @property
    def stage(self) -> Stage:
        """Where it stands; what only the device segmented is not started."""
        known = self.approved + self.edited + self.predicted
        if not known:
            return Stage.NOT_STARTED
        return Stage.ALL_APPROVED if self.approved == self.total else Stage.IN_WORK

    @property
    def rank(self) -> tuple[float, float, float]:
        """What to sort by: the share approved, then edited, then predicted."""
        n = max(self.total, 1)
        return self.approved / n, self.edited / n, self.predicted / n
