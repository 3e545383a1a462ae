"""Small scans and repeatable strokes for the tests of the project."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np

from mirage_core.annotate import Annotation, Session, State
from mirage_core.scan import (
    Acquisition,
    ArrayPixels,
    Laterality,
    LinePosition,
    PatientIdentity,
    Provenance,
    Scan,
    ScanGeometry,
    ScanPattern,
    Spacing,
    Surfaces,
)

SHAPE = (6, 48, 64)
NAME, PATIENT_ID, FILE_NAME = "Quokka^Wilhelmina", "PID-4711", "quokka_wilhelmina.vol"


def make_scan(seed: int = 0, shape: tuple[int, int, int] = SHAPE, *, patient: bool = True) -> Scan:
    """Return a scan with everything a scan can have; pixels come from `seed`."""
    rng = np.random.default_rng(seed)
    n, height, width = shape
    vendor = np.full((2, n, width), np.nan, np.float32)
    vendor[0, :, 5:] = rng.uniform(5, 9, (n, width - 5))
    vendor[1] = rng.uniform(height - 9, height - 5, (n, width))
    lines = tuple(LinePosition((10.0 + b, 3.5), (10.0 + b, 60.25)) for b in range(n))
    return Scan(
        ArrayPixels(rng.integers(0, 256, shape, np.uint8)),
        Spacing.from_mm(None, 0.0039, 0.0116, Provenance.FILE),
        ScanGeometry(ScanPattern.RASTER, lines, False, (0.01, 0.011)),
        slo=rng.integers(0, 256, (80, 70), np.uint8),
        laterality=Laterality.OS,
        acquisition=Acquisition("Spectralis", date(2021, 5, 4), 12, 30.0),
        quality=np.linspace(20, 31, n, dtype=np.float32),
        vendor_surfaces=Surfaces(vendor, ("ILM", "Vendor PR2")),
        source_path=Path("/clinic") / FILE_NAME,
        source_format="heidelberg-vol",
        identity=PatientIdentity(NAME, PATIENT_ID, date(1931, 2, 3)) if patient else None,
        notes=("The lateral scale is taken from the file.", f"{FILE_NAME} was cut short."),
    )


def step(session: Session, seed: int, number: int) -> None:
    """Do step `number` of a repeatable series of strokes, approvals, undos and redos.

    What it does depends on `seed`, `number` and the session alone, and every step is exactly
    one event of the log.
    """
    rng = np.random.default_rng((seed, number))
    kind = rng.random()
    if kind < 0.15 and session.history.done:
        session.undo()
        return
    if kind < 0.25 and session.history.undone:
        session.redo()
        return
    if kind < 0.35:
        b = int(rng.integers(session.scan.n_b_scans))
        state = State.APPROVED if rng.random() < 0.5 else State.EDITED
        if session.set_state([b], state) is not None:
            return
    _stroke(session, rng)


def _stroke(session: Session, rng: np.random.Generator) -> None:
    n, height, width = session.scan.shape
    draft = session.draft(int(rng.integers(n)))
    x0 = int(rng.integers(width - 8))
    x1 = x0 + int(rng.integers(4, width - x0))
    if rng.random() < 0.6:
        row = int(rng.integers(len(draft.curves)))
        draft.curves[row, x0:x1] = rng.uniform(0, height, x1 - x0)
        draft.curves[row, x0] = np.nan
    else:
        z0 = int(rng.integers(height - 8))
        box = draft.mask[z0 : z0 + 8, x0:x1]
        box[...] = (box + int(rng.integers(1, 6))) % 7
    if session.commit(draft, "pen", f"Stroke on B-scan {draft.b + 1}") is None:
        session.set_state([draft.b], State.EDITED, ["masks"])


def same(one: Annotation, other: Annotation) -> bool:
    """Return whether two annotations agree to the last bit."""
    return (
        one.structures == other.structures
        and one.masks.scheme == other.masks.scheme
        and np.array_equal(one.surfaces.values, other.surfaces.values, equal_nan=True)
        and np.array_equal(one.confidence, other.confidence, equal_nan=True)
        and np.array_equal(one.masks.labels, other.masks.labels)
        and np.array_equal(one.states, other.states)
    )
