"""Report: what became of every name in a file of weights."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from mirage_core.model.checkpoints.errors import listed


class Resized(NamedTuple):
    """A table of positions that was fitted to another input size."""

    name: str
    before: tuple[int, int]
    after: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Report:
    """What happened when weights were put into a model.

    Attributes
    ----------
    missing : tuple of str
        Weights the model has and the file has not; they are random.
    unexpected : tuple of str
        Weights the file has and nobody here knows; they are not used.
    dropped : tuple of str
        Weights the file has and the model that was asked for has no use for.
    resized : tuple of Resized
        Tables of positions, with tokens down and across before and after.
    assumptions : tuple of str
        Sentences: what the file does not say and was taken for granted.
    notes : tuple of str
        Sentences: what else was done.
    """

    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    resized: tuple[Resized, ...] = ()
    assumptions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every weight of the model came from the file and nothing was left over."""
        return not self.missing and not self.unexpected

    def misfit(self) -> str:
        """Return what the file lacks and has too much: "lacks … and holds … that …"; "" if none."""
        parts = []
        if self.missing:
            parts.append(f"lacks {counted(self.missing)} of the model")
        if self.unexpected:
            parts.append(f"holds {counted(self.unexpected)} that the model has not")
        return " and ".join(parts)

    def sentences(self) -> tuple[str, ...]:
        """Return all of it for people, what matters most first."""
        lines = []
        if self.missing:
            lines.append(f"Random, because the file lacks them: {counted(self.missing)}.")
        if self.unexpected:
            lines.append(f"In the file, but not known and not used: {counted(self.unexpected)}.")
        lines += self.assumptions
        if self.dropped:
            lines.append(f"Left out, as this model has no use for it: {counted(self.dropped)}.")
        for name, before, after in self.resized:
            lines.append(
                f"The table of positions {name} was resized from {before[0]} x {before[1]} to "
                f"{after[0]} x {after[1]} tokens."
            )
        return (*lines, *self.notes)


def counted(names: Collection[str]) -> str:
    """Return how many weights there are, and the first names: "5 weights (a, b, c and 2 more)"."""
    return f"{len(names)} weight{'s'[: len(names) != 1]} ({listed(names)})"
