"""Small eyes to draw on: smooth ordered surfaces, bands that follow them, dark pockets."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from mirage_core.annotate import Annotation, Session
from mirage_core.annotate.draft import BScanDraft
from mirage_core.annotate.ordering import Ordering
from mirage_core.annotate.tools import Point, ToolOptions
from mirage_core.scan import SURFACE_KINDS, ArrayPixels, Scan

NAMES = tuple(k.name for k in SURFACE_KINDS)
B_SCANS, HEIGHT, WIDTH = 3, 80, 60


def scan(b_scans: int = B_SCANS, height: int = HEIGHT, width: int = WIDTH, seed: int = 0) -> Scan:
    """Return a scan of noise."""
    noise = np.random.default_rng(seed).integers(0, 256, (b_scans, height, width), np.uint8)
    return Scan(ArrayPixels(noise))


def ordered_curves(seed: int = 0, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """Return ordered surfaces ``[s, x]`` with gaps (NaN) here and there."""
    rng = np.random.default_rng(seed)
    gaps = rng.uniform(0.5, 6, (len(NAMES), 1)).cumsum(axis=0)
    wave = 3 * np.sin(np.arange(width) / 9 + rng.uniform(0, 6))
    curves = (5 + gaps + wave).astype(np.float32)
    for s in range(len(NAMES)):
        if rng.random() < 0.4:
            x0 = rng.integers(0, width)
            curves[s, x0 : x0 + rng.integers(1, width)] = np.nan
    return np.minimum(curves, height - 1)


def session(seed: int = 0, **kwargs: object) -> Session:
    """Return a session whose every B-scan has surfaces and a few marks."""
    one = scan(seed=seed)
    annotation = Annotation.for_scan(one)
    rng = np.random.default_rng(seed)
    for b in range(B_SCANS):
        annotation.surfaces.values[:, b] = ordered_curves(seed + b)
        annotation.confidence[:, b] = rng.random((len(NAMES), WIDTH), np.float32)
        annotation.masks.labels[b, 20:30, 10:25] = 1
        annotation.masks.labels[b, 40:50, 30:50] = 2
    return Session(one, annotation, "grader", **kwargs)


def draft(
    curves: np.ndarray | None = None,
    image: np.ndarray | None = None,
    mask: np.ndarray | None = None,
    shape: tuple[int, int] = (HEIGHT, WIDTH),
) -> BScanDraft:
    """Return a draft of one B-scan; what is not given is empty."""
    if image is not None:
        shape = image.shape
    elif mask is not None:
        shape = mask.shape
    if curves is None:
        curves = np.full((len(NAMES), shape[1]), np.nan, np.float32)
    if image is None:
        image = np.zeros(shape, np.uint8)
    if mask is None:
        mask = np.zeros(shape, np.uint8)
    curves = curves.astype(np.float32)
    return BScanDraft(0, image, curves.copy(), mask.copy(), curves.copy(), mask.copy(), NAMES)


def flat(depths: dict[str, float], width: int = WIDTH) -> np.ndarray:
    """Return level surfaces ``[s, x]``; those without a depth are undefined."""
    curves = np.full((len(NAMES), width), np.nan, np.float32)
    for name, depth in depths.items():
        curves[NAMES.index(name)] = depth
    return curves


def on(name: str, **kwargs: object) -> ToolOptions:
    """Return options that draw the surface called `name`."""
    return ToolOptions(surface=NAMES.index(name), **kwargs)


def state_of(annotation: Annotation) -> tuple[bytes, ...]:
    """Return every array of `annotation` as bytes, to compare bit by bit."""
    return (
        annotation.surfaces.values.tobytes(),
        annotation.confidence.tobytes(),
        annotation.masks.labels.tobytes(),
        annotation.states.tobytes(),
    )


coordinates = st.floats(-15, 95, allow_nan=False, width=32)
points = st.builds(Point, coordinates, coordinates)
drags = st.lists(points, min_size=1, max_size=8)
options = st.builds(
    ToolOptions,
    surface=st.integers(0, len(NAMES) - 1),
    mask_class=st.integers(0, 6),
    radius_px=st.floats(0, 12),
    ordering=st.sampled_from(Ordering),
    aspect=st.floats(0.3, 4),
)
