"""Tidying the outlines of one mask class on B-scans: smoother, without holes, without specks.

Pixels go from background to the class and from the class to background, nothing else: every
other class stays as it is, locked or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.edit import Edit
from mirage_core.annotate.relabel import mask_patch
from mirage_core.annotate.session import Session
from mirage_core.scan import Spacing

U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]

SMOOTHING_UM = 12.0
"""Steps of an outline this small are evened out; about one A-scan of a usual macular cube."""
SMOOTHING_PX = 1.5
"""The same in rows and columns of a scan whose spacing is unknown."""
SPECK_UM2 = 1000.0
"""Pieces below this area are specks: less than a disc 36 µm across."""
_REACH_SIGMAS = 4
_STEPS = 10_000
"""Shares that differ by less than one in so many count as equal."""


class Tidying(StrEnum):
    """What :func:`tidy` does to a class."""

    SMOOTH = "smooth"
    FILL_HOLES = "fill holes"
    REMOVE_SPECKS = "remove specks"


_TITLES = {
    Tidying.SMOOTH: "{} smoothed",
    Tidying.FILL_HOLES: "Holes in {} filled",
    Tidying.REMOVE_SPECKS: "Specks of {} removed",
}


def smoothed(labels: U8, value: int, radius_px: tuple[float, float]) -> U8:
    """Return `labels` with smoother outlines of one class.

    Each connected piece is averaged over its surroundings, other classes left out of account so
    that a common border stays where it is; the pixels with the largest share of the piece, as
    many as it had, are the new one. So pieces keep their area however thin they are, up to ties
    and to pieces that meet, and spikes and dents narrower than the radius go.

    Parameters
    ----------
    labels : uint8 array ``[z, x]``
    value : int
        The class.
    radius_px : (float, float)
        Standard deviation of the averaging along rows and columns, px.

    Returns
    -------
    uint8 array ``[z, x]``
    """
    from scipy.ndimage import find_objects, label

    parts, _ = label(labels == value)
    margins = [int(np.ceil(_REACH_SIGMAS * r)) + 1 for r in radius_px]
    out = labels.copy()
    for number, box in enumerate(find_objects(parts), start=1):
        cut = tuple(
            slice(max(s.start - margin, 0), s.stop + margin)
            for s, margin in zip(box, margins, strict=True)
        )
        piece, background = parts[cut] == number, labels[cut] == 0
        smooth = _evened(piece, background, radius_px)
        out[cut][piece & ~smooth] = 0
        out[cut][background & smooth] = value
    return out


def _evened(piece: Bool, background: Bool, radius_px: tuple[float, float]) -> Bool:
    from scipy.ndimage import gaussian_filter

    def averaged(region: Bool) -> NDArray[np.float32]:
        out: NDArray[np.float32] = gaussian_filter(
            region.astype(np.float32), radius_px, mode="nearest", truncate=_REACH_SIGMAS
        )
        return out

    free = piece | background
    share = np.zeros(piece.shape, np.float32)
    np.divide(averaged(piece), averaged(free), out=share, where=free)
    # Among equals the piece's own pixels come first. Those that are equal all the same go in or
    # stay out together: a choice between them would be a new step in the outline.
    rank = 2 * np.rint(share * _STEPS).astype(np.int64) + piece
    area = np.count_nonzero(piece)
    last = np.partition(rank[free], -area)[-area]
    more, less = free & (rank >= last), free & (rank > last)
    surplus, shortage = np.count_nonzero(more) - area, area - np.count_nonzero(less)
    smooth: Bool = more if surplus < shortage else less
    return smooth


def without_holes(labels: U8, value: int) -> U8:
    """Return `labels` ``[z, x]`` with the background that one class encloses filled.

    Other classes inside a hole stay.
    """
    from scipy.ndimage import binary_fill_holes

    out = labels.copy()
    out[binary_fill_holes(labels == value) & (labels == 0)] = value
    return out


def without_specks(labels: U8, value: int, area_um2: float, spacing: Spacing) -> U8:
    """Return `labels` ``[z, x]`` without the pieces of one class smaller than an area.

    Parameters
    ----------
    labels : uint8 array ``[z, x]``
    value : int
        The class.
    area_um2 : float
        Pieces of less are removed; pixels hang together by their sides. The B-scans before and
        after are not looked at: the edge of a pocket may be a speck here.
    spacing : Spacing

    Raises
    ------
    SpacingUnknownError
        If the axial or lateral spacing is unknown: an area in µm² is not guessed.
    """
    from scipy.ndimage import label

    dz_mm, dx_mm = spacing.require_mm("z", "x")
    parts, _ = label(labels == value)
    speck = np.bincount(parts.ravel()) * (dz_mm * dx_mm * 1e6) < area_um2
    speck[0] = False
    out = labels.copy()
    out[speck[parts]] = 0
    return out


def tidy(
    session: Session,
    b_scans: Sequence[int],
    value: int,
    action: Tidying,
    locked: frozenset[int] = frozenset(),
) -> Edit | None:
    """Tidy one class on some B-scans, as one edit.

    Parameters
    ----------
    session : Session
    b_scans : sequence of int
    value : int
        The class.
    action : Tidying
        By :data:`SMOOTHING_UM` (:data:`SMOOTHING_PX` where the spacing is unknown) or
        :data:`SPECK_UM2`.
    locked : frozenset of int
        Classes that must stay as they are.

    Returns
    -------
    Edit or None
        None where nothing changes, as when the class is locked.

    Raises
    ------
    SpacingUnknownError
        If specks are to go and the axial or lateral spacing of the scan is unknown.
    """
    if value in locked:
        return None
    annotation, spacing = session.annotation, session.scan.spacing
    patches = []
    for b in dict.fromkeys(b_scans):
        labels = annotation.masks.labels[b]
        if action is Tidying.SMOOTH:
            new = smoothed(labels, value, _smoothing_px(spacing))
        elif action is Tidying.FILL_HOLES:
            new = without_holes(labels, value)
        else:
            new = without_specks(labels, value, SPECK_UM2, spacing)
        patch = mask_patch(annotation, b, new)
        if patch is not None:
            patches.append(patch)
    name = annotation.masks.scheme.name_of(value)
    return session.edit_masks(patches, "tidy", _TITLES[action].format(name))


def _smoothing_px(spacing: Spacing) -> tuple[float, float]:
    _, dz_mm, dx_mm = spacing.as_mm()
    if dz_mm is None or dx_mm is None:
        return SMOOTHING_PX, SMOOTHING_PX
    return SMOOTHING_UM / (dz_mm * 1000), SMOOTHING_UM / (dx_mm * 1000)
