"""The registry of exporters, and the one way an export reaches the disk."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from mirage_core import RESEARCH_USE_ONLY, __version__
from mirage_core.io.atomic import ExportError, atomic_file, atomic_folder
from mirage_core.io.export_csv import CsvExporter
from mirage_core.io.export_hdf5 import Hdf5Exporter
from mirage_core.io.export_mirage import MirageExporter
from mirage_core.io.export_nifti import NiftiExporter
from mirage_core.io.export_png import PngExporter
from mirage_core.io.export_request import ExportRequest, Report, unique_stems
from mirage_core.io.native_layout import spacing_fields

MARKER = "export.json"
"""File in every exported folder that says what wrote it; only such folders are replaced."""


class Exporter(Protocol):
    """Writes requests into a folder. Options are fields of the exporter."""

    @property
    def name(self) -> str:
        """Key on the command line, e.g. ``"hdf5"``."""
        ...

    @property
    def title(self) -> str:
        """For people."""
        ...

    @property
    def suffix(self) -> str:
        """Suffix of the one file a scan becomes, or ``""`` if it becomes several."""
        ...

    def write(
        self, requests: Sequence[ExportRequest], folder: Path, report: Report
    ) -> Sequence[ExportRequest]:
        """Write `requests`, whose stems are distinct, into the empty `folder`.

        Return them with the B-scans that were written, where some could not be.
        """
        ...


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote: its `target`, the `files` (the manifest not counted), B-scans."""

    target: Path
    files: tuple[Path, ...]
    n_b_scans: int


_EXPORTERS: dict[str, type[Any]] = {
    cls.name: cls for cls in (MirageExporter, Hdf5Exporter, NiftiExporter, CsvExporter, PngExporter)
}


def exporter_names() -> tuple[str, ...]:
    """Return the names of all exporters."""
    return tuple(_EXPORTERS)


def make_exporter(name: str, **options: Any) -> Exporter:
    """Return the exporter called `name` with `options` set.

    Raises
    ------
    KeyError
        If there is none; the message offers the nearest name.
    TypeError
        If it has no such option.
    """
    if name not in _EXPORTERS:
        near = difflib.get_close_matches(name, _EXPORTERS, 1)
        offer = f"; did you mean {near[0]!r}?" if near else ""
        raise KeyError(f"no export format {name!r}{offer} Known: {', '.join(_EXPORTERS)}.")
    made: Exporter = _EXPORTERS[name](**options)
    return made


def export(
    exporter: Exporter,
    requests: Sequence[ExportRequest],
    target: Path,
    *,
    overwrite: bool = False,
    report: Report = lambda _fraction: None,
) -> Exported:
    """Write `requests` to `target`, wholly or not at all.

    Parameters
    ----------
    exporter : Exporter
        From :func:`make_exporter`.
    requests : sequence of ExportRequest
        Scans whose pseudonyms repeat get ``-2``, ``-3`` behind them; scans without a chosen
        B-scan are left out.
    target : Path
        A folder; or, with one request and an exporter of one file per scan, a file whose name
        ends in the exporter's suffix.
    overwrite : bool
        Replace an existing target. A folder is replaced only if an export wrote it.
    report : callable
        Told the fraction done; what it raises ends the export and nothing remains.

    Returns
    -------
    Exported

    Raises
    ------
    ExportError
        If nothing is chosen, the format cannot hold it, or the system refuses to write.
    """
    target = Path(target).absolute()
    stems = unique_stems([r.name for r in requests])
    requests = [
        replace(request, name=stem)
        for request, stem in zip(requests, stems, strict=True)
        if request.b_scans
    ]
    if not requests:
        raise ExportError(
            target,
            "No B-scan has one of the chosen states, so there is nothing to export.",
            "Approve or edit B-scans first, or choose other states.",
        )
    if exporter.suffix and target.name.lower().endswith(exporter.suffix):
        if len(requests) != 1:
            raise ExportError(
                target, f"{len(requests)} scans do not fit into one file.", "Give a folder."
            )
        return _export_file(exporter, requests, target, overwrite=overwrite, report=report)
    with atomic_folder(target, overwrite=overwrite, marker=MARKER) as folder:
        written = _write(exporter, requests, folder, target, report)
        files = sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
        (folder / MARKER).write_text(_manifest(exporter, written), encoding="utf-8")
    n_b_scans = sum(len(r.b_scans) for r in written)
    return Exported(target, tuple(target / f for f in files), n_b_scans)


def _export_file(
    exporter: Exporter,
    requests: Sequence[ExportRequest],
    target: Path,
    *,
    overwrite: bool,
    report: Report,
) -> Exported:
    with atomic_file(target, overwrite=overwrite) as fresh:
        folder = fresh.parent / "scan"
        folder.mkdir()
        _write(exporter, requests, folder, target, report)
        os.replace(folder / f"{requests[0].stem}{exporter.suffix}", fresh)
    return Exported(target, (target,), len(requests[0].b_scans))


def _write(
    exporter: Exporter,
    requests: Sequence[ExportRequest],
    folder: Path,
    target: Path,
    report: Report,
) -> Sequence[ExportRequest]:
    try:
        return exporter.write(requests, folder, report)
    except ExportError as error:
        # Exporters know only the temporary folder, which means nothing to anyone.
        raise ExportError(target, error.what, error.hint) from error


def _manifest(exporter: Exporter, requests: Sequence[ExportRequest]) -> str:
    """Return what `export.json` holds: origin, terms, and each scan's B-scans and spacing."""
    content = {
        "format": exporter.name,
        "software": f"MIRAGE Viewer {__version__}",
        "note": RESEARCH_USE_ONLY,
        "simulated": any(r.scan.acquisition.simulated for r in requests),
        "scans": {
            r.stem: {
                "b_scans": list(r.b_scans),
                "shape": list(r.scan.shape),
                "spacing": spacing_fields(r.scan.spacing),
                "laterality": r.scan.laterality.value,
                "superior_to_inferior": r.scan.geometry.superior_to_inferior,
            }
            for r in requests
        },
    }
    return json.dumps(content, indent=2) + "\n"
