"""Evidence: what a file says of its model, and what had to be assumed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from mirage_core.model.checkpoints.errors import CheckpointError
from mirage_core.model.checkpoints.reading import RawCheckpoint

_OTHER_HINT = "Check that this is the file you meant; a copy from its source may help."


class Evidence:
    """Shapes and settings of one file.

    Parameters
    ----------
    raw : RawCheckpoint
    state : mapping of str to tensor
        Its weights under canonical keys. Only shapes are looked at.

    Attributes
    ----------
    assumptions : list of str
        Sentences: what the file does not say and was taken for granted.
    notes : list of str
        Sentences: what was done with the file on the way.
    """

    def __init__(self, raw: RawCheckpoint, state: Mapping[str, Tensor]) -> None:
        self.raw = raw
        self.state = state
        self.assumptions: list[str] = []
        self.notes: list[str] = []

    def shape(self, key: str, n_axes: int) -> tuple[int, ...]:
        """Return the shape of a tensor that must be there and have `n_axes` axes.

        Raises
        ------
        CheckpointError
        """
        tensor = self.state.get(key)
        if tensor is None:
            raise self.refused(f"The weights lack {key!r}.")
        if tensor.ndim != n_axes or 0 in tensor.shape:
            raise self.refused(f"The weights {key!r} have the shape {tuple(tensor.shape)}.")
        return tuple(tensor.shape)

    def children(self, prefix: str) -> tuple[str, ...]:
        """Return what stands right after `prefix` in keys, in the file's order."""
        start = len(prefix)
        return tuple(
            dict.fromkeys(k[start:].split(".")[0] for k in self.state if k.startswith(prefix))
        )

    def n_blocks(self, prefix: str) -> int:
        """Return how many blocks ``<prefix>0.`` , ``<prefix>1.`` and so on there are.

        Raises
        ------
        CheckpointError
            If one between them is missing.
        """
        found = {name for name in self.children(prefix) if name.isdecimal()}
        wanted = {str(i) for i in range(len(found))}
        if found != wanted:
            gap = min(wanted - found, key=int)
            raise self.refused(f"The weights lack block {gap} of {prefix.rstrip('.')!r}.")
        return len(found)

    def told(self, name: str) -> Any:
        """Return a setting the file gives in ``args`` or in the notes of safetensors, or None."""
        value = self.raw.args.get(name)
        return self.raw.extra.get(name) if value is None else value

    def told_number(self, name: str) -> int | None:
        """Return a setting that is a positive whole number, or None."""
        value = self.told(name)
        try:
            number = int(value)
        except (TypeError, ValueError):
            return None
        return number if number > 0 else None

    def told_names(self, name: str) -> tuple[str, ...]:
        """Return a setting that is a list of names, or names joined by hyphens."""
        value = self.told(name)
        if isinstance(value, str):
            return tuple(part for part in value.split("-") if part)
        return tuple(value) if _are_texts(value) else ()

    def refused(self, what: str, hint: str = _OTHER_HINT) -> CheckpointError:
        """Return the error that says what is wrong with this file."""
        return CheckpointError(self.raw.path, what, hint)


def _are_texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(part, str) for part in value)
