"""Before and after: figures that pool, intervals that hold, and a verdict that is not rash."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from mirage_core.io.label_info import LabelInfo
from mirage_core.training.finetune.gain import Gain, HeldOut, gain
from mirage_core.training.finetune.labelled import SURFACE_NAMES, LabelledBScan
from mirage_core.training.finetune.predict import Found
from mirage_core.training.finetune.scores import Structure, Sums, score, structures, sums
from tests.training.finetune.lessons import FLUID, HEIGHT, WIDTH, b_scan

RPE = Structure("surface", "RPE")
ROW = SURFACE_NAMES.index("RPE")


def told(truth: LabelledBScan, away: float = 0.0) -> Found:
    """Return the truth, every surface `away` px deeper."""
    assert truth.masks is not None
    return Found(truth.surfaces + np.float32(away), truth.masks)


def surface(error: float, n: float = 100, asked: float = 100) -> Sums:
    return Sums(error * n, error * n, n * (error <= 1.5), n, asked)


def held_out(
    before: list[float], after: list[float], patients: str = "", asked: float = 100
) -> list[HeldOut]:
    names = patients or "A" * len(before)
    return [
        HeldOut(p, 4.0, (surface(old),), (surface(new, asked=asked),))
        for p, old, new in zip(names, before, after, strict=True)
    ]


def judged(*args: object, **kwargs: object) -> Gain:
    found = gain((RPE,), held_out(*args, **kwargs))
    assert found is not None
    return found


def test_a_surface_is_scored_over_the_a_scans_both_know() -> None:
    truth = b_scan(0)
    truth.surfaces[ROW, :10] = np.nan
    found = told(truth, -2.0)
    found.curves[ROW, 10:15] = np.nan
    scored = sums(RPE, found, truth)
    assert scored.below == WIDTH - 15
    assert scored.asked == WIDTH - 10
    assert scored.above / scored.below == pytest.approx(2.0, abs=1e-4)
    assert scored.signed / scored.below == pytest.approx(-2.0, abs=1e-4)
    assert scored.near == 0


def test_a_region_between_two_surfaces_is_scored_by_its_overlap() -> None:
    region = Structure("region", "RPE to BM")
    scored = sums(region, told(b_scan(0), 2.0), b_scan(0))
    assert scored.above / scored.below == pytest.approx(0.8, abs=1e-4)  # 8 of 10 px


def test_lesions_are_scored_where_they_were_looked_for() -> None:
    fluid, truth = Structure("lesion", "IRF"), b_scan(0, fluid=True)
    assert sums(fluid, told(truth), truth).above > 0
    unasked = b_scan(0, fluid=True, masks=False)
    assert sums(fluid, told(truth), unasked) == Sums()


def test_invalid_pixels_are_not_scored() -> None:
    info = LabelInfo(("Invalid", "A", "B"), (0, 1, 2))
    truth = b_scan(0)
    classes = np.ones((HEIGHT, WIDTH), np.uint8)
    classes[:40] = 0
    truth = LabelledBScan(truth.image, truth.surfaces, classes=classes)
    found = Found(truth.surfaces, np.zeros_like(classes), np.ones_like(classes))
    what = structures((), (), info)
    assert [s.name for s in what] == ["A", "B"]
    assert sums(what[0], found, truth, info).above == 2 * 40 * WIDTH
    assert sums(what[1], found, truth, info) == Sums()


def test_the_score_is_the_share_within_reach_and_the_dice() -> None:
    what = (RPE, Structure("region", "RPE to BM"), Structure("lesion", "IRF"))
    totals = np.array([surface(1.0), Sums(0, 0, 0, 9), Sums(6, 0, 0, 10)])
    assert score(what, totals) == pytest.approx((1 + 0.6) / 2)
    assert math.isnan(score(what, np.zeros((3, 5))))


def test_figures_pool_over_b_scans_and_come_in_px_and_um() -> None:
    found = judged([2, 4], [1, 2])
    (rpe,) = found.structures
    assert (rpe.before.value, rpe.after.value) == (3, 1.5)
    assert (rpe.before_um, rpe.after_um) == (12, 6)
    assert rpe.after_bias_px == 1.5
    assert found.ratio.value == 0.5


def test_um_are_not_told_where_a_scale_is_unknown() -> None:
    pair = held_out([2, 4], [1, 2])
    found = gain((RPE,), [pair[0], HeldOut("A", None, pair[1].before, pair[1].after)])
    assert found is not None
    assert found.structures[0].after_um is None
    assert found.structures[0].after.value == 1.5


def test_a_clear_gain_is_suggested() -> None:
    found = judged([2, 3, 2, 4], [1, 2, 1, 2])
    assert found.beats_parent
    assert "smaller" in found.sentence
    assert found.ratio.low is not None
    assert found.ratio.low <= (found.ratio.value or 0) <= (found.ratio.high or 0) < 1


def test_a_gain_that_may_be_chance_is_not() -> None:
    found = judged([2, 2, 2, 2], [0.2, 2.2, 2.2, 2.2])
    assert found.ratio.value is not None
    assert found.ratio.value < 1
    assert not found.beats_parent
    assert "chance" in found.sentence


@pytest.mark.parametrize("after", [[2.0, 2.0], [2.5, 2.6], [1.999, 1.999]])
def test_what_is_no_better_says_so(after: list[float]) -> None:
    found = judged([2.0, 2.0], after)
    assert not found.beats_parent
    assert "no better" in found.sentence


def test_a_surface_found_in_fewer_places_is_no_gain() -> None:
    found = judged([2, 3, 2], [1, 1, 1], asked=130)
    assert found.beats_parent is False
    assert "fewer places" in found.sentence


def test_several_patients_are_drawn_whole() -> None:
    before, after = [2.0] * 9, [1.0] * 3 + [1.9] * 6
    alone, grouped = judged(before, after), judged(before, after, "AAABBBCCC")
    assert grouped.n_patients == 3

    def width(found: Gain) -> float:
        return (found.ratio.high or 0) - (found.ratio.low or 0)

    assert width(grouped) > width(alone)


def test_without_a_parent_there_is_nothing_to_compare() -> None:
    found = gain((RPE,), [HeldOut("A", 4.0, None, (surface(1.0),))])
    assert found is not None
    assert found.beats_parent is None
    assert found.structures[0].before.value is None
    assert "nothing to compare" in found.sentence
    json.dumps(found.as_fields(), allow_nan=False)


def test_without_held_out_b_scans_there_is_no_gain() -> None:
    assert gain((RPE,), []) is None


def test_fluid_values_are_those_of_the_scheme() -> None:
    assert FLUID == 1
