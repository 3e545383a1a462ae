"""One scan from file to result folder: what `mirage segment` does, here or in a worker."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mirage_core.cli.words import GIVE_SPACING, describe
from mirage_core.engines import EngineCancelledError, EngineOptions, make_engine
from mirage_core.engines.base import Cancelled, Report
from mirage_core.engines.propose import engine_input
from mirage_core.io import ReadOptions, open_scan
from mirage_core.io.atomic import ExportError, atomic_folder
from mirage_core.io.digest import source_sha256
from mirage_core.io.errors import ReadError, only_read_errors
from mirage_core.io.export_result import RESULT_FILE, is_result, read_info, write_result
from mirage_core.io.native_layout import spacing_fields
from mirage_core.jobs import TaskFailedError
from mirage_core.scan import Scan, SpacingUnknownError

Outcome = tuple[dict[str, Any] | None, BaseException | None]
"""What came of a task: its info, or the error it ended with."""


@dataclass(frozen=True, slots=True)
class SegmentTask:
    """A scan to segment; picklable.

    Attributes
    ----------
    source : Path
        File or folder of one scan.
    target : Path
        Result folder.
    engine : str
        Name in the registry of engines.
    options : ReadOptions
    overwrite : bool
        Replace the result of another scan at `target`; that of the same scan always is.
    run : EngineOptions
        Mode and device of a model.
    """

    source: Path
    target: Path
    engine: str
    options: ReadOptions
    overwrite: bool = False
    run: EngineOptions = field(default_factory=EngineOptions)


def segment_file(
    task: SegmentTask,
    report: Report = lambda _fraction: None,
    cancelled: Cancelled = lambda: False,
) -> dict[str, Any]:
    """Segment one scan and write its result folder, wholly or not at all; return its info.

    Raises
    ------
    ReadError, ExportError, EngineCancelledError
    """
    start = time.perf_counter()
    with only_read_errors(task.source):
        sha256 = source_sha256(task.source)
    scan = open_scan(task.source, task.options)
    read = time.perf_counter()
    replaceable = task.overwrite or _is_result_of(task.target, sha256)
    if is_result(task.target) and not replaceable:
        raise ExportError(
            task.target,
            f"{task.target} holds the result of another scan.",
            "Choose another folder, or allow replacing it (--overwrite).",
        )
    # The folder is opened before the work, so that a place one may not write to is found out
    # at once and not after minutes.
    with atomic_folder(task.target, overwrite=replaceable, marker=RESULT_FILE) as folder:
        source, _ = engine_input(scan)
        prediction = make_engine(task.engine, task.run).segment(source, report, cancelled)
        segmented = time.perf_counter()
        engine = prediction.engine
        n, height, width = scan.shape
        info: dict[str, Any] = {
            "engine": {
                "name": engine.name,
                "version": engine.version,
                "title": engine.title,
                "sha256": engine.sha256,
                "mask_classes": list(engine.mask_classes),
                "mode": prediction.run.mode,
                "device": prediction.run.device,
                "batch_size": prediction.run.batch_size,
            },
            "input": {
                "sha256": sha256,
                "format": scan.source_format,
                "shape": [n, height, width],
                "spacing": spacing_fields(scan.spacing),
                "laterality": scan.laterality.value,
                "pattern": scan.geometry.pattern.value,
                "superior_to_inferior": scan.geometry.superior_to_inferior,
                "simulated": scan.acquisition.simulated,
            },
            "remarks": [*_remarks(scan), *prediction.run.remarks],
            "timings": {
                "read_s": round(read - start, 4),
                "segment_s": round(segmented - read, 4),
                "per_b_scan_s": round((segmented - read) / n, 5),
            },
        }
        write_result(folder, prediction.surfaces, prediction.confidence, prediction.masks, info)
    return info


def segment_files(
    tasks: Sequence[SegmentTask], report: Report, cancelled: Cancelled
) -> list[Outcome]:
    """Segment several scans one after the other; return the info or the error of each.

    Raises
    ------
    EngineCancelledError
        If `cancelled` answered True.
    """
    outcomes: list[Outcome] = []
    for i, task in enumerate(tasks):
        try:
            outcomes.append((segment_file(task, _part(report, i, len(tasks)), cancelled), None))
        except EngineCancelledError:
            raise
        except Exception as error:
            # An error of a library may not survive the way back; ours do.
            known = describe(error) is not None
            name = type(error).__name__
            outcomes.append((None, error if known else TaskFailedError(f"{name}: {error}")))
    return outcomes


def _part(report: Report, i: int, n: int) -> Report:
    return lambda fraction: report((i + fraction) / n)


def _remarks(scan: Scan) -> list[str]:
    """Return what the user should know before taking figures from the result."""
    # A single B-scan has no neighbour, so nothing is missing between B-scans.
    axes = tuple(a for a in scan.spacing.unknown_axes() if a != "b" or scan.n_b_scans > 1)
    return [f"{SpacingUnknownError(axes)} {GIVE_SPACING}"] if axes else []


def _is_result_of(folder: Path, sha256: str) -> bool:
    if not is_result(folder):
        return False
    try:
        recorded = read_info(folder).get("input")
    except ReadError:
        return False
    return isinstance(recorded, dict) and recorded.get("sha256") == sha256
