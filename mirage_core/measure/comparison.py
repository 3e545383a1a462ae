"""Comparison: how well two annotations of a scan agree, structure by structure.

Nothing is filled in: a figure without anything to measure is NaN, and so is one in µm, mm or nL
while the spacing it needs is unknown; then a sentence says why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mirage_core.measure.annotated import Annotated, must_be_of_one_scan
from mirage_core.measure.fovea import Fovea
from mirage_core.measure.layer_agreement import LayerAgreement, compare_layers
from mirage_core.measure.mask_agreement import MaskAgreement, compare_masks
from mirage_core.measure.surface_agreement import SurfaceAgreement, compare_surfaces
from mirage_core.measure.thickness_agreement import ThicknessAgreement, thickness_agreement
from mirage_core.scan import Scan
from mirage_core.scan.states import worked_on


@dataclass(frozen=True, slots=True)
class Comparison:
    """The agreement of two annotations of one scan.

    Attributes
    ----------
    b_scans : tuple of int
        B-scans that were compared, ascending, counted from 0.
    surfaces : tuple of SurfaceAgreement
        Top to bottom; surfaces that neither drew on these B-scans are left out.
    layers : tuple of LayerAgreement
        Between neighbours among the surfaces that both drew.
    masks : tuple of MaskAgreement
        Every mask class that both schemes have, and any other that was marked.
    thickness : tuple of ThicknessAgreement
        Of the whole retina and of `layers`, with limits of agreement.
    why_no_thickness : str
        Why there is none; empty if there is.
    """

    b_scans: tuple[int, ...]
    surfaces: tuple[SurfaceAgreement, ...]
    layers: tuple[LayerAgreement, ...]
    masks: tuple[MaskAgreement, ...]
    thickness: tuple[ThicknessAgreement, ...] = ()
    why_no_thickness: str = ""


def comparable_b_scans(one: Annotated, other: Annotated) -> tuple[int, ...]:
    """Return the B-scans on which both hold more than what the device drew, ascending."""
    both = worked_on(one.states) & worked_on(other.states)
    return tuple(np.flatnonzero(both).tolist())


def compare(
    one: Annotated,
    other: Annotated,
    scan: Scan,
    b_scans: Sequence[int] | None = None,
    report: Callable[[float], None] = lambda _fraction: None,
    cancelled: Callable[[], bool] = lambda: False,
    fovea: Fovea | None = None,
) -> Comparison | None:
    """Compare two annotations of `scan`; for a background thread where masks are large.

    Structures are matched by name. Of the B-scans asked for, a mask class is compared on those
    on which the masks of both have a state, since an empty mask that nobody looked at says
    nothing.

    Parameters
    ----------
    one, other : Annotated
        Signed differences are those of `one` from `other`.
    scan : Scan
        For its spacing, geometry and SLO; no pixel of a B-scan is read.
    b_scans : sequence of int, optional
        By default :func:`comparable_b_scans`.
    report, cancelled : callable
    fovea : Fovea, optional
        What the ETDRS grid is about, of both; by default it is sought.

    Returns
    -------
    Comparison or None
        None when `cancelled` said to stop.

    Raises
    ------
    ValueError
        If the annotations are not of this scan, or a B-scan is not in it.
    """
    must_be_of_one_scan(one, other)
    if one.masks.labels.shape != scan.shape:
        raise ValueError(f"annotations of {one.masks.labels.shape}, a scan of {scan.shape}")
    chosen = comparable_b_scans(one, other) if b_scans is None else tuple(sorted(set(b_scans)))
    if any(not 0 <= b < scan.n_b_scans for b in chosen):
        raise ValueError(f"B-scans are numbered 0 to {scan.n_b_scans - 1}; got {chosen}")
    masks = compare_masks(one, other, scan, chosen, report, cancelled)
    if masks is None:
        return None
    thickness, why_no_thickness = thickness_agreement(one, other, scan, chosen, fovea)
    return Comparison(
        chosen,
        compare_surfaces(one, other, scan.spacing, chosen),
        compare_layers(one, other, chosen),
        masks,
        thickness,
        why_no_thickness,
    )
