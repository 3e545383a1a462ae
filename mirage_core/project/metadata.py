"""What a project keeps of a scan beside its pixels, as JSON, and the scan rebuilt from it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from mirage_core.annotate import Annotation, State
from mirage_core.io.native_layout import (
    geometry_from_json,
    geometry_to_json,
    spacing_from_json,
    spacing_to_json,
)
from mirage_core.scan import (
    AXES,
    Acquisition,
    LabelScheme,
    Laterality,
    Scan,
    Spacing,
    Surfaces,
)

if TYPE_CHECKING:
    from mirage_core.project.pixels import StoredContent


def scan_to_json(scan: Scan) -> str:
    """Return everything but pixels, SLO and surfaces; nothing of the patient or the file name."""
    a = scan.acquisition
    content = {
        "title": scan.title,
        "shape": list(scan.shape),
        "spacing": json.loads(spacing_to_json(scan.spacing)),
        "geometry": json.loads(geometry_to_json(scan.geometry)),
        "laterality": scan.laterality.value,
        "acquisition": {
            "device": a.device,
            "date": a.date.isoformat() if a.date else None,
            "averaging": a.averaging,
            "field_deg": a.field_deg,
            "simulated": a.simulated,
        },
        "quality": None if scan.quality is None else [_number(q) for q in scan.quality],
        "notes": list(scan.notes_for_all),
    }
    return json.dumps(content)


def spacing_of(metadata: dict[str, Any]) -> Spacing:
    """Return the spacing in decoded metadata."""
    return spacing_from_json(json.dumps(metadata["spacing"]))


def with_spacing(metadata: str, spacing: Spacing) -> str:
    """Return metadata JSON with another spacing."""
    return json.dumps({**json.loads(metadata), "spacing": json.loads(spacing_to_json(spacing))})


def completed(metadata: str, scan: Scan) -> tuple[str, frozenset[str]]:
    """Fill what metadata JSON leaves unknown with what `scan` knows.

    Returns
    -------
    str
        The metadata.
    frozenset of str
        What was learnt: ``"spacing"``, ``"laterality"``, both or nothing.
    """
    m = json.loads(metadata)
    learnt = set()
    stored = spacing_of(m)
    spacing = Spacing(*(scan.spacing[a] if stored[a].mm is None else stored[a] for a in AXES))
    if spacing != stored:
        learnt.add("spacing")
        m["spacing"] = json.loads(spacing_to_json(spacing))
    known = scan.laterality is not Laterality.UNKNOWN
    if known and m["laterality"] == Laterality.UNKNOWN.value:
        learnt.add("laterality")
        m["laterality"], m["title"] = scan.laterality.value, scan.title
    return json.dumps(m), frozenset(learnt)


def agreeing(scan: Scan, metadata: str, vendor_surfaces: Surfaces | None) -> Scan:
    """Return a scan read from its source with what the project says of it.

    Spacing, eye and the device's surfaces are the project's, so that the same work gives the
    same figures whether the scan comes from the source or from the project.
    """
    m = json.loads(metadata)
    laterality, notes = Laterality(m["laterality"]), scan.notes
    if Laterality.UNKNOWN not in (laterality, scan.laterality) and laterality != scan.laterality:
        notes = (*notes, "The file names the other eye than the project; the project's is used.")
    return replace(
        scan,
        spacing=spacing_of(m),
        laterality=laterality,
        vendor_surfaces=vendor_surfaces,
        notes=notes,
    )


def acquisition_of(metadata: dict[str, Any]) -> Acquisition:
    """Return the acquisition in decoded metadata."""
    a = metadata["acquisition"]
    return Acquisition(
        a["device"],
        date.fromisoformat(a["date"]) if a["date"] else None,
        a["averaging"],
        a["field_deg"],
        a["simulated"],
    )


def scan_from(metadata: str, source_format: str, content: StoredContent) -> Scan:
    """Rebuild a scan from its metadata JSON and its stored pixels."""
    m = json.loads(metadata)
    quality = m["quality"]
    return Scan(
        pixels=content.pixels,
        spacing=spacing_of(m),
        geometry=geometry_from_json(json.dumps(m["geometry"])),
        slo=content.slo,
        laterality=Laterality(m["laterality"]),
        acquisition=acquisition_of(m),
        quality=None
        if quality is None
        else np.array([np.nan if q is None else q for q in quality], np.float32),
        vendor_surfaces=content.vendor_surfaces,
        source_format=source_format,
        notes=tuple(m["notes"]),
    )


def base_annotation(scan: Scan, surfaces: tuple[str, ...], scheme: LabelScheme) -> Annotation:
    """Return the annotation of `scan` before its first edit, with the stored rows and classes.

    Edits name surfaces by row, so the rows are those of the day the annotation was begun.
    """
    base = Annotation.for_scan(scan)
    if base.surfaces.names == surfaces and base.masks.scheme == scheme:
        return base
    stored = Annotation.empty(scan.shape, surfaces, scheme)
    for name in base.surfaces.names:
        if name in surfaces:
            row, source = stored.surfaces.index(name), base.surfaces.index(name)
            stored.surfaces.values[row] = base.surfaces.values[source]
            stored.states[row] = base.states[source]
    return stored


def b_scan_states(annotation: Annotation) -> bytes:
    """Return the state of every B-scan, one byte each, as ``Annotation.b_scan_states`` does.

    All B-scans at once: it is taken at every stroke.
    """
    states = annotation.states
    known = states != State.UNSEEN
    approved = states == State.APPROVED
    is_open = known & ~approved
    highest = np.where(is_open, states, State.UNSEEN).max(axis=0)
    highest[(states >= State.EDITED).any(axis=0)] = State.EDITED
    highest[~is_open.any(axis=0)] = State.APPROVED
    highest[~known.any(axis=0)] = State.UNSEEN
    return bytes(highest.astype(np.uint8))


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
