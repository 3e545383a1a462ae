"""Which B-scan a grader goes to next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.annotation import Annotation, State
from mirage_core.annotate.gain import expected_gain

EVERY = 8
"""One B-scan of so many is looked at first, so that the whole volume is seen in outline."""


def next_open(annotation: Annotation, b: int) -> int | None:
    """Return the next B-scan after `b` that is not approved, from the first after the last.

    None if every B-scan is approved.
    """
    states = annotation.b_scan_states()
    order = [(b + i) % len(states) for i in range(1, len(states) + 1)]
    return next((i for i in order if states[i] is not State.APPROVED), None)


def look_at_first(
    annotation: Annotation, quality: NDArray[np.float32] | None = None
) -> tuple[int, ...]:
    """Return the B-scans that an engine segmented and nobody approved, in the order to look at.

    First come evenly spaced ones, the middle of the volume before its ends, as long as they are
    not corrected; then those by whose correction most is to be gained
    (:func:`~mirage_core.annotate.gain.expected_gain`).

    Parameters
    ----------
    annotation : Annotation
    quality : float32 array ``[b]``, optional
        The device's figure, more is better.
    """
    states = annotation.b_scan_states()
    open_ = [b for b, s in enumerate(states) if State.VENDOR < s < State.APPROVED]
    spread = [b for b in evenly_spaced(len(states)) if states[b] is State.PREDICTED]
    gain = expected_gain(annotation, quality)
    rest = sorted(set(open_) - set(spread), key=lambda b: (-gain[b], b))
    return (*spread, *rest)


def evenly_spaced(n: int) -> tuple[int, ...]:
    """Return one of :data:`EVERY` B-scans of `n`, each as far as can be from those before it."""
    count = n // EVERY
    places = [int((i + 0.5) * n / count) for i in range(count)]
    order = sorted(range(count), key=lambda i: (_turn(i, count), i))
    return tuple(places[i] for i in order)


def _turn(i: int, count: int) -> int:
    """Return in which round of halving the places, from the middle on, place `i` is reached."""
    low, high, turn = 0, count, 0
    while True:
        middle = (low + high) // 2
        if i == middle:
            return turn
        low, high = (low, middle) if i < middle else (middle + 1, high)
        turn += 1


def after(order: Sequence[int], b: int | None) -> int | None:
    """Return the B-scan of `order` that follows `b`, the first after the last or another.

    None if there is none.
    """
    if not order:
        return None
    at = order.index(b) + 1 if b in order else 0
    return order[at % len(order)]
