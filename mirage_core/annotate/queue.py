"""Which B-scan a grader goes to next."""

from __future__ import annotations

from mirage_core.annotate.annotation import Annotation, State
from mirage_core.annotate.doubt import doubtful_first


def next_open(annotation: Annotation, b: int) -> int | None:
    """Return the next B-scan after `b` that is not approved, from the first after the last.

    None if every B-scan is approved.
    """
    states = annotation.b_scan_states()
    order = [(b + i) % len(states) for i in range(1, len(states) + 1)]
    return next((i for i in order if states[i] is not State.APPROVED), None)


def next_doubtful(annotation: Annotation, after: int | None = None) -> int | None:
    """Return the most doubtful B-scan, or the one that follows B-scan `after` in doubt.

    After the last, and after one that is approved by now, comes the first again. None if there is
    none an engine segmented and nobody approved.
    """
    order = doubtful_first(annotation)
    if not order:
        return None
    at = order.index(after) + 1 if after in order else 0
    return order[at % len(order)]
