"""Interpolation between two B-scans: what is known on both, carried to those between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.annotation import MASKS, Annotation, State
from mirage_core.annotate.axial_motion import Ends, along, blend, grey_without_padding
from mirage_core.annotate.proposal import Proposal
from mirage_core.scan import Masks, Scan, Spacing, Surfaces

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]

_OUTERMOST = 1 / 3
"""Where distances outside a lesion are cut off, as a share of the deepest inside. A lesion that
only one of the B-scans has is then as large between them, on average a quarter of its area, as an
ellipsoid that ends anywhere there."""


def interpolated(
    scan: Scan,
    annotation: Annotation,
    b0: int,
    b1: int,
    structures: Sequence[str] | None = None,
) -> Proposal:
    """Return what `b0` and `b1` suggest for the B-scans between them.

    Surfaces are interpolated linearly, in equal steps, and then moved by the axial shift and
    tilt of the eye on each B-scan, which the image tells (:class:`Ends`); where it does not,
    they stay linear and a remark says so. Masks are interpolated class by class by their signed
    distance (Raya & Udupa 1990), at equal depths above BM, or else above the RPE, or else the
    depth that the images show to be the same; a lesion that only one of the two B-scans has
    shrinks and ends three quarters of the way to the other.

    Parameters
    ----------
    scan : Scan
    annotation : Annotation
    b0, b1 : int
        The B-scans to go by, ``b0 < b1``.
    structures : sequence of str, optional
        Surfaces and ``"masks"``; by default all that are known on both.

    Returns
    -------
    Proposal
        For every B-scan between the two. In A-scans in which a surface is undefined on one of
        them, it holds what the annotation has there already.

    Raises
    ------
    ValueError
        If there is no B-scan between them, or none of `structures` is known on both.
    """
    words = f"B-scans {b0 + 1} and {b1 + 1}"
    if not 0 <= b0 < b1 < scan.n_b_scans:
        raise ValueError(f"{words} are not two B-scans of this scan, the first before the second")
    b_scans = tuple(range(b0 + 1, b1))
    if not b_scans:
        raise ValueError(f"there is no B-scan between {words}")
    names = _known_on_both(annotation, b0, b1, structures)
    if not names:
        raise ValueError(f"nothing that could be interpolated is known on both {words}")
    ends = Ends.of(scan, annotation, b0, b1)
    rows = [annotation.surfaces.index(name) for name in names if name != MASKS]
    curves, confidence = (
        a[np.ix_(rows, b_scans)] for a in (annotation.surfaces.values, annotation.confidence)
    )
    first, last = (annotation.surfaces.values[rows, b] for b in (b0, b1))
    lesions = _Lesions.of(annotation, b0, b1, scan.spacing) if MASKS in names else None
    labels, unclear = [], []
    for n, b in enumerate(b_scans):
        share = (b - b0) / (b1 - b0)
        motion = ends.motion(grey_without_padding(scan, b), share)
        if motion is None:
            unclear.append(b)
            motion = np.zeros(ends.lines.shape[1], np.float32)
        curve = blend(first, last, share) + motion
        confidence[:, n][np.isfinite(curve)] = np.nan
        curves[:, n] = np.where(np.isfinite(curve), curve, curves[:, n])
        if lesions is not None:
            line = _line_on(annotation, ends, b, names, ends.expected(share) + motion)
            labels.append(lesions.at(share, ends.lines, line))
    left_out = [name for name in structures or () if name not in names]
    return Proposal(
        b_scans,
        Surfaces(curves, tuple(annotation.surfaces.names[row] for row in rows)),
        confidence,
        Masks(np.stack(labels), annotation.masks.scheme) if labels else None,
        "interpolate",
        f"Interpolation between {words}",
        remarks=_remarks(left_out, unclear),
    )


def _known_on_both(
    annotation: Annotation, b0: int, b1: int, structures: Sequence[str] | None
) -> tuple[str, ...]:
    """Return the structures that both B-scans tell of, in the annotation's order."""
    unknown = [name for name in structures or () if name not in annotation.structures]
    if unknown:
        raise ValueError(f"this annotation has no structure called {', '.join(unknown)}")
    values, states = annotation.surfaces.values, annotation.states[-1]
    known = np.isfinite(values[:, b0] + values[:, b1]).any(axis=1)
    marked = [bool(annotation.masks.labels[b].any()) for b in (b0, b1)]
    seen = [m or states[b] != State.UNSEEN for m, b in zip(marked, (b0, b1), strict=True)]
    # That neither has a lesion does not say that there is none between them.
    there = (*known, all(seen) and any(marked))
    return tuple(
        name
        for name, here in zip(annotation.structures, there, strict=True)
        if here and (structures is None or name in structures)
    )


def corrected_on_both(annotation: Annotation, b0: int, b1: int) -> tuple[str, ...]:
    """Return the structures that were corrected or approved on both B-scans.

    What an engine alone has drawn on one of them is no end to go by, unless it is asked for.
    """
    states = annotation.states[:, [b0, b1]].min(axis=1).tolist()
    pairs = zip(annotation.structures, states, strict=True)
    return tuple(name for name, state in pairs if state >= State.EDITED)


def _remarks(left_out: Sequence[str], unclear: Sequence[int]) -> tuple[str, ...]:
    remarks = []
    if left_out:
        remarks.append(f"Not known on both B-scans and left out: {', '.join(left_out)}.")
    if unclear:
        which = ", ".join(str(b + 1) for b in unclear)
        remarks.append(f"How the eye moved is not clear from the image on B-scan {which}.")
    return tuple(remarks)


def _line_on(
    annotation: Annotation, ends: Ends, b: int, replaced: Sequence[str], expected: F32
) -> F32:
    """Return the reference ``[x]`` (px) on B-scan `b`, as it will be once the proposal is taken."""
    if not ends.reference:
        return expected
    row = annotation.surfaces.index(ends.reference)
    stays = ends.reference not in replaced or annotation.states[row, b] >= State.EDITED
    drawn = annotation.surfaces.values[row, b]
    line: F32 = np.where(np.isfinite(drawn) & stays, drawn, expected)
    return line


@dataclass(frozen=True, eq=False)
class _Lesions:
    """The masks of the two B-scans as signed distances.

    Attributes
    ----------
    values : tuple of int
        The classes found on either.
    distances : float32 array ``[2, class, z, x]``
        Distance to the border of the class, positive inside; mm, or px where the spacing is
        not known.
    """

    values: tuple[int, ...]
    distances: F32

    @classmethod
    def of(cls, annotation: Annotation, b0: int, b1: int, spacing: Spacing) -> _Lesions:
        """Measure the masks of B-scans `b0` and `b1`."""
        masks = annotation.masks.labels[[b0, b1]]
        values = np.flatnonzero(np.bincount(masks.ravel())[1:]) + 1
        dz, dx = spacing.z.mm, spacing.x.mm
        pixel = (dz, dx) if dz is not None and dx is not None else (1.0, 1.0)
        distances = np.stack([_signed_distances(masks == value, pixel) for value in values], axis=1)
        return cls(tuple(values.tolist()), distances)

    def at(self, share: float, lines: F32, line: F32) -> U8:
        """Return the labels ``[z, x]`` of a B-scan `share` of the way between the two.

        Parameters
        ----------
        share : float
        lines : float32 array ``[2, x]``
        line : float32 array ``[x]``
            Depths in px of the same tissue on the two B-scans and on this one.
        """
        height, width = self.distances.shape[2:]
        rows = np.arange(height, dtype=np.float32)
        nearest = np.zeros((height, width), np.float32)
        labels = np.zeros((height, width), np.uint8)
        for value, both in zip(self.values, self.distances.swapaxes(0, 1), strict=True):
            first, last = (
                along(d, there - line, rows) for d, there in zip(both, lines, strict=True)
            )
            inside = blend(first, last, share)
            labels[inside > nearest] = value
            nearest = np.maximum(nearest, inside)
        return labels


def _signed_distances(masks: NDArray[np.bool_], pixel: tuple[float, float]) -> F32:
    """Return the signed distances ``[2, z, x]`` of one class, positive inside.

    They are cut off outside, so that a pocket that only one B-scan has does not depend on how
    far the other's pockets are.
    """
    from scipy.ndimage import distance_transform_edt

    inside = np.stack([distance_transform_edt(mask, pixel) for mask in masks])
    outside = np.stack(
        [
            distance_transform_edt(~mask, pixel) if mask.any() else np.full(mask.shape, np.inf)
            for mask in masks
        ]
    )
    signed: F32 = np.maximum(inside - outside, -_OUTERMOST * inside.max()).astype(np.float32)
    return signed


def finished_around(annotation: Annotation, b: int) -> tuple[int, int] | None:
    """Return the nearest corrected or approved B-scans on either side of `b`.

    `b` itself counts as one of them where it is finished and a B-scan lies between it and the
    other. None if there is no such pair.
    """
    finished = [i for i, s in enumerate(annotation.b_scan_states()) if s >= State.EDITED]
    before, after = [i for i in finished if i < b], [i for i in finished if i > b]
    if b not in finished:
        return (before[-1], after[0]) if before and after else None
    if before and b - before[-1] > 1:
        return before[-1], b
    if after and after[0] - b > 1:
        return b, after[0]
    return None
