"""How the eye moved along the beam from B-scan to B-scan, as the images tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.annotation import Annotation
from mirage_core.scan import Scan

F32 = NDArray[np.float32]

_REFERENCES = ("BM", "RPE")
_LEAST_KNOWN = 0.5
"""Share of the A-scans in which a surface must be known to serve as reference."""
_BLOCKS = 16
_SMOOTH_PX = 1.0
_SLOW = 0.03
"""Scale of what changes slowly with depth and is taken out, as a share of the B-scan's depth."""
_ABOVE, _BELOW = 0.16, 0.08
"""What is compared above and below the reference, the retina and the inner choroid, as shares of
the B-scan's depth, which is about 2 mm on every device."""
_REACH = 0.1
"""How far off a B-scan is looked for, as a share of its depth."""
_STEEPEST = 0.4
"""How much it may be tilted from the left border to the right one, as a share of that reach."""
_ALIKE = 0.4
"""Mean correlation of the best shift, at least."""
_CLEAR = 0.25
"""How far it must stand out from the usual one."""


@dataclass(frozen=True, eq=False)
class Ends:
    """What two B-scans show along lines that lie at the same depth of tissue in both.

    Attributes
    ----------
    reference : str
        The surface that the lines are, or empty.
    lines : float32 array ``[2, x]``
        Depths in px.
    profiles : float32 array ``[2, block, offset]``
        Mean grey of blocks of A-scans at `offsets`.
    offsets : float32 array ``[offset]``
        Depths in px from the line.
    reach_px : int
        How far a B-scan between them is looked for.
    aligned : bool
        False where no line could be found.
    """

    reference: str
    lines: F32
    profiles: F32
    offsets: F32
    reach_px: int
    aligned: bool

    @classmethod
    def of(cls, scan: Scan, annotation: Annotation, b0: int, b1: int) -> Ends:
        """Look at B-scans `b0` and `b1`."""
        _, height, width = scan.shape
        images = [grey_without_padding(scan, b) for b in (b0, b1)]
        reach = max(round(_REACH * height), 2)
        for name in (n for n in _REFERENCES if n in annotation.surfaces.names):
            drawn = annotation.surfaces[name][[b0, b1]]
            both = np.isfinite(drawn).all(axis=0)
            if both.mean() >= _LEAST_KNOWN:
                x = np.arange(width)
                lines = np.stack([np.interp(x, x[both], d[both]) for d in drawn])
                lines = lines.astype(np.float32)
                window = np.arange(-round(_ABOVE * height), round(_BELOW * height) + 1)
                offsets = window.astype(np.float32)
                profiles = [_profiles(i, c, offsets) for i, c in zip(images, lines, strict=True)]
                return cls(name, lines, np.stack(profiles), offsets, reach, True)
        lines = np.zeros((2, width), np.float32)
        offsets = np.arange(height, dtype=np.float32)
        upper = _profiles(images[0], lines[0], offsets)
        shift = _straight_shift(
            upper, _profiles(images[1], lines[1], _wider(offsets, reach)), width
        )
        if shift is not None:
            lines[1] = shift
        lower = _profiles(images[1], lines[1], offsets)
        return cls("", lines, np.stack([upper, lower]), offsets, reach, shift is not None)

    def expected(self, share: float) -> F32:
        """Return the line ``[x]`` (px) where the eye did not move; `share` of the way to `b1`."""
        return blend(self.lines[0], self.lines[1], share)

    def motion(self, image: F32, share: float) -> F32 | None:
        """Return how much deeper than expected `image` lies ``[x]`` (px), None if not clear."""
        if not self.aligned:
            return None
        seen = _profiles(image, self.expected(share), _wider(self.offsets, self.reach_px))
        template = blend(self.profiles[0], self.profiles[1], share)
        return _straight_shift(template, seen, image.shape[1])


def grey_without_padding(scan: Scan, b: int) -> F32:
    """Return a B-scan ``[z, x]`` without white padding, whose edges would outshine the retina."""
    from mirage_core.scan.padding import registration_padding

    image = scan.b_scan(b)
    padding = registration_padding(image)
    grey = image.astype(np.float32)
    if padding.any() and not padding.all():
        grey[padding] = np.median(image[~padding])
    return grey


def blend(first: F32, last: F32, share: float) -> F32:
    """Return the mean of two arrays, `share` of the way from the first to the last."""
    mean: F32 = (1 - np.float32(share)) * first + np.float32(share) * last
    return mean


def _wider(offsets: F32, reach: int) -> F32:
    wide: F32 = np.arange(offsets[0] - reach, offsets[-1] + reach + 1, dtype=np.float32)
    return wide


def along(values: F32, line: F32, offsets: F32) -> F32:
    """Return `values` ``[z, x]`` at ``line + offsets``, ``[offset, x]``; borders go on beyond."""
    height, width = values.shape
    depths = np.clip(line + offsets[:, None], 0, height - 1)
    rows = np.minimum(depths.astype(np.intp), max(height - 2, 0))
    x = np.arange(width)
    upper, lower = values[rows, x], values[np.minimum(rows + 1, height - 1), x]
    between: F32 = upper + (depths - rows).astype(np.float32) * (lower - upper)
    return between


def _profiles(image: F32, line: F32, offsets: F32) -> F32:
    """Return the mean grey ``[block, offset]`` of blocks of A-scans along `line`.

    What changes slowly with depth is taken out: that the choroid is grey and the vitreous dark
    says roughly where the retina is, and would outvote its layers, which say it exactly.
    """
    from scipy.ndimage import gaussian_filter1d

    blocks = np.array_split(along(image, line, offsets), _BLOCKS, axis=1)
    means = np.stack([block.mean(axis=1) for block in blocks])
    slow = gaussian_filter1d(means, _SLOW * image.shape[0], axis=1)
    bands: F32 = gaussian_filter1d(means, _SMOOTH_PX, axis=1) - slow
    return bands


def _straight_shift(template: F32, seen: F32, width: int) -> F32 | None:
    """Return how much deeper `seen` lies than `template`: a straight line ``[x]`` in px.

    Every block of A-scans votes for each shift by its correlation. The line with the highest
    mean vote wins, so that a lesion or a shadow in some blocks does not bend it; the peaks of
    the blocks near it then give its fractions of a pixel. None where no line stands out.

    Parameters
    ----------
    template : float32 array ``[block, offset]``
    seen : float32 array ``[block, offset + 2 * reach]``
    width : int
        Number of A-scans.
    """
    votes = _correlation(template, seen)
    n_blocks, n_shifts = votes.shape
    block = np.arange(n_blocks)
    places = (block + 0.5) / n_blocks - 0.5
    most = round(_STEEPEST * (n_shifts // 2))
    steps = np.rint(np.arange(-most, most + 1)[:, None] * places).astype(np.intp)
    margin = int(steps.max())
    middles = np.arange(margin, n_shifts - margin)
    mean = votes[block, middles[:, None] + steps[:, None, :]].mean(axis=2)
    tilt, best = np.unravel_index(int(mean.argmax()), mean.shape)
    stands_out = mean[tilt, best] - np.median(mean[tilt])
    if best in (0, len(middles) - 1) or mean[tilt, best] < _ALIKE or stands_out < _CLEAR:
        return None
    near = np.clip((middles[best] + steps[tilt])[:, None] + np.arange(-2, 3), 1, n_shifts - 2)
    peak = near[block, votes[block[:, None], near].argmax(axis=1)]
    before, here, after = (votes[block, peak + step] for step in (-1, 0, 1))
    sharp = (here > before) & (here > after) & (here > 0)
    if np.count_nonzero(sharp) < n_blocks / 2:
        return None
    bend = np.where(sharp, before - 2 * here + after, 1)
    shifts = peak + (before - after) / (2 * bend) - n_shifts // 2
    slope, offset = np.polyfit(places[sharp], shifts[sharp], 1, w=here[sharp])
    line: F32 = (offset + slope * ((np.arange(width) + 0.5) / width - 0.5)).astype(np.float32)
    return line


def _correlation(template: F32, seen: F32) -> F32:
    """Return Pearson's correlation ``[block, shift]`` at every place of `template` in `seen`."""
    windows = np.lib.stride_tricks.sliding_window_view(seen, template.shape[1], axis=1)
    windows = windows - windows.mean(axis=2, keepdims=True)
    middle = template - template.mean(axis=1, keepdims=True)
    spread = np.sqrt((windows**2).sum(axis=2) * (middle**2).sum(axis=1)[:, None])
    product = np.einsum("bso,bo->bs", windows, middle)
    # A block without any structure, such as one that is all padding, votes for no shift; what
    # rounding leaves of it is far below one grey level squared.
    correlation: F32 = np.divide(product, spread, out=np.zeros_like(product), where=spread > 1)
    return correlation
