"""Scans as layer data, and the samples; no napari needed."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from mirage_core.scan import ArrayPixels, Scan, Spacing
from napari_mirage import sample
from napari_mirage.layers import scan_layers


def test_scale_is_in_mm_where_it_is_known() -> None:
    pixels = ArrayPixels(np.zeros((2, 8, 8), np.uint8))
    layers = scan_layers(Scan(pixels, Spacing.from_mm(None, 0.004, 0.01)))
    assert layers[0][1]["scale"] == (1.0, 0.004, 0.01)


@cache
def _sample(key: str) -> list[Any]:
    return getattr(sample, key)()


@pytest.mark.parametrize("key", ["simulated_eye", "healthy_eye", "wet_eye"])
def test_a_sample_is_an_eye_that_says_it_is_simulated(key: str) -> None:
    (volume, image, kind), (masks, labels, labels_kind), (_, slo, _) = _sample(key)
    assert (kind, labels_kind) == ("image", "labels")
    assert image["metadata"]["simulated"]
    assert image["metadata"]["mirage"] == {"sample": key}
    assert masks.shape == volume.shape
    assert labels["scale"] == image["scale"]
    assert slo["name"].startswith("SLO")


def test_samples_differ_in_how_much_fluid_there_is() -> None:
    healthy, mild, wet = (
        int((_sample(key)[1][0] > 0).sum()) for key in ("healthy_eye", "simulated_eye", "wet_eye")
    )
    assert healthy == 0
    assert 0 < mild < wet
