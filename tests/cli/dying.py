"""A worker's task that the system ends over one scan; light, since workers import it."""

from __future__ import annotations

import os
import time
from typing import Any

from mirage_core.io.atomic import atomic_folder


def hang_while_writing(share: Any, report: object, cancelled: object) -> list[Any]:
    """Never answer, deaf to requests to stop, with a result half written."""
    with atomic_folder(share[0].target):
        time.sleep(600)
    return []


def die_over_scan_5(share: Any, report: object, cancelled: object) -> list[Any]:
    """End the process at once, half-way through writing, if ``5.npz`` is in the share."""
    for task in share:
        if task.source.name == "5.npz":
            with atomic_folder(task.target) as folder:
                (folder / "half.npz").touch()
                os._exit(9)
    return [({"source": task.source.name}, None) for task in share]
