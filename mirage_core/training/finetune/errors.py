"""TeachError: the one exception about teaching that users can act on. Imports no torch."""

from __future__ import annotations

from mirage_core.training.errors import TrainingError


class TeachError(TrainingError):
    """A model cannot be taught, or not any further."""


class TeachCancelledError(Exception):
    """Teaching was cancelled; its folder holds a checkpoint from which it can go on."""
