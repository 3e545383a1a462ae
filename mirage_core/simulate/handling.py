"""What becomes of a B-scan between the eye and a folder: motion, cropping, stretching, padding.

Every step moves surfaces and lesions along with the image.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from mirage_core.simulate.anatomy import SURFACE_NAMES

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

LEAST_ROWS, LEAST_COLUMNS = 96, 128
_MOST_ROWS, _MOST_COLUMNS = 720, 1024
_PADDING, _INK = 255, 254
# Written at pixel centres; edges are written as the first row below them.
_LINES = [SURFACE_NAMES.index(name) for name in ("OS/RPE", "RPE")]
_BM = SURFACE_NAMES.index("BM")


@dataclass(frozen=True, eq=False)
class LabelledBScan:
    """A simulated B-scan with its truth.

    Attributes
    ----------
    image : uint8 array ``[z, x]``
    surfaces : float32 array ``[12, x]``
        All of :data:`~mirage_core.simulate.anatomy.SURFACE_NAMES`, px from the top as
        ``docs/conventions.md`` tells; NaN behind padding, beyond the image and, but for the ILM,
        within the optic disc.
    labels : uint8 array ``[z, x]``
        Values of FLUID_SCHEME.
    spacing_mm : (float, float)
        Of rows and of columns.
    slo : uint8 array ``[n, n]`` or None
        The fundus around the B-scan, which runs along the middle row from the first column to
        the last.
    """

    image: U8
    surfaces: F32
    labels: U8
    spacing_mm: tuple[float, float]
    slo: U8 | None = None


def handled(b_scan: LabelledBScan, rng: np.random.Generator) -> LabelledBScan:
    """Return what becomes of a B-scan on its way."""
    if rng.random() < 0.55:
        b_scan = bent(b_scan, rng)
    if rng.random() < 0.03:
        b_scan = mirrored_at_the_top(b_scan, rng)
    if rng.random() < 0.5:
        b_scan = cropped(b_scan, rng)
    if rng.random() < 0.4:
        b_scan = stretched(b_scan, rng)
    if rng.random() < 0.5:
        b_scan = flipped(b_scan)
    b_scan = within_the_image(b_scan)
    if rng.random() < 0.25:
        b_scan = padded(b_scan, rng)
    if rng.random() < 0.12:
        b_scan = replace(b_scan, image=branded(b_scan.image, rng))
    if rng.random() < 0.3:
        b_scan = replace(b_scan, image=compressed(b_scan.image, rng))
    return b_scan


def bent(b_scan: LabelledBScan, rng: np.random.Generator) -> LabelledBScan:
    """Move columns by whole px: tilt and bow of a steep eye, drift while it is scanned, a jump."""
    height, width = b_scan.image.shape
    x = np.linspace(-1, 1, width)
    drift = ndimage.gaussian_filter1d(rng.standard_normal(width), width / 12, mode="nearest")
    drift *= rng.uniform(0, 3) / max(float(drift.std()), 1e-6)
    if rng.random() < 0.12:
        drift[int(rng.integers(width)) :] += rng.uniform(-8, 8)
    if rng.random() < 0.1:
        drift += np.where(rng.random(width) < 0.5, 0, 1)
    top, bottom = _extent(b_scan)
    room = max(height - (bottom - top) - 12, 8.0)
    if rng.random() < 0.65:
        slope = rng.uniform(-0.5, 0.5) * rng.random() * 2
        bow = -rng.uniform(-0.15, 0.6) * (x - rng.uniform(-0.4, 0.4)) ** 2
        steep = slope * x + bow * (rng.random() < 0.6)
        drift = drift + room * 0.8 * (steep - steep.mean())
    # The operator keeps the retina in view, most of the time.
    low = np.nanmin(b_scan.surfaces[0] + drift) if np.isfinite(b_scan.surfaces[0]).any() else 0
    high = np.nanmax(np.nan_to_num(b_scan.surfaces[_BM], nan=bottom) + drift)
    lift = rng.uniform(3, 0.35 * height) - low
    lift = min(lift, height * rng.uniform(0.85, 1.0) - high)
    if rng.random() < 0.9:
        lift = max(lift, 2 - low)
    return _moved(b_scan, np.rint(drift + lift).astype(int), top, bottom)


def _extent(b_scan: LabelledBScan) -> tuple[float, float]:
    """Return where the retina begins and where Bruch's membrane ends."""
    ilm, bm = b_scan.surfaces[0], b_scan.surfaces[_BM]
    known = np.isfinite(ilm)
    if not known.any():
        return 0.3 * len(b_scan.image), 0.6 * len(b_scan.image)
    deepest = float(np.nanmax(bm)) if np.isfinite(bm).any() else float(ilm[known].max()) + 60
    return float(ilm[known].min()), deepest


def _moved(
    b_scan: LabelledBScan, shift: NDArray[np.int_], top: float, bottom: float
) -> LabelledBScan:
    """Move each column down by `shift`; vitreous and depth go on beyond the image as they are."""
    height, width = b_scan.image.shape
    spare_top, spare_bottom = max(int(top) - 4, 2), max(int(height - bottom - 90), 2)
    # Where row z of the moved image comes from, for a column that stays; others read it shifted.
    first, last = int(min(-shift.max(), 0)), int(max(-shift.min(), 0)) + height
    z = np.arange(first, last)
    source = np.where(z < 0, (-z - 1) % spare_top, z)
    source = np.where(z >= height, height - 1 - (z - height) % spare_bottom, source)
    source = np.clip(source, 0, height - 1) * width
    at = (np.arange(height) - first)[:, None] - shift
    flat = source[at] + np.arange(width)
    labels = b_scan.labels
    if labels.any():
        inside = ((z >= 0) & (z < height))[at]
        labels = labels.ravel().take(flat) * inside
    return replace(
        b_scan,
        image=b_scan.image.ravel().take(flat),
        surfaces=b_scan.surfaces + shift.astype(np.float32),
        labels=labels,
    )


def mirrored_at_the_top(b_scan: LabelledBScan, rng: np.random.Generator) -> LabelledBScan:
    """Move the retina past the upper border, where it folds back as its mirror image."""
    top, bottom = _extent(b_scan)
    cut = int(top + rng.uniform(0.02, 0.35) * (bottom - top))
    cut = min(max(cut, 1), len(b_scan.image) - LEAST_ROWS)
    image = b_scan.image[cut:].copy()
    n = min(cut, len(image))
    ghost = b_scan.image[cut - n : cut][::-1] * rng.uniform(0.4, 0.95)
    image[:n] = np.maximum(image[:n], ghost.astype(np.uint8))
    return replace(
        b_scan,
        image=image,
        surfaces=b_scan.surfaces - np.float32(cut),
        labels=b_scan.labels[cut:],
    )


def cropped(b_scan: LabelledBScan, rng: np.random.Generator) -> LabelledBScan:
    """Crop to the retina, closely or not, and to a part of the width."""
    height, width = b_scan.image.shape
    first = int(rng.uniform(0, 0.35) * width)
    last = max(width - int(rng.uniform(0, 0.35) * width), first + LEAST_COLUMNS)
    part = replace(
        b_scan,
        image=b_scan.image[:, first:last],
        surfaces=b_scan.surfaces[:, first:last],
        labels=b_scan.labels[:, first:last],
        slo=_slo_of(b_scan.slo, first / width, last / width),
    )
    top_px, bottom_px = _extent(part)
    retina = bottom_px - top_px
    top = int(np.clip(top_px - rng.uniform(-0.02, 0.7) * retina, 0, height - LEAST_ROWS))
    bottom = int(bottom_px + rng.uniform(0.02, 1.0) * retina)
    bottom = int(np.clip(bottom, top + LEAST_ROWS, height))
    return replace(
        part,
        image=part.image[top:bottom],
        surfaces=part.surfaces - np.float32(top),
        labels=part.labels[top:bottom],
    )


def _slo_of(slo: U8 | None, first: float, last: float) -> U8 | None:
    """Return the patch of the part of a B-scan from `first` to `last` (shares of its width)."""
    if slo is None:
        return None
    n = len(slo)
    half = (last - first) / 2
    box = (first * n, (0.5 - half) * n, last * n, (0.5 + half) * n)
    return np.asarray(Image.fromarray(slo).resize((n, n), Image.Resampling.BILINEAR, box=box))


def stretched(b_scan: LabelledBScan, rng: np.random.Generator) -> LabelledBScan:
    """Resample to another size, rows and columns by factors of their own."""
    height, width = b_scan.image.shape
    rows = int(np.clip(height * np.exp(rng.uniform(-0.5, 0.7)), LEAST_ROWS, _MOST_ROWS))
    columns = int(np.clip(width * np.exp(rng.uniform(-0.5, 0.6)), LEAST_COLUMNS, _MOST_COLUMNS))
    way = Image.Resampling.BICUBIC if rng.random() < 0.4 else Image.Resampling.BILINEAR
    return resampled(b_scan, rows, columns, way)


def resampled(
    b_scan: LabelledBScan,
    rows: int,
    columns: int,
    way: Image.Resampling = Image.Resampling.BILINEAR,
) -> LabelledBScan:
    """Return the B-scan on `rows` by `columns` px."""
    height, width = b_scan.image.shape
    image = np.asarray(Image.fromarray(b_scan.image).resize((columns, rows), way))
    labels = Image.fromarray(b_scan.labels).resize((columns, rows), Image.Resampling.NEAREST)
    # Column centres of the new image in px of the old one.
    x = np.clip((np.arange(columns) + 0.5) * width / columns - 0.5, 0, width - 1)
    left = np.minimum(x.astype(int), width - 2)
    share = (x - left).astype(np.float32)
    curves = b_scan.surfaces[:, left] * (1 - share) + b_scan.surfaces[:, left + 1] * share
    scale = np.float32(rows / height)
    curves *= scale
    curves[_LINES] += (scale - 1) / 2
    dz, dx = b_scan.spacing_mm
    return replace(
        b_scan,
        image=image,
        surfaces=np.maximum.accumulate(curves, axis=0).astype(np.float32),
        labels=np.asarray(labels),
        spacing_mm=(dz * height / rows, dx * width / columns),
    )


def flipped(b_scan: LabelledBScan) -> LabelledBScan:
    """Return the other eye's B-scan."""
    return replace(
        b_scan,
        image=np.ascontiguousarray(b_scan.image[:, ::-1]),
        surfaces=np.ascontiguousarray(b_scan.surfaces[:, ::-1]),
        labels=np.ascontiguousarray(b_scan.labels[:, ::-1]),
        slo=None if b_scan.slo is None else np.ascontiguousarray(b_scan.slo[:, ::-1]),
    )


def within_the_image(b_scan: LabelledBScan) -> LabelledBScan:
    """Forget surfaces that lie beyond the image."""
    curves = b_scan.surfaces.copy()
    with np.errstate(invalid="ignore"):
        curves[(curves < 0) | (curves > len(b_scan.image) - 1)] = np.nan
    return replace(b_scan, surfaces=curves)


def padded(b_scan: LabelledBScan, rng: np.random.Generator) -> LabelledBScan:
    """Lay white (at times black) registration padding over edges and corners."""
    height, width = b_scan.image.shape
    rows, x = np.arange(height)[:, None], np.linspace(0, 1, width)
    hidden = np.zeros((height, width), bool)
    ilm, bm = b_scan.surfaces[0], b_scan.surfaces[_BM]
    if rng.random() < 0.5:
        n = max(int(rng.random() ** 2 * 0.1 * width), 1)
        hidden[:, -n:] = True
    ramp = np.maximum(x + rng.uniform(-0.5, 0.3), 0) ** rng.uniform(0.7, 2.0)
    ramp = ramp[::-1] if rng.random() < 0.5 else ramp
    ramp /= max(float(ramp.max()), 1e-6)
    if rng.random() < 0.5:
        ceiling = np.nan_to_num(ilm, nan=height) - 3
        wedge = min(rng.uniform(0, 0.3) * height, _most(ceiling, ramp))
        hidden |= rows < np.rint(wedge * ramp)
    else:
        floor = height - np.nan_to_num(bm, nan=0) - 10
        wedge = min(rng.uniform(0, 0.3) * height, _most(floor, ramp))
        hidden |= rows >= height - np.rint(wedge * ramp)
    if rng.random() < 0.5:
        hidden = hidden[:, ::-1] if hidden[:, -1].all() and not hidden[:, 0].all() else hidden
        # A wedge that was fitted to the other side would cut the retina.
        clear = np.nan_to_num(ilm, nan=height) - 2, np.nan_to_num(bm, nan=0) + 6
        hidden = hidden & (hidden.all(axis=0) | (rows < clear[0]) | (rows > clear[1]))
    image, labels, curves = b_scan.image.copy(), b_scan.labels.copy(), b_scan.surfaces.copy()
    image[hidden] = _PADDING if rng.random() < 0.85 else 0
    labels[hidden] = 0
    at = np.rint(np.nan_to_num(curves)).astype(int).clip(0, height - 1)
    curves[hidden[at, np.arange(width)]] = np.nan
    return replace(b_scan, image=image, labels=labels, surfaces=curves)


def _most(room: F64 | F32, ramp: F64) -> float:
    """Return how high a wedge shaped like `ramp` may be to stay within `room`."""
    return float(np.min(np.maximum(room, 0) / np.maximum(ramp, 1e-3)))


def branded(image: U8, rng: np.random.Generator) -> U8:
    """Burn a scale bar, an icon or a block of text-like specks into a corner."""
    height, width = image.shape
    h = max(int(height * rng.uniform(0.05, 0.16)), 6)
    w = max(int(width * rng.uniform(0.06, 0.2)), 12)
    low = rng.random() < 0.8
    z0 = height - h - int(rng.integers(2, 12)) if low else int(rng.integers(2, 8))
    x0 = int(rng.integers(2, 12)) if rng.random() < 0.6 else width - w - int(rng.integers(2, 12))
    out = image.copy()
    part = out[z0 : z0 + h, x0 : x0 + w]
    ink = int(rng.integers(120, _INK + 1))
    kind = rng.integers(4)
    if kind == 0:
        part[-2:], part[:, :2] = ink, ink
    elif kind == 1:
        part[:] = 0
        blocks = np.kron(rng.random((4, 6)) > 0.6, np.ones((h // 4 or 1, w // 6 or 1), bool))
        blocks = blocks[:h, :w]
        part[: blocks.shape[0], : blocks.shape[1]][blocks] = ink
    elif kind == 2:
        part[[0, -1]], part[:, [0, -1]] = ink, ink
        part[h // 2] = ink
    else:
        specks = rng.random((h // 3 + 1, w // 2 + 1)) < 0.4
        part[np.kron(specks, np.ones((3, 2), bool))[:h, :w]] = ink
    return out


def compressed(image: U8, rng: np.random.Generator) -> U8:
    """Return the image after lossy compression."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=int(rng.integers(40, 95)))
    return np.asarray(Image.open(file)).copy()
