"""A region on its way to the next B-scan: it follows the image, and ends where that does."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.annotate import Annotation
from mirage_core.annotate.carry import Passage
from mirage_core.scan import ArrayPixels, Scan

HEIGHT, WIDTH = 240, 260
Z, X = np.mgrid[:HEIGHT, :WIDTH].astype(float)
EVERYWHERE = np.ones((HEIGHT, WIDTH), bool)


def pocket(z: float, x: float, half_z: float = 16, half_x: float = 32) -> np.ndarray:
    return ((Z - z) / half_z) ** 2 + ((X - x) / half_x) ** 2 <= 1


def retina(inside: np.ndarray, deeper: float = 0.0, seed: int = 0, inner: float = 35) -> np.ndarray:
    """Return a speckled B-scan: retina between rows 60 and 170, a bright band below."""
    rng = np.random.default_rng(seed)
    down = Z - deeper - 4 * np.sin(X / 40)
    image = np.where(down < 60, 20.0, 110.0)
    image[(down >= 90) & (down < 96)] = 160
    image[(down >= 160) & (down < 170)] = 220
    image[down >= 170] = 90
    image[inside] = inner
    return np.clip(image * rng.gamma(9, 1 / 9, image.shape), 0, 254).astype(np.uint8)


def passage(first: np.ndarray, second: np.ndarray, deeper: float | None = None) -> Passage:
    scan = Scan(ArrayPixels(np.stack([first, second])))
    annotation = Annotation.for_scan(scan)
    if deeper is not None:
        bm = annotation.surfaces["BM"]
        bm[0] = 170 + 4 * np.sin(X[0] / 40)
        bm[1] = bm[0] + deeper
    return Passage.between(scan, annotation, 0, 1)


def dice(a: np.ndarray | None, b: np.ndarray) -> float:
    assert a is not None
    return 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b))


HERE = pocket(125, 120)
FIRST = retina(HERE)


@pytest.mark.parametrize("by", ["surface", "image"])
def test_it_goes_along_with_the_eye_s_motion(by: str) -> None:
    there = pocket(134, 120)
    way = passage(FIRST, retina(there, 9, seed=1), 9 if by == "surface" else None)
    assert dice(HERE, there) < 0.75
    assert dice(way.carry(HERE, EVERYWHERE), there) > 0.93


def test_it_moves_sideways_with_the_tissue() -> None:
    there = pocket(125, 130)
    way = passage(FIRST, retina(there, seed=1), 0)
    assert dice(way.carry(HERE, EVERYWHERE), there) > 0.93
    assert dice(way.moved(HERE), there) > 0.9


@pytest.mark.parametrize(("half_z", "half_x"), [(22, 40), (10, 22)], ids=["grown", "shrunk"])
def test_it_follows_the_edges_of_the_other_b_scan(half_z: float, half_x: float) -> None:
    there = pocket(127, 118, half_z, half_x)
    way = passage(FIRST, retina(there, seed=1), 0)
    assert dice(HERE, there) < 0.8
    assert dice(way.carry(HERE, EVERYWHERE), there) > 0.9


def test_it_ends_where_the_image_no_longer_shows_it() -> None:
    way = passage(FIRST, retina(np.zeros_like(HERE), seed=1), 0)
    assert way.carry(HERE, EVERYWHERE) is None


def test_a_bright_region_is_carried_as_a_dark_one() -> None:
    there = pocket(131, 120)
    way = passage(retina(HERE, inner=210), retina(there, 6, seed=1, inner=210), 6)
    assert dice(way.carry(HERE, EVERYWHERE), there) > 0.9


def test_it_stays_where_it_is_allowed() -> None:
    way = passage(FIRST, retina(HERE, seed=1), 0)
    allowed = Z < 125
    carried = way.carry(HERE, allowed)
    assert carried is not None
    assert carried.any()
    assert not carried[~allowed].any()


def test_a_brighter_b_scan_does_not_mislead() -> None:
    there = pocket(128, 122)
    second = np.clip(retina(there, seed=1) * 0.75 + 40, 0, 254).astype(np.uint8)
    assert dice(passage(FIRST, second, 0).carry(HERE, EVERYWHERE), there) > 0.9


def test_what_leaves_the_image_ends() -> None:
    way = passage(FIRST, FIRST, 0)
    gone = Passage(way.first, way.second, np.full(WIDTH, 400, np.float32))
    assert gone.carry(HERE, EVERYWHERE) is None
    assert not gone.moved(HERE).any()
    assert way.carry(np.zeros_like(HERE), EVERYWHERE) is None


def test_a_region_at_the_border_is_carried() -> None:
    here, there = pocket(125, 4), pocket(129, 4)
    way = passage(retina(here), retina(there, 4, seed=1), 4)
    assert dice(way.carry(here, EVERYWHERE), there) > 0.85
