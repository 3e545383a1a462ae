"""TeachError: the one exception about teaching that users can act on. Imports no torch."""

from __future__ import annotations


class TeachError(Exception):
    """A model cannot be taught, or not any further.

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


class TeachCancelledError(Exception):
    """Teaching was cancelled; its folder holds a checkpoint from which it can go on."""
