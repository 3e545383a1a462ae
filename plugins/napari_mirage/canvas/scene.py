"""Scene: the one place that reaches into napari's private canvas.

napari has no public way to draw on its canvas but layers, and a layer for every curve would be
sliced again at every step. What is used of napari 0.9 is gathered here: the Qt widget, the vispy
node of a layer, and the cursor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtGui import QCursor
from qtpy.QtWidgets import QWidget
from vispy.scene import Node
from vispy.visuals.transforms import MatrixTransform

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Layer

_ABOVE_LAYERS = 10_000
"""Order among the nodes of a scene; napari counts its layers from 0."""


class Scene:
    """A place over one layer to draw in, in the layer's pixels.

    In :attr:`root` pixel ``(z, x)`` covers the unit square from vispy's ``(x, z)``, so that its
    centre lies at ``(x + 0.5, z + 0.5)``. Nothing is seen of it in 3-D, nor when other axes than
    z and x are displayed, nor without the layer.
    """

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        # napari's private VispyCanvas.
        self._canvas: Any = viewer.window._qt_viewer.canvas
        self.root = Node(name="MIRAGE")
        self.root.order = _ABOVE_LAYERS
        self.root.transform = MatrixTransform()
        self._layer: Layer | None = None
        self._followed: Any = None
        viewer.dims.events.ndisplay.connect(self.settle)
        viewer.dims.events.order.connect(self.settle)
        viewer.layers.events.inserted.connect(self.settle)
        viewer.layers.events.reordered.connect(self.settle)
        viewer.canvas.grid.events.enabled.connect(self.settle)
        viewer.layers.events.removing.connect(self.make_current)

    @property
    def widget(self) -> QWidget:
        """The widget that napari draws on."""
        return self._canvas.native

    @property
    def flat(self) -> bool:
        """Whether B-scans are seen from the front: 2-D, rows down and columns across."""
        dims = self._viewer.dims
        return dims.ndisplay == 2 and tuple(dims.displayed) == (dims.ndim - 2, dims.ndim - 1)

    def follow(self, layer: Layer | None) -> None:
        """Lie over `layer` from now on; None: nowhere."""
        self._layer = layer
        self.settle()

    def settle(self, event: object = None) -> None:
        """Take place over the layer again, after napari rebuilt its scene."""
        visual = self._canvas.layer_to_visual.get(self._layer) if self._layer is not None else None
        transform = visual.node.transform if visual is not None else None
        if transform is not self._followed:
            if self._followed is not None:
                self._followed.changed.disconnect(self._take_matrix)
            self._followed = transform
            if transform is not None:
                transform.changed.connect(self._take_matrix)
        if transform is None or not self.flat:
            self.root.parent = None
            return
        self.root.parent = visual.node.parent
        self._take_matrix()

    def _take_matrix(self, event: object = None) -> None:
        """Lie where the layer lies.

        napari sets the same matrix at every step, which costs every visual below it; ours are
        moved only when the layer is.
        """
        matrix = self._followed.matrix
        if matrix.shape == (4, 4) and not np.array_equal(self.root.transform.matrix, matrix):
            self.root.transform.matrix = matrix.copy()

    def settled(self) -> bool:
        """Return whether what is drawn here can be seen, having made sure that it lies right."""
        if self._layer is None:
            return False
        visual = self._canvas.layer_to_visual.get(self._layer)
        if visual is not None and visual.node.transform is not self._followed:
            self.settle()
        return self.root.parent is not None

    def make_current(self, event: object = None) -> None:
        """Make napari's OpenGL context the current one.

        napari 0.9.2 finishes its graphics commands when a layer is removed, but in whatever
        context is current then. Where two layers go without a frame between, buffers of others
        get lost and the next frame crashes (seen with Mesa, without this plugin, too).
        """
        self._canvas._scene_canvas.set_current()

    def set_cursor(self, cursor: QCursor | Qt.CursorShape | None) -> None:
        """Show `cursor` over the canvas; None: napari's own."""
        if cursor is None:
            self._canvas._on_cursor()
        else:
            self._canvas.native.setCursor(cursor)

    def close(self) -> None:
        """Leave napari's scene."""
        self.follow(None)
        dims, layers = self._viewer.dims.events, self._viewer.layers.events
        for signal in (dims.ndisplay, dims.order, layers.inserted, layers.reordered):
            signal.disconnect(self.settle)
        self._viewer.canvas.grid.events.enabled.disconnect(self.settle)
        layers.removing.disconnect(self.make_current)
