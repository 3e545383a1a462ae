"""A small scan with an annotation that has everything an export must cope with."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mirage_core.annotate import Annotation, State
from mirage_core.io.export_request import ExportRequest
from mirage_core.io.exporting import export, make_exporter
from mirage_core.scan import (
    Acquisition,
    ArrayPixels,
    Laterality,
    LinePosition,
    PatientIdentity,
    Scan,
    ScanGeometry,
    ScanPattern,
    Spacing,
)

PATIENT = "TEST-PATIENT-0001"
APPROVED = {State.APPROVED}
CHOSEN = {State.APPROVED, State.EDITED}
SECRETS = (PATIENT, "Gertrude", "1970-01-01", "secret-file", "free text")


def make_scan(n: int = 4, height: int = 40, width: int = 24, **changes: object) -> Scan:
    """Return a scan of noise that knows a patient and a telling file name."""
    rng = np.random.default_rng(n)
    fields: dict[str, object] = {
        "pixels": ArrayPixels(rng.integers(0, 256, (n, height, width), dtype=np.uint8)),
        "spacing": Spacing.from_mm(0.12, 0.004, 0.011),
        "geometry": ScanGeometry(
            ScanPattern.RASTER,
            tuple(LinePosition((30.0 - 4 * b, 2.5), (30.0 - 4 * b, 28.5)) for b in range(n)),
            superior_to_inferior=False,
            slo_mm_per_px=(0.011, 0.011),
        ),
        "slo": rng.integers(0, 256, (32, 32), dtype=np.uint8),
        "laterality": Laterality.OS,
        "acquisition": Acquisition("Spectralis", date(1970, 1, 1), 16, 30.0),
        "quality": rng.random(n, dtype=np.float32),
        "source_path": Path("/data/secret-file.vol"),
        "source_format": "vol",
        "identity": PatientIdentity("Gertrude " + PATIENT, PATIENT, date(1970, 1, 1)),
        "notes": ("free text about " + PATIENT,),
    }
    return Scan(**(fields | changes))  # type: ignore[arg-type]


def make_annotation(scan: Scan) -> Annotation:
    """Return ILM, EZ, RPE and BM with gaps, two kinds of fluid, and one B-scan per state."""
    n, _, width = scan.shape
    annotation = Annotation.empty(scan.shape)
    rng = np.random.default_rng(7)
    for name, depth in (("ILM", 5), ("EZ", 18), ("RPE", 24), ("BM", 30)):
        row = annotation.surfaces.index(name)
        annotation.surfaces.values[row] = depth + 3 * rng.random((n, width))
        annotation.confidence[row] = rng.random((n, width))
        for b in range(n):
            annotation.states[row, b] = (State.APPROVED, State.EDITED, State.PREDICTED)[b % 3]
    annotation.surfaces.values[annotation.surfaces.index("RPE"), :, 3:6] = np.nan
    annotation.surfaces.values[annotation.surfaces.index("BM"), 0, 10] = np.nan
    annotation.masks.labels[:, 12:15, 8:14] = 1
    annotation.masks.labels[:, 0:3, 20:23] = 1  # fluid above the ILM: a slip of the brush
    annotation.masks.labels[0, 25:27, 14:18] = 3
    return annotation


def request(
    scan: Scan | None = None, states: set[State] = CHOSEN, split: str = "train"
) -> ExportRequest:
    scan = scan or make_scan()
    return ExportRequest.by_states(scan, make_annotation(scan), states, "eye", split)


def write(
    name: str, tmp_path: Path, made: ExportRequest | None = None, **options: Any
) -> tuple[ExportRequest, Path]:
    made = made or request()
    return made, export(make_exporter(name, **options), [made], tmp_path / name).target


def picture(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(image)
