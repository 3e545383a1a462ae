"""Maps of a scan: values of A-scans with their unit, and their way onto the fundus or a grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.measure.drusen import drusen_height_um
from mirage_core.measure.fluid import en_face_um
from mirage_core.measure.lesion_columns import LesionColumns
from mirage_core.measure.plane import Plane
from mirage_core.measure.thickness import thickness_um
from mirage_core.scan import Masks, Spacing, Surfaces
from mirage_core.scan.fundus_map import FundusMap

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class EnFaceMap:
    """A value for each A-scan.

    Attributes
    ----------
    title : str
        What is shown, with the surfaces: ``ILM to BM``.
    unit : str
        ``um``; empty for confidence.
    values : float32 array ``[b, x]``
        In the scan's own order; NaN where not known.
    surfaces : tuple of str
        Those it is made of.
    """

    title: str
    unit: str
    values: F32
    surfaces: tuple[str, ...] = ()

    def over_fundus(self, fundus: FundusMap) -> F32:
        """Return the map on a grid over the SLO, ``[row, col]``, superior up as the SLO is."""
        return fundus.painted(self.values)

    def on_grid(
        self, plane: Plane, centre_mm: F64, half_mm: float = 3.0, step_mm: float = 0.02
    ) -> F32:
        """Return the map on a square about ``(x, y)`` mm, ``[row, col]``; see `sample_square`."""
        return sample_square(plane, self.values, centre_mm, half_mm, step_mm)


def sample_square(
    plane: Plane,
    values: NDArray[np.floating],
    centre_mm: F64,
    half_mm: float = 3.0,
    step_mm: float = 0.02,
) -> F32:
    """Interpolate a map ``[b, x]`` on a square in mm.

    Row 0 is superior where the plane knows it, columns run as on the image: nasal is right in a
    right eye. NaN beyond the scan and where not known.
    """
    n = round(2 * half_mm / step_mm)
    axis = (np.arange(n) + 0.5) * step_mm - half_mm
    x, y = np.meshgrid(axis, -axis)
    points = np.stack([x.ravel(), y.ravel()], axis=1) + centre_mm
    return plane.sample(points).of(values).reshape(n, n).astype(np.float32)


def thickness_map(surfaces: Surfaces, upper: str, lower: str, spacing: Spacing) -> EnFaceMap:
    """Return the thickness between any two surfaces (errors: KeyError, SpacingUnknownError)."""
    (dz_mm,) = spacing.require_mm("z")
    values = thickness_um(surfaces, upper, lower, dz_mm)
    return EnFaceMap(f"{upper} to {lower}", "um", values, (upper, lower))


def drusen_map(surfaces: Surfaces, spacing: Spacing, normal_um: float = 0.0) -> EnFaceMap:
    """Return how far the RPE stands off BM (errors: KeyError, SpacingUnknownError)."""
    (dz_mm,) = spacing.require_mm("z")
    values = drusen_height_um(surfaces, dz_mm, normal_um)
    return EnFaceMap("Height of drusen", "um", values, ("RPE", "BM"))


def fluid_maps(
    masks: Masks, spacing: Spacing, seen: NDArray[np.bool_] | None = None
) -> tuple[EnFaceMap, ...]:
    """Return how much of each class lies in each A-scan (errors: SpacingUnknownError).

    Parameters
    ----------
    masks : Masks
    spacing : Spacing
    seen : bool array ``[b]``, optional
        B-scans on which somebody has looked; by default all. The others are not known.
    """
    (dz_mm,) = spacing.require_mm("z")
    columns = LesionColumns.of(masks)
    maps = []
    for c in masks.scheme:
        values = en_face_um(columns, c.value, dz_mm)
        if seen is not None:
            values = np.where(seen[:, None], values, np.float32(np.nan))
        maps.append(EnFaceMap(c.title, "um", values))
    return tuple(maps)


def confidence_map(
    confidence: NDArray[np.floating], names: Sequence[str], chosen: Sequence[str] | None = None
) -> EnFaceMap:
    """Return the least confidence of the surfaces in each A-scan, 0..1.

    Parameters
    ----------
    confidence : float array ``[s, b, x]``
        NaN where nothing was predicted.
    names : sequence of str
    chosen : sequence of str, optional
        Surfaces that count; by default all.
    """
    rows = [i for i, n in enumerate(names) if chosen is None or n in chosen]
    least = np.fmin.reduce(confidence[rows], axis=0).astype(np.float32)
    return EnFaceMap("Least confidence", "", least, tuple(names[i] for i in rows))
