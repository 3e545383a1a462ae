"""Writer contributions: the core's exporters for napari's layers.

Each takes ``(path, [(data, options, type), ...])`` and returns what it wrote. An export appears
whole or not at all; no name in it tells who the patient is.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mirage_core.io.export_request import ExportRequest
    from mirage_viewer.opening import OpenScan
    from napari_mirage.layers import LayerData


def write_hdf5(path: str, layers: list[LayerData]) -> list[str]:
    """Write the scan with its annotation as one HDF5 file, which our reader opens again.

    Raises
    ------
    mirage_core.io.atomic.ExportError
        As all writers here, if the layers are not one scan or the system refuses to write.
    """
    return _export("hdf5", path, layers)


def write_csv(path: str, layers: list[LayerData]) -> list[str]:
    """Write the depths of the surfaces as a table."""
    from mirage_core.io.atomic import ExportError

    request = _request(path, layers)
    if not request.present_surfaces():
        raise ExportError(
            Path(path),
            "No surface is drawn on this scan, so there is nothing to tabulate.",
            "Segment the scan first (Layers > Segment), and save the layers again.",
        )
    return _export("csv", path, layers, request)


def write_mirage(path: str, layers: list[LayerData]) -> list[str]:
    """Write a MIRAGE training folder: B-scans, label maps and the names of the labels."""
    from mirage_core.io.export_mirage import DEFAULT_SURFACES

    request = _request(path, layers)
    drawn = {request.annotation.surfaces.names[row] for row in request.present_surfaces()}
    masks_alone = drawn.isdisjoint(DEFAULT_SURFACES) and request.annotation.masks.labels.any()
    return _export("mirage", path, layers, request, **({"surfaces": ()} if masks_alone else {}))


def write_nifti(path: str, layers: list[LayerData]) -> list[str]:
    """Write layers and masks as one label volume ``.nii.gz``, the labels' names as ``.json``."""
    from mirage_core.io.atomic import atomic_file
    from mirage_core.io.exporting import export, make_exporter

    target = Path(path)
    names = target.with_name(f"{target.name.removesuffix('.nii.gz')}.json")
    request = _request(path, layers)
    with tempfile.TemporaryDirectory() as made:
        done = export(make_exporter("nifti", combined=True), [request], Path(made) / "nifti")
        by_kind = {file.suffix: file for file in done.files}
        with (
            atomic_file(target, overwrite=True) as volume,
            atomic_file(names, overwrite=True) as table,
        ):
            shutil.copyfile(by_kind[".gz"], volume)
            shutil.copyfile(by_kind[".json"], table)
    return [str(target), str(names)]


def _request(path: str, layers: list[LayerData]) -> ExportRequest:
    from napari_mirage.layer_request import request_of

    return request_of(Path(path), layers, _open_scan_of(layers))


def _export(
    name: str,
    path: str,
    layers: list[LayerData],
    request: ExportRequest | None = None,
    **options: Any,
) -> list[str]:
    from mirage_core.io.exporting import export, make_exporter

    exporter = make_exporter(name, **options)
    # napari's dialog has asked before it replaces a file; of a folder it does not ask.
    overwrite = bool(exporter.suffix)
    request = request or _request(path, layers)
    return [str(export(exporter, [request], Path(path), overwrite=overwrite).target)]


def _open_scan_of(layers: list[LayerData]) -> OpenScan | None:
    """Return the scan open in the workbench, if all volumes among `layers` are its layers."""
    attach = sys.modules.get("napari_mirage.bench.attach")
    if attach is None:  # nobody has opened a workbench
        return None
    from napari import current_viewer

    viewer = current_viewer()
    bench = attach.bench_at(viewer) if viewer is not None else None
    if viewer is None or bench is None:
        return None
    shown = [layer.data for layer in viewer.layers if bench.canvas.shows(layer)]
    volumes = [data for data, _, _ in layers if data.ndim > 2]
    ours = all(any(data is one for one in shown) for data in volumes)
    return bench.desk.open_scan if volumes and ours else None
