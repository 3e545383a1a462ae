"""Snapshots: an annotation and its history after some event, so that long ones open fast.

A snapshot says nothing that the events before it do not say. It is taken only of what was rebuilt
from them without a loss, is used only if it is whole and of exactly these events on exactly this
beginning, and can be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from mirage_core.annotate import Annotation, History, Target
from mirage_core.io.native_layout import scheme_to_json
from mirage_core.project.event_rows import EventRow
from mirage_core.project.history_heads import heads_to_json, history_from_json
from mirage_core.project.store import Store

_MAGIC = b"MS01"
_LENGTH = struct.Struct("<I")
_DEFLATED = frozenset({Target.MASKS})
"""Mostly empty. Depths and confidences hardly get smaller, and would take most of the time."""


class NoSnapshotError(ValueError):
    """Bytes are no snapshot, or not that of these events."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a snapshot is of.

    Attributes
    ----------
    annotation_id : int
    seq : int
        Number of the last event in it.
    base : str
        :func:`base_digest` of the annotation before the first event.
    chain : int
        :func:`chained` over the events up to `seq`.
    """

    annotation_id: int
    seq: int
    base: str
    chain: int


def chained(chain: int, row: EventRow) -> int:
    """Return the checksum of a row of events, `row` the last of them; that of none is 0."""
    return zlib.crc32(f"{row.kind} {row.crc32}\n".encode(), chain)


def base_digest(annotation: Annotation) -> str:
    """Return the SHA-256 of an annotation before its first event."""
    digest = hashlib.sha256()
    about = (annotation.structures, annotation.masks.labels.shape)
    digest.update(f"{about} {scheme_to_json(annotation.masks.scheme)}".encode())
    digest.update(np.ascontiguousarray(annotation.surfaces.values).data)
    digest.update(np.ascontiguousarray(annotation.states).data)
    return digest.hexdigest()


def encode_snapshot(mark: Mark, annotation: Annotation, history: History) -> bytes:
    """Return a snapshot as bytes.

    They are the magic ``MS01``, the length of the header (uint32, little endian), the header
    (JSON, zlib), and the arrays one after the other, little endian, C order, those of the masks
    as one zlib stream.

    Parameters
    ----------
    mark : Mark
    annotation : Annotation
        As it is after event ``mark.seq``.
    history : History
        Its edits as they are after it, each of them kept in the project.
    """
    arrays, blocks = [], []
    for target in Target:
        values = annotation.array(target)
        little = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
        block = zlib.compress(little.data, 1) if target in _DEFLATED else little.tobytes()
        arrays.append([target.value, little.dtype.str, list(little.shape), len(block)])
        blocks.append(block)
    header = {
        "base": mark.base,
        "chain": mark.chain,
        "arrays": arrays,
        **heads_to_json(history),
    }
    head = zlib.compress(json.dumps(header).encode(), 1)
    return b"".join([_MAGIC, _LENGTH.pack(len(head)), head, *blocks])


def digest_of(mark: Mark, content: bytes) -> str:
    """Return the SHA-256 of a snapshot and of which annotation and event it is."""
    digest = hashlib.sha256(f"{mark.annotation_id} {mark.seq}\n".encode())
    digest.update(content)
    return digest.hexdigest()


def restore(content: bytes, mark: Mark, annotation: Annotation, store: Store) -> History:
    """Bring `annotation` to what it was after event ``mark.seq``; return its history then.

    Raises
    ------
    NoSnapshotError
        If `content` is no snapshot of `mark`, or does not fit; then nothing was changed.
    """
    try:
        return _restore(content, mark, annotation, store)
    except (ValueError, KeyError, TypeError, IndexError, struct.error, zlib.error) as error:
        raise NoSnapshotError(f"a snapshot cannot be used: {error}") from error


def _restore(content: bytes, mark: Mark, annotation: Annotation, store: Store) -> History:
    if content[:4] != _MAGIC:
        raise NoSnapshotError("not a snapshot, or one of a newer program")
    (length,) = _LENGTH.unpack_from(content, len(_MAGIC))
    at = len(_MAGIC) + _LENGTH.size
    view = memoryview(content)
    header: dict[str, Any] = json.loads(zlib.decompress(view[at : at + length]))
    if (header["base"], header["chain"]) != (mark.base, mark.chain):
        raise NoSnapshotError("it is of other events")
    at += length
    found = {}
    for name, dtype, shape, size in header["arrays"]:
        target, block = Target(name), view[at : at + size]
        values = zlib.decompress(block) if target in _DEFLATED else block
        array = np.frombuffer(values, dtype, prod(shape)).reshape(shape)
        wanted = annotation.array(target)
        if (array.shape, array.dtype) != (wanted.shape, wanted.dtype):
            raise NoSnapshotError("it is of another grid")
        found[target] = array
        at += size
    if len(found) != len(Target):
        raise NoSnapshotError("it is incomplete")
    history = history_from_json(header, store, mark.annotation_id)
    for target in Target:
        annotation.array(target)[...] = found[target]
    return history
