"""PretrainError: the one exception about a pre-training that users can act on."""

from __future__ import annotations


class PretrainError(Exception):
    """A pre-training cannot start or go on.

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
