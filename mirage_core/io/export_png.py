"""Pictures to look at: each chosen B-scan with its surfaces and masks, and the bare masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mirage_core.io.export_request import ExportRequest, Report
from mirage_core.scan import LabelScheme, surface_kind

U8 = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class PngExporter:
    """Two pictures per chosen B-scan, on its own grid.

    ``<stem>/<stem>_<b>_mask.png`` holds the mask values as an indexed picture in the classes'
    colours; ``<stem>/<stem>_<b>_overlay.png`` shows surfaces and masks over the B-scan. ``<b>``
    counts from 0. ``<stem>/<stem>_slo.png`` is the SLO where there is one.

    Attributes
    ----------
    opacity : float
        Of the masks in the overlay, 0..1.
    """

    name: ClassVar[str] = "png"
    title: ClassVar[str] = "Pictures with overlays (PNG)"
    suffix: ClassVar[str] = ""

    opacity: float = 0.45

    def write(
        self, requests: Sequence[ExportRequest], folder: Path, report: Report
    ) -> Sequence[ExportRequest]:
        """Write a folder of pictures per request into `folder`."""
        total = sum(len(r.b_scans) for r in requests)
        done = 0
        for request in requests:
            stem = request.stem
            into = folder / stem
            into.mkdir()
            if request.scan.slo is not None:
                Image.fromarray(request.scan.slo).save(into / f"{stem}_slo.png")
            digits = len(str(request.scan.n_b_scans - 1))
            for b in request.b_scans:
                mask = request.annotation.masks.labels[b]
                prefix = f"{stem}_{b:0{digits}d}"
                picture = indexed_mask(mask, request.annotation.masks.scheme)
                picture.save(into / f"{prefix}_mask.png")
                overlay = Image.fromarray(render_overlay(request, b, self.opacity))
                overlay.save(into / f"{prefix}_overlay.png")
                done += 1
                report(done / total)
        return requests


def indexed_mask(mask: U8, scheme: LabelScheme) -> Image.Image:
    """Return `mask` ``[z, x]`` as an indexed picture; its indices are the mask values."""
    picture = Image.fromarray(mask).convert("P")
    # convert() leaves indices equal to the grey values; only the colours are ours.
    palette = np.zeros((256, 3), np.uint8)
    for c in scheme:
        palette[c.value] = c.color
    picture.putpalette(palette.ravel().tolist())
    return picture


def render_overlay(request: ExportRequest, b: int, opacity: float) -> U8:
    """Return B-scan `b` as RGB ``[z, x, 3]`` with masks (see-through) and surfaces (1 px)."""
    grey = request.scan.b_scan(b)
    mask = request.annotation.masks.labels[b]
    rgb = np.repeat(grey[:, :, None], 3, axis=2).astype(np.float32)
    for c in request.annotation.masks.scheme:
        inside = mask == c.value
        rgb[inside] = (1 - opacity) * rgb[inside] + opacity * np.array(c.color, np.float32)
    picture = np.rint(rgb).astype(np.uint8)
    for row in request.present_surfaces():
        color = surface_kind(request.annotation.surfaces.names[row]).color
        z, x = _curve_pixels(request.annotation.surfaces.values[row, b], grey.shape[0])
        picture[z, x] = color
    return picture


def _curve_pixels(
    depths: NDArray[np.float32], height: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows and columns of a connected 1 px line along `depths` ``[x]`` (px).

    Between neighbouring columns the line goes down or up within the later one, so that steep
    parts stay connected; it breaks where the surface is undefined.
    """
    zs: list[int] = []
    xs: list[int] = []
    previous: int | None = None
    for x, depth in enumerate(depths):
        if not np.isfinite(depth):
            previous = None
            continue
        z = int(np.clip(np.rint(depth), 0, height - 1))
        if previous is None or abs(z - previous) <= 1:
            run = range(z, z + 1)
        else:
            run = range(previous + 1, z + 1) if z > previous else range(z, previous)
        zs.extend(run)
        xs.extend([x] * len(run))
        previous = z
    return np.array(zs, np.intp), np.array(xs, np.intp)
