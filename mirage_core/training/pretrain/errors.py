"""PretrainError: the one exception about a pre-training that users can act on."""

from __future__ import annotations

from mirage_core.training.errors import TrainingError


class PretrainError(TrainingError):
    """A pre-training cannot start or go on."""
