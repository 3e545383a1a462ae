"""All figures of one scan, in rows: one call from scan and annotation to a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mirage_core.measure.annotated import Annotated
from mirage_core.measure.circle_rows import circle_rows
from mirage_core.measure.fovea import Fovea
from mirage_core.measure.ground import Ground, Row
from mirage_core.measure.layer_rows import layer_rows
from mirage_core.measure.lesion_rows import drusen_rows, ellipsoid_rows, fluid_rows
from mirage_core.measure.measured import Basis, Measured
from mirage_core.measure.quality import Flag, quality_flags
from mirage_core.measure.sought import LookedFor
from mirage_core.scan import Scan


@dataclass(frozen=True, slots=True)
class ScanFigures:
    """The figures of one scan.

    Attributes
    ----------
    rows : tuple of Row
        Refused figures are among them, with the reason.
    flags : tuple of Flag
        What makes them less sure; also among the rows.
    fovea : Fovea or None
        The one they were taken about; None where the scan covers no area.
    """

    rows: tuple[Row, ...]
    flags: tuple[Flag, ...]
    fovea: Fovea | None


def measure_scan(
    scan: Scan,
    annotated: Annotated,
    fovea: Fovea | None = None,
    *,
    pixels: bool = False,
    looked_for: LookedFor | None = None,
    turned_deg: float = 0.0,
) -> ScanFigures:
    """Measure everything there is to measure of a scan.

    Parameters
    ----------
    scan : Scan
        For spacing, geometry, laterality, quality; no pixel is read unless `pixels`.
    annotated : Annotated
        Surfaces, masks and their states.
    fovea : Fovea, optional
        By default it is sought.
    pixels : bool
        Also look for B-scans that are there twice.
    looked_for : mapping, optional
        Which lesions the model that drew the masks looks for. Where that is not known, none of
        a class is a figure only where a human approved the masks.
    turned_deg : float
        How far the grid is turned against the image, counter-clockwise with superior up.

    Raises
    ------
    ValueError
        If the annotation is of another grid.
    """
    if annotated.masks.labels.shape != scan.shape:
        raise ValueError(f"an annotation of {annotated.masks.labels.shape}, a scan of {scan.shape}")
    ground = Ground.of(scan, annotated, fovea, turned_deg)
    flags = quality_flags(scan, annotated, ground.plane, ground.fovea, pixels=pixels)
    return ScanFigures(tuple(_rows(ground, flags, looked_for)), flags, ground.fovea)


def _rows(ground: Ground, flags: tuple[Flag, ...], looked_for: LookedFor | None) -> Iterator[Row]:
    if ground.is_circle:
        yield from circle_rows(ground)
    else:
        yield from layer_rows(ground)
    yield from fluid_rows(ground, looked_for)
    if not ground.is_circle:
        yield from drusen_rows(ground)
        yield from ellipsoid_rows(ground)
        yield from _fovea_rows(ground)
    for flag in flags:
        # How many B-scans; 1 for the scan as a whole.
        count = Measured(float(len(flag.b_scans) or 1), "", note=flag.text)
        yield Row("quality", "", flag.name, count)


def _fovea_rows(ground: Ground) -> Iterator[Row]:
    fovea, plane = ground.fovea, ground.plane
    if fovea is None or plane is None:
        return
    note = f"By {fovea.source.value}; counted from 1."
    yield Row("fovea", "", "B-scan", Measured(fovea.b + 1, "", note=note))
    yield Row("fovea", "", "A-scan", Measured(fovea.x + 1, "", note=note))
    yield Row("fovea", "", "confidence", Measured(fovea.confidence, ""))
    basis = Basis((), ground.places)
    off = Measured(ground.off_centre_mm, "mm", basis=basis)
    yield Row("fovea", "", "distance from scan centre", off)
