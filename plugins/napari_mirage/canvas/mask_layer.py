"""MaskLayer: a Labels layer that tells what napari's tools did to it and keeps no history."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
from app_model.types import KeyCode, KeyMod
from napari.layers import Labels
from numpy.typing import NDArray

U8 = NDArray[np.uint8]


class Owner(Protocol):
    """Who the layer belongs to, and whose history is the truth."""

    def stroke_done(self, b_scans: tuple[int, ...], mode: str) -> None:
        """A stroke of napari's ended; it may have changed these planes of the layer's data."""
        ...

    def settle(self, b_scans: tuple[int, ...]) -> None:
        """A stroke of napari's was dropped; these planes of the layer's data are to be right."""
        ...

    def data_offered(self, data: Any) -> None:
        """Somebody set ``layer.data``; the layer still has its own."""
        ...

    def undo(self) -> None:
        """Undo was asked for on the layer."""
        ...

    def redo(self) -> None:
        """Redo was asked for on the layer."""
        ...


class MaskLayer(Labels):
    """napari's Labels layer, except that its owner keeps the history.

    napari's own undo replays stored pixels whatever happened to the data since: it outlives
    slice changes and new data. Here every stroke is handed to the owner as soon as its pixels
    are written, napari's history is emptied, and undo and redo are asked of the owner.

    To napari 0.9 it is a Labels layer in everything else: controls, keys, visuals and writers
    go by the base class. Overridden private methods: those that write pixels
    (``_paint_region_with_mask``, which brush, eraser, fill and polygon share) and those that
    group them into strokes.

    Parameters
    ----------
    data : uint8 array ``[b, z, x]``
        Written to by napari's tools.
    owner : Owner
    **options
        Of Labels.
    """

    def __init__(self, data: U8, owner: Owner, **options: Any) -> None:
        self._owner: Owner | None = None
        self._touched: set[int] = set()
        self._writing = 0
        super().__init__(data, **options)
        self._owner = owner

    @property
    def _type_string(self) -> str:
        # Writers, copies and menus of napari ask for this, not for the class.
        return "labels"

    @property
    def data(self) -> U8:
        """The labels ``[b, z, x]``, uint8. Setting them is an edit, if the owner takes it."""
        shown: U8 = Labels.data.fget(self)
        return shown

    @data.setter
    def data(self, data: Any) -> None:
        if self._owner is None:
            Labels.data.fset(self, data)
        else:
            self._owner.data_offered(data)

    def undo(self) -> None:
        """Take the last change of the annotation back, whatever made it."""
        if self._owner is not None:
            self._owner.undo()

    def redo(self) -> None:
        """Bring the last undone change of the annotation back."""
        if self._owner is not None:
            self._owner.redo()

    def disown(self) -> None:
        """Tell nobody any more; the layer is an ordinary one then, without a history."""
        self._owner = None
        self._reset_history()

    def show_part(self, b: int, z0: int, z1: int, x0: int, x1: int) -> None:
        """Show again what now stands in ``data[b, z0:z1, x0:x1]``.

        Only that rectangle goes to the graphics card where napari shows the data itself.
        """
        if z0 >= z1 or x0 >= x1 or not self._slicing_state.loaded:
            return
        flat = list(self._slice_input.displayed) == [1, 2]
        if flat and self.contour == 0 and np.shares_memory(self._slice.image.view, self.data):
            if self._get_pt_not_disp()[0] == b:
                self._updated_slice = (slice(b, b + 1), slice(z0, z1), slice(x0, x1))
                self._partial_labels_refresh()
        else:
            self.refresh(extent=False)

    # ------------------------------------------------------------------ napari's strokes

    def _paint_region_with_mask(
        self, slice_key: tuple[slice, ...], mask: Any, *args: Any, **options: Any
    ) -> None:
        with self._writes(range(slice_key[0].start, slice_key[0].stop)):
            super()._paint_region_with_mask(slice_key, mask, *args, **options)

    def data_setitem(self, indices: Any, value: Any, refresh: bool = True) -> None:
        """Set pixels as napari's scripts do; one stroke."""
        with self._writes(np.unique(np.asarray(indices[0])).tolist()):
            super().data_setitem(indices, value, refresh)

    def _append_to_undo_history(self, item: Any) -> None:
        super()._append_to_undo_history(item)
        # Single strokes get here before their pixels are written, grouped ones after.
        if not self._writing:
            self._end_stroke()

    def _abort_stroke(self) -> None:
        if self._owner is None:
            super()._abort_stroke()
            return
        # napari would write back what stood there when the stroke began; it may be stale by now.
        touched, self._touched = tuple(sorted(self._touched)), set()
        self._reset_history()
        self._owner.settle(touched)

    @contextmanager
    def _writes(self, b_scans: Any) -> Iterator[None]:
        self._touched.update(b_scans)
        self._writing += 1
        try:
            yield
        finally:
            self._writing -= 1
        if not self._writing and not self._block_history:
            self._end_stroke()

    def _end_stroke(self) -> None:
        touched, self._touched = tuple(sorted(self._touched)), set()
        self._undo_history.clear()
        self._redo_history.clear()
        if touched and self._owner is not None:
            self._owner.stroke_done(touched, str(self.mode))


@MaskLayer.bind_key(KeyMod.CtrlCmd | KeyCode.KeyY)
def _redo_by_key(layer: MaskLayer) -> None:
    layer.redo()
