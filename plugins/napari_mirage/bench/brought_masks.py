"""BroughtMasks: masks that came with a scan's file, beside those that are worked on.

The workbench keeps its masks in a layer of its own. Those that a reader or a sample brought, or
that were painted before the workbench was opened, are no part of the work until they are taken
over, and none of them may get lost unsaid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakSet

import numpy as np
from napari.layers import Labels
from numpy.typing import NDArray
from qtpy.QtCore import QObject, QTimer

from mirage_core.scan import LabelScheme
from mirage_viewer.messages import Level, Message
from napari_mirage.bench.opening import scan_meant

if TYPE_CHECKING:
    from mirage_viewer.opening import OpenScan
    from napari_mirage.bench.bench import Bench

TOPIC = "masks of the file"
_TAKE = "Take over these masks"
TOOL = "masks of the file"
"""What the history calls the edit."""


class BroughtMasks(QObject):
    """Compares masks that came with the open scan to the work on it, and offers to take them over.

    A layer of masks that are the work's, or nobody's to change here, becomes a picture: hidden,
    and not to be painted on while the scan is open.

    Parameters
    ----------
    bench : Bench
    """

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self._bench = bench
        self._opened: OpenScan | None = None
        self._pictures: WeakSet[Labels] = WeakSet()
        self._told: WeakSet[Labels] = WeakSet()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self.look)
        bench.desk.scan_changed.connect(self._look_soon)
        bench.viewer.layers.events.inserted.connect(self._look_soon)
        bench.closing.connect(self.close)

    def settled(self, data: object) -> bool:
        """Return whether the layer that holds `data` is a picture of what needs no taking over."""
        return any(layer.data is data for layer in self._pictures)

    def look(self) -> None:
        """See to the masks that came with the scan that is open."""
        opened = self._bench.desk.open_scan
        if opened is not self._opened:
            self._opened = opened
            self._free()
            self._bench.desk.hush(TOPIC)
        if opened is None or not (opened.editable or opened.read_only):
            return
        for layer in self._layers(opened):
            if layer not in self._pictures and layer not in self._told:
                self._see_to(layer, opened)

    def take_over(self, layer: Labels) -> None:
        """Make the masks of `layer` those of the work, as one edit that can be undone."""
        opened = self._opened
        if opened is None or not opened.editable or layer not in self._bench.viewer.layers:
            return
        self._bench.desk.hush(TOPIC)
        found = _in_classes_of(layer, opened.session.annotation.masks.scheme)
        opened.runner.finish()
        self._bench.canvas.offer_masks(found.labels, TOOL)
        if not found.left_out and np.array_equal(found.labels, _masks(opened)):
            self._make_picture(layer)

    def close(self) -> None:
        """Listen no more, and let the layers be painted on again."""
        self._soon.stop()
        self._bench.desk.scan_changed.disconnect(self._look_soon)
        self._bench.viewer.layers.events.inserted.disconnect(self._look_soon)
        self._free()

    # ------------------------------------------------------------------ one layer

    def _see_to(self, layer: Labels, opened: OpenScan) -> None:
        annotator = layer.metadata.get("annotator", self._bench.desk.author)
        if annotator != self._bench.desk.author:
            self._make_picture(layer)
            self._say(f"The masks of {annotator} are hidden: shown is your own work.")
            return
        found = _in_classes_of(layer, opened.session.annotation.masks.scheme)
        if found.labels.shape != opened.scan.shape:
            return
        marked = bool(found.labels.any())
        if not found.left_out and (not marked or np.array_equal(found.labels, _masks(opened))):
            self._make_picture(layer)
            return
        self._told.add(layer)
        offered = layer if marked and opened.editable else None
        if "sample" in layer.metadata["mirage"]:
            # They would cover what is found here, and are always to be had again.
            layer.visible = False
            self._say("The true masks of this eye are hidden; work begins without them.", offered)
            return
        hint = "Only the workbench's own layer is corrected and saved."
        if found.left_out:
            hint = f"{hint} No class here for: {', '.join(found.left_out)}."
        text = "Masks came with this scan. They are not part of your work yet."
        self._say(text, offered, hint, Level.WARNING)

    def _say(
        self, text: str, offered: Labels | None = None, hint: str = "", level: Level = Level.INFO
    ) -> None:
        """Say `text`, with a button that takes the masks of `offered` over."""
        words = (text, hint, level, TOPIC)
        if offered is None:
            self._bench.desk.say(Message(*words))
        else:
            self._bench.desk.say(Message(*words, _TAKE, lambda: self.take_over(offered)))

    def _make_picture(self, layer: Labels) -> None:
        self._pictures.add(layer)
        layer.visible = False
        layer.editable = False

    def _free(self) -> None:
        for layer in tuple(self._pictures):
            layer.editable = True
        self._pictures.clear()
        self._told.clear()

    def _layers(self, opened: OpenScan) -> list[Labels]:
        bench = self._bench
        return [
            layer
            for layer in bench.viewer.layers
            if isinstance(layer, Labels)
            and "mirage" in layer.metadata
            and not bench.canvas.shows(layer)
            and scan_meant(bench, layer)(opened)
        ]

    def _look_soon(self, event: object = None) -> None:
        self._soon.start()


def brought_masks(bench: Bench) -> BroughtMasks:
    """Return who sees to the masks that came with the scans of `bench`."""
    found = bench.findChild(BroughtMasks)
    return found if found is not None else BroughtMasks(bench)


class _Translated(NamedTuple):
    """Masks in the labels of another scheme, and the names of the classes that it has not."""

    labels: NDArray[np.uint8]
    left_out: tuple[str, ...]


def _in_classes_of(layer: Labels, scheme: LabelScheme) -> _Translated:
    """Return the masks of `layer` with the labels that `scheme` has for its classes.

    Classes go by their names, since other software numbers them otherwise; those that `scheme`
    has not become background.
    """
    names: dict[int, str] = layer.metadata.get("classes", {})
    own = {kind.name: kind.value for kind in scheme}
    data = np.asarray(layer.data)
    labels = np.zeros(data.shape, np.uint8)
    left_out = []
    for value in np.unique(data).tolist():
        name = names.get(value, f"class {value}")
        if value and name in own:
            labels[data == value] = own[name]
        elif value:
            left_out.append(name)
    return _Translated(labels, tuple(left_out))


def _masks(opened: OpenScan) -> NDArray[np.uint8]:
    return opened.session.annotation.masks.labels
