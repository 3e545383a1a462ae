"""FillTool: fill a pocket, a hole or an outline by one click."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.draft import BScanDraft
from mirage_core.annotate.tools.base import Point, Rect, Step, Tool, ToolOptions

Bool = NDArray[np.bool_]

_SIGMA_PX = 1.5
_TOLERANCE_GREY = 18.0
_LEAST_TOLERANCE_GREY = 4.0
_GREY_PER_PX = 0.25
_LARGEST_SHARE = 0.15
"""A region larger than this share of the B-scan has leaked out of what was meant."""


class FillTool(Tool):
    """Fills what lies around a click with the chosen class.

    - Inside a closed outline or a hole of the marks: all of the hole.
    - On a mark of another class: the whole mark takes the chosen class (class 0 removes it).
    - Elsewhere: the connected region of similar grey, between ILM and BM where they are known,
      never over marks of other classes. Dragging right widens, left narrows what counts as
      similar. A region above 15 % of the B-scan is narrowed until it fits, or not filled.
    """

    name = "fill"
    title = "Fill"
    hint = "Click into a pocket or outline to fill it; drag right or left to fill more or less."
    draws = "mask"

    def __init__(self) -> None:
        self.cancel()

    def cancel(self) -> None:
        """Forget the region."""
        self._seed: tuple[int, int] | None = None
        self._pressed_x = 0.0
        self._smooth: NDArray[np.float32] = np.empty((0, 0), np.float32)
        self._allowed: Bool = np.empty((0, 0), bool)
        self._drawn: Rect | None = None

    def press(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Fill."""
        height, width = draft.mask.shape
        z, x = round(at.z), round(at.x)
        if not (0 <= z < height and 0 <= x < width):
            return Step(done=True)
        here, value = int(draft.mask[z, x]), options.mask_class
        if here not in (0, value):
            return self._paint(draft, _component(draft.mask == here, z, x), value)
        if value == 0:
            return Step()
        if here == 0:
            hole = _component(draft.mask == 0, z, x)
            if not _reaches_border(hole):
                return self._paint(draft, hole, value)
        self._seed, self._pressed_x = (z, x), at.x
        self._smooth = _smoothed(draft.image)
        self._allowed = _between_limits(draft) & np.isin(draft.base_mask, (0, value))
        return self._flood(draft, _TOLERANCE_GREY, value)

    def move(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Fill more or less."""
        if self._seed is None:
            return Step()
        tolerance = _TOLERANCE_GREY + _GREY_PER_PX * (at.x - self._pressed_x)
        return self._flood(draft, max(tolerance, _LEAST_TOLERANCE_GREY), options.mask_class)

    def _flood(self, draft: BScanDraft, tolerance: float, value: int) -> Step:
        assert self._seed is not None
        region = similar_region(self._smooth, self._allowed, self._seed, tolerance)
        before = self._drawn
        if before is not None:
            cut = (slice(before.z0, before.z1), slice(before.x0, before.x1))
            draft.mask[cut] = draft.base_mask[cut]
        self._drawn = None if region is None else self._paint(draft, region, value).dirty
        if before is None or self._drawn is None:
            return Step(before or self._drawn)
        return Step(before.union(self._drawn))

    def _paint(self, draft: BScanDraft, region: Bool, value: int) -> Step:
        rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
        if rows.size == 0:
            return Step()
        draft.mask[region] = value
        return Step(Rect(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1))


def similar_region(
    smooth: NDArray[np.float32], allowed: Bool, seed: tuple[int, int], tolerance: float
) -> Bool | None:
    """Return the region of similar grey around `seed` with its holes filled.

    Parameters
    ----------
    smooth : float32 array ``[z, x]``
        Lightly smoothed grey.
    allowed : bool array ``[z, x]``
        Where the region may extend.
    seed : (int, int)
        Row and column.
    tolerance : float
        Largest difference in grey from the seed; lowered as long as the region is too large.

    Returns
    -------
    bool array ``[z, x]`` or None
        None when `seed` is not allowed or the region is too large at the least tolerance.
    """
    from scipy.ndimage import binary_fill_holes

    if not allowed[seed]:
        return None
    largest = _LARGEST_SHARE * smooth.size
    difference = np.abs(smooth - smooth[seed])
    while True:
        region = _component((difference <= tolerance) & allowed, *seed)
        if np.count_nonzero(region) <= largest:
            filled: Bool = binary_fill_holes(region) & allowed
            return filled
        if tolerance <= _LEAST_TOLERANCE_GREY:
            return None
        tolerance = max(0.8 * tolerance, _LEAST_TOLERANCE_GREY)


def _component(region: Bool, z: int, x: int) -> Bool:
    from scipy.ndimage import label

    labels, _ = label(region)
    connected: Bool = (labels == labels[z, x]) & (labels[z, x] > 0)
    return connected


def _reaches_border(region: Bool) -> bool:
    edges = (region[0], region[-1], region[:, 0], region[:, -1])
    return any(bool(edge.any()) for edge in edges)


def _smoothed(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    from scipy.ndimage import gaussian_filter

    smooth: NDArray[np.float32] = gaussian_filter(image.astype(np.float32), _SIGMA_PX)
    return smooth


def _between_limits(draft: BScanDraft) -> Bool:
    """Return the pixels at or below the ILM and at or above BM; no limit where undefined."""
    rows = np.arange(draft.mask.shape[0], dtype=np.float32)[:, None]
    allowed = np.ones(draft.mask.shape, bool)
    for name, outside in (("ILM", np.less), ("BM", np.greater)):
        if name in draft.names:
            with np.errstate(invalid="ignore"):
                allowed &= ~outside(rows, draft.curves[draft.names.index(name)])
    return allowed
