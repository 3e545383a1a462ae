"""What a user may add to a file that does not say it: spacing, eye, SLO, order of B-scans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mirage_core.io.assumed_positions import with_assumed_positions
from mirage_core.io.errors import ReadError, only_read_errors
from mirage_core.io.images import eight_bit, read_image
from mirage_core.io.limits import SPACING_LIMITS_MM, possible
from mirage_core.io.vol_geometry import CIRCLE_OF_UNKNOWN_EYE, circles_of
from mirage_core.scan import Laterality, Scan


@dataclass(frozen=True)
class ReadOptions:
    """Facts about a scan that come from the user, not from the file.

    Attributes
    ----------
    spacing_mm : (db, dz, dx) in mm or None
        Gap between B-scans, depth and lateral spacing; None in a place leaves that component
        as the file has it. Given components are flagged ``user``. What no eye can have (a
        pixel above 1 mm, B-scans over 10 mm apart) is refused: it was meant as µm.
    laterality : Laterality or None
    slo_path : Path or None
        An image of the fundus for a scan that brings none.
    superior_to_inferior : bool or None
        Whether B-scan 0 is superior.
    """

    spacing_mm: tuple[float | None, float | None, float | None] | None = None
    laterality: Laterality | None = None
    slo_path: Path | None = None
    superior_to_inferior: bool | None = None


SPACING_HINT = (
    "Give three positive numbers in mm, not µm: between B-scans (at most 10), in depth and along "
    "a B-scan (at most 1 each), e.g. 0.12,0.0039,0.0113."
)


def is_spacing(mm: Sequence[float | None]) -> bool:
    """Return whether ``(db, dz, dx)`` can be the spacing of an eye in mm; None is not given."""
    return len(mm) == len(SPACING_LIMITS_MM) and all(
        v is None or possible(v, limits) for v, limits in zip(mm, SPACING_LIMITS_MM, strict=True)
    )


def apply_options(scan: Scan, options: ReadOptions) -> Scan:
    """Return `scan` with what the user said, and with assumed positions where none are known.

    Raises
    ------
    ReadError
        If the SLO image cannot be read, or a spacing cannot be one of an eye in mm.
    """
    path = scan.source_path or Path()
    spacing, slo, notes = scan.spacing, scan.slo, scan.notes
    geometry = scan.geometry
    if options.spacing_mm is not None:
        if not is_spacing(options.spacing_mm):
            raise ReadError(path, "The spacing given for this scan cannot be used.", SPACING_HINT)
        spacing = spacing.with_user(*options.spacing_mm)
    if options.slo_path is not None:
        if slo is None:
            slo_path = Path(options.slo_path)
            with only_read_errors(slo_path):
                slo = eight_bit(read_image(slo_path))
        else:
            notes = (*notes, "The SLO in the file was kept: its B-scan positions belong to it.")
    if options.superior_to_inferior is not None:
        geometry = replace(geometry, superior_to_inferior=options.superior_to_inferior)
    if options.laterality is not None:
        geometry = circles_of(geometry, options.laterality)
        notes = tuple(note for note in notes if note != CIRCLE_OF_UNKNOWN_EYE)
    scan = replace(
        scan,
        spacing=spacing,
        slo=slo,
        geometry=geometry,
        laterality=options.laterality or scan.laterality,
        notes=notes,
    )
    return with_assumed_positions(scan)
