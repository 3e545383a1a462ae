"""A speckled eye with ordered surfaces and fluid, large enough to time the canvas on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate import Annotation, Session
from mirage_core.scan import ArrayPixels, Scan, Spacing, State


def speckled_session(n: int, height: int, width: int) -> Session:
    """Return a session of ``n × height × width`` with every standard surface and three pockets."""
    rng = np.random.default_rng(0)
    rows = np.arange(height, dtype=np.float32)[:, None]
    x = np.arange(width, dtype=np.float32)
    bulge = 60 * np.exp(-(((x - width / 2) / (width / 5)) ** 2))
    speckle = rng.gamma(2.0, 0.5, (4, height, width)).astype(np.float32)
    volume = np.empty((n, height, width), np.uint8)
    empty = Scan(ArrayPixels(volume), Spacing.from_mm(0.06, 0.0039, 0.0057))
    annotation = Annotation.for_scan(empty)
    for b in range(n):
        top = 0.3 * height + 10 * np.sin(b / 9 + x / 90) + bulge
        layers = np.zeros((height, width), np.float32)
        for row in range(len(annotation.surfaces.names)):
            depth = top + 11 * row + rng.normal(0, 0.4, width).astype(np.float32)
            annotation.surfaces.values[row, b] = depth
            layers += np.where((rows > depth) & (row % 2 == 0), 25, 0)
        volume[b] = np.clip((20 + layers) * speckle[b % 4], 0, 254)
        for value, (z, column, rz, rx) in enumerate(
            ((0.42, 0.45, 16, 60), (0.46, 0.6, 10, 40), (0.5, 0.3, 8, 30)), start=1
        ):
            inside = ((rows - z * height) / rz) ** 2 + ((x - column * width) / rx) ** 2 < 1
            annotation.masks.labels[b][inside] = value
    annotation.confidence[...] = 0.9
    annotation.confidence[:, :, : width // 8] = 0.3
    annotation.states[...] = State.PREDICTED
    return Session(empty, annotation, author="benchmark")


def as_labels(session: Session) -> NDArray[np.uint8]:
    """Return layers and masks as one label volume ``[b, z, x]``, the way napari shows them."""
    from mirage_core.scan import layer_map

    annotation = session.annotation
    labels = annotation.masks.labels.copy()
    for b, image in enumerate(labels):
        layers = layer_map(annotation.surfaces.values[:, b], image.shape[0])
        np.copyto(image, layers + 10, where=(image == 0) & (layers > 0))
    return labels
