"""Tasks that a worker process of the tests imports by name."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mirage_core.annotate import Proposal
from mirage_core.engines.base import (
    Attribution,
    Classification,
    EngineInfo,
    EngineOptions,
    Reconstruction,
)
from mirage_core.engines.errors import TaskMissingError
from mirage_core.model.errors import DeviceError
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


def of_two_minds(
    scan: Scan,
    engine_name: str,
    b_scans: tuple[int, ...] | None = None,
    options: EngineOptions | None = None,
    report: Report = lambda _f: None,
    cancelled: Cancelled = lambda: False,
) -> Proposal:
    """As :func:`flat`; a model's ILM lies 3 px higher, its fluid 4 columns to the right."""
    found = flat(scan, engine_name, b_scans)
    if engine_name != "graph":
        found.surfaces["ILM"][...] -= 3
        assert found.masks is not None
        found.masks.labels[...] = np.roll(found.masks.labels, 4, axis=2)
    return replace(found, tool=engine_name, title=f"Title of {engine_name}")


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


def telling(
    scan: Scan,
    engine_name: str,
    b_scans: tuple[int, ...] | None = None,
    options: EngineOptions | None = None,
    report: Report = lambda _f: None,
    cancelled: Cancelled = lambda: False,
) -> Proposal:
    """As :func:`flat`, with how it was asked to run in its title, and two remarks."""
    assert options is not None
    how = f"{engine_name} {options.mode} {options.device}"
    remarks = ("The graphics card ran out of memory.", "The rest ran on the CPU.")
    return replace(flat(scan, engine_name, b_scans), title=how, remarks=remarks)


def silent(
    scan: Scan,
    engine_name: str,
    b_scans: tuple[int, ...] | None = None,
    options: EngineOptions | None = None,
    report: Report = lambda _f: None,
    cancelled: Cancelled = lambda: False,
) -> Proposal:
    """Load for ever: nothing is reported."""
    for _ in range(600):
        if cancelled():
            raise StoppedError
        time.sleep(0.05)
    return flat(scan, engine_name, b_scans)


def without_card(
    scan: Scan,
    engine_name: str,
    b_scans: tuple[int, ...] | None = None,
    options: EngineOptions | None = None,
    report: Report = lambda _f: None,
    cancelled: Cancelled = lambda: False,
) -> Proposal:
    """Refuse, as a worker does on a computer without a graphics card."""
    raise DeviceError("There is no graphics card here that models can run on.", "Use the CPU.")


IMAGINED_GREY = 250


def imagine(
    scan: Scan,
    engine_name: str,
    domain: str,
    b_scans: tuple[int, ...] | None = None,
    options: EngineOptions | None = None,
    given: tuple[str, ...] | None = None,
    report: Report = lambda _f: None,
    cancelled: Cancelled = lambda: False,
) -> Reconstruction:
    """A bright picture; as a map, class 3 in the upper half and class 7 in the lower."""
    assert b_scans is not None
    assert given is not None
    _, height, width = scan.shape
    inside = None
    image = np.full((1, height, width), IMAGINED_GREY, np.uint8)
    if domain == "bscanlayermap":
        image[:, : height // 2], image[:, height // 2 :] = 3, 7
    if domain == "slo":
        assert scan.slo is not None
        inside = np.zeros((1, *scan.slo.shape), bool)
        inside[:, 20:60, 20:60] = True
        image = np.where(inside, IMAGINED_GREY, 0).astype(np.uint8)
    return Reconstruction(domain, image, given, _info(engine_name), inside=inside)


def imagine_slowly(
    scan: Scan,
    engine_name: str,
    domain: str,
    b_scans: tuple[int, ...] | None = None,
    options: EngineOptions | None = None,
    given: tuple[str, ...] | None = None,
    report: Report = lambda _f: None,
    cancelled: Cancelled = lambda: False,
) -> Reconstruction:
    """Go on until it is cancelled, a tenth done."""
    slow(scan, engine_name, b_scans, options, report, cancelled)
    return imagine(scan, engine_name, domain, b_scans, options, given)


def classify(
    scan: Scan,
    engine_name: str,
    b_scans: tuple[int, ...] | None = None,
    options: EngineOptions | None = None,
    report: Report = lambda _f: None,
    cancelled: Cancelled = lambda: False,
) -> Classification:
    """Healthy, the less so the further down the volume."""
    assert b_scans is not None
    share = np.array([0.9 - 0.2 * b for b in b_scans], np.float32)
    probabilities = np.stack([share, 1 - share], axis=1)
    return Classification(probabilities, ("normal", "AMD"), _info(engine_name))


def explain(
    scan: Scan,
    engine_name: str,
    b_scans: tuple[int, ...] | None = None,
    label: str | None = None,
    method: str = "gradient",
    options: EngineOptions | None = None,
    report: Report = lambda _f: None,
    cancelled: Cancelled = lambda: False,
) -> Attribution:
    """All of it in the lower half."""
    assert b_scans is not None
    assert label is not None
    _, height, width = scan.shape
    heat = np.zeros((1, height, width), np.float32)
    heat[:, height // 2 :] = 1
    return Attribution(heat, label, np.array([0.3], np.float32), method, _info(engine_name))


def explain_slowly(
    scan: Scan,
    engine_name: str,
    b_scans: tuple[int, ...] | None = None,
    label: str | None = None,
    method: str = "gradient",
    options: EngineOptions | None = None,
    report: Report = lambda _f: None,
    cancelled: Cancelled = lambda: False,
) -> Attribution:
    """Go on until it is cancelled."""
    slow(scan, engine_name, b_scans, options, report, cancelled)
    return explain(scan, engine_name, b_scans, label)


def unexplained(
    scan: Scan,
    engine_name: str,
    b_scans: tuple[int, ...] | None = None,
    label: str | None = None,
    method: str = "gradient",
    options: EngineOptions | None = None,
    report: Report = lambda _f: None,
    cancelled: Cancelled = lambda: False,
) -> Attribution:
    """Refuse, as a model whose attention cannot be followed."""
    raise TaskMissingError(f"Title of {engine_name} does not tell where it looks.")


def _info(name: str) -> EngineInfo:
    return EngineInfo(name, "1", f"Title of {name}", (), ())
