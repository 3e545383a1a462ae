"""Label volumes for research tools: layers and masks as NIfTI-1 with an affine in mm."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from mirage_core import RESEARCH_USE_ONLY, __version__
from mirage_core.io.atomic import ExportError
from mirage_core.io.export_request import ExportRequest, Report
from mirage_core.io.native_layout import spacing_fields
from mirage_core.scan import LinePosition, Scan, ScanGeometry, ScanPattern

U8 = NDArray[np.uint8]
F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NiftiExporter:
    """Layers and masks of a scan as uint8 label volumes over its whole grid.

    Array axes are ``[x, z, b]``: A-scan, depth, B-scan. The affine is in mm, with the voxel
    ``(0, 0, 0)`` at the origin. In NIfTI's RAS+ frame (x to the patient's right, y to the
    front, z up) columns run to the patient's left in either eye and depth runs to the back, so
    their signs are negative; B-scans run down (negative) when the first is superior and up
    (positive) when the first is inferior. Where positions in the file say that B-scans stand
    upright or run leftwards, the affine's axes follow them; it is never oblique.

    B-scans that were not chosen are 0 in both volumes; ``<stem>_labels.json`` lists those that
    were, with the names of the values.

    Attributes
    ----------
    allow_unknown_spacing : bool
        Write 1.0 mm along axes whose spacing is unknown, and say so in the JSON file.
    combined : bool
        One volume ``<stem>_labels.nii.gz``, masks painted over the layers with values that
        follow the layers', instead of ``<stem>_layers.nii.gz`` and ``<stem>_masks.nii.gz``.
    """

    name: ClassVar[str] = "nifti"
    title: ClassVar[str] = "Label volumes (NIfTI)"
    suffix: ClassVar[str] = ""

    allow_unknown_spacing: bool = False
    combined: bool = False

    def write(
        self, requests: Sequence[ExportRequest], folder: Path, report: Report
    ) -> Sequence[ExportRequest]:
        """Write the volumes and the JSON file of each request into `folder`.

        Raises
        ------
        ExportError
            If B-scans do not lie side by side (radial and circle scans), or the spacing is
            unknown and not allowed to be.
        """
        for i, request in enumerate(requests):
            affine = self._affine(request, folder)
            layers, layer_names = layer_volume(request)
            masks, mask_names = mask_volume(request)
            if self.combined:
                offset = len(layer_names)
                volume = np.where(masks > 0, masks + offset, layers).astype(np.uint8)
                names = layer_names | {v + offset: n for v, n in mask_names.items()}
                volumes = {"labels": (volume, names)}
            else:
                volumes = {"layers": (layers, layer_names), "masks": (masks, mask_names)}
            for kind, (volume, _) in volumes.items():
                _save(volume, affine, folder / f"{request.stem}_{kind}.nii.gz")
            sidecar = _sidecar(request, affine, {k: n for k, (_, n) in volumes.items()})
            path = folder / f"{request.stem}_labels.json"
            path.write_text(json.dumps(sidecar, indent=2) + "\n", encoding="utf-8")
            report((i + 1) / len(requests))
        return requests

    def _affine(self, request: ExportRequest, folder: Path) -> F64:
        scan = request.scan
        if scan.geometry.pattern in (ScanPattern.CIRCLE, ScanPattern.RADIAL):
            raise ExportError(
                folder,
                f"A {scan.geometry.pattern.value} scan is no stack of parallel B-scans, which "
                "NIfTI describes.",
                "Export it as HDF5 or CSV.",
            )
        unknown = scan.spacing.unknown_axes()
        if unknown and not self.allow_unknown_spacing:
            words = {"b": "between B-scans", "z": "in depth", "x": "along the B-scan"}
            raise ExportError(
                folder,
                f"The spacing {' and '.join(words[a] for a in unknown)} is unknown, and NIfTI "
                "needs it in mm.",
                "Enter the spacing (Scan > Set spacing, or --spacing DB,DZ,DX), or allow 1.0 mm "
                "in its place (--allow-unknown-spacing).",
            )
        return label_affine(scan)


def label_affine(scan: Scan) -> F64:
    """Return the ``[4, 4]`` affine from voxel ``(x, z, b)`` to RAS+ mm; unknown axes get 1.0."""
    db, dz, dx = (mm if mm is not None else 1.0 for mm in scan.spacing.as_mm())
    along, across = _directions(scan.geometry)
    affine = np.eye(4)
    axes = np.stack([dx * along, np.array([0.0, -dz, 0.0]), db * across], axis=1)
    affine[:3, :3] = axes + 0.0  # no -0.0 in the JSON file
    return affine


def _directions(geometry: ScanGeometry) -> tuple[F64, F64]:
    """Return the axes, as RAS+ unit vectors, that columns and B-scans are nearest to.

    On the image of the fundus columns run right, to the patient's left, unless positions say
    otherwise.
    """
    left, down = np.array([-1.0, 0.0, 0.0]), np.array([0.0, 0.0, -1.0])
    lines = [p for p in geometry.positions if isinstance(p, LinePosition)]
    d_row, d_col = 0.0, 1.0
    if lines and not geometry.positions_assumed:
        ends = np.array([(p.start, p.end) for p in lines])  # [b, (start, end), (row, col)]
        d_row, d_col = (ends[:, 1] - ends[:, 0]).sum(axis=0)
        if abs(d_row) > abs(d_col):
            step = ends[-1, :, 1].mean() - ends[0, :, 1].mean()
            return np.sign(d_row) * down, (left if step >= 0 else -left)
    across = -down if geometry.superior_to_inferior is False else down
    return (left if d_col >= 0 else -left), across


def layer_volume(request: ExportRequest) -> tuple[U8, dict[int, str]]:
    """Return layers ``[x, z, b]`` between consecutive drawn surfaces, and their names."""
    rows = request.present_surfaces()
    names = [request.annotation.surfaces.names[r] for r in rows]
    n, height, width = request.scan.shape
    volume = np.zeros((width, height, n), np.uint8)
    for b in request.b_scans:
        volume[:, :, b] = request.layer_map(rows, b).T
    return volume, {i + 1: f"{upper}-{lower}" for i, (upper, lower) in enumerate(pairwise(names))}


def mask_volume(request: ExportRequest) -> tuple[U8, dict[int, str]]:
    """Return mask values ``[x, z, b]`` and the names of the classes."""
    masks = request.annotation.masks
    n, height, width = request.scan.shape
    volume = np.zeros((width, height, n), np.uint8)
    for b in request.b_scans:
        volume[:, :, b] = masks.labels[b].T
    return volume, {c.value: c.name for c in masks.scheme}


def _save(volume: U8, affine: F64, path: Path) -> None:
    image: Any = nib.Nifti1Image(volume, affine)  # type: ignore[no-untyped-call]
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = f"{RESEARCH_USE_ONLY} MIRAGE Viewer {__version__}".encode(
        "ascii", "replace"
    )[:79]
    nib.save(image, path)


def _sidecar(
    request: ExportRequest, affine: F64, names: dict[str, dict[int, str]]
) -> dict[str, object]:
    scan = request.scan
    notes = []
    if unknown := scan.spacing.unknown_axes():
        notes.append(
            f"Spacing along {', '.join(unknown)} is unknown and stands as 1.0 mm in the affine; "
            "take no lengths, areas or volumes from it."
        )
    upright = bool(affine[2, 0])  # such B-scans follow each other sideways
    if scan.geometry.superior_to_inferior is None and not upright:
        notes.append(
            "Whether the first B-scan is superior or inferior is unknown; the affine takes it "
            "as superior."
        )
    return {
        "software": f"MIRAGE Viewer {__version__}",
        "note": RESEARCH_USE_ONLY,
        "simulated": scan.acquisition.simulated,
        "array_axes": ["x", "z", "b"],
        "affine_ras_mm": affine.tolist(),
        "spacing": spacing_fields(scan.spacing),
        "labelled_b_scans": list(request.b_scans),
        "labels": {kind: {str(v): n for v, n in table.items()} for kind, table in names.items()},
        "remarks": notes,
    }
