"""What can go wrong with stored models and the hub, in one sentence and a hint."""

from __future__ import annotations

from pathlib import Path


class ModelStoreError(Exception):
    """A model, its card or its file cannot be used as asked.

    Attributes
    ----------
    what : str
        What is wrong, one sentence.
    hint : str
        What to do next, one sentence.
    path : Path or None
        The file or folder, where there is one.
    """

    def __init__(self, what: str, hint: str = "", path: Path | None = None) -> None:
        self.what = what
        self.hint = hint
        super().__init__(f"{what} {hint}".strip())
        if path is not None:
            self.path = Path(path)

    def __reduce__(self) -> tuple[type[ModelStoreError], tuple[str, str, Path | None]]:
        # Exceptions pickle by their message alone unless told otherwise; workers send them back.
        return type(self), (self.what, self.hint, getattr(self, "path", None))


class HubError(ModelStoreError):
    """The hub does not give what was asked of it."""


class OfflineError(HubError):
    """The network may not be used."""


class ConsentNeededError(HubError):
    """Nothing is fetched before someone has agreed to the terms, as they stand today."""


class CancelledError(Exception):
    """The copy or the download was cancelled; nothing of it is left."""
