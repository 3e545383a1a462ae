"""How far the annotation of a structure on one B-scan has come."""

from __future__ import annotations

from enum import IntEnum


class State(IntEnum):
    """How far a structure on one B-scan has come, in rising order of human attention."""

    UNSEEN = 0
    VENDOR = 1
    PREDICTED = 2
    EDITED = 3
    APPROVED = 4
