"""What the status bar says about a point."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.annotate import Annotation
from mirage_core.scan import Spacing
from mirage_viewer.readout import position_px, position_um, structure_at


@pytest.fixture
def annotation() -> Annotation:
    made = Annotation.empty((2, 50, 20))
    made.surfaces["ILM"][0] = 10
    made.surfaces["RPE"][0] = 30.4
    made.surfaces["BM"][0] = 33
    made.surfaces["RPE"][0, 7] = np.nan
    made.masks.labels[0, 20:22, 5] = 2
    return made


@pytest.mark.parametrize(
    ("z", "x", "words"),
    [
        (9, 3, "above ILM"),
        (10, 3, "ILM – RPE"),
        (29, 3, "ILM – RPE"),
        (30, 3, "RPE – BM"),
        (33, 3, "below BM"),
        (21, 5, "Subretinal fluid"),
        (31, 7, "ILM – BM"),
        (60, 3, ""),
        (5, -1, ""),
    ],
)
def test_a_point_lies_between_two_surfaces_or_in_fluid(
    annotation: Annotation, z: float, x: float, words: str
) -> None:
    assert structure_at(annotation, 0, z, x) == words


def test_nothing_is_said_where_nothing_is_known(annotation: Annotation) -> None:
    assert structure_at(annotation, 1, 20, 3) == ""


def test_people_count_b_scans_from_one() -> None:
    assert position_px(0, 12.4, 7.6) == "B-scan 1   x 8  z 12 px"


def test_a_length_needs_its_scale() -> None:
    assert position_um(100, 50, Spacing.from_mm(None, 0.004, 0.012)) == "x 600  z 400 µm"
    assert position_um(100, 50, Spacing.from_mm(None, 0.004, None)) == "x ?  z 400 µm"
