"""Why an engine refuses a run: sentences for the user. Imports no torch, so that they travel."""

from __future__ import annotations


class RunRefusedError(ValueError):
    """The run cannot be done as asked; the text says why and what can."""


class TaskMissingError(RunRefusedError):
    """The model cannot do what is asked; the text says what it can."""


class InputError(RunRefusedError):
    """The scan lacks what the model looks at; the text says what."""
