"""The simulated eye as a scan with its truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mirage_core.scan import (
    Acquisition,
    ArrayPixels,
    Laterality,
    LinePosition,
    Masks,
    Provenance,
    Scan,
    ScanGeometry,
    ScanPattern,
    Spacing,
    Surfaces,
)
from mirage_core.simulate.anatomy import SURFACE_NAMES, scan_grid_mm
from mirage_core.simulate.bscan import BScanPainter
from mirage_core.simulate.convention import written_labels, written_surfaces
from mirage_core.simulate.fundus import paint_slo
from mirage_core.simulate.looks import LOOKS
from mirage_core.simulate.parameters import EyeParameters
from mirage_core.simulate.structure import Padding, build_structure, slo_axes_mm

U8 = NDArray[np.uint8]

NOTE = "This eye is simulated: no patient was imaged."


@dataclass(frozen=True, eq=False)
class SimulatedEye:
    """A scan that no patient sat for, with the truth about it.

    Attributes
    ----------
    scan : Scan
        Pixels uint8 ``[b, z, x]``, SLO, positions; ``scan.acquisition.simulated`` is True.
    surfaces : Surfaces
        True boundaries, float32 ``[s, b, x]``, px from the top, sub-pixel; all twelve of
        :data:`~mirage_core.scan.SURFACE_KINDS`, NaN only in white padding. Where each runs is
        told in ``docs/conventions.md``.
    masks : Masks
        True lesions, uint8 ``[b, z, x]``, by the same conventions.
    fovea : (float, float)
        B-scan and column index of the bottom of the foveal pit.
    parameters : EyeParameters
    seed : int
    """

    scan: Scan
    surfaces: Surfaces
    masks: Masks
    fovea: tuple[float, float]
    parameters: EyeParameters
    seed: int


def simulate_eye(parameters: EyeParameters | None = None, seed: int = 0) -> SimulatedEye:
    """Make an eye.

    Parameters
    ----------
    parameters : EyeParameters, optional
        By default :class:`EyeParameters` as it stands: a right eye with mild mixed disease.
    seed : int
        The eye's identity, at least 0. The same parameters and seed give the same eye; another
        vendor, noise or laterality gives the same anatomy seen otherwise.

    Returns
    -------
    SimulatedEye
    """
    if seed < 0:
        raise ValueError(f"a seed must be 0 or more, not {seed}")
    p = parameters if parameters is not None else EyeParameters()
    structure = build_structure(p, seed)
    painter = BScanPainter(p, structure, seed)
    volume = np.stack([painter.b_scan(b) for b in range(p.shape[0])])
    slo = paint_slo(p, structure, seed)
    curves = written_surfaces(structure, p.spacing_mm[1] * 1000)
    labels = written_labels(structure, p.shape)
    for b, padding in enumerate(structure.padding):
        if padding is not None:
            hidden = _hidden_columns(padding, p.shape[2])
            curves[:, b, hidden] = np.nan
            labels[b, :, hidden] = 0
    fovea_b, fovea_x = structure.fovea
    if p.laterality is Laterality.OS:
        # A left eye is the mirror image: nasal is on the left of the image.
        volume, labels = _mirrored(volume), _mirrored(labels)
        curves, slo = np.ascontiguousarray(curves[..., ::-1]), _mirrored(slo)
        fovea_x = p.shape[2] - 1 - fovea_x
    frames = p.averaging or LOOKS[p.vendor].frames
    scan = Scan(
        pixels=ArrayPixels(volume),
        spacing=Spacing.from_mm(*p.spacing_mm, source=Provenance.DERIVED),
        geometry=_geometry(p),
        slo=slo,
        laterality=p.laterality,
        acquisition=Acquisition(device="Simulated", averaging=frames, simulated=True),
        source_format="simulated",
        notes=(NOTE,),
    )
    return SimulatedEye(
        scan, Surfaces(curves, SURFACE_NAMES), Masks(labels), (fovea_b, fovea_x), p, seed
    )


def demo_eye() -> SimulatedEye:
    """Return the built-in eye of the demonstration: the default parameters, seed 7."""
    return simulate_eye(EyeParameters(), seed=7)


def save_npz(eye: SimulatedEye, path: Path) -> None:
    """Write `eye` as a compressed NPZ that the NPZ reader opens, with its positions on the SLO.

    Arrays: ``volume`` uint8 ``[b, z, x]``, ``slo`` uint8 ``[row, col]``, ``spacing_mm`` float64
    ``(db, dz, dx)``, ``start_mm`` and ``end_mm`` float64 ``[b, (x, y)]`` from the SLO's upper
    left pixel (the end lies one A-scan beyond the last), ``slo_scale_mm`` along (row, col),
    ``laterality`` ``"R"`` or ``"L"``, ``surfaces`` float32 ``[s, b, x]`` with ``names``; and, not
    used by the reader, ``masks`` uint8 ``[b, z, x]`` and ``simulated`` True.
    """
    n_b, _, n_x = eye.scan.shape
    px = eye.parameters.slo_mm_per_px
    lines = [p for p in eye.scan.geometry.positions if isinstance(p, LinePosition)]
    start_mm = np.array([p.start[::-1] for p in lines]) * px
    last_mm = np.array([p.end[::-1] for p in lines]) * px
    np.savez_compressed(
        path,
        volume=np.stack([eye.scan.b_scan(b) for b in range(n_b)]),
        slo=np.asarray(eye.scan.slo),
        spacing_mm=np.array(eye.parameters.spacing_mm),
        start_mm=start_mm,
        end_mm=start_mm + (last_mm - start_mm) * (n_x / (n_x - 1)),
        slo_scale_mm=np.array([px, px]),
        laterality=np.array(eye.scan.laterality.value),
        surfaces=eye.surfaces.values,
        names=np.array(eye.surfaces.names),
        masks=eye.masks.labels,
        simulated=np.array(True),
    )


def _geometry(p: EyeParameters) -> ScanGeometry:
    """Lay the raster on the SLO."""
    v_axis, u_axis = scan_grid_mm(p)
    slo_v, slo_u = slo_axes_mm(p)
    px = p.slo_mm_per_px
    rows = (slo_v[0] - v_axis) / px
    left, right = (u_axis[0] - slo_u[0]) / px, (u_axis[-1] - slo_u[0]) / px
    if p.laterality is Laterality.OS:
        left, right = p.slo_px - 1 - right, p.slo_px - 1 - left
    return ScanGeometry(
        pattern=ScanPattern.RASTER,
        positions=tuple(
            LinePosition((float(r), float(left)), (float(r), float(right))) for r in rows
        ),
        superior_to_inferior=p.superior_to_inferior,
        slo_mm_per_px=(px, px),
    )


def _mirrored(image: U8) -> U8:
    return np.ascontiguousarray(image[..., ::-1])


def _hidden_columns(padding: Padding, n_x: int) -> slice:
    """Return the columns that `padding` covers entirely."""
    if padding.right:
        return slice(n_x - padding.columns, n_x)
    return slice(0, padding.columns)
