"""Scribble: strokes refine a mask by what the image shows, and all of them are one step."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.annotate import ToolRunner
from mirage_core.annotate.draft import BScanDraft
from mirage_core.annotate.tools import Point, ScribbleTool, Step, ToolOptions
from tests.annotate.eyes import draft, flat, session

HEIGHT, WIDTH = 160, 220
Z, X = np.mgrid[:HEIGHT, :WIDTH]
POCKET = ((Z - 80) / 16) ** 2 + ((X - 100) / 34) ** 2 <= 1
SRF = ToolOptions(mask_class=2)
NOT = ToolOptions(mask_class=2, against=True)
MIDDLE = [(80.0, 80.0), (80.0, 120.0)]


@pytest.fixture
def retina() -> np.ndarray:
    """Return tissue with a dark pocket that is open to a dark shadow on its right."""
    image = np.full((HEIGHT, WIDTH), 125.0)
    image[POCKET] = 40
    image[74:86, 130:190] = 48
    noise = np.random.default_rng(3).normal(0, 14, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def stroke(
    tool: ScribbleTool, one: BScanDraft, way: list[tuple[float, float]], options: ToolOptions
) -> Step:
    tool.press(one, Point(*way[0]), options)
    for at in way[1:]:
        tool.move(one, Point(*at), options)
    return tool.release(one, Point(*way[-1]), options)


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b))


def test_a_stroke_in_an_unmarked_pocket_marks_it_to_its_edge(retina: np.ndarray) -> None:
    retina[:, 134:] = 125
    one, tool = draft(image=retina), ScribbleTool()
    step = stroke(tool, one, MIDDLE, SRF)
    assert not step.done
    assert dice(one.mask == 2, POCKET) > 0.9


def test_a_stroke_against_takes_a_leak_back_and_leaves_the_pocket(retina: np.ndarray) -> None:
    leaked = POCKET | ((Z >= 74) & (Z < 86) & (X >= 130) & (X < 175))
    one, tool = draft(image=retina, mask=leaked.astype(np.uint8) * 2), ScribbleTool()
    before = dice(one.mask == 2, POCKET)
    stroke(tool, one, [(80, 142), (80, 172)], NOT)
    assert dice(one.mask == 2, POCKET) > max(0.93, before)
    assert not one.mask[:, 142:].any()


def test_a_stroke_for_it_completes_what_is_missing(retina: np.ndarray) -> None:
    retina[:, 134:] = 125
    half = POCKET & (X < 95)
    one, tool = draft(image=retina, mask=half.astype(np.uint8) * 2), ScribbleTool()
    stroke(tool, one, [(80, 100), (80, 124)], SRF)
    assert dice(one.mask == 2, POCKET) > 0.93


def test_what_is_stroked_is_done_whatever_the_image_shows() -> None:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[50:150, 60:100] = 2
    one, tool = draft(image=np.full(mask.shape, 90, np.uint8), mask=mask), ScribbleTool()
    stroke(tool, one, [(60, 100), (60, 120)], SRF)
    stroke(tool, one, [(55, 65), (55, 80)], NOT)
    assert (one.mask[60, 100:121] == 2).all()
    assert not one.mask[55, 65:81].any()
    np.testing.assert_array_equal(one.mask[105:], mask[105:])


def test_a_later_stroke_overrules_an_earlier_one(retina: np.ndarray) -> None:
    one, tool = draft(image=retina), ScribbleTool()
    stroke(tool, one, MIDDLE, SRF)
    stroke(tool, one, MIDDLE, NOT)
    assert not one.mask[80, 80:121].any()


def test_pieces_of_the_class_that_no_stroke_is_near_stay(retina: np.ndarray) -> None:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[20:24, 20:24] = 2
    mask[140:150, 200:210] = 2
    one, tool = draft(image=retina, mask=mask), ScribbleTool()
    stroke(tool, one, MIDDLE, SRF)
    np.testing.assert_array_equal(one.mask[mask > 0], 2)


def test_other_classes_stay_but_for_a_piece_that_a_stroke_crosses(retina: np.ndarray) -> None:
    mask = np.where(POCKET & (X > 110), 1, 0).astype(np.uint8)
    mask[20:30, 20:30] = 1
    left = [(80.0, 75.0), (80.0, 95.0)]
    one, tool = draft(image=retina, mask=mask), ScribbleTool()
    stroke(tool, one, left, SRF)
    np.testing.assert_array_equal(one.mask == 1, mask == 1)
    stroke(tool, one, [(80, 100), (80, 125)], SRF)
    assert (one.mask[76:84, 112:124] == 2).all()
    assert (one.mask[20:30, 20:30] == 1).all()


def test_the_surfaces_bound_it_and_a_stroke_outside_is_explained(retina: np.ndarray) -> None:
    one, tool = draft(flat({"OPL/ONL": 70, "RPE": 90}, WIDTH), retina), ScribbleTool()
    one.classes = {2: "SRF"}
    assert "SRF belongs between" in stroke(tool, one, [(30, 80), (30, 120)], SRF).note
    assert not one.mask.any()
    assert not stroke(tool, one, MIDDLE, SRF).note
    assert (one.mask == 2).any()
    assert not one.mask[:68].any()
    assert not one.mask[92:].any()


def test_all_strokes_are_one_step_and_escape_drops_them() -> None:
    runner = ToolRunner(session())
    runner.options = ToolOptions(mask_class=1)
    runner.take(ScribbleTool())
    before = runner.session.annotation.masks.labels.copy()
    for way, against in (((25, 30), False), ((22, 12), True)):
        runner.press(Point(way[0], way[1]), against)
        runner.move(Point(way[0], way[1] + 6))
        runner.release(Point(way[0], way[1] + 6))
    assert runner.busy
    assert [guide.kind for guide in runner.guides()] == ["with", "against"]
    runner.cancel()
    np.testing.assert_array_equal(runner.session.annotation.masks.labels, before)
    runner.press(Point(22, 12), True)
    runner.release(Point(22, 18))
    runner.press(Point(28, 18), True)
    runner.release(Point(28, 20))
    runner.finish()
    labels = runner.session.annotation.masks.labels[0]
    assert labels[22, 15] == labels[28, 19] == 0
    assert [e.label for e in runner.session.history.done] == ["Scribble on IRF, B-scan 1"]
    runner.session.undo()
    np.testing.assert_array_equal(runner.session.annotation.masks.labels, before)


def test_a_locked_class_is_not_taken_even_where_a_stroke_crosses_it(retina: np.ndarray) -> None:
    mask = np.where(POCKET & (X > 110), 1, 0).astype(np.uint8)
    one, tool = draft(image=retina, mask=mask), ScribbleTool()
    locked = ToolOptions(mask_class=2, locked=frozenset({1}))
    stroke(tool, one, [(80, 80), (80, 125)], locked)
    np.testing.assert_array_equal(one.mask == 1, mask == 1)


def test_class_0_scribbles_nothing(retina: np.ndarray) -> None:
    one, tool = draft(image=retina), ScribbleTool()
    assert tool.press(one, Point(80, 80), ToolOptions(mask_class=0)).done
    assert not one.mask.any()
