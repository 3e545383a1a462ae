"""MIRAGE's training folder: B-scans and label maps of the same names, and INFO.json.

``{train,val,test}/{bscan,semseg}/<scan>_<B-scan>.png`` with 8-bit grey pictures, and
``INFO.json`` = ``{"<index>": {"value": <grey>, "label": <name>}}``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mirage_core.io.atomic import ExportError
from mirage_core.io.export_request import ExportRequest, Report
from mirage_core.scan import SURFACE_ORDER, Surfaces, enforce_order

U8 = NDArray[np.uint8]

SPLITS = ("train", "val", "test")
DEFAULT_SURFACES = ("ILM", "RPE", "BM")
INVALID = "Invalid"
_INVALID_GREY = 0


@dataclass(frozen=True, slots=True)
class TrainingScheme:
    """Which label each pixel of a training map gets.

    Attributes
    ----------
    surfaces : tuple of str
        Surfaces that bound the layers, top to bottom; empty for masks alone.
    classes : tuple of str
        Mask classes painted over the layers.
    """

    surfaces: tuple[str, ...]
    classes: tuple[str, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels, in the order of INFO.json.

        ``Invalid`` is left out of training and metrics. ``Above ILM`` and ``Background`` are
        names that MIRAGE's metrics skip.
        """
        s = self.surfaces
        if not s:
            return (INVALID, "Background", *self.classes)
        between = (f"{upper}-{lower}" for upper, lower in pairwise(s))
        return (INVALID, f"Above {s[0]}", *between, f"Below {s[-1]}", *self.classes)

    @property
    def greys(self) -> dict[str, int]:
        """Grey value of each label, spread over 0..255."""
        labels = self.labels
        step = 255 // len(labels)
        return {label: i * step for i, label in enumerate(labels)}

    def info(self) -> dict[str, dict[str, int | str]]:
        """Return the content of INFO.json."""
        return {
            str(i): {"value": grey, "label": label}
            for i, (label, grey) in enumerate(self.greys.items())
        }

    def label_map(self, request: ExportRequest, b: int) -> U8:
        """Return the grey label map ``[z, x]`` of B-scan `b`.

        A whole column is ``Invalid`` where one of the surfaces is undefined. Row ``z`` belongs
        to the layer below surface ``i`` from ``rint(s_i)`` on. Mask pixels outside the retina,
        that is above the ILM or below BM where these are drawn, are not painted.
        """
        greys = self.greys
        annotation = request.annotation
        _, height, width = request.scan.shape
        valid = np.ones(width, bool)
        rows = np.arange(height)[:, None]
        levels = np.ones((height, width), np.intp)
        if self.surfaces:
            # A device's surfaces may cross: what belongs above comes first.
            curves = np.rint(enforce_order(self._curves(annotation.surfaces, b)))
            valid &= np.isfinite(curves).all(axis=0)
            with np.errstate(invalid="ignore"):
                for curve in curves:
                    levels += rows >= curve
        table = np.array(list(greys.values()), np.uint8)
        out = table[levels]
        mask = annotation.masks.labels[b]
        inside = _retina(request, b)
        for c in annotation.masks.scheme:
            if c.name in self.classes:
                out[(mask == c.value) & inside] = greys[c.name]
        out[:, ~valid] = _INVALID_GREY
        return out

    def _curves(self, surfaces: Surfaces, b: int) -> NDArray[np.float32]:
        """Return ``[s, x]`` px of the bounding surfaces; NaN where a scan does not know one."""
        known = surfaces.names
        missing = np.full(surfaces.values.shape[2], np.nan, np.float32)
        return np.stack([surfaces[n][b] if n in known else missing for n in self.surfaces])


@dataclass(frozen=True, slots=True)
class MirageExporter:
    """Training folder of the chosen B-scans of all requests, each in its request's split.

    Attributes
    ----------
    surfaces : tuple of str or None
        Surfaces that bound the layers; None takes those of ILM, RPE and BM that are drawn,
        ``("all",)`` every drawn one, an empty tuple none.
    classes : tuple of str or None
        Mask classes to paint; None takes all that occur.
    """

    name: ClassVar[str] = "mirage"
    title: ClassVar[str] = "MIRAGE training folder"
    suffix: ClassVar[str] = ""

    surfaces: tuple[str, ...] | None = None
    classes: tuple[str, ...] | None = None

    def write(
        self, requests: Sequence[ExportRequest], folder: Path, report: Report
    ) -> Sequence[ExportRequest]:
        """Write the training folder into `folder`; B-scans without a usable column are left out.

        Raises
        ------
        ExportError
            If a surface or class is not in the annotation, or no chosen B-scan has a column
            in which every surface is drawn.
        """
        scheme = self.scheme(requests, folder)
        total = sum(len(r.b_scans) for r in requests)
        done = 0
        written = []
        for request in requests:
            if request.split not in SPLITS:
                raise ExportError(
                    folder,
                    f"There is no split {request.split!r}.",
                    f"Choose one of {', '.join(SPLITS)}.",
                )
            usable = []
            for b in request.b_scans:
                labels = scheme.label_map(request, b)
                # A map without one labelled pixel teaches nothing and breaks averages.
                if (labels != _INVALID_GREY).any():
                    usable.append(b)
                    _write_pair(folder, request, b, labels)
                done += 1
                report(done / total)
            if usable:
                written.append(replace(request, b_scans=tuple(usable)))
        if not written:
            raise ExportError(
                folder,
                f"No chosen B-scan has {', '.join(scheme.surfaces)} all drawn in one column.",
                "Segment the scan first, or choose other surfaces for the layers.",
            )
        text = json.dumps(scheme.info(), indent=2) + "\n"
        (folder / "INFO.json").write_text(text, encoding="utf-8")
        return written

    def scheme(self, requests: Sequence[ExportRequest], folder: Path) -> TrainingScheme:
        """Return the labels that `requests` share; see `write` for errors."""
        drawn = {r.annotation.surfaces.names[row] for r in requests for row in r.present_surfaces()}
        if self.surfaces is None:
            surfaces = tuple(n for n in DEFAULT_SURFACES if n in drawn)
            if not surfaces:
                raise ExportError(
                    folder,
                    f"None of {', '.join(DEFAULT_SURFACES)} is drawn on the chosen B-scans.",
                    "Segment the scan first, or choose other surfaces for the layers.",
                )
        elif self.surfaces == ("all",):
            surfaces = _top_to_bottom(drawn)
        else:
            missing = [n for n in self.surfaces if n not in drawn]
            if missing:
                raise ExportError(
                    folder,
                    f"{', '.join(missing)} is not drawn on the chosen B-scans.",
                    f"Choose among {', '.join(_top_to_bottom(drawn)) or 'no surfaces'}.",
                )
            surfaces = _top_to_bottom(set(self.surfaces))
        return TrainingScheme(surfaces, self._mask_classes(requests, folder))

    def _mask_classes(self, requests: Sequence[ExportRequest], folder: Path) -> tuple[str, ...]:
        known = {c.name: c.value for r in requests for c in r.annotation.masks.scheme}
        if self.classes is not None:
            missing = [n for n in self.classes if n not in known]
            if missing:
                raise ExportError(
                    folder,
                    f"There is no mask class {', '.join(missing)}.",
                    f"Choose among {', '.join(known)}.",
                )
            return self.classes
        found = {
            c.name
            for r in requests
            for c in r.annotation.masks.scheme
            if (r.annotation.masks.labels[list(r.b_scans)] == c.value).any()
        }
        return tuple(n for n in known if n in found)


def _top_to_bottom(names: set[str]) -> tuple[str, ...]:
    last = len(SURFACE_ORDER)
    return tuple(sorted(names, key=lambda n: (SURFACE_ORDER.get(n, last), n)))


def _retina(request: ExportRequest, b: int) -> NDArray[np.bool_]:
    """Return which pixels ``[z, x]`` are not outside ILM and BM; all where these are unknown."""
    _, height, width = request.scan.shape
    rows = np.arange(height)[:, None]
    inside = np.ones((height, width), bool)
    surfaces = request.annotation.surfaces
    # Comparisons with NaN are false, which leaves columns without a surface as they are.
    with np.errstate(invalid="ignore"):
        if "ILM" in surfaces.names:
            inside &= ~(rows < np.rint(surfaces["ILM"][b]))
        if "BM" in surfaces.names:
            inside &= ~(rows >= np.rint(surfaces["BM"][b]))
    return inside


def _write_pair(folder: Path, request: ExportRequest, b: int, labels: U8) -> None:
    for kind, picture in (("bscan", request.scan.b_scan(b)), ("semseg", labels)):
        into = folder / request.split / kind
        into.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(into / f"{request.stem}_{b}.png")
