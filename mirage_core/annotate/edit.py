"""Edit: one reversible change of an annotation, and its compact bytes."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.annotation import B_AXIS, Annotation, Target

_MAGIC = b"ME01"
_LENGTH = struct.Struct("<I")


class EditDecodeError(ValueError):
    """Bytes that should hold an edit do not."""


@dataclass(frozen=True, eq=False)
class Patch:
    """A block of one target array before and after an edit.

    Attributes
    ----------
    target : Target
    origin : tuple of int
        Index of the block's first element, one number per axis of the target array.
    old, new : array
        The block's values, same shape and dtype, as many axes as the target.
    """

    target: Target
    origin: tuple[int, ...]
    old: NDArray[np.generic]
    new: NDArray[np.generic]

    def __post_init__(self) -> None:
        if self.old.shape != self.new.shape or self.old.dtype != self.new.dtype:
            raise ValueError("old and new values of a patch must match in shape and type")
        if len(self.origin) != self.old.ndim:
            raise ValueError("a patch needs one origin index per axis")

    @property
    def where(self) -> tuple[slice, ...]:
        """Slices of the block in the target array."""
        return tuple(slice(o, o + n) for o, n in zip(self.origin, self.old.shape, strict=True))

    @property
    def b_scans(self) -> range:
        """B-scans the block covers."""
        axis = B_AXIS[self.target]
        return range(self.origin[axis], self.origin[axis] + self.old.shape[axis])

    def apply(self, annotation: Annotation) -> None:
        """Write the new values."""
        annotation.array(self.target)[self.where] = self.new

    def revert(self, annotation: Annotation) -> None:
        """Write the old values back."""
        annotation.array(self.target)[self.where] = self.old


@dataclass(frozen=True, eq=False)
class Edit:
    """One step of work: what changed, by whom, with which tool, when.

    Attributes
    ----------
    patches : tuple of Patch
    tool : str
        Short name of the tool or engine.
    label : str
        What it did, for the history list ("Pen on RPE").
    author : str
    time : datetime
        UTC.
    model_sha256 : str
        Weights or version hash of the engine, empty for manual work.
    """

    patches: tuple[Patch, ...]
    tool: str
    label: str
    author: str
    time: datetime = field(default_factory=lambda: datetime.now(UTC))
    model_sha256: str = ""

    @property
    def b_scans(self) -> tuple[int, ...]:
        """B-scans it touches, ascending."""
        return tuple(sorted({b for p in self.patches for b in p.b_scans}))

    def apply(self, annotation: Annotation) -> None:
        """Do it."""
        for patch in self.patches:
            patch.apply(annotation)

    def revert(self, annotation: Annotation) -> None:
        """Take it back."""
        for patch in reversed(self.patches):
            patch.revert(annotation)


def encode_edit(edit: Edit) -> bytes:
    """Return `edit` as bytes.

    They are the magic ``ME01``, then one zlib stream of the header's length (uint32, little
    endian), the JSON header, and every patch's old and new values. The stream's checksum covers
    the header too: a flipped bit in an origin must not move an edit.
    """
    header = {
        "tool": edit.tool,
        "label": edit.label,
        "author": edit.author,
        "time": edit.time.isoformat(),
        "model_sha256": edit.model_sha256,
        "patches": [
            {
                "target": p.target.value,
                "origin": list(p.origin),
                "shape": list(p.old.shape),
                "dtype": p.old.dtype.newbyteorder("<").str,
            }
            for p in edit.patches
        ],
    }
    head = json.dumps(header).encode()
    squeeze = zlib.compressobj(level=1)
    parts = [_MAGIC, squeeze.compress(_LENGTH.pack(len(head)) + head)]
    for patch in edit.patches:
        for values in (patch.old, patch.new):
            little = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
            parts.append(squeeze.compress(little.tobytes()))
    parts.append(squeeze.flush())
    return b"".join(parts)


def decode_edit(data: bytes) -> Edit:
    """Return the edit that `data` holds.

    Raises
    ------
    EditDecodeError
        If the bytes are damaged or of an unknown version.
    """
    try:
        return _decode(data)
    except (ValueError, KeyError, TypeError, struct.error, zlib.error) as error:
        raise EditDecodeError(f"a stored edit cannot be read: {error}") from error


def _decode(data: bytes) -> Edit:
    if data[:4] != _MAGIC:
        raise EditDecodeError("not an edit, or one of a newer program")
    content = memoryview(zlib.decompress(data[len(_MAGIC) :]))
    (length,) = _LENGTH.unpack_from(content)
    at = _LENGTH.size + length
    header: dict[str, Any] = json.loads(bytes(content[_LENGTH.size : at]))
    patches = []
    for entry in header["patches"]:
        dtype = np.dtype(entry["dtype"])
        shape = tuple(int(n) for n in entry["shape"])
        size = int(np.prod(shape)) * dtype.itemsize
        old, new = (
            np.frombuffer(content[at + k * size : at + (k + 1) * size], dtype).reshape(shape)
            for k in (0, 1)
        )
        at += 2 * size
        patches.append(Patch(Target(entry["target"]), tuple(entry["origin"]), old, new))
    return Edit(
        tuple(patches),
        header["tool"],
        header["label"],
        header["author"],
        datetime.fromisoformat(header["time"]),
        header["model_sha256"],
    )
