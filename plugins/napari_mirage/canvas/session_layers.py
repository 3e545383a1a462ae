"""SessionLayers: the image and the masks of one session among the layers of a viewer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from napari.layers import Image
from qtpy.QtCore import QObject, QTimer, Signal

from mirage_core.annotate import Session, ToolRunner
from mirage_core.scan import Scan
from mirage_viewer.canvas.b_scan_cache import BScanCache
from napari_mirage.canvas.mask_keeper import READ_ONLY, MaskKeeper
from napari_mirage.layers import placing, provenance, scan_layers
from napari_mirage.volume import VolumeArray

if TYPE_CHECKING:
    from napari import Viewer

_AHEAD = 3
"""B-scans decoded ahead in the direction of stepping."""
CAME_BACK = "The masks belong to the scan: their layer came back. Hide it with its eye."


class SessionLayers(QObject):
    """Brings the layers of a session, keeps them, and takes away only what it brought.

    An image layer of the same scan that is there already, because a reader made it, is used
    instead of a second one; when another scan takes its place it is hidden, not removed.

    Attributes
    ----------
    why_read_only : callable
        Says why nothing may be drawn, where nothing may.

    Signals
    -------
    image_gone()
        The user removed the image.
    masks_made()
        The masks have another layer than before.
    noted(str)
        A sentence for the grader.
    undo_asked(), redo_asked()
        On the masks' layer.
    """

    image_gone = Signal()
    masks_made = Signal()
    noted = Signal(str)
    undo_asked = Signal()
    redo_asked = Signal()

    def __init__(self, viewer: Viewer, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._session: Session | None = None
        self.image: Image | None = None
        self.keeper: MaskKeeper | None = None
        self._adopted = False
        self._busy = False
        self._cache: BScanCache | None = None
        self._actual = True
        self.why_read_only: Callable[[], str] = lambda: READ_ONLY
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(0)
        self._settle.timeout.connect(self._settle_removed)
        viewer.layers.events.removed.connect(self._removed)

    @property
    def volume(self) -> VolumeArray | None:
        """The B-scans of the session's scan."""
        return self.image.data if self.image is not None else None

    def set_session(self, session: Session | None, runner: ToolRunner | None) -> None:
        """Show `session` in place of the one before; None takes its layers away."""
        if session is self._session and self.keeper is not None and self.image is not None:
            self.keeper.runner = runner
            return
        self._busy = True
        try:
            self._drop(session)
            self._session = session
            if session is not None:
                self._take_image(session)
                self._make_masks(session, runner)
        finally:
            self._busy = False

    def set_actual(self, actual: bool) -> None:
        """Show equal lengths equal, where the spacing is known, or pixels square."""
        self._actual = actual
        self.refresh_spacing()

    def refresh_spacing(self) -> None:
        """Take over the spacing of the session's scan, and where it came from."""
        if self._session is None or self.image is None:
            return
        scan = self._session.scan
        self.image.metadata = {**self.image.metadata, **provenance(scan)}
        place = placing(scan)
        if not self._actual:
            place.update(scale=(1.0,) * 3, units=("pixel",) * 3)
        layers = [self.image, *([self.keeper.layer] if self.keeper is not None else [])]
        for layer in layers:
            layer.scale = place["scale"]
            layer.units = place["units"]

    # ------------------------------------------------------------------ B-scans

    @property
    def b(self) -> int:
        """The B-scan that napari shows."""
        assert self.image is not None
        at = round(float(self.image.world_to_data(self._viewer.dims.point)[0]))
        return min(max(at, 0), self.image.data.shape[0] - 1)

    def show_b_scan(self, b: int) -> None:
        """Move napari's slider to B-scan `b`."""
        assert self.image is not None
        dims = self._viewer.dims
        dims.set_point(dims.ndim - 3, float(self.image.data_to_world((b, 0, 0))[0]))

    def look_ahead(self, b: int, onwards: int) -> None:
        """Decode the neighbours of `b` while nobody waits; `onwards` is 1 or -1."""
        if self._cache is not None:
            ahead = [b + onwards * k for k in range(1, _AHEAD + 1)]
            self._cache.ahead([*ahead[:1], b - onwards, *ahead[1:]])

    # ------------------------------------------------------------------ layers

    def _take_image(self, session: Session) -> None:
        scan = session.scan
        if self.image is None:
            self.image = self._find(scan)
            self._adopted = self.image is not None
        if self.image is None:
            data, options, _ = scan_layers(scan)[0]
            self.image = Image(data, **options)
            self._viewer.add_layer(self.image)
        self.image.visible = True
        self._cache = BScanCache(scan)
        self.image.data.read_through(self._cache.get)
        self.refresh_spacing()

    def _find(self, scan: Scan) -> Image | None:
        for layer in self._viewer.layers:
            data = layer.data if isinstance(layer, Image) else None
            if isinstance(data, VolumeArray) and same_scan(data.scan, scan):
                return layer
        return None

    def _make_masks(self, session: Session, runner: ToolRunner | None) -> None:
        self.keeper = MaskKeeper(
            session,
            runner,
            self.noted.emit,
            self.undo_asked.emit,
            self.redo_asked.emit,
            lambda: self.why_read_only(),
        )
        self._insert_masks()

    def _insert_masks(self) -> None:
        assert self.keeper is not None
        assert self.image is not None
        self._viewer.layers.insert(self._viewer.layers.index(self.image) + 1, self.keeper.layer)
        self.refresh_spacing()
        self.masks_made.emit()

    def _drop(self, session: Session | None) -> None:
        """Take away what was brought and `session` has no use for; napari rebuilds once."""
        with self._viewer.layers.batched_update():
            self._drop_masks()
            self._drop_image(session)

    def _drop_masks(self) -> None:
        self._settle.stop()
        keeper, self.keeper = self.keeper, None
        if keeper is not None:
            keeper.close()
            self._remove(keeper.layer)

    def _drop_image(self, session: Session | None) -> None:
        """Let go of the image, unless `session` is of the same scan."""
        if self._cache is not None:
            self._cache.close()
            self._cache = None
        if self.image is None:
            return
        self.image.data.read_through(None)
        if session is not None and same_scan(self.image.data.scan, session.scan):
            return
        image, self.image = self.image, None
        if not self._adopted:
            self._remove(image)
        elif session is not None:
            image.visible = False
        self._adopted = False

    def _remove(self, layer: object) -> None:
        if layer in self._viewer.layers:
            self._viewer.layers.remove(layer)

    def _removed(self, event: object) -> None:
        layer = event.value
        if self._busy or self._session is None:
            return
        if layer is self.image:
            self.image.data.read_through(None)
            self.image, self._adopted = None, False
        elif self.keeper is None or layer is not self.keeper.layer:
            return
        # napari is not done with removing, and may have more to remove.
        self._settle.start()

    def _settle_removed(self) -> None:
        """Close the scan whose image is gone, or bring its masks back."""
        if self._session is None:
            return
        if self.image is None:
            self._busy = True
            try:
                self._drop_masks()
            finally:
                self._busy = False
            self._session = None
            self.image_gone.emit()
        else:
            self._bring_back()

    def _bring_back(self) -> None:
        if self.keeper is None or self.keeper.layer in self._viewer.layers:
            return
        self.keeper.layer.disown()
        self.keeper.make_layer()
        self._insert_masks()
        self.noted.emit(CAME_BACK)

    def stop(self) -> None:
        """Listen no more; layers that go from now on close no scan."""
        self._busy = True
        self._settle.stop()
        self._viewer.layers.events.removed.disconnect(self._removed)

    def close(self) -> None:
        """Take away what was brought, having stopped."""
        self._drop(None)
        self._session = None


def same_scan(one: Scan, other: Scan) -> bool:
    """Return whether two scans are the same acquisition, read from one place."""
    if one.pixels is other.pixels:
        return True
    paths = one.source_path, other.source_path
    return None not in paths and paths[0] == paths[1] and one.shape == other.shape
