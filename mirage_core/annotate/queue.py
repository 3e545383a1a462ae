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


def next_doubtful(annotation: Annotation, b: int) -> int | None:
    """Return the B-scan that follows `b` in doubt, or the most doubtful if `b` is the last.

    None if there is none an engine segmented and nobody approved.
    """
    order = doubtful_first(annotation)
    if not order:
        return None
    at = order.index(b) + 1 if b in order else 0
    return order[at % len(order)]
