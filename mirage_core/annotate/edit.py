"""Edit: one reversible change of an annotation, and its compact bytes."""

from __future__ import annotations

import json
import struct
import sys
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import prod
from typing import Any

import numpy as np

from mirage_core.annotate.annotation import Annotation, Target
from mirage_core.annotate.patches import Patch as Patch
from mirage_core.annotate.patches import Patches

_MAGIC = b"ME01"
_LENGTH = struct.Struct("<I")
_TARGETS = {target.value: target for target in Target}


class EditDecodeError(ValueError):
    """Bytes that should hold an edit do not."""


@dataclass(frozen=True, eq=False, init=False, slots=True)
class Edit:
    """One step of work: what changed, by whom, with which tool, when.

    Parameters
    ----------
    patches : iterable of Patch
    tool, label, author : str
    time : datetime, optional
        By default now.
    model_sha256 : str

    Attributes
    ----------
    patches : Patches
        What changed. It may have to be read from the project when it is looked at; all else is
        always in memory.
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

    patches: Patches
    tool: str
    label: str
    author: str
    time: datetime
    model_sha256: str

    def __init__(
        self,
        patches: Iterable[Patch],
        tool: str,
        label: str,
        author: str,
        time: datetime | None = None,
        model_sha256: str = "",
    ) -> None:
        keep = object.__setattr__
        keep(self, "patches", patches if isinstance(patches, Patches) else Patches(patches))
        keep(self, "tool", tool)
        keep(self, "label", label)
        keep(self, "author", author)
        keep(self, "time", time if time is not None else datetime.now(UTC))
        keep(self, "model_sha256", model_sha256)

    @property
    def b_scans(self) -> tuple[int, ...]:
        """B-scans it touches, ascending."""
        return self.patches.b_scans

    @property
    def targets(self) -> frozenset[Target]:
        """Arrays it touches."""
        return self.patches.targets

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
    content = zlib.decompress(memoryview(data)[len(_MAGIC) :])
    (length,) = _LENGTH.unpack_from(content)
    at = _LENGTH.size + length
    header: dict[str, Any] = json.loads(content[_LENGTH.size : at].decode())
    patches = []
    for entry in header["patches"]:
        dtype = np.dtype(entry["dtype"])
        shape = tuple(entry["shape"])
        size = prod(shape) * dtype.itemsize
        old = np.ndarray(shape, dtype, content, at)
        new = np.ndarray(shape, dtype, content, at + size)
        at += 2 * size
        patches.append(Patch(_TARGETS[entry["target"]], tuple(entry["origin"]), old, new))
    return Edit(
        patches,
        sys.intern(header["tool"]),
        sys.intern(header["label"]),
        sys.intern(header["author"]),
        datetime.fromisoformat(header["time"]),
        sys.intern(header["model_sha256"]),
    )
