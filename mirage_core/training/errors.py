"""TrainingError: why a training cannot be, in two sentences. Imports no torch, so it travels."""

from __future__ import annotations


class TrainingError(Exception):
    """A training cannot start or go on.

    Attributes
    ----------
    what : str
        One sentence: what is wrong.
    hint : str
        What to do next.
    """

    def __init__(self, what: str, hint: str = "") -> None:
        self.what = what
        self.hint = hint
        super().__init__(what, hint)

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.hint) if part)
