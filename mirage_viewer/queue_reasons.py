"""Why a B-scan is to be looked at, in words. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate import Annotation, State, queue
from mirage_core.annotate.doubt import doubt_of_b_scans
from mirage_core.annotate.gain import disagreement_px
from mirage_core.annotate.whereabouts import count_violations

F32 = NDArray[np.float32]

_LEAST_DOUBT, _LEAST_APART_PX, _POORER = 0.02, 0.5, 0.1
"""How much more than usual doubt and disagreement are worth a word, and what part less quality."""
_MOST = 2


@dataclass(frozen=True, eq=False)
class Queue:
    """Where to look, in order, and why.

    Attributes
    ----------
    order : tuple of int
    why : dict of int to str
        A clause for every B-scan of `order`.
    """

    order: tuple[int, ...]
    why: dict[int, str]


def worked_out(annotation: Annotation, quality: F32 | None = None) -> Queue:
    """Return what :func:`~mirage_core.annotate.queue.look_at_first` has, with its reasons."""
    order = queue.look_at_first(annotation, quality)
    if not order:
        return Queue((), {})
    states = annotation.b_scan_states()
    spread = {b for b in queue.evenly_spaced(len(states)) if states[b] is State.PREDICTED}
    clauses = _clauses(annotation, quality, order)
    outline = f"one of every {queue.EVERY}, so that the whole volume is seen in outline"
    return Queue(order, {b: outline if b in spread else _joined(clauses[b]) for b in order})


def _clauses(
    annotation: Annotation, quality: F32 | None, order: Sequence[int]
) -> dict[int, list[str]]:
    """Return what stands out on every B-scan of `order`, the most striking first."""
    doubt = np.nan_to_num(doubt_of_b_scans(annotation))
    apart, misplaced = disagreement_px(annotation), count_violations(annotation)
    among = np.array(order)
    unsure = doubt - np.median(doubt[among])
    away = apart - np.median(apart[among])
    worse = _worse(quality, len(doubt))
    rules: tuple[tuple[NDArray[Any], float, Callable[[int], str]], ...] = (
        (unsure, _LEAST_DOUBT, lambda _: "the engine is unsure"),
        (away, _LEAST_APART_PX, lambda b: f"surfaces lie {apart[b]:.1f} px off those beside"),
        (misplaced, 0, lambda b: f"{misplaced[b]} px of masks lie outside of their layers"),
        (worse, _POORER, lambda _: "the image is poorer than usual"),
    )
    found = {}
    for b in order:
        striking = [
            (values[b] / values[among].max(), words(b))
            for values, least, words in rules
            if values[b] > least
        ]
        striking.sort(key=lambda part: -part[0])
        found[b] = [words for _, words in striking[:_MOST]]
    return found


def _worse(quality: F32 | None, n: int) -> NDArray[np.float64]:
    """Return how much below the usual quality every B-scan ``[b]`` is, as a part of that; 0..1."""
    if quality is None or len(quality) != n or not np.isfinite(quality).any():
        return np.zeros(n)
    usual = float(np.nanmedian(quality))
    if usual <= 0:
        return np.zeros(n)
    worse: NDArray[np.float64] = np.clip(1 - np.nan_to_num(quality, nan=usual) / usual, 0, 1)
    return worse


def _joined(clauses: Sequence[str]) -> str:
    return ", and ".join(clauses) or "not looked at yet; nothing on it stands out"
