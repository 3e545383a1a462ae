"""What differs in how two scans of one eye were taken, and so may pass for a change of the eye."""

from __future__ import annotations

from mirage_core.scan import Laterality, Scan, ScanPattern

_SCALE_ALIKE = 0.03
_GAP_ALIKE = 0.05
_FIELD_ALIKE = 0.05


def differences(first: Scan, second: Scan) -> list[str]:
    """Return what differs in how the two scans were taken, a sentence each, for the user."""
    out = []
    devices = first.acquisition.device, second.acquisition.device
    if devices[0] != devices[1]:
        words = " and ".join(d or "unknown" for d in devices)
        out.append(f"The devices differ ({words}): their thickness differs too.")
    patterns = first.geometry.pattern, second.geometry.pattern
    if patterns[0] is not patterns[1] or first.n_b_scans != second.n_b_scans:
        words = " and ".join(
            f"{s.geometry.pattern.value} of {s.n_b_scans}" for s in (first, second)
        )
        out.append(f"The scan patterns differ ({words} B-scans).")
    for axis, words in (("z", "depth"), ("x", "lateral")):
        one, other = first.spacing[axis], second.spacing[axis]
        if one.source is not other.source:
            out.append(
                f"The {words} scales come from different sources ({one.source.value}, "
                f"{other.source.value})."
            )
        elif one.mm and other.mm and abs(one.mm / other.mm - 1) > _SCALE_ALIKE:
            out.append(f"The {words} scales differ ({one.mm:.5f} and {other.mm:.5f} mm).")
    gaps = first.spacing.b.mm, second.spacing.b.mm
    if gaps[0] and gaps[1] and abs(gaps[0] / gaps[1] - 1) > _GAP_ALIKE:
        out.append(
            f"The gaps between B-scans differ ({gaps[0]:.3f} and {gaps[1]:.3f} mm): what is small "
            "may lie between B-scans at one visit only."
        )
    out += _field_words(first, second)
    if Laterality.UNKNOWN in (first.laterality, second.laterality):
        out.append("It is not known that both scans are of the same eye.")
    return out


def _field_words(first: Scan, second: Scan) -> list[str]:
    """Say whether one scan covers more of the eye than the other."""
    fields = [_field_mm(scan) for scan in (first, second)]
    known = [pair for pair in zip(*fields, strict=True) if pair[0] and pair[1]]
    if all(abs(one / other - 1) <= _FIELD_ALIKE for one, other in known):
        return []
    sizes = " and ".join(
        " × ".join(f"{length:.1f}" for length in field if length) for field in fields
    )
    return [
        f"The scanned fields differ ({sizes} mm): figures of the whole scan cannot be compared."
    ]


def _field_mm(scan: Scan) -> tuple[float, float]:
    """Return how wide and how high the scan is; 0 where that is not known."""
    n, _, width = scan.shape
    dx, gap = scan.spacing.x.mm, scan.spacing.b.mm
    side_by_side = scan.geometry.pattern is ScanPattern.RASTER and n > 1
    return width * (dx or 0.0), n * (gap or 0.0) if side_by_side else 0.0
