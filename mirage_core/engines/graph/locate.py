"""Where the retina lies: a first ILM and a smooth line under the RPE, to flatten by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core.engines.graph.curves import smooth_along, upsample
from mirage_core.engines.graph.scale import Scale
from mirage_core.engines.graph.search import along_columns, shortest_paths

F32 = NDArray[np.float32]

_COLUMN_UM = 45.0  # speckle averages out over this width, vessels do not yet
_ROW_UM = 8.0


@dataclass(frozen=True, eq=False)
class Retina:
    """First estimate, per A-scan, in px from the top.

    Attributes
    ----------
    ilm, base : float32 arrays ``[b, x]``
        Inner limit and a smooth line along the outer edge of the RPE that passes under drusen
        and detachments.
    """

    ilm: F32
    base: F32


def block_mean(image: F32, across: int, along: int) -> F32:
    """Return means of blocks of `across` A-scans by `along` depths of ``[b, x, z]``.

    What is left over at the far ends forms no block.
    """
    b, x, z = image.shape
    cut = image[:, : x // across * across, : z // along * along]
    shape = (b, x // across, across, z // along, along)
    return np.asarray(cut.reshape(shape).mean(axis=(2, 4)), np.float32)


class _Windows:
    """Means over depth windows relative to every pixel, from one running sum."""

    def __init__(self, image: F32) -> None:
        self._depth = image.shape[2]
        zero = np.zeros((*image.shape[:2], 1), np.float64)
        self._sum = np.concatenate([zero, image.cumsum(axis=2, dtype=np.float64)], axis=2)

    def mean(self, first: float, last: float) -> F32:
        """Return the mean over ``[z + first, z + last)`` px, cut off at the image's ends."""
        a, b = round(first), max(round(last), round(first) + 1)
        rows = np.arange(self._depth)
        low = np.clip(rows + a, 0, self._depth - 1)
        high = np.clip(rows + b, low + 1, self._depth)
        total = self._sum[:, :, high] - self._sum[:, :, low]
        return np.asarray(total / (high - low), np.float32)


def locate(grey: F32, scale: Scale) -> Retina:
    """Find the retina in B-scans ``[b, x, z]`` of normalised grey."""
    _, width, height = grey.shape
    across = max(1, min(round(scale.x_px(_COLUMN_UM)), width // 16))
    along = max(1, round(scale.z_px(_ROW_UM)))
    small = block_mean(grey, across, along)
    px = 1 / (scale.axial_um * along)  # coarse rows per um
    windows = _Windows(small)
    # A tilted or tightly curved eye on a squeezed image climbs steeply.
    max_step = 5
    ilm = shortest_paths(along_columns(_ilm_cost(windows, px)), 0.02, max_step)
    cost = _rpe_cost(windows, px)
    rows = np.arange(small.shape[2], dtype=np.float32)
    under_ilm = rows[None, None, :] - ilm[:, :, None]
    # The nerve fibre layer looks like an RPE; it lies within this reach of the ILM.
    cost += 0.5 * np.clip(1 - under_ilm / (150 * px), 0, 2)
    rpe = shortest_paths(along_columns(cost), 0.03, max_step)
    fine = [
        upsample((curve * along + (along - 1) / 2).astype(np.float32), across, width)
        for curve in (ilm, rpe)
    ]
    top = np.minimum(fine[0], fine[1])
    return Retina(top, _under(fine[1], scale, height))


def _ilm_cost(windows: _Windows, px: float) -> F32:
    """Return a low cost where dark vitreous meets thick tissue."""
    near, deep = windows.mean(0, 30 * px), windows.mean(20 * px, 100 * px)
    # The detached hyaloid is bright but thin, so both windows below must be tissue.
    tissue = np.minimum(near, deep * 1.3)
    above = np.maximum(windows.mean(-40 * px, 0), windows.mean(-200 * px, -20 * px))
    # A dim first edge must win over a bright second one: much brightness earns nothing more.
    return np.asarray(1.25 * above - np.minimum(tissue, 0.4), np.float32)


def _rpe_cost(windows: _Windows, px: float) -> F32:
    """Return a low cost at the lower edge of a bright band with the retina above it.

    The nerve fibre layer is as bright, but has vitreous above it instead of tissue; a retina
    lifted by fluid has the fluid below it instead of the choroid.
    """
    band = windows.mean(-40 * px, 0)
    below = windows.mean(0, 40 * px)
    above = windows.mean(-150 * px, -70 * px)
    # The second look reaches over fluid that may lie on the RPE.
    near, far = windows.mean(-330 * px, -100 * px), windows.mean(-550 * px, -250 * px)
    tissue = np.maximum(near, far)
    choroid = windows.mean(20 * px, 160 * px)
    # Fluid is darker than any layer; what it borders on must not win by that alone.
    cost = 0.45 * np.maximum(below, 0.25) + 0.4 * np.maximum(above, 0.12) - band
    cost -= 0.6 * np.minimum(tissue, 0.3) + 0.6 * np.minimum(choroid, 0.3)
    return np.asarray(cost, np.float32)


def _under(rpe: F32, scale: Scale, height: int) -> F32:
    """Return a smooth line ``[b, x]`` along the lowest course of `rpe`, under its elevations."""
    sigma = max(scale.x_px(250), 1.0)
    # Elevations are narrower than this, the curvature of the eye is wider.
    line = ndimage.median_filter(rpe, size=(1, max(3, round(scale.x_px(300)) | 1)), mode="nearest")
    line = _bridge_detachments(line, scale)
    drop = scale.z_px(8)
    smooth = smooth_along(line, sigma)
    for _ in range(4):
        smooth = smooth_along(np.maximum(line, smooth - drop), sigma)
    return np.clip(smooth, 0, height - 1)


def _bridge_detachments(line: F32, scale: Scale) -> F32:
    """Return `line` with high elevations replaced by what joins their flanks.

    The curve of the eye, as a parabola through each B-scan, is taken off first.
    """
    t = np.linspace(-1, 1, line.shape[1])
    curve = np.polynomial.polynomial.polyval(t, np.polynomial.polynomial.polyfit(t, line.T, 2))
    residual = line - curve
    flank = max(3, round(scale.x_px(2200)) | 1)
    # Ends continue as they run, so that a slope towards an end is no flank.
    wide = np.pad(residual, ((0, 0), (flank, flank)), mode="reflect", reflect_type="odd")
    joined = ndimage.grey_closing(wide, size=(1, flank))[:, flank:-flank]
    high = joined - residual > scale.z_px(60)
    return np.asarray(np.where(high, curve + joined, line), np.float32)
