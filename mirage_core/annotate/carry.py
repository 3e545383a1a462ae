"""A marked region carried from one B-scan to another, where it follows what that image shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.annotation import Annotation
from mirage_core.annotate.axial_motion import Ends, grey_without_padding
from mirage_core.annotate.draft import bounding_box
from mirage_core.annotate.greys import evidence
from mirage_core.annotate.local_shift import local_shift
from mirage_core.annotate.walker import walk
from mirage_core.scan import Scan

Bool = NDArray[np.bool_]
F32 = NDArray[np.float32]
Window = tuple[slice, slice]

_SIGMA_PX = 1.2
_LINE_SMOOTH_PX = 6.0
_REACH_PX = (10, 12)
_COMPARED_PX = (28, 40)
"""How far around a region, in rows and columns, the two images are compared."""
_ALIGN_SIGMA_PX = 1.5
_BAND_PX = 14
"""How far its outline may have moved or grown."""
_UNSURE_PX = 7.0
_GREY, _INSIDE, _OUTSIDE = 0.05, 0.005, 0.1
"""How strongly a pixel is pulled by its grey, and by lying deep inside or far outside."""
_OVERLAP = 0.3
"""Share of a piece that must lie where the region is expected."""
_RING_PX = (2, 7)
_SUPPORT = 0.45
"""Contrast to its surroundings that the region must have kept, as a share."""
_SMALLEST_PX = 12
_FEW_PX = 20


@dataclass(frozen=True, eq=False)
class Passage:
    """The way from one B-scan to another.

    Attributes
    ----------
    first, second : float32 array ``[z, x]``
        Their grey, smoothed.
    deeper_px : float32 array ``[x]``
        How much deeper the same tissue lies on the second, by surfaces or the eye's motion.
    """

    first: F32
    second: F32
    deeper_px: F32

    @classmethod
    def between(cls, scan: Scan, annotation: Annotation, b_from: int, b_to: int) -> Passage:
        """Compare two B-scans."""
        from scipy.ndimage import gaussian_filter, gaussian_filter1d

        lines = Ends.of(scan, annotation, b_from, b_to).lines
        first, second = (
            gaussian_filter(grey_without_padding(scan, b), _SIGMA_PX) for b in (b_from, b_to)
        )
        deeper = gaussian_filter1d(lines[1] - lines[0], _LINE_SMOOTH_PX, mode="nearest")
        return cls(first, second, deeper.astype(np.float32))

    def moved(self, region: Bool) -> Bool:
        """Return `region` of the first B-scan where its tissue lies on the second."""
        landed = np.zeros(region.shape, bool)
        place = self._place(region)
        if place is not None:
            window, distance = place[:2]
            landed[window] = distance > 0
        return landed

    def carry(self, region: Bool, allowed: Bool) -> Bool | None:
        """Return what became of `region` on the second B-scan; None where it ends.

        It is laid where its tissue lies and then drawn to the edges there: what looks like the
        inside of the region, or like its surroundings, is taken for that, the more so the
        nearer to the outline that is expected.

        Parameters
        ----------
        region : bool array ``[z, x]``
            On the first B-scan.
        allowed : bool array ``[z, x]``
            Where it may be on the second.
        """
        from scipy.ndimage import binary_fill_holes, label

        place = self._place(region)
        if place is None:
            return None
        window, expected, brighter = place
        free = allowed[window]
        ours, theirs = self._samples(region)
        grey = self.second[window]
        sure = 1 - np.exp(-((expected / np.float32(_UNSURE_PX)) ** 2))
        inside = expected > 0
        lean = np.where(inside, np.float32(_INSIDE), np.float32(_OUTSIDE)) * sure
        said = _GREY * evidence(grey - brighter, ours, theirs) + np.where(inside, lean, -lean)
        pull = _GREY + lean
        known = ~free | (expected < -_BAND_PX)
        outside = np.full(grey.shape, -1, np.float32)
        found = (walk(grey, known, outside, pull, said / pull) > 0) & free
        parts, count = label(found)
        sizes = np.bincount(parts.ravel(), minlength=count + 1)
        overlaps = np.bincount(parts[inside], minlength=count + 1)
        kept = overlaps >= _OVERLAP * sizes
        kept[0] = False
        landed = np.zeros(region.shape, bool)
        landed[window] = binary_fill_holes(kept[parts]) & free
        return landed if self._is_supported(region, landed) else None

    def _place(self, region: Bool) -> tuple[Window, F32, float] | None:
        """Return where the region is expected on the second B-scan.

        Returns
        -------
        (slice, slice), float32 array ``[z, x]``, float
            A window of the second B-scan; in it the distance to the expected outline in px,
            positive inside; how much brighter the second B-scan is there. None off the image.
        """
        from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates

        box = bounding_box(region)
        if box is None:
            return None
        rows, columns = box
        height, width = region.shape
        shift = round(float(np.median(self.deeper_px[columns])))
        more_z, more_x = _COMPARED_PX
        window = (
            slice(max(rows.start + shift - more_z, 0), min(rows.stop + shift + more_z, height)),
            slice(max(columns.start - more_x, 0), min(columns.stop + more_x, width)),
        )
        if window[0].start >= window[0].stop:
            return None
        z, x = np.mgrid[window].astype(np.float32)
        z -= self.deeper_px[window[1]]
        there = map_coordinates(self.first, [z, x], order=1, mode="nearest")
        here = self.second[window]
        first, second = (gaussian_filter(image, _ALIGN_SIGMA_PX) for image in (there, here))
        down, right = local_shift(first, second, _REACH_PX)
        # Around the region only: distances cost more than anything else.
        near = _around(box, 2 * _BAND_PX, region.shape)
        outlined = region[near]
        distance = distance_transform_edt(outlined) - distance_transform_edt(~outlined)
        expected: F32 = map_coordinates(
            distance.astype(np.float32),
            [z - down - near[0].start, x - right - near[1].start],
            order=1,
            mode="constant",
            cval=-2.0 * _BAND_PX,
        )
        if not (expected > 0).any():
            return None
        return window, expected, float(np.median(here) - np.median(there))

    def _samples(self, region: Bool) -> tuple[F32, F32]:
        """Return greys of the first B-scan inside the region, and around it."""
        from scipy.ndimage import binary_dilation, binary_erosion

        box = bounding_box(region)
        assert box is not None
        window = _around(box, _BAND_PX + 1, region.shape)
        here, grey = region[window], self.first[window]
        core = binary_erosion(here)
        near, far = (binary_dilation(here, iterations=n) for n in (2, _BAND_PX))
        return grey[core if np.count_nonzero(core) > _FEW_PX else here], grey[far & ~near]

    def _is_supported(self, region: Bool, landed: Bool) -> bool:
        """Return whether the second image shows the region as the first does."""
        if np.count_nonzero(landed) < _SMALLEST_PX:
            return False
        was, now = _contrast(self.first, region), _contrast(self.second, landed)
        return was * now > 0 and abs(now) >= _SUPPORT * abs(was)


def _contrast(grey: F32, region: Bool) -> float:
    """Return by how many grey levels the surroundings of a region are brighter."""
    from scipy.ndimage import binary_dilation

    box = bounding_box(region)
    assert box is not None
    window = _around(box, _RING_PX[1] + 1, region.shape)
    region, grey = region[window], grey[window]
    near, far = (binary_dilation(region, iterations=n) for n in _RING_PX)
    ring = grey[far & ~near]
    return float(np.median(ring) - np.median(grey[region])) if ring.size else 0.0


def _around(box: Window, margin_px: int, shape: tuple[int, ...]) -> Window:
    rows, columns = (
        slice(max(side.start - margin_px, 0), min(side.stop + margin_px, size))
        for side, size in zip(box, shape, strict=True)
    )
    return rows, columns
