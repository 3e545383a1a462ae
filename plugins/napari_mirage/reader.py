"""Reader contribution: every scan file and folder the core reads, and project folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mirage_core.scan import Masks, Scan
    from napari_mirage.layers import LayerData


def get_reader(path: str | list[str]) -> Callable[[str], list[LayerData]] | None:
    """Return a reader for `path`, or None if it is neither one scan nor a project."""
    from mirage_core.io import is_readable
    from napari_mirage.project_layers import is_project, read_project
    from napari_mirage.training_layers import is_training_folder, read_training_folder

    if not isinstance(path, str):
        return None
    if is_project(Path(path)):
        return read_project
    if is_training_folder(Path(path)):
        return read_training_folder
    return read_scan if is_readable(Path(path)) else None


def read_scan(path: str) -> list[LayerData]:
    """Read the scan at `path` as layers, with the masks that the file brings.

    Raises
    ------
    mirage_core.io.ReadError
        If it cannot be read.
    """
    from mirage_core.io import open_scan
    from mirage_core.io.native_hdf5 import FORMAT, read_native

    where = {"path": path}
    scan = open_scan(Path(path))
    if scan.source_format == FORMAT:
        content = read_native(Path(path))
        return layers_of(content.scan, content.masks, where)
    return layers_of(scan, None, where)


def layers_of(
    scan: Scan, masks: Masks | None, where: dict[str, str], masks_name: str = ""
) -> list[LayerData]:
    """Return the layers of `scan`, those of `masks` above the image.

    Parameters
    ----------
    scan, masks
    where : dict of str to str
        What leads back to it; becomes ``metadata["mirage"]`` of every layer.
    masks_name : str
        Name of the masks' layer.
    """
    from napari_mirage.layers import mask_layer, scan_layers

    image, *slo = scan_layers(scan)
    layers = [image]
    if masks is not None:
        layers.append(mask_layer(scan, masks, masks_name))
    layers += slo
    for _, options, _ in layers:
        options["metadata"] = {**options.get("metadata", {}), "mirage": dict(where)}
    return layers
