"""What goes wrong around models, in sentences. Imports no torch, so that they travel."""

from __future__ import annotations


class DeviceError(ValueError):
    """There is no such device here.

    Attributes
    ----------
    what, hint : str
        What is wrong, and which devices there are.
    """

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what, hint)
        self.what, self.hint = what, hint

    def __str__(self) -> str:
        return f"{self.what} {self.hint}".strip()
