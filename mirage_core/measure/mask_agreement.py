"""How far two annotations' fluid and lesions agree, class by class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.measure.annotated import Annotated
from mirage_core.measure.confusion import nan_mean
from mirage_core.measure.hausdorff import hd95
from mirage_core.measure.presence import Presence
from mirage_core.measure.slabs import NoSlabsError, slab_widths_mm
from mirage_core.scan import LabelScheme, Scan, Spacing, SpacingUnknownError, State

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

_NL_PER_MM3 = 1000.0


@dataclass(frozen=True, slots=True)
class MaskAgreement:
    """Two graders' marks of one class.

    Attributes
    ----------
    name : str
    b_scans : tuple of int
        B-scans on which the masks of both have a state; only these count.
    n_by_hand : int
        Of those, how many both edited or approved.
    presence : Presence
        B-scans by who marked the class there; its kappa.
    dice : float
        Of the voxels of all `b_scans` together; NaN if neither marked any.
    hd95_px, hd95_mm : float
        Mean over the ``presence.both`` B-scans that both marked, each in its own plane with
        px taken as square or with the true size of a pixel. A B-scan that only one marked has
        no distance and is left out: ``presence`` says how many there are.
    one_nl, other_nl : float
        Volume of either's marks on `b_scans`.
    why_no_mm, why_no_nl : str
        Why there is no figure in mm or nL; empty if there is.
    missing : str
        Says that one of the two could not mark the class, which is not in its scheme; then
        there is nothing to compare. Else empty.
    """

    name: str
    b_scans: tuple[int, ...]
    n_by_hand: int
    presence: Presence
    dice: float
    hd95_px: float
    hd95_mm: float
    one_nl: float
    other_nl: float
    why_no_mm: str = ""
    why_no_nl: str = ""
    missing: str = ""

    @property
    def kappa(self) -> float:
        """Cohen's kappa of the class's presence on B-scans; NaN where chance says it all."""
        return float("nan") if self.missing else self.presence.kappa


@dataclass(frozen=True, eq=False)
class _Tally:
    """Pixels of one class on each B-scan, by grader ``[grader, n]`` and of both ``[n]``."""

    pixels: I64
    shared: I64
    distances_px: list[float]
    distances_mm: list[float]

    @classmethod
    def empty(cls, n: int) -> _Tally:
        return cls(np.zeros((2, n), np.int64), np.zeros(n, np.int64), [], [])


def compare_masks(
    one: Annotated,
    other: Annotated,
    scan: Scan,
    b_scans: Sequence[int],
    report: Callable[[float], None],
    cancelled: Callable[[], bool],
) -> tuple[MaskAgreement, ...] | None:
    """Compare every mask class of two annotations of `scan`; None if cancelled."""
    known = (one.states[-1] != State.UNSEEN) & (other.states[-1] != State.UNSEEN)
    by_hand = (one.states[-1] >= State.EDITED) & (other.states[-1] >= State.EDITED)
    chosen = [b for b in b_scans if known[b]]
    names = dict.fromkeys(c.name for scheme in _schemes(one, other) for c in scheme)
    pixel_mm, why_no_mm = _pixel_mm(scan.spacing)
    tallies = {name: _Tally.empty(len(chosen)) for name in names}
    for i, b in enumerate(chosen):
        if cancelled():
            return None
        _count(one, other, i, b, tallies, pixel_mm)
        report((i + 1) / len(chosen))
    voxel_nl, why_no_nl = _voxel_nl(scan, chosen)
    found = []
    for name, tally in tallies.items():
        missing = _missing(one, other, name)
        marked = int(tally.pixels.sum())
        if missing and not marked:
            continue
        one_nl, other_nl = (
            float(pixels @ voxel_nl) if _has(scheme, name) else float("nan")
            for pixels, scheme in zip(tally.pixels, _schemes(one, other), strict=True)
        )
        found.append(
            MaskAgreement(
                name,
                tuple(chosen),
                int(np.count_nonzero(by_hand[chosen])),
                Presence.of(tally.pixels[0] > 0, tally.pixels[1] > 0),
                2 * int(tally.shared.sum()) / marked if marked and not missing else float("nan"),
                nan_mean(tally.distances_px),
                nan_mean(tally.distances_mm),
                one_nl,
                other_nl,
                why_no_mm,
                why_no_nl,
                missing,
            )
        )
    return tuple(found)


def _count(
    one: Annotated,
    other: Annotated,
    i: int,
    b: int,
    tallies: dict[str, _Tally],
    pixel_mm: tuple[float, float] | None,
) -> None:
    """Take in B-scan `b`, the `i`-th of those compared."""
    labels, schemes = (one.masks.labels[b], other.masks.labels[b]), _schemes(one, other)
    for grader, scheme in enumerate(schemes):
        marked = labels[grader][labels[grader] > 0]
        pixels = np.bincount(marked, minlength=256)
        for mask_class in scheme:
            tallies[mask_class.name].pixels[grader, i] = pixels[mask_class.value]
    for name, tally in tallies.items():
        if not tally.pixels[:, i].all():
            continue
        first, second = (
            labels[grader] == scheme.by_name(name).value for grader, scheme in enumerate(schemes)
        )
        tally.shared[i] = np.count_nonzero(first & second)
        tally.distances_px.append(hd95(first, second))
        if pixel_mm is not None:
            tally.distances_mm.append(hd95(first, second, pixel_mm))


def _schemes(one: Annotated, other: Annotated) -> tuple[LabelScheme, LabelScheme]:
    return one.masks.scheme, other.masks.scheme


def _has(scheme: LabelScheme, name: str) -> bool:
    return any(c.name == name for c in scheme)


def _missing(one: Annotated, other: Annotated, name: str) -> str:
    for which, scheme in zip(("first", "second"), _schemes(one, other), strict=True):
        if not _has(scheme, name):
            return f"The {which} annotation has no class {name}."
    return ""


def _pixel_mm(spacing: Spacing) -> tuple[tuple[float, float] | None, str]:
    """Return the size of a pixel along z and x in mm, or why it is not known."""
    try:
        dz_mm, dx_mm = spacing.require_mm("z", "x")
    except SpacingUnknownError as error:
        return None, str(error)
    return (dz_mm, dx_mm), ""


def _voxel_nl(scan: Scan, b_scans: Sequence[int]) -> tuple[F64, str]:
    """Return the volume of a voxel of each B-scan in nL, ``[n]``, or NaN and why."""
    try:
        _, dz_mm, dx_mm = scan.spacing.require_mm("b", "z", "x")
        widths_mm = slab_widths_mm(scan.spacing, scan.geometry, scan.n_b_scans)
    except (SpacingUnknownError, NoSlabsError) as error:
        return np.full(len(b_scans), np.nan), str(error)
    return widths_mm[list(b_scans)] * (dz_mm * dx_mm * _NL_PER_MM3), ""
