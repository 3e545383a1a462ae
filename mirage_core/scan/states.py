"""How far the annotation of a structure on one B-scan has come."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class State(IntEnum):
    """How far a structure on one B-scan has come, in rising order of human attention."""

    UNSEEN = 0
    VENDOR = 1
    PREDICTED = 2
    EDITED = 3
    APPROVED = 4


def worked_on(states: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return on which B-scans anything was found or drawn, ``[b]``; a device's word is no work.

    Parameters
    ----------
    states : uint8 array ``[structure, b]``
    """
    return np.asarray((states > State.VENDOR).any(axis=0))
