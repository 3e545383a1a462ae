"""What napari's layers hold, as a request to the core's exporters."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate import Annotation, State
from mirage_core.io.atomic import ExportError
from mirage_core.io.export_request import ExportRequest
from mirage_core.io.native_layout import spacing_fields
from mirage_core.scan import ArrayPixels, Masks, Scan
from napari_mirage.layer_facts import scheme_of, spacing_of
from napari_mirage.volume import VolumeArray

if TYPE_CHECKING:
    from mirage_viewer.opening import OpenScan
    from napari_mirage.layers import LayerData

WORKED_ON = frozenset({State.PREDICTED, State.EDITED, State.APPROVED})
"""B-scans that the export panel has ticked, too."""


@dataclass(frozen=True, eq=False)
class _Chosen:
    """The layers that matter among those to be written."""

    volume: LayerData | None
    slo: NDArray[np.uint8] | None
    labels: LayerData | None


def request_of(target: Path, layers: Sequence[LayerData], opened: OpenScan | None) -> ExportRequest:
    """Return what is to be written of `layers`.

    Parameters
    ----------
    target : Path
        Where to; for messages.
    layers : sequence of (data, options, type)
    opened : OpenScan or None
        What `layers` show, if it is open in the workbench. Its annotation is written then:
        surfaces, masks and states as they are in its session. Otherwise image and labels are
        taken as they stand, with the surfaces that came in the scan's file.

    Raises
    ------
    ExportError
        If the layers are not one scan.
    """
    chosen = _choose(target, layers)
    if opened is not None:
        opened.runner.finish()
        return _request(opened.scan, opened.session.annotation, opened.name)
    scan = _scan(target, chosen)
    annotation = Annotation.for_scan(scan)
    if chosen.labels is not None:
        masks = _masks(target, chosen.labels, scan.shape)
        states = annotation.states
        states[-1] = State.EDITED
        annotation = Annotation(annotation.surfaces, masks, annotation.confidence, states)
    return _request(scan, annotation, _anonymous_name(scan))


def _request(scan: Scan, annotation: Annotation, name: str) -> ExportRequest:
    request = ExportRequest.by_states(scan, annotation, WORKED_ON, name)
    if request.b_scans:
        return request
    # Nobody worked on it: what the file brought is all there is.
    return ExportRequest(scan, annotation, tuple(range(scan.n_b_scans)), name)


def _choose(target: Path, layers: Sequence[LayerData]) -> _Chosen:
    volumes: list[LayerData] = []
    flat: list[LayerData] = []
    labels: list[LayerData] = []
    for data, options, kind in layers:
        layer = (data, options, kind)
        if kind == "labels":
            labels.append(layer)
        elif kind == "image" and not options.get("rgb"):
            (flat if data.ndim == 2 else volumes).append(layer)
    slo = [layer for layer in flat if "mm_per_px" in layer[1].get("metadata", {})]
    volumes += [layer for layer in flat if layer not in slo] if not volumes else []
    if len(volumes) < 2 and len(labels) > 1:
        raise ExportError(
            target,
            "There are several layers of masks among the layers chosen.",
            "Choose the image and the one layer of masks that is meant, and save these.",
        )
    if len(volumes) > 1:
        raise ExportError(
            target,
            "The layers chosen are of more than one scan.",
            "Choose the image of one scan and its masks, and save these.",
        )
    if not volumes and not labels:
        raise ExportError(
            target,
            "There is no grey OCT image among the layers chosen.",
            "Choose the image of a scan, with axes B-scan, depth, A-scan.",
        )
    picture = np.asarray(slo[0][0], np.uint8) if len(slo) == 1 else None
    return _Chosen(next(iter(volumes), None), picture, next(iter(labels), None))


def _scan(target: Path, chosen: _Chosen) -> Scan:
    layer = chosen.volume or chosen.labels
    assert layer is not None
    data, options, _ = layer
    if isinstance(data, VolumeArray):
        noted = {"spacing": spacing_fields(data.scan.spacing), **options.get("metadata", {})}
        return data.scan.with_spacing(spacing_of({**options, "metadata": noted}))
    if chosen.volume is None:
        # A volume of masks alone: whoever needs the OCT refuses it.
        shape = _volume(target, data).shape
        return Scan(NoPixels(target, shape), spacing_of(options))
    return Scan(ArrayPixels(_volume(target, data)), spacing_of(options), slo=chosen.slo)


def _volume(target: Path, data: Any) -> NDArray[np.generic]:
    volume = np.asarray(data)
    if volume.ndim == 2:
        volume = volume[None]
    if volume.ndim != 3 or 0 in volume.shape:
        raise ExportError(
            target,
            f"A scan has three axes (B-scan, depth, A-scan); this layer has {volume.ndim}.",
            "Choose the image of one scan.",
        )
    return volume


def _masks(target: Path, layer: LayerData, shape: tuple[int, int, int]) -> Masks:
    data, options, _ = layer
    labels = _volume(target, data)
    if labels.shape != shape:
        sizes = [" × ".join(map(str, s)) for s in (labels.shape, shape)]
        raise ExportError(
            target,
            f"The masks ({sizes[0]}) and the image ({sizes[1]}) are not of one size.",
            "Choose masks that were drawn on this image.",
        )
    if labels.min() < 0 or labels.max() > np.iinfo(np.uint8).max:
        raise ExportError(
            target,
            "The masks hold labels beyond 255.",
            "Number the labels from 1 to 255.",
        )
    values = labels.astype(np.uint8)
    return Masks(values, scheme_of(options, np.unique(values)))


class NoPixels:
    """Stands for the B-scans of masks that were saved without their image.

    Parameters
    ----------
    target : Path
        What is being written; for the message.
    shape : (int, int, int)
        ``(b, z, x)``.
    """

    def __init__(self, target: Path, shape: tuple[int, ...]) -> None:
        self._target = target
        b, z, x = shape
        self.shape = (b, z, x)

    def display(self, b: int) -> NDArray[np.uint8]:
        """Raise ExportError: there is no B-scan."""
        raise ExportError(
            self._target,
            "This format holds the OCT itself, and only its masks are chosen.",
            "Choose the image layer as well, or save as .nii.gz.",
        )

    def raw(self, b: int) -> NDArray[np.generic]:
        """Raise ExportError: there is no B-scan."""
        return self.display(b)


def _anonymous_name(scan: Scan) -> str:
    """Return a name that tells scans apart and nothing of the patient: from their pixels."""
    if isinstance(scan.pixels, NoPixels):
        return "masks"
    digest = hashlib.sha256()
    for b in range(scan.n_b_scans):
        digest.update(scan.b_scan(b).tobytes())
    return f"scan-{digest.hexdigest()[:8]}"
