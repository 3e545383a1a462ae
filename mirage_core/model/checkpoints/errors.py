"""CheckpointError: the one exception that comes out of reading weights, whatever the bytes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mirage_core.model.store.errors import ModelStoreError

_SHOWN = 3


class CheckpointError(ModelStoreError):
    """A file of weights cannot be read, or not into the model it is wanted for.

    ``str(error)`` is fit for a window or a terminal: what is wrong, then what to do. It never
    holds the path; who needs it has :attr:`path`.

    Attributes
    ----------
    path : Path
        The file or folder.
    what : str
        What is wrong, one sentence.
    hint : str
        What to do next, one sentence.
    """

    def __init__(self, path: Path | str, what: str, hint: str) -> None:
        super().__init__(what, hint, Path(path))

    def __reduce__(self) -> tuple[type[CheckpointError], tuple[Path, str, str]]:  # type: ignore[override]
        return type(self), (self.path, self.what, self.hint)


def listed(names: Iterable[str], shown: int = _SHOWN) -> str:
    """Return `names` for a sentence, the first few and how many more: "a, b, c and 9 more"."""
    names = [name if len(name) <= 80 else f"{name[:77]}..." for name in names]
    if len(names) <= shown + 1:
        return ", ".join(names)
    return f"{', '.join(names[:shown])} and {len(names) - shown} more"
