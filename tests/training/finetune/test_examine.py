"""What changed though nobody corrected it is said, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mirage_core.model.spec import Normalisation
from mirage_core.training.finetune.examine import Examiner
from mirage_core.training.finetune.labelled import SURFACE_NAMES, TeachingData, empty_surfaces
from mirage_core.training.finetune.predict import Found
from mirage_core.training.finetune.syllabus import Syllabus
from tests.training.finetune.lessons import FLUID, PARTED, SURFACES, b_scan, parted_spec

WIDTH = 40


def found(n_fluid: int, bm: float = 30.0) -> Found:
    curves = empty_surfaces(WIDTH)
    curves[SURFACE_NAMES.index("BM")] = bm
    masks = np.zeros((60, WIDTH), np.uint8)
    masks.flat[:n_fluid] = FLUID
    return Found(curves, masks)


def notes(
    before: Found,
    after: Found,
    *,
    surfaces: tuple[str, ...] = ("ILM",),
    lesions: tuple[str, ...] = (),
    keeps_head: bool = True,
) -> list[str]:
    plan = Syllabus(
        parted_spec(), PARTED, Normalisation.SEGMENTATION, keeps_head, False, surfaces, lesions
    )
    data = TeachingData((b_scan(0),))
    return Examiner.of(data, plan, {0: before}, torch.device("cpu")).moved({0: after})


def test_a_lesion_that_is_marked_less_though_none_was_shown_is_said() -> None:
    (said,) = notes(found(1000), found(400))
    assert said.startswith("It was taught with no B-scan on which IRF is marked")
    assert "it marks 60 % less of it" in said


def test_one_that_is_marked_more_or_anew_is_said_too() -> None:
    assert "50 % more of it" in notes(found(1000), found(1500))[0]
    assert "2.5 times as much on" in notes(found(800), found(2000))[0]
    assert "some where its parent marked next to none" in notes(found(2), found(500))[0]


@pytest.mark.parametrize(
    ("before", "after", "lesions"),
    [(1000, 800, ()), (100, 0, ()), (1000, 0, ("IRF",))],
    ids=["little changed", "little there", "it was taught"],
)
def test_what_is_not_worth_saying_is_not_said(
    before: int, after: int, lesions: tuple[str, ...]
) -> None:
    assert notes(found(before), found(after), lesions=lesions) == []


def test_a_surface_that_moved_is_said_unless_it_was_taught() -> None:
    assert "BM was not corrected, and yet it moved by 4.0 px" in notes(found(0), found(0, 34.0))[0]
    assert notes(found(0), found(0, 34.0), surfaces=SURFACES) == []


def test_of_a_new_head_nothing_is_said() -> None:
    assert notes(found(1000), found(0, 50.0), keeps_head=False) == []
