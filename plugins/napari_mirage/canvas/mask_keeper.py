"""MaskKeeper: keeps a masks layer and the annotation the same, whoever draws."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from mirage_core.annotate import BScanDraft, Change, Session, Target, ToolRunner
from mirage_core.annotate.tools.base import Rect
from napari_mirage.canvas.mask_layer import MaskLayer
from napari_mirage.canvas.mask_strokes import Painted, painted
from napari_mirage.layers import mask_layer

_TOOLS = {"paint": "brush", "erase": "eraser", "fill": "fill", "polygon": "polygon"}
"""napari's modes that paint, and what people call them."""
READ_ONLY = "This scan can only be read: nothing was changed."
NOT_YET = "The scan is still being opened; paint again in a moment."


class MaskKeeper:
    """Owner of the masks layer of one session.

    The layer's array is a copy for napari to paint on. What was painted becomes an edit of the
    session; whatever changes the annotation is shown by its patches. The annotation is the
    truth: after every stroke the layer shows it and nothing else.

    Parameters
    ----------
    session : Session
    runner : ToolRunner or None
        None where nothing may be drawn.
    say : callable
        Takes a sentence for the grader.
    undo, redo : callable
        Take back, or bring back, the session's last change.
    why_read_only : callable
        Says why nothing may be drawn, where `runner` is None.
    """

    def __init__(
        self,
        session: Session,
        runner: ToolRunner | None,
        say: Callable[[str], None],
        undo: Callable[[], None],
        redo: Callable[[], None],
        why_read_only: Callable[[], str] = lambda: READ_ONLY,
    ) -> None:
        self._session = session
        self.runner = runner
        self._say, self._undo, self._redo = say, undo, redo
        self._why_read_only = why_read_only
        self.layer = self.make_layer()

    def make_layer(self) -> MaskLayer:
        """Make the layer anew, the one before being gone from the viewer."""
        masks = self._session.annotation.masks
        _, options, _ = mask_layer(self._session.scan, masks)
        self.layer = MaskLayer(masks.labels.copy(), self, **options)
        first = next(iter(masks.scheme), None)
        if first is not None:
            self.layer.selected_label = first.value
        return self.layer

    # ------------------------------------------------------------------ from napari

    def stroke_done(self, b_scans: tuple[int, ...], mode: str) -> None:
        """Make what napari painted on `b_scans` an edit, or put it back and say why."""
        tool = _TOOLS.get(mode, "script")
        self._record(self._planes(b_scans), b_scans, f"napari {tool}")

    def data_offered(self, data: Any, tool: str = "napari data") -> None:
        """Make the whole of `data` an edit if it can be masks of this scan; else say why not."""
        labels = self._session.annotation.masks.labels
        shape, dtype = getattr(data, "shape", None), np.dtype(getattr(data, "dtype", object))
        if shape is None or tuple(shape) != labels.shape:
            want, got = " × ".join(map(str, labels.shape)), " × ".join(map(str, shape or ()))
            self._say(f"The masks stay as they are: the new ones are {got}, the scan is {want}.")
            return
        if dtype.kind not in "iub":
            self._say("The masks stay as they are: the new ones are not whole numbers.")
            return
        everywhere = range(len(labels))
        found = painted(self._session.annotation, data, everywhere, self._locked)
        if found.unknown:
            self._say(f"The masks stay as they are: {self._no_class(found.unknown)}")
            return
        self._commit(found, tool)
        self.settle(everywhere)

    def undo(self) -> None:
        """Undo was asked for on the layer."""
        self._undo()

    def redo(self) -> None:
        """Redo was asked for on the layer."""
        self._redo()

    def _planes(self, b_scans: tuple[int, ...]) -> Any:
        """Return the layer's array as napari left it; a stroke of our own is finished first."""
        data = self.layer.data
        if self.runner is None or not self.runner.busy:
            return data
        planes = {b: data[b].copy() for b in b_scans}
        self.runner.finish()
        return planes

    def _record(self, data: Any, b_scans: tuple[int, ...], tool: str) -> None:
        found = painted(self._session.annotation, data, b_scans, self._locked)
        if found.unknown:
            self._say(f"Nothing was painted there: {self._no_class(found.unknown)}")
        self._commit(found, tool)
        self.settle(b_scans)

    def _commit(self, found: Painted, tool: str) -> None:
        if found.kept:
            names = ", ".join(map(self._session.annotation.masks.scheme.name_of, found.kept))
            self._say(f"{names}: locked, so its marks stay as they were.")
        if not found.patches:
            return
        if self.runner is None:
            self._say(self._why_read_only())
            return
        names = [self._session.annotation.masks.scheme.name_of(v) for v in found.labels if v]
        title = f"{tool}, {names[0]}" if len(names) == 1 else tool
        self._session.edit_masks(found.patches, tool, title[0].upper() + title[1:])

    @property
    def _locked(self) -> frozenset[int]:
        return self.runner.options.locked if self.runner is not None else frozenset()

    def _no_class(self, values: tuple[int, ...]) -> str:
        scheme = self._session.annotation.masks.scheme
        which = ", ".join(map(str, values))
        names = ", ".join(f"{kind.value} {kind.name}" for kind in scheme)
        verb = "is no class" if len(values) == 1 else "are no classes"
        return f"{which} {verb} here. Choose one of {names}."

    # ------------------------------------------------------------------ to napari

    def settle(self, b_scans: Iterable[int]) -> None:
        """Make the layer show the annotation on `b_scans`, whatever it showed."""
        data, labels = self.layer.data, self._session.annotation.masks.labels
        for b in b_scans:
            if not np.array_equal(data[b], labels[b]):
                data[b] = labels[b]
                self.layer.show_part(b, 0, labels.shape[1], 0, labels.shape[2])

    def show_change(self, change: Change) -> None:
        """Take over what the annotation became."""
        if Target.MASKS not in change.targets:
            return
        data, labels = self.layer.data, self._session.annotation.masks.labels
        for patch in change.edit.patches:
            if patch.target is Target.MASKS:
                where = patch.where
                data[where] = labels[where]
                _, z, x = where
                for b in patch.b_scans:
                    self.layer.show_part(b, z.start, z.stop, x.start, x.stop)

    def show_draft(self, draft: BScanDraft, dirty: Rect) -> None:
        """Show a stroke of our own while it is in hand."""
        height, width = draft.mask.shape
        z0, z1 = max(dirty.z0, 0), min(dirty.z1, height)
        x0, x1 = max(dirty.x0, 0), min(dirty.x1, width)
        if z0 < z1 and x0 < x1:
            self.layer.data[draft.b, z0:z1, x0:x1] = draft.mask[z0:z1, x0:x1]
            self.layer.show_part(draft.b, z0, z1, x0, x1)

    def close(self) -> None:
        """Let go of the layer."""
        self.layer.disown()
