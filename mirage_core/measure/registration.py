"""Registration of two SLO images of one eye by their vessels.

Rotation and scale from the spectra in log-polar coordinates, the shift by phase correlation
(Reddy and Chatterji, IEEE Trans Image Process 1996), then an affine map through the shifts that
are left over in small patches.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import ransac
from skimage.registration import phase_cross_correlation
from skimage.transform import AffineTransform, warp_polar

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

_COARSE_PX = 256
_FINE_PX = 768
_PATCH = 96
_STEP = 64
_PATCH_ALIKE = 0.35
_INLIER_PX = 2.0
_LEAST_PATCHES = 8
_ALIKE = 0.25
"""Correlation of the vessels below which two images are not taken for one eye."""
_MOST_TURNED_DEG = 40.0
_MOST_SCALED = 1.5


class NotRegisteredError(ValueError):
    """Two images could not be brought together; the text is for the user."""


class RegistrationSource(StrEnum):
    """Who says where one SLO lies on the other."""

    VESSELS = "vessels"
    CONFIRMED = "vessels, confirmed"
    """Found by the vessels; a person looked and left it as it is."""
    USER = "user"


@dataclass(frozen=True, eq=False)
class Registration:
    """Where places of one SLO lie on another.

    Attributes
    ----------
    matrix : float64 array ``[2, 3]``
        ``(row, col, 1)`` px of the first to ``(row, col)`` px of the second.
    alike : float
        Correlation of the vessels where the images overlap, up to 1.
    residual_px : float
        Median of the shifts left over in patches, px of the first; NaN where none could be seen.
    source : RegistrationSource
    """

    matrix: F64
    alike: float
    residual_px: float
    source: RegistrationSource = RegistrationSource.VESSELS

    def points(self, places: F64) -> F64:
        """Return where ``[n, (row, col)]`` px of the first lie on the second."""
        out: F64 = places @ self.matrix[:, :2].T + self.matrix[:, 2]
        return out

    @property
    def scale(self) -> float:
        """Pixels of the second for one of the first."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix[:, :2]))))

    @property
    def rotation_deg(self) -> float:
        """How far the second is turned against the first."""
        a = self.matrix
        return float(np.degrees(np.arctan2(a[1, 0] - a[0, 1], a[0, 0] + a[1, 1])))

    @property
    def stretch(self) -> float:
        """How much longer one way than the other it makes things: 1 turns, scales and shifts."""
        ways = np.linalg.svd(self.matrix[:, :2], compute_uv=False)
        return float(ways[0] / ways[1])


def register(
    first: NDArray[np.uint8], second: NDArray[np.uint8], scale: float = 1.0
) -> Registration:
    """Bring two SLO images together.

    Parameters
    ----------
    first, second : uint8 arrays ``[row, col]``
    scale : float
        Pixels of the second for one of the first as far as the files say; 1 where they do not.

    Raises
    ------
    NotRegisteredError
        If the vessels do not match anywhere.
    """
    coarse = min(1.0, _COARSE_PX / max(first.shape))
    vessels = [_vessels(_resized(image, coarse)) for image in (first, second)]
    best, alike = _best_start(vessels[0], vessels[1], scale)
    best[:, 2] /= coarse
    fine = min(1.0, _FINE_PX / max(first.shape))
    vessels = [_vessels(_resized(image, fine)) for image in (first, second)]
    matrix = best.copy()
    matrix[:, 2] *= fine
    residual = float("nan")
    for _ in range(3):
        matrix, residual = _refined(vessels[0], vessels[1], matrix)
    alike = _correlation(vessels[0], *_warped(vessels[1], matrix, vessels[0].shape))
    if not alike >= _ALIKE:
        raise NotRegisteredError(
            "The two SLO images could not be brought together: their vessels do not match."
        )
    matrix[:, 2] /= fine
    return Registration(matrix, alike, residual / fine)


def start_of(
    first: NDArray[np.uint8], second: NDArray[np.uint8], scale: float = 1.0
) -> Registration:
    """Return the images laid middle on middle, for a person to go on from; see `register`."""
    matrix = _about_middle(first.shape, second.shape, 0.0, scale)
    return Registration(matrix, float("nan"), float("nan"), RegistrationSource.USER)


def judged(
    first: NDArray[np.uint8],
    second: NDArray[np.uint8],
    matrix: F64,
    source: RegistrationSource = RegistrationSource.USER,
) -> Registration:
    """Return the registration by `matrix` with how alike the images are and what is left over."""
    fine = min(1.0, _FINE_PX / max(first.shape))
    vessels = [_vessels(_resized(image, fine)) for image in (first, second)]
    small = matrix.copy()
    small[:, 2] *= fine
    alike = _correlation(vessels[0], *_warped(vessels[1], small, vessels[0].shape))
    places, seen = _left_over(vessels[0], vessels[1], small)
    residual = float("nan")
    if len(places) >= _LEAST_PATCHES:
        residual = float(np.median(np.hypot(*(places - seen).T))) / fine
    return Registration(matrix, alike, residual, source)


def _resized(image: NDArray[np.uint8], factor: float) -> F32:
    grey = image.astype(np.float32)
    if factor == 1.0:
        return grey
    smooth = ndimage.gaussian_filter(grey, 0.4 / factor)
    out: F32 = ndimage.zoom(smooth, factor, order=1, grid_mode=True, mode="nearest")
    return out


def _vessels(image: F32) -> F32:
    """Return what is darker or brighter than its surroundings, evened out over the image."""
    size = max(image.shape)
    detail = ndimage.gaussian_filter(image, size / 500) - ndimage.gaussian_filter(image, size / 40)
    local = np.sqrt(ndimage.gaussian_filter(detail**2, size / 12))
    out: F32 = detail / (local + 0.2 * float(local.mean()) + 1e-6)
    return np.clip(out, -3, 3)


def _best_start(first: F32, second: F32, scale: float) -> tuple[F64, float]:
    """Return the best of a shift alone and a turn with shift, and how alike images are then."""
    starts = [(0.0, scale)]
    turned = _turn_and_scale(first, second)
    if turned is not None:
        starts += [turned, (turned[0], scale)]
    best = _best(first, second, starts)
    if best[1] >= _ALIKE:
        return best
    # The spectra of some pairs tell nothing: try turns one by one, on small images.
    small = [
        ndimage.zoom(image, 0.5, order=1, grid_mode=True, mode="nearest")
        for image in (first, second)
    ]
    turns = [(float(t), scale * s) for s in (1.0, 0.9, 1.1) for t in range(-28, 29, 4)]
    turn = turns[int(np.argmax([_best(small[0], small[1], [t])[1] for t in turns]))]
    near = [(turn[0] + t, turn[1] * s) for t in (-2, 0, 2) for s in (0.95, 1.0, 1.05)]
    return max((best, _best(first, second, near)), key=lambda f: f[1])


def _best(first: F32, second: F32, starts: list[tuple[float, float]]) -> tuple[F64, float]:
    """Return the best of turns (degrees, scale), each with the shift that belongs to it."""
    found = []
    for degrees, factor in starts:
        matrix = _about_middle(first.shape, second.shape, degrees, factor)
        warped, inside = _warped(second, matrix, first.shape)
        shift = _shift(first, warped * inside)
        matrix[:, 2] -= matrix[:, :2] @ shift
        alike = _correlation(first, *_warped(second, matrix, first.shape))
        found.append((matrix, alike))
    return max(found, key=lambda f: f[1])


def _shift(one: NDArray[np.floating], other: NDArray[np.floating], finer: int = 1) -> F64:
    """Return by how much `other` must move, ``(row, col)``, to lie on `one`."""
    found = phase_cross_correlation(  # type: ignore[no-untyped-call]
        one, other, upsample_factor=finer, normalization=None
    )
    return np.asarray(found[0], np.float64)


def _turn_and_scale(first: F32, second: F32) -> tuple[float, float] | None:
    """Return by how many degrees and what factor the second is turned and scaled; None if none."""
    n = max(*first.shape, *second.shape)
    spectra = []
    for image in (first, second):
        window = np.outer(*(np.hanning(k) for k in image.shape))
        padded = np.zeros((n, n))
        padded[: image.shape[0], : image.shape[1]] = image * window
        spectrum = np.log1p(np.abs(np.fft.fftshift(np.fft.fft2(padded))))
        polar = warp_polar(spectrum, radius=n // 3, output_shape=(720, n), scaling="log", order=1)[
            :360
        ]
        spectra.append(polar - polar.mean(axis=0))
    shift = _shift(spectra[0], spectra[1], finer=4)
    degrees = (float(shift[0]) / 2 + 90) % 180 - 90
    factor = float(np.exp(shift[1] * np.log(n // 3) / n))
    if abs(degrees) > _MOST_TURNED_DEG or not 1 / _MOST_SCALED < factor < _MOST_SCALED:
        return None
    return -degrees, factor


def _about_middle(
    shape: tuple[int, ...], other: tuple[int, ...], degrees: float, factor: float
) -> F64:
    """Return the map that turns and scales about the middles of both images."""
    cos, sin = np.cos(np.radians(degrees)) * factor, np.sin(np.radians(degrees)) * factor
    turn = np.array([[cos, -sin], [sin, cos]])
    here, there = (np.array(s) / 2 - 0.5 for s in (shape, other))
    return np.concatenate([turn, (there - turn @ here)[:, None]], axis=1)


def _warped(image: F32, matrix: F64, shape: tuple[int, ...]) -> tuple[F32, NDArray[np.bool_]]:
    """Return `image` on the pixels of the first, and where it reaches."""
    warped = ndimage.affine_transform(
        image, matrix[:, :2], matrix[:, 2], output_shape=shape, order=1, cval=np.nan
    )
    inside = np.isfinite(warped)
    return np.where(inside, warped, 0).astype(np.float32), inside


def _correlation(first: F32, warped: F32, inside: NDArray[np.bool_]) -> float:
    """Return Pearson's correlation where both reach; 0 where that is less than a fifth."""
    if inside.mean() < 0.2:
        return 0.0
    a, b = first[inside] - first[inside].mean(), warped[inside] - warped[inside].mean()
    norm = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum()) / norm if norm > 0 else 0.0


def _left_over(first: F32, second: F32, matrix: F64) -> tuple[F64, F64]:
    """Return middles of patches, and where what they show lies by now, ``[n, (row, col)]``."""
    warped, inside = _warped(second, matrix, first.shape)
    window = np.outer(np.hanning(_PATCH), np.hanning(_PATCH))
    here, there = [], []
    for row in range(0, first.shape[0] - _PATCH + 1, _STEP):
        for col in range(0, first.shape[1] - _PATCH + 1, _STEP):
            patch = slice(row, row + _PATCH), slice(col, col + _PATCH)
            if not inside[patch].all():
                continue
            one, other = first[patch] * window, warped[patch] * window
            shift = _shift(one, other, finer=10)
            if np.hypot(*shift) > _PATCH / 4:
                continue
            moved = ndimage.shift(warped[patch], shift, order=1, mode="nearest")
            if np.corrcoef(one.ravel(), (moved * window).ravel())[0, 1] < _PATCH_ALIKE:
                continue
            middle = np.array([row, col]) + (_PATCH - 1) / 2
            here.append(middle)
            there.append(middle - shift)
    return np.reshape(here, (-1, 2)), np.reshape(there, (-1, 2))


def _refined(first: F32, second: F32, matrix: F64) -> tuple[F64, float]:
    """Correct `matrix` by the shifts left over in patches; return it and their median."""
    places, seen = _left_over(first, second, matrix)
    if len(places) < _LEAST_PATCHES:
        return matrix, float("nan")
    model, inliers = ransac(  # type: ignore[no-untyped-call]
        (places, seen),
        AffineTransform,
        min_samples=3,
        residual_threshold=_INLIER_PX,
        max_trials=300,
        rng=0,
    )
    if model is None or inliers is None or inliers.sum() < _LEAST_PATCHES:
        return matrix, float("nan")
    left = np.asarray(model.params)[:2]
    residual = float(np.median(np.hypot(*(model(places[inliers]) - seen[inliers]).T)))
    turn = matrix[:, :2] @ left[:, :2]
    return np.concatenate(
        [turn, (matrix[:, :2] @ left[:, 2] + matrix[:, 2])[:, None]], axis=1
    ), residual
