"""Segmentation tasks that a worker process of the tests imports by name."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from mirage_core.annotate import Proposal
from mirage_core.engines.base import EngineOptions
from mirage_core.scan import Masks, Scan, Surfaces

Report = Callable[[float], None]
Cancelled = Callable[[], bool]


class StoppedError(Exception):
    pass


def flat(
    scan: Scan,
    engine_name: str,
    b_scans: tuple[int, ...] | None = None,
    options: EngineOptions | None = None,
    report: Report = lambda _f: None,
    cancelled: Cancelled = lambda: False,
) -> Proposal:
    """ILM at row 30 and BM at row 40 everywhere, a square of fluid between them."""
    n, height, width = scan.shape
    wanted = b_scans if b_scans is not None else tuple(range(n))
    values = np.empty((2, len(wanted), width), np.float32)
    values[0], values[1] = 30, 40
    labels = np.zeros((len(wanted), height, width), np.uint8)
    labels[:, 32:36, 10:20] = 1
    report(1.0)
    names = ("ILM", "BM")
    return Proposal(wanted, Surfaces(values, names), None, Masks(labels), "flat", "Flat engine")


def slow(
    scan: Scan,
    engine_name: str,
    b_scans: tuple[int, ...] | None = None,
    options: EngineOptions | None = None,
    report: Report = lambda _f: None,
    cancelled: Cancelled = lambda: False,
) -> Proposal:
    """Go on until it is cancelled, a tenth done."""
    report(0.1)
    for _ in range(600):
        if cancelled():
            raise StoppedError
        time.sleep(0.05)
    return flat(scan, engine_name, b_scans)


def broken(
    scan: Scan,
    engine_name: str,
    b_scans: tuple[int, ...] | None = None,
    options: EngineOptions | None = None,
    report: Report = lambda _f: None,
    cancelled: Cancelled = lambda: False,
) -> Proposal:
    """Fail."""
    raise ValueError("no retina in sight")
