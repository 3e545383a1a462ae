"""Masks: uint8 labels beside the surfaces."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.scan import FLUID_SCHEME, LabelScheme, MaskClass, Masks, renumbering


def test_empty_masks_are_background_in_the_fluid_scheme() -> None:
    masks = Masks.empty((2, 4, 5))
    assert masks.labels.shape == (2, 4, 5)
    assert not masks.labels.any()
    assert masks.scheme is FLUID_SCHEME


@pytest.mark.parametrize("labels", [np.zeros((4, 5), np.uint8), np.zeros((2, 4, 5), np.int32)])
def test_other_shapes_and_types_are_refused(labels: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"uint8 \[b, z, x\]"):
        Masks(labels)


def test_a_copy_shares_nothing() -> None:
    masks = Masks.empty((1, 2, 2))
    masks.copy().labels[...] = 1
    assert not masks.labels.any()


def test_classes_are_found_in_another_scheme_by_name() -> None:
    other = LabelScheme(
        "other", (MaskClass(9, "IRF", "", (0, 0, 0)), MaskClass(1, "CYST", "", (0, 0, 0)))
    )
    there, back = renumbering(FLUID_SCHEME, other), renumbering(other, FLUID_SCHEME)
    assert (there[0], there[1], there[2], there[9]) == (0, 9, -1, -1)
    assert (back[0], back[9], back[1], back[2]) == (0, 1, -1, -1)
    values = [0, *(c.value for c in FLUID_SCHEME)]
    assert renumbering(FLUID_SCHEME, FLUID_SCHEME)[values].tolist() == values
