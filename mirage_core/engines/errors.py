"""Why an engine refuses a run: sentences for the user. Imports no torch, so that they travel."""

from __future__ import annotations


class RunRefusedError(ValueError):
    """The run cannot be done as asked.

    Attributes
    ----------
    what, hint : str
        What is wrong, and what to do.
    """

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what, hint)
        self.what, self.hint = what, hint

    def __str__(self) -> str:
        return f"{self.what} {self.hint}".strip()


class TaskMissingError(RunRefusedError):
    """The model cannot do what is asked."""


class InputError(RunRefusedError):
    """The scan lacks what the model looks at."""
