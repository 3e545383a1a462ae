"""Writer contributions: the core's exporters for napari's layers.

Each takes ``(path, [(data, options, type), ...])`` and returns what it wrote. An export appears
whole or not at all; no name in it tells who the patient is.
"""

from __future__ import annotations

import json
import shutil
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
    from mirage_core.io.atomic import ExportError, atomic_file
    from mirage_core.io.exporting import export, make_exporter

    target = Path(path)
    names = target.with_name(f"{target.name.removesuffix('.nii.gz')}.json")
    if names.exists() and not _is_table_of_ours(names):
        # napari's dialog has asked about the volume, not about what stands beside it.
        raise ExportError(
            names,
            "The names of the labels go into a file that is there already and holds other things.",
            "Choose another name.",
        )
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


def _is_table_of_ours(file: Path) -> bool:
    """Return whether `file` holds names of labels that were written here before."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return (
        isinstance(content, dict)
        and str(content.get("software", "")).startswith("MIRAGE Viewer")
        and "labels" in content
    )


def _request(path: str, layers: list[LayerData]) -> ExportRequest:
    from napari_mirage.layer_request import request_of

    return request_of(Path(path), *_work_among(Path(path), layers))


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


def _work_among(target: Path, layers: list[LayerData]) -> tuple[list[LayerData], OpenScan | None]:
    """Return what counts of `layers`, and the scan open in the workbench if they are its layers.

    Masks that the reader brought beside the session's image are left out once they are no more
    than a picture: the session's masks are what is written.

    Raises
    ------
    mirage_core.io.atomic.ExportError
        If there are such masks that are not part of the work yet.
    """
    from mirage_core.io.atomic import ExportError
    from napari_mirage.widgets import bench_at_work

    bench = bench_at_work()
    if bench is None or bench.desk.open_scan is None:
        return layers, None
    from napari_mirage.bench.brought_masks import brought_masks

    shown = [layer for layer in bench.viewer.layers if bench.canvas.shows(layer)]
    came_from = [layer.metadata["mirage"] for layer in shown if "mirage" in layer.metadata]

    def is_shown(layer: LayerData) -> bool:
        return any(layer[0] is one.data for one in shown)

    if not any(map(is_shown, layers)):
        return layers, None
    brought = [
        layer
        for layer in layers
        if layer[2] == "labels"
        and not is_shown(layer)
        and layer[1].get("metadata", {}).get("mirage") in came_from
    ]
    if not all(brought_masks(bench).settled(data) for data, _, _ in brought):
        raise ExportError(
            target,
            "Masks that came with this scan are not part of the work yet.",
            "Take them over in the workbench, or leave their layer out, and save again.",
        )
    left = [layer for layer in layers if not any(layer is one for one in brought)]
    ours = all(is_shown(layer) for layer in left if layer[0].ndim > 2)
    return left, bench.desk.open_scan if ours else None
