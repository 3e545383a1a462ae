"""A project with visits of one eye, made as its files would be read."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from mirage_core.annotate import Proposal
from mirage_core.project import Project
from mirage_core.project.records import ScanRecord
from mirage_core.scan import PatientIdentity, Scan, Surfaces
from mirage_core.simulate import EyeParameters, SimulatedEye, simulate_eye
from tests.measure.two_visits import later

SMALL = EyeParameters(shape=(25, 96, 96), field_mm=(6.4, 1.92, 6.4), pathology=(), slo_px=384)
SEED = 3
GROWN_PX = 2.0
"""By how much the retina is thicker at the second visit."""
GROWN_UM = GROWN_PX * 1.92 / 96 * 1000
TURNED_DEG = 4.0
PATIENT = PatientIdentity("Doe^Jane", "ID-4711", date(1950, 2, 3))
DAYS = (date(2024, 1, 15), date(2024, 7, 18), date(2025, 2, 3))


def visit(eye: SimulatedEye, day: date | None, thicker_px: float = 0.0, **acquisition: Any) -> Scan:
    """Return a scan of `eye` whose device drew its true layers, the ILM `thicker_px` higher."""
    values = eye.surfaces.values.copy()
    values[0] -= np.float32(thicker_px)
    return replace(
        eye.scan,
        identity=PATIENT,
        vendor_surfaces=Surfaces(values, eye.surfaces.names),
        acquisition=replace(eye.scan.acquisition, date=day, **acquisition),
    )


def first_visit(parameters: EyeParameters = SMALL) -> Scan:
    """Return the first visit."""
    return visit(simulate_eye(parameters, SEED), DAYS[0])


def second_visit(
    parameters: EyeParameters = SMALL, day: date = DAYS[1], **acquisition: Any
) -> Scan:
    """Return the second: shifted, its SLO turned, thicker by :data:`GROWN_UM`."""
    eye = later(TURNED_DEG, parameters, SEED)
    return visit(eye, day, GROWN_PX, **acquisition)


def make_project(folder: Path, *scans: Scan, grader: str = "grader") -> list[ScanRecord]:
    """Make a project of `scans`; on the first, `grader` has taken the layers over."""
    with Project.open_or_create(folder) as project:
        records = []
        for scan in scans:
            record = project.add_scan(scan, grader)
            records.append(project.import_pixels(record, scan))
        session = project.session(records[0], grader)
        surfaces = session.annotation.surfaces
        rows = Surfaces(surfaces.values[:1].copy(), surfaces.names[:1])
        b_scans = tuple(range(scans[0].n_b_scans))
        session.adopt(Proposal(b_scans, rows, None, None, "graph", "Graph"), overwrite=True)
        project.close_session(session)
    return records
