"""Work begins on layers that our reader, or a sample of ours, has brought into the viewer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mirage_viewer.messages import Level, Message
from napari_mirage.volume import VolumeArray

if TYPE_CHECKING:
    from napari.layers import Layer

    from napari_mirage.bench.bench import Bench

_TOPIC = "napari layer"


def open_layer(bench: Bench, layer: Layer | None) -> bool:
    """Open the scan that `layer` is of, unless it is open already; return whether there is one.

    Only what this plugin read is a scan: of other layers nobody knows eye, spacing or patient.
    """
    desk = bench.desk
    desk.hush(_TOPIC)
    if layer is None or bench.canvas.shows(layer):
        return desk.session is not None
    where = layer.metadata.get("mirage")
    if not where or not _open(bench, layer, where):
        if desk.session is None:
            desk.say(
                Message(
                    "The layer that is chosen is not a scan that MIRAGE has read.",
                    "Open a scan by File > Open, or choose one in the worklist.",
                    Level.WARNING,
                    _TOPIC,
                )
            )
        return desk.session is not None
    _hide_masks(bench, where)
    return True


def _open(bench: Bench, layer: Layer, where: dict[str, str]) -> bool:
    """Open what `where` leads to, as the reader wrote it; return whether it leads anywhere."""
    desk = bench.desk
    if "scan" in where:
        folder, scan_id = Path(where["project"]), where["scan"]
        if folder == desk.projects.folder:
            desk.opener.open_record(scan_id)
        else:
            desk.use_project(folder, lambda: desk.opener.open_record(scan_id))
        return True
    image = _image_beside(bench, layer, where)
    if image is not None:
        desk.opener.open_scan(image.data.scan, Path(where["path"]) if "path" in where else None)
        return True
    if "path" in where:
        desk.opener.open_path(Path(where["path"]))
        return True
    return False


def _image_beside(bench: Bench, layer: Layer, where: dict[str, str]) -> Layer | None:
    """Return the image of the scan that `layer` is of, be it the masks that came with it."""
    for other in (layer, *bench.viewer.layers):
        if isinstance(other.data, VolumeArray) and other.metadata.get("mirage") == where:
            return other
    return None


def _hide_masks(bench: Bench, where: dict[str, str]) -> None:
    """Hide masks that the reader brought: the work has a layer of its own, and is what counts."""
    from napari.layers import Labels

    for layer in bench.viewer.layers:
        if isinstance(layer, Labels) and layer.metadata.get("mirage") == where:
            layer.visible = False
