"""Quality flags: what makes the figures of a scan less sure."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from mirage_core.measure.annotated import Annotated
from mirage_core.measure.fovea import Fovea, FoveaSource
from mirage_core.measure.plane import Plane, across_mm, lines_mm, positions_disagree
from mirage_core.scan import (
    SURFACE_ORDER,
    Laterality,
    Provenance,
    Scan,
    ScanPattern,
    order_violations,
)

_FARTHEST_MM = 0.25
_MISSING, _DOUBLED = 1.7, 0.2
_LOW_QUALITY = 15.0
"""Usual lower limit of the figure, in dB, that Heidelberg devices give."""
_EDGE_PX = 1.0
_UNSURE = 0.5
EYE_UNKNOWN = "Right or left eye: unknown, and so nasal is."
_NO_GAP = (ScanPattern.LINE, ScanPattern.CIRCLE, ScanPattern.RADIAL)


@dataclass(frozen=True, slots=True)
class Flag:
    """One thing to know about a scan or what was drawn on it.

    Attributes
    ----------
    name : str
        For tables, such as ``clipped retina``.
    text : str
        A sentence for the user.
    b_scans : tuple of int
        Where, counted from 0; empty for the whole scan.
    """

    name: str
    text: str
    b_scans: tuple[int, ...] = ()


def quality_flags(
    scan: Scan,
    annotated: Annotated,
    plane: Plane | None = None,
    fovea: Fovea | None = None,
    *,
    pixels: bool = False,
) -> tuple[Flag, ...]:
    """Return what is to be known of a scan; with `pixels` every B-scan is read, for duplicates.

    Parameters
    ----------
    scan : Scan
    annotated : Annotated
    plane : Plane, optional
    fovea : Fovea, optional
    pixels : bool
    """
    return tuple(
        flag
        for flag in (
            _device_quality(scan),
            _clipped(scan, annotated),
            _crossing(annotated),
            *_layout(scan),
            _identical(scan) if pixels else None,
            *_fovea(plane, fovea),
            *_provenance(scan),
        )
        if flag is not None
    )


def _where(marked: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(np.flatnonzero(marked).tolist())


def _some(b_scans: tuple[int, ...]) -> str:
    return "1 B-scan" if len(b_scans) == 1 else f"{len(b_scans)} B-scans"


def _device_quality(scan: Scan) -> Flag | None:
    if scan.quality is None or not np.isfinite(scan.quality).any():
        return None
    low = _where(scan.quality < _LOW_QUALITY)
    if not low:
        return None
    lowest = float(np.nanmin(scan.quality))
    text = f"Low signal on {_some(low)}, down to {lowest:.0f}."
    return Flag("low signal", text, low)


def _clipped(scan: Scan, annotated: Annotated) -> Flag | None:
    height = scan.shape[1]
    clipped = np.zeros(scan.n_b_scans, bool)
    with np.errstate(invalid="ignore"):
        for name, depths in zip(annotated.surfaces.names, annotated.surfaces.values, strict=True):
            if SURFACE_ORDER.get(name, 99) <= SURFACE_ORDER["BM"]:
                outside = (depths < _EDGE_PX) | (depths > height - 1 - _EDGE_PX)
                clipped |= outside.any(axis=1)
    b_scans = _where(clipped)
    if not b_scans:
        return None
    text = f"Retina at the image's edge on {_some(b_scans)}."
    return Flag("clipped retina", text, b_scans)


def _crossing(annotated: Annotated) -> Flag | None:
    known = [n in SURFACE_ORDER for n in annotated.surfaces.names]
    bad = np.logical_or.reduce(order_violations(annotated.surfaces.values[known]))
    if not bad.any():
        return None
    b_scans = _where(np.logical_or.reduce(bad, axis=1))
    n = int(bad.sum())
    n_a_scans = "1 A-scan" if n == 1 else f"{n} A-scans"
    text = f"Surfaces cross on {n_a_scans} of {_some(b_scans)}."
    return Flag("crossing surfaces", text, b_scans)


def _layout(scan: Scan) -> tuple[Flag, ...]:
    """Say where gaps between the B-scans' positions are not what they usually are."""
    lines = lines_mm(scan.geometry)
    if lines is None or scan.geometry.pattern is not ScanPattern.RASTER or len(lines) < 3:
        return ()
    places = across_mm(lines)
    order = np.argsort(places, kind="stable")
    gaps = np.diff(places[order])
    usual = float(np.median(gaps))
    flags = []
    wide, narrow = gaps > _MISSING * usual, gaps < _DOUBLED * usual
    if wide.any():
        at = tuple(sorted(int(order[i]) for i in np.flatnonzero(wide)))
        text = f"B-scans seem to be missing; wide gaps: {int(wide.sum())}."
        flags.append(Flag("missing B-scans", text, at))
    if narrow.any():
        at = tuple(sorted(int(order[i + 1]) for i in np.flatnonzero(narrow)))
        text = f"{_some(at)} in the place of another."
        flags.append(Flag("duplicated B-scans", text, at))
    return tuple(flags)


def _identical(scan: Scan) -> Flag | None:
    seen: set[bytes] = set()
    again = []
    for b in range(scan.n_b_scans):
        digest = blake2b(scan.b_scan(b).tobytes(), digest_size=16).digest()
        if digest in seen:
            again.append(b)
        seen.add(digest)
    if not again:
        return None
    b_scans = tuple(again)
    text = f"{_some(b_scans)} with the image of another."
    return Flag("identical B-scans", text, b_scans)


def _fovea(plane: Plane | None, fovea: Fovea | None) -> tuple[Flag, ...]:
    if plane is None or fovea is None:
        return ()
    flags = []
    if fovea.source is FoveaSource.CENTRE:
        text = "Fovea not found; put it in its place."
        flags.append(Flag("fovea not found", text))
    elif fovea.confidence < _UNSURE:
        sure = f"{100 * fovea.confidence:.0f} %"
        text = f"Fovea {sure} sure (by {fovea.source.value}); check it."
        flags.append(Flag("fovea unsure", text))
    off_mm = float(np.hypot(*(plane.place_mm(fovea.b, fovea.x) - plane.centre_mm)))
    if off_mm > _FARTHEST_MM:
        text = f"Fovea {off_mm:.2f} mm off the scan's middle."
        flags.append(Flag("decentred scan", text))
    return tuple(flags)


def _provenance(scan: Scan) -> tuple[Flag, ...]:
    flags = []
    # B-scans that do not lie side by side have no gap between them.
    side_by_side = scan.n_b_scans > 1 and scan.geometry.pattern not in _NO_GAP
    unknown = [a for a in scan.spacing.unknown_axes() if a != "b" or side_by_side]
    if unknown:
        words = {"b": "between B-scans", "z": "in depth", "x": "along a B-scan"}
        text = f"Spacing unknown: {', '.join(words[a] for a in unknown)}."
        flags.append(Flag("spacing unknown", text))
    typed = [a for a in ("b", "z", "x") if scan.spacing[a].source is Provenance.USER]
    if typed:
        flags.append(Flag("spacing typed", "Spacing typed by the user."))
    if positions_disagree(scan):
        text = "Positions and spacing differ by over 5 %."
        flags.append(Flag("positions and spacing differ", text))
    if scan.geometry.positions_assumed:
        text = "Places of B-scans are assumed, not used."
        flags.append(Flag("positions assumed", text))
    if scan.laterality is Laterality.UNKNOWN:
        flags.append(Flag("eye unknown", EYE_UNKNOWN))
    return tuple(flags)
