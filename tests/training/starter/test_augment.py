"""Augmentation: what is known moves with the image."""

from __future__ import annotations

import numpy as np
import torch

from mirage_core.training.starter.augment import Batch, augmented
from mirage_core.training.starter.samples import LESIONS, SIDE, SURFACES, sample


def batch(n: int = 24) -> Batch:
    """A step from dark to bright along a slope, a lesion under it, every surface on the step."""
    x = np.arange(SIDE)
    edge = 200 + 0.1 * x
    rows = np.arange(SIDE)[:, None]
    image = np.where(rows >= edge, 0.8, 0.2).astype(np.float32)
    lesion = (rows >= edge) & (rows < edge + 40) & (x > 100) & (x < 300)
    curves = np.repeat(edge[None].astype(np.float32), len(SURFACES), axis=0)
    return Batch(
        torch.from_numpy(np.repeat(image[None, None], n, axis=0)),
        torch.from_numpy(np.repeat(curves[None], n, axis=0)),
        torch.from_numpy(np.repeat(lesion[None].astype(np.int64), n, axis=0)),
        torch.ones(n, 1 + len(LESIONS), dtype=torch.bool),
    )


def test_surfaces_stay_on_their_edge() -> None:
    moved = augmented(batch(), torch.Generator().manual_seed(0))
    rises = []
    for image, curves in zip(moved.images[:, 0].numpy(), moved.surfaces[:, 0].numpy(), strict=True):
        z = np.rint(curves)
        x = np.flatnonzero(np.isfinite(z) & (z > 12) & (z < SIDE - 12))
        if x.size < 60:
            continue
        z = z[x].astype(int)
        over, under = image[z - 6, x].mean(), image[z + 6, x].mean()
        rises.append((under - over) / max(image[:, x].std(), 1e-3))
    assert len(rises) > 15
    assert min(rises) > 0.5


def test_lesions_stay_under_their_edge() -> None:
    moved = augmented(batch(), torch.Generator().manual_seed(1))
    rows = np.arange(SIDE)[:, None]
    for labels, curves in zip(moved.lesions.numpy(), moved.surfaces[:, 0].numpy(), strict=True):
        here = labels > 0
        if here.any():
            assert (here <= (rows >= np.nan_to_num(curves, nan=0) - 2)).all()


def test_images_stay_between_black_and_white() -> None:
    images = augmented(batch(), torch.Generator().manual_seed(2)).images
    assert images.min() >= 0
    assert images.max() <= 1
    assert torch.isfinite(images).all()


def test_a_seed_decides_everything() -> None:
    first, second = (augmented(batch(4), torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first.images, second.images)
    assert torch.equal(first.lesions, second.lesions)


def test_a_b_scan_comes_to_the_square_with_its_truth() -> None:
    image = np.full((128, 96), 30, np.uint8)
    image[64:] = 180
    curves = np.full((len(SURFACES), 96), 64.0, np.float32)
    labels = np.zeros((128, 96), np.uint8)
    labels[70:80] = 2
    square, surfaces, lesions, known = sample(image, curves, labels, ("SRF",))
    assert square.shape == (SIDE, SIDE)
    np.testing.assert_allclose(surfaces, 256.0)
    assert square[240].max() < 10
    assert square[272].min() > 245
    assert (np.flatnonzero(lesions[:, 5]) == np.arange(280, 320)).all()
    assert lesions.max() == 1 + LESIONS.index("SRF")
    assert known.tolist() == [True, False, True, False, False, False]
