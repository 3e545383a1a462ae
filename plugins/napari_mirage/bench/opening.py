"""Work begins on layers that our reader, or a sample of ours, has brought into the viewer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mirage_viewer.messages import Level, Message
from napari_mirage.canvas.mask_keeper import NOT_YET, READ_ONLY
from napari_mirage.canvas.session_layers import same_scan
from napari_mirage.volume import VolumeArray

if TYPE_CHECKING:
    from napari.layers import Layer

    from mirage_viewer.controller import Desk
    from mirage_viewer.opening import OpenScan
    from napari_mirage.bench.bench import Bench

_TOPIC = "napari layer"


def open_layer(bench: Bench, layer: Layer | None) -> bool:
    """Open the scan that `layer` is of, unless it is open already; return whether there is one.

    Only what this plugin read is a scan: of other layers nobody knows eye, spacing or patient.
    """
    desk = bench.desk
    desk.hush(_TOPIC)
    if layer is not None and is_of_open_scan(bench, layer):
        return True
    where = layer.metadata.get("mirage") if layer is not None else None
    if layer is not None and where and _open(bench, layer, where):
        return True
    if desk.session is None:
        desk.say(
            Message(
                "The layer that is chosen is not a scan that MIRAGE has read."
                if layer is not None
                else "No scan is open, and no layer is chosen.",
                "Open a scan by File > Open, or choose one in the worklist.",
                Level.WARNING,
                _TOPIC,
            )
        )
    return desk.session is not None


def is_of_open_scan(bench: Bench, layer: Layer) -> bool:
    """Return whether `layer` is image, masks or SLO of the scan that is open."""
    opened = bench.desk.open_scan
    if opened is None:
        return False
    return bench.canvas.shows(layer) or scan_meant(bench, layer)(opened)


def scan_meant(bench: Bench, layer: Layer | None) -> Callable[[OpenScan], bool]:
    """Return what tells the scan of `layer` from others; None stands for the scan open now.

    It holds on to no layer, and goes on telling when the scan is opened for editing.
    """
    where = layer.metadata.get("mirage") if layer is not None else None
    if layer is None or (where is None and bench.canvas.shows(layer)):
        opened = bench.desk.open_scan
        now = (opened.scan,) if opened is not None else ()
        return lambda other: any(same_scan(scan, other.scan) for scan in now)
    if not where:
        return lambda _other: False
    if "scan" in where:
        return lambda other: (
            other.record is not None
            and other.project is not None
            and other.record.id == where["scan"]
            and same_folder(other.project.folder, Path(where["project"]))
        )
    scans = tuple(image.data.scan for image in _images_beside(bench, layer, where))
    path = Path(where["path"]) if "path" in where else None
    return lambda other: (
        any(same_scan(scan, other.scan) for scan in scans)
        or (path is not None and path == other.path)
    )


def b_scan_shown(bench: Bench, layer: Layer) -> int | None:
    """Return the B-scan at which napari shows the scan of `layer`; None where no image is of it."""
    where = layer.metadata.get("mirage")
    for image in _images_beside(bench, layer, where) if where else ():
        at = round(float(image.world_to_data(bench.viewer.dims.point)[0]))
        return min(max(at, 0), image.data.shape[0] - 1)
    return None


def why_read_only(desk: Desk) -> str:
    """Return why nothing can be drawn on the scan that is shown."""
    opened = desk.open_scan
    return READ_ONLY if opened is None or opened.read_only else NOT_YET


def same_folder(one: Path, other: Path) -> bool:
    """Return whether two paths lead to one folder, however they are written."""
    return one.expanduser().resolve() == other.expanduser().resolve()


def _open(bench: Bench, layer: Layer, where: dict[str, str]) -> bool:
    """Open what `where` leads to, as the reader wrote it; return whether it leads anywhere."""
    desk = bench.desk
    if "scan" in where:
        folder, scan_id = Path(where["project"]), where["scan"]
        if same_folder(folder, desk.projects.folder):
            desk.opener.open_record(scan_id)
        else:
            desk.use_project(folder, lambda: desk.opener.open_record(scan_id))
        return True
    image = next(_images_beside(bench, layer, where), None)
    if image is not None:
        desk.opener.open_scan(image.data.scan, Path(where["path"]) if "path" in where else None)
        return True
    if "path" in where:
        desk.opener.open_path(Path(where["path"]))
        return True
    return False


def _images_beside(bench: Bench, layer: Layer, where: dict[str, str]) -> Iterator[Layer]:
    """Yield the images of the scan that `layer` is of, be it the masks that came with it."""
    for other in (layer, *bench.viewer.layers):
        if isinstance(other.data, VolumeArray) and other.metadata.get("mirage") == where:
            yield other
