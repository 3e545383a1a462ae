"""From a scan to an engine's input, and from its prediction to a proposal."""

from __future__ import annotations

import numpy as np

from mirage_core.annotate import Proposal
from mirage_core.engines.base import EngineInput, Prediction
from mirage_core.scan import LinePosition, Scan, ScanGeometry

_PARALLEL = 0.996  # cosine of 5 degrees


def engine_input(
    scan: Scan, b_scans: tuple[int, ...] | None = None, context: int = 0
) -> tuple[EngineInput, tuple[int, ...]]:
    """Read the B-scans an engine needs from `scan`.

    Parameters
    ----------
    scan : Scan
    b_scans : tuple of int, optional
        Wanted B-scans; all by default.
    context : int
        Neighbours to read on either side of the wanted ones.

    Returns
    -------
    EngineInput
        With consecutive B-scans ``first .. last`` of the wanted ones and their neighbours.
    tuple of int
        The wanted B-scans, ascending: the ``n`` axis of the prediction.
    """
    wanted = tuple(sorted(set(b_scans))) if b_scans is not None else tuple(range(scan.n_b_scans))
    if not wanted:
        raise ValueError("no B-scan was chosen")
    first = max(0, wanted[0] - context)
    last = min(scan.n_b_scans - 1, wanted[-1] + context)
    images = np.stack([scan.b_scan(b) for b in range(first, last + 1)])
    rows = tuple(b - first for b in wanted)
    source = EngineInput(
        images,
        rows,
        scan.spacing,
        scan.slo,
        scan.laterality,
        scan.geometry.pattern,
        _gaps_mm(scan.geometry, first, last),
        () if scan.geometry.positions_assumed else scan.geometry.positions[first : last + 1],
    )
    return source, wanted


def _gaps_mm(geometry: ScanGeometry, first: int, last: int) -> tuple[float, ...] | None:
    """Return the distances between neighbours of ``first .. last``, None where not known."""
    lines = [p for p in geometry.positions[first : last + 1] if isinstance(p, LinePosition)]
    if geometry.positions_assumed or geometry.slo_mm_per_px is None:
        return None
    if len(lines) != last + 1 - first:
        return None
    ends = np.array([(p.start, p.end) for p in lines]) * geometry.slo_mm_per_px
    along = ends[:, 1] - ends[:, 0]
    length = np.linalg.norm(along, axis=1, keepdims=True)
    if not (np.isfinite(ends).all() and (length > 0).all()):
        return None
    along /= length
    step = np.diff(ends.mean(axis=1), axis=0)
    # What lies across the B-scan separates two of them; a shift along it does not.
    gaps = np.abs(step[:, 0] * along[:-1, 1] - step[:, 1] * along[:-1, 0])
    beside = (along[:-1] * along[1:]).sum(axis=1) > _PARALLEL
    return tuple(np.where(beside, gaps, np.inf).tolist())


def as_proposal(prediction: Prediction, b_scans: tuple[int, ...]) -> Proposal:
    """Return `prediction` as a proposal for `b_scans`, the wanted B-scans of its run.

    Its title, which goes into the record of every edit, says in which mode a model ran.
    """
    engine, run = prediction.engine, prediction.run
    return Proposal(
        b_scans,
        prediction.surfaces,
        prediction.confidence,
        prediction.masks,
        engine.name,
        f"{engine.title} · {run.mode}" if run.mode else engine.title,
        engine.sha256,
        run.remarks,
    )
