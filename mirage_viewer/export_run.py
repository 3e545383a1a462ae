"""Export in the background, with progress and cancel. No Qt."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mirage_core.scan.states import State
from mirage_viewer.opening import OpenScan

if TYPE_CHECKING:
    from mirage_core.io.exporting import Exported


class ExportCancelledError(Exception):
    """The user cancelled an export; nothing of it stays."""


@dataclass(frozen=True, slots=True)
class ExportChoice:
    """What the export panel asks for.

    Attributes
    ----------
    format : str
        Name of the exporter.
    states : frozenset of State
        B-scans in one of these states are written.
    folder : Path
        The export becomes a new folder in it.
    """

    format: str
    states: frozenset[State]
    folder: Path


def new_folder(parent: Path, stem: str) -> Path:
    """Return a folder name in `parent` that is free: `stem`, or `stem` with a number."""
    target = parent / stem
    n = 1
    while target.exists():
        n += 1
        target = parent / f"{stem}-{n}"
    return target


def count_b_scans(opened: OpenScan, states: Collection[State]) -> int:
    """Return how many B-scans are in one of `states`."""
    return sum(state in states for state in opened.session.annotation.b_scan_states())


def prepare_export(
    opened: OpenScan,
    choice: ExportChoice,
    report: Callable[[float], None],
    cancelled: threading.Event,
) -> Callable[[], Exported]:
    """Return the work of an export of `opened` as it is now; run it in the background.

    The work raises ExportError, or :class:`ExportCancelledError` once `cancelled` is set.
    """
    scan, annotation, name = opened.scan, opened.session.annotation.copy(), opened.name

    def tell(fraction: float) -> None:
        if cancelled.is_set():
            raise ExportCancelledError
        report(fraction)

    def work() -> Exported:
        from mirage_core.io.export_request import ExportRequest, safe_stem
        from mirage_core.io.exporting import export, make_exporter

        request = ExportRequest.by_states(scan, annotation, choice.states, name)
        target = new_folder(choice.folder, f"{safe_stem(name)}-{choice.format}")
        return export(make_exporter(choice.format), [request], target, report=tell)

    return work
