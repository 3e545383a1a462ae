"""A worker's task that the system ends over one scan; light, since workers import it."""

from __future__ import annotations

import os
from typing import Any


def die_over_scan_5(share: Any, report: object, cancelled: object) -> list[Any]:
    """End the process at once if ``5.npz`` is in the share."""
    if any(task.source.name == "5.npz" for task in share):
        os._exit(9)
    return [({"source": task.source.name}, None) for task in share]
