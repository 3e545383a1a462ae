"""The header of a safetensors file: names, types and shapes, read without loading a tensor."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mirage_core.model.store.errors import ModelStoreError

MAX_HEADER_BYTES = 16 * 1024**2
"""Far above what a model of this kind needs (about 20 kB); bounds what a bad file makes us read."""

ITEM_BYTES: dict[str, int] = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2"), 1),
    **dict.fromkeys(("U16", "I16", "F16", "BF16"), 2),
    **dict.fromkeys(("U32", "I32", "F32"), 4),
    **dict.fromkeys(("U64", "I64", "F64"), 8),
}
"""Types a tensor may have, with the size of an element."""

_LENGTH = struct.Struct("<Q")
_METADATA = "__metadata__"
_HINT = "Copy or download the file again from where it came."


@dataclass(frozen=True, slots=True)
class TensorEntry:
    """One tensor of a file.

    Attributes
    ----------
    dtype : str
        As the format names it, e.g. ``F32``.
    shape : tuple of int
    start, stop : int
        Place of its bytes, counted from the end of the header.
    """

    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Header:
    """What a safetensors file says of itself.

    Attributes
    ----------
    tensors : dict
        By name, in the order of the header.
    metadata : dict
        Text by text.
    data_start : int
        Where the tensors begin in the file, in bytes.
    """

    tensors: Mapping[str, TensorEntry]
    metadata: Mapping[str, str]
    data_start: int

    @property
    def n_values(self) -> int:
        """Elements of all tensors together."""
        return sum(math.prod(t.shape) for t in self.tensors.values())


def is_safetensors(path: Path) -> bool:
    """Return whether `path` has a valid safetensors header, whatever its suffix."""
    try:
        read_header(path)
    except ModelStoreError:
        return False
    return True


def read_header(path: Path) -> Header:
    """Read and check the header of a safetensors file.

    The tensors must lie one after the other and fill the rest of the file, as the format
    demands: what is cut short or has something hidden in it is refused.

    Raises
    ------
    ModelStoreError
        If the file is missing or is no whole safetensors file.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(_LENGTH.size)
            if len(start) < _LENGTH.size:
                raise _refused(path, "is too short to be a safetensors file")
            (length,) = _LENGTH.unpack(start)
            if length > MAX_HEADER_BYTES or length > size - _LENGTH.size:
                raise _refused(path, "is no safetensors file, or is cut short")
            text = file.read(length)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ModelStoreError(
            f"The weights cannot be read: {reason}.",
            "Check that the file is there and may be read.",
            path,
        ) from error
    content = _parsed(path, text)
    metadata = content.pop(_METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise _refused(path, "has a header whose notes are no text")
    tensors = {name: _entry(path, name, entry) for name, entry in content.items()}
    _check_layout(path, tensors, size - _LENGTH.size - length)
    return Header(tensors, metadata, _LENGTH.size + length)


def _refused(path: Path, what: str) -> ModelStoreError:
    return ModelStoreError(f"The file of weights {what}.", _HINT, path)


def _parsed(path: Path, text: bytes) -> dict[str, Any]:
    def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        content = dict(pairs)
        if len(content) < len(pairs):
            raise ValueError("a name stands twice")
        return content

    try:
        content = json.loads(text.decode("utf-8"), object_pairs_hook=without_repeats)
    except (ValueError, RecursionError) as error:
        raise _refused(path, "is no safetensors file, or its header is damaged") from error
    if not isinstance(content, dict):
        raise _refused(path, "is no safetensors file, or its header is damaged")
    return content


def _entry(path: Path, name: str, entry: object) -> TensorEntry:
    match entry:
        case {"dtype": str(dtype), "shape": list(shape), "data_offsets": [start, stop]}:
            numbers = [*shape, start, stop]
        case _:
            raise _refused(path, f"has a header that does not describe {name!r}")
    if not all(type(n) is int and 0 <= n < 2**63 for n in numbers):
        raise _refused(path, f"has a header with impossible numbers for {name!r}")
    if dtype not in ITEM_BYTES:
        raise _refused(path, f"holds numbers of the unknown type {dtype!r} in {name!r}")
    if stop - start != math.prod(shape) * ITEM_BYTES[dtype]:
        raise _refused(path, f"has a header whose size and shape of {name!r} do not agree")
    return TensorEntry(dtype, tuple(shape), start, stop)


def _check_layout(path: Path, tensors: Mapping[str, TensorEntry], room: int) -> None:
    end = 0
    for name, entry in sorted(tensors.items(), key=lambda item: (item[1].start, item[1].stop)):
        if entry.start != end:
            raise _refused(path, f"has a gap or an overlap before {name!r}")
        end = entry.stop
    if end > room:
        raise _refused(path, "is cut short")
    if end < room:
        raise _refused(path, "goes on after its last tensor")
