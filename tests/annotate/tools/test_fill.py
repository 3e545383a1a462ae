"""Fill: pockets, holes and marks, without leaking."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.annotate.tools import FillTool, Point, ToolOptions
from tests.annotate.eyes import NAMES, draft, flat

HEIGHT, WIDTH = 160, 200
Z, X = np.mgrid[:HEIGHT, :WIDTH]
POCKET = ((Z - 80) / 14) ** 2 + ((X - 100) / 30) ** 2 <= 1
FILL = ToolOptions(mask_class=2)


@pytest.fixture
def retina() -> np.ndarray:
    """Return dark vitreous over brighter tissue that holds a dark pocket, with speckle."""
    image = np.where(Z < 50, 30.0, 130.0)
    image[POCKET] = 30
    noise = np.random.default_rng(2).normal(0, 10, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b))


def test_one_click_fills_a_dark_pocket(retina: np.ndarray) -> None:
    one, tool = draft(image=retina), FillTool()
    step = tool.press(one, Point(80, 100), FILL)
    assert not step.done
    assert dice(one.mask == 2, POCKET) > 0.93
    assert tool.release(one, Point(80, 100), FILL).done


def test_one_click_fills_a_bright_spot(retina: np.ndarray) -> None:
    one = draft(image=255 - retina)
    FillTool().press(one, Point(80, 100), FILL)
    assert dice(one.mask == 2, POCKET) > 0.93


def test_speckle_leaves_no_holes(retina: np.ndarray) -> None:
    retina[78:82, 95:99] = 200
    one = draft(image=retina)
    FillTool().press(one, Point(85, 110), FILL)
    assert (one.mask[77:83, 94:100] == 2).all()


def test_dragging_right_takes_in_more_and_left_less_and_back_restores(retina: np.ndarray) -> None:
    one, tool = draft(image=retina), FillTool()
    tool.press(one, Point(80, 100), FILL)
    first = one.mask.copy()
    tool.move(one, Point(80, 100 - 60), FILL)
    less = np.count_nonzero(one.mask)
    tool.move(one, Point(80, 100), FILL)
    np.testing.assert_array_equal(one.mask, first)
    tool.move(one, Point(80, 100 + 60), FILL)
    assert less < np.count_nonzero(first) <= np.count_nonzero(one.mask)


def test_it_stays_between_ilm_and_bm(retina: np.ndarray) -> None:
    retina[:, 95:105] = 30  # the pocket is open towards the vitreous and downwards
    one = draft(flat({"ILM": 50, "BM": 110}, WIDTH), retina)
    FillTool().press(one, Point(80, 100), FILL)
    assert (one.mask == 2).any()
    assert not one.mask[:50].any()
    assert not one.mask[111:].any()
    outside = draft(flat({"ILM": 50, "BM": 110}, WIDTH), retina)
    assert FillTool().press(outside, Point(20, 20), FILL).done
    assert not outside.mask.any()


def test_what_would_leak_over_much_of_the_image_is_not_filled() -> None:
    one, tool = draft(image=np.full((HEIGHT, WIDTH), 90, np.uint8)), FillTool()
    step = tool.press(one, Point(80, 100), FILL)
    assert (step.dirty, step.done) == (None, True)
    assert not one.mask.any()


def test_a_dark_layer_is_no_pocket_and_that_is_said() -> None:
    image = np.where((Z > 70) & (Z < 92), 60.0, 130.0)
    noise = np.random.default_rng(3).normal(0, 10, image.shape)
    one = draft(image=np.clip(image + noise, 0, 255).astype(np.uint8))
    step = FillTool().press(one, Point(81, 100), FILL)
    assert step.done
    assert "No edge holds a region here" in step.note
    assert not one.mask.any()


def test_it_never_paints_over_another_class(retina: np.ndarray) -> None:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[:, 110:] = 5
    one = draft(image=retina, mask=mask)
    FillTool().press(one, Point(80, 90), FILL)
    assert (one.mask == 2).any()
    np.testing.assert_array_equal(one.mask == 5, mask == 5)


def ring() -> np.ndarray:
    distance = np.hypot(Z - 80, X - 100)
    return np.where((distance > 20) & (distance < 24), 2, 0).astype(np.uint8)


def test_a_closed_outline_is_filled_whatever_the_image_shows(retina: np.ndarray) -> None:
    one = draft(image=retina, mask=ring())
    assert FillTool().press(one, Point(80, 100), FILL).done
    assert (one.mask[np.hypot(Z - 80, X - 100) < 24] == 2).all()
    assert not one.mask[np.hypot(Z - 80, X - 100) >= 24].any()


def test_clicking_a_mark_gives_it_the_chosen_class_or_removes_it() -> None:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[20:30, 20:30] = 1
    mask[60:70, 20:30] = 1
    one = draft(mask=mask)
    FillTool().press(one, Point(25, 25), FILL)
    assert (one.mask[20:30, 20:30] == 2).all()
    assert (one.mask[60:70, 20:30] == 1).all()
    FillTool().press(one, Point(65, 25), ToolOptions(mask_class=0))
    assert not one.mask[60:70].any()


def test_class_0_on_empty_ground_and_clicks_outside_do_nothing(retina: np.ndarray) -> None:
    one = draft(image=retina)
    assert FillTool().press(one, Point(80, 100), ToolOptions(mask_class=0)).done
    assert FillTool().press(one, Point(-5, 100), FILL).done
    assert not one.mask.any()


def test_undefined_surfaces_set_no_limit(retina: np.ndarray) -> None:
    curves = np.full((len(NAMES), WIDTH), np.nan, np.float32)
    one = draft(curves, retina)
    FillTool().press(one, Point(80, 100), FILL)
    assert dice(one.mask == 2, POCKET) > 0.93
