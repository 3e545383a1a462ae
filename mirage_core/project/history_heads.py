"""A history without what its edits changed, as JSON: thousands of edits in some milliseconds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

from mirage_core.annotate import Edit, History, Patches, Target
from mirage_core.project.event_rows import b_scans_from_text, b_scans_to_text
from mirage_core.project.store import Store
from mirage_core.project.stored_patches import StoredPatches


def seqs_of(edits: Iterable[Edit], store: Store, annotation_id: int) -> list[int] | None:
    """Return the numbers of the events that did `edits`; None if one is not of this log."""
    seqs = []
    for edit in edits:
        source = edit.patches.source
        if not isinstance(source, StoredPatches) or source.store is not store:
            return None
        if source.annotation_id != annotation_id:
            return None
        seqs.append(source.seq)
    return seqs


def heads_to_json(history: History) -> dict[str, Any]:
    """Return a history, all of whose edits are kept in the project, for :mod:`json`.

    ``done`` and ``undone`` hold, for each edit, the number of its event, its payload's CRC-32,
    its place in ``words``, time, B-scans, place in ``targets``, number of patches and their
    memory in bytes. ``words`` are tool, label, author and the model's SHA-256, which many edits
    share; ``targets`` the arrays an edit changed.
    """
    words: dict[tuple[str, ...], int] = {}
    targets: dict[tuple[str, ...], int] = {}

    def head(edit: Edit) -> list[object]:
        patches, source = edit.patches, edit.patches.source
        assert isinstance(source, StoredPatches)
        said = (edit.tool, edit.label, edit.author, edit.model_sha256)
        arrays = tuple(sorted(target.value for target in patches.targets))
        return [
            source.seq,
            source.crc32,
            words.setdefault(said, len(words)),
            edit.time.isoformat(),
            b_scans_to_text(patches.b_scans),
            targets.setdefault(arrays, len(targets)),
            len(patches),
            patches.n_bytes,
        ]

    heads = {"done": [*map(head, history.done)], "undone": [*map(head, history.undone)]}
    return {**heads, "words": list(words), "targets": list(targets)}


def history_from_json(heads: dict[str, Any], store: Store, annotation_id: int) -> History:
    """Return the history that :func:`heads_to_json` was given.

    Raises
    ------
    ValueError, KeyError, TypeError, IndexError
        If it is none.
    """
    words: list[list[str]] = heads["words"]
    targets = [frozenset(Target(name) for name in names) for names in heads["targets"]]
    b_scans_of = cache(b_scans_from_text)

    def edit(head: list[Any]) -> Edit:
        seq, crc32, said, time, b_scans, arrays, length, n_bytes = head
        tool, label, author, model_sha256 = words[said]
        source = StoredPatches(store, annotation_id, seq, crc32)
        patches = Patches.stored(source, length, b_scans_of(b_scans), targets[arrays], n_bytes)
        return Edit(patches, tool, label, author, datetime.fromisoformat(time), model_sha256)

    return History([*map(edit, heads["done"])], [*map(edit, heads["undone"])])
