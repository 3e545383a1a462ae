"""Command contributions: what menus, keys and the command palette of napari can ask for.

Each is an action of the workbench. The scan of the layer that is chosen is opened first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_mirage.widgets import current_bench

if TYPE_CHECKING:
    from napari.layers import Layer

    from napari_mirage.bench.bench import Bench


def segment_volume() -> None:
    """Find all layers and fluid on every B-scan."""
    _do("scan.segment")


def segment_b_scan() -> None:
    """Find layers and fluid on the B-scan shown."""
    _do("scan.segment_one")


def correct() -> None:
    """Take the surface pen."""
    _do("tool.pen")


def paint_masks() -> None:
    """Take the brush for fluid and lesions."""
    _do("tool.brush")


def approve() -> None:
    """Approve the B-scan shown and step to the next."""
    _do("edit.approve", waits=False)


def undo() -> None:
    """Take the last change back."""
    _do("edit.undo", waits=False)


def redo() -> None:
    """Bring the last undone change back."""
    _do("edit.redo", waits=False)


def history() -> None:
    """Show the list of all changes."""
    _do("edit.history")


def measure() -> None:
    """Show thickness, fluid, drusen and atrophy."""
    _do("measure.show")


def follow_up() -> None:
    """Compare the visits of this eye."""
    _do("measure.follow_up")


def classify() -> None:
    """Show what a model takes the scan for."""
    _do("scan.classify")


def teach() -> None:
    """Show the Teach window."""
    _do("scan.teach", needs_scan=False)


def models() -> None:
    """Get models, look at them, remove them."""
    _do("scan.models", needs_scan=False)


def open_project() -> None:
    """Choose the project folder that work is kept in."""
    _do("file.project", needs_scan=False)


def export() -> None:
    """Show what can be exported."""
    _do("file.export")


def _do(key: str, *, waits: bool = True, needs_scan: bool = True) -> None:
    """Do the action called `key` on the scan of the layer that is chosen.

    Parameters
    ----------
    key : str
    waits : bool
        It is done, with the workbench in front, even on a scan that has to be opened first. One
        that does not wait is for what the grader has before their eyes: a scan that is not open
        yet is only opened.
    needs_scan : bool
        It is done on a scan. Else nothing is opened.
    """
    from napari_mirage.bench.docks import WORKBENCH
    from napari_mirage.bench.opening import b_scan_shown, is_of_open_scan, open_layer, scan_meant
    from napari_mirage.when_possible import Wanted, do_when_possible

    bench = current_bench()
    if waits:
        bench.docks.show(WORKBENCH)
    if not needs_scan:
        bench.qt_actions.trigger(key)
        return
    layer = _layer_to_open(bench)
    meant, to_come, b = scan_meant(bench, layer), False, None
    if layer is not None and _from_reader(layer) and not is_of_open_scan(bench, layer):
        # Opening goes to where work stopped; the command is about what is seen now.
        to_come, b = True, b_scan_shown(bench, layer)
    if open_layer(bench, layer):
        only_open = to_come and not waits
        do_when_possible(
            bench, Wanted(key=key, meant=meant, b=b, patient=waits, only_open=only_open)
        )


def _layer_to_open(bench: Bench) -> Layer | None:
    """Return the layer that the user means: the chosen one, else the only scan there is."""
    from napari_mirage.volume import VolumeArray

    layers = bench.viewer.layers
    chosen = layers.selection.active
    if chosen is not None and (bench.canvas.shows(chosen) or _from_reader(chosen)):
        return chosen
    if bench.desk.open_scan is not None:
        return None
    scans = [layer for layer in layers if isinstance(layer.data, VolumeArray)]
    return scans[0] if len(scans) == 1 else chosen


def _from_reader(layer: Layer) -> bool:
    return "mirage" in layer.metadata
