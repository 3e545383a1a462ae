"""Scans as napari layer data: the volume, its masks, its SLO, and where they came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mirage_core.io.native_layout import spacing_fields
from mirage_core.scan import AXES, LabelScheme, Masks, Scan
from napari_mirage.volume import VolumeArray

LayerData = tuple[Any, dict[str, Any], str]

AXIS_LABELS = ("B-scan", "z", "x")


def scan_layers(scan: Scan) -> list[LayerData]:
    """Return the volume ``[b, z, x]`` and, if there is one, the SLO ``[row, col]`` as layers.

    Nothing of the volume is read or copied. The SLO comes hidden, being of another plane.
    """
    volume = {
        "name": scan.title,
        "contrast_limits": (0, 255),
        "metadata": provenance(scan),
        **placing(scan),
    }
    layers: list[LayerData] = [(VolumeArray(scan), volume, "image")]
    if scan.slo is not None:
        known = scan.geometry.slo_mm_per_px
        slo = {
            "name": f"SLO · {scan.title}",
            "scale": known or (1.0, 1.0),
            # One unit in all layers: napari ignores units altogether where they differ.
            "units": placing(scan)["units"][1:],
            "axis_labels": ("row", "column"),
            "metadata": {"mm_per_px": known},
            "visible": False,
        }
        layers.append((scan.slo, slo, "image"))
    return layers


def mask_layer(scan: Scan, masks: Masks, name: str = "") -> LayerData:
    """Return `masks` as a labels layer over `scan`, with the colours and names of its classes.

    The array is taken as it is, not copied.
    """
    options = {
        "name": name or f"Masks · {scan.title}",
        "colormap": label_colormap(masks.scheme),
        "features": class_features(masks.scheme),
        "metadata": {"scheme": masks.scheme.name, **class_metadata(masks.scheme)},
        **placing(scan),
    }
    return masks.labels, options, "labels"


def placing(scan: Scan) -> dict[str, Any]:
    """Return scale, units and axis names of layers over `scan`.

    Scale is in mm along an axis whose spacing is known. Where one is unknown, all three axes are
    in pixels when that is z or x, since a picture of mm by pixels has no shape; a gap between
    B-scans that is unknown is one pixel and leaves z and x in mm.
    """
    mm = [scan.spacing[a].mm for a in AXES]
    if mm[1] is None or mm[2] is None:
        return {"scale": (1.0,) * 3, "units": ("pixel",) * 3, "axis_labels": AXIS_LABELS}
    units = tuple("pixel" if value is None else "mm" for value in mm)
    return {
        "scale": tuple(1.0 if value is None else value for value in mm),
        "units": units,
        "axis_labels": AXIS_LABELS,
    }


def provenance(scan: Scan) -> dict[str, Any]:
    """Return what is known of the scan's making, for ``layer.metadata``; nothing of the patient.

    ``spacing`` says for every axis where its number came from.
    """
    acquisition = scan.acquisition
    return {
        "spacing": spacing_fields(scan.spacing),
        "laterality": str(scan.laterality),
        "pattern": str(scan.geometry.pattern),
        "superior_to_inferior": scan.geometry.superior_to_inferior,
        "device": acquisition.device,
        "averaging": acquisition.averaging,
        "field_deg": acquisition.field_deg,
        "simulated": acquisition.simulated,
        "format": scan.source_format,
        "notes": list(scan.notes_for_all),
    }


def label_colormap(scheme: LabelScheme) -> Mapping[int | None, Any]:
    """Return RGBA 0..1 by label; None stands for labels that the scheme has not."""
    colors: dict[int | None, Any] = {0: np.zeros(4), None: np.array([1.0, 1.0, 1.0, 1.0])}
    for kind in scheme:
        colors[kind.value] = np.array([*(c / 255 for c in kind.color), 1.0])
    return colors


def class_features(scheme: LabelScheme) -> dict[str, list[Any]]:
    """Return a table of the classes, a row for each label; napari shows it under the pointer."""
    return {
        "index": [0, *(kind.value for kind in scheme)],
        "class": ["", *(kind.name for kind in scheme)],
    }


def class_metadata(scheme: LabelScheme) -> dict[str, Any]:
    """Return names and titles of the classes by label."""
    return {
        "classes": {kind.value: kind.name for kind in scheme},
        "titles": {kind.value: kind.title for kind in scheme},
    }
