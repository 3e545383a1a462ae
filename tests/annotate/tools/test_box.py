"""Box: around a pocket or within it, its edge is found; where there is none, nothing is marked."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.annotate import ToolRunner
from mirage_core.annotate.draft import BScanDraft
from mirage_core.annotate.tools import BoxTool, Point, Step, ToolOptions
from tests.annotate.eyes import draft, flat, session

HEIGHT, WIDTH = 160, 200
Z, X = np.mgrid[:HEIGHT, :WIDTH]
POCKET = ((Z - 80) / 14) ** 2 + ((X - 100) / 30) ** 2 <= 1
SRF = ToolOptions(mask_class=2)
CLASSES = {1: "IRF", 2: "SRF", 4: "SHRM"}
Corners = tuple[tuple[float, float], tuple[float, float]]
AROUND: Corners = ((60, 62), (100, 139))


@pytest.fixture
def retina() -> np.ndarray:
    """Return dark vitreous over brighter tissue that holds a dark pocket, with speckle."""
    image = np.where(Z < 40, 30.0, 130.0)
    image[POCKET] = 40
    noise = np.random.default_rng(2).normal(0, 14, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def boxed(one: BScanDraft, corners: Corners, options: ToolOptions = SRF) -> Step:
    tool = BoxTool()
    assert tool.press(one, Point(*corners[0]), options) == Step()
    tool.move(one, Point(70, 70), options)
    assert not (one.mask != one.base_mask).any()
    return tool.release(one, Point(*corners[1]), options)


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b))


def layered(slope: float) -> np.ndarray:
    """Return tissue in which a dark layer, 24 px thick, goes from side to side, with speckle."""
    depth = Z - slope * (X - 100)
    image = np.where((depth > 74) & (depth < 98), 80.0, 140.0)
    noise = np.random.default_rng(3).normal(0, 14, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "corners", [AROUND, AROUND[::-1], ((100, 62), (60, 139))], ids=["down", "up", "sideways"]
)
def test_a_box_around_a_pocket_marks_the_pocket(retina: np.ndarray, corners: Corners) -> None:
    one = draft(image=retina)
    step = boxed(one, corners)
    assert step.done
    assert not step.note
    assert dice(one.mask == 2, POCKET) > 0.93


def test_a_pocket_that_fills_little_of_its_box_is_found(retina: np.ndarray) -> None:
    one = draft(image=retina)
    boxed(one, ((45, 30), (140, 190)))
    assert dice(one.mask == 2, POCKET) > 0.93


def test_a_box_within_a_pocket_means_all_of_it(retina: np.ndarray) -> None:
    one = draft(image=retina)
    boxed(one, ((74, 88), (86, 114)))
    assert dice(one.mask == 2, POCKET) > 0.93


def test_two_cysts_in_a_box_are_both_marked(retina: np.ndarray) -> None:
    other = ((Z - 125) / 10) ** 2 + ((X - 60) / 14) ** 2 <= 1
    third = ((Z - 125) / 10) ** 2 + ((X - 110) / 14) ** 2 <= 1
    retina[other | third] = retina[80, 90:110].mean()
    one = draft(image=retina)
    boxed(one, ((108, 40), (142, 130)))
    assert dice(one.mask == 2, other | third) > 0.9


def test_what_stands_out_as_bright_is_found_for_a_class_that_is_bright(
    retina: np.ndarray,
) -> None:
    one = draft(image=255 - retina)
    one.classes = CLASSES
    boxed(one, AROUND, ToolOptions(mask_class=4))
    assert dice(one.mask == 4, POCKET) > 0.93


def test_tissue_without_a_pocket_is_left_alone_and_it_is_said() -> None:
    noise = np.random.default_rng(5).normal(120, 14, (HEIGHT, WIDTH))
    one = draft(image=np.clip(noise, 0, 255).astype(np.uint8))
    step = boxed(one, AROUND)
    assert step.done
    assert "Nothing in the box" in step.note
    assert not one.mask.any()


@pytest.mark.parametrize("slope", [0.0, 0.15, -0.3], ids=["level", "rising", "falling"])
@pytest.mark.parametrize(
    "corners", [((70, 70), (105, 130)), ((82, 70), (105, 130))], ids=["over it", "over its half"]
)
def test_a_dark_layer_is_no_pocket_and_it_is_said(slope: float, corners: Corners) -> None:
    one = draft(image=layered(slope))
    step = boxed(one, corners)
    assert not one.mask.any()
    assert step.note == "Nothing in the box is clearly darker than all around it."


def test_a_pocket_in_a_dark_layer_is_found_without_the_layer() -> None:
    cyst = ((Z - 86) / 8) ** 2 + ((X - 100) / 12) ** 2 <= 1
    image = layered(0.0)
    image[cyst] = np.clip(image[cyst].astype(np.int16) - 60, 0, 255).astype(np.uint8)
    one = draft(image=image)
    boxed(one, ((75, 84), (97, 116)))
    assert dice(one.mask == 2, cyst) > 0.85


def test_the_surfaces_between_which_a_class_belongs_bound_it(retina: np.ndarray) -> None:
    retina[:, 90:110] = 40  # the pocket is open upwards and downwards
    one = draft(flat({"OPL/ONL": 66, "RPE": 94}, WIDTH), retina)
    one.classes = CLASSES
    boxed(one, ((45, 62), (115, 139)))
    assert (one.mask == 2).any()
    assert not one.mask[:64].any()
    assert not one.mask[96:].any()


def test_a_box_where_the_class_cannot_be_says_where_it_can(retina: np.ndarray) -> None:
    one = draft(flat({"OPL/ONL": 110, "RPE": 130}, WIDTH), retina)
    one.classes = CLASSES
    step = boxed(one, AROUND)
    assert step.note == "SRF belongs between OPL/ONL and RPE, and nothing of this lies there."
    assert not one.mask.any()


def test_marks_of_other_classes_stay(retina: np.ndarray) -> None:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[:, 105:] = 5
    one = draft(image=retina, mask=mask)
    boxed(one, AROUND)
    assert (one.mask == 2).any()
    np.testing.assert_array_equal(one.mask == 5, mask == 5)


@pytest.mark.parametrize(
    ("corners", "value"),
    [(((80, 90), (81, 140)), 2), (((-30, 90), (-5, 140)), 2), (AROUND, 0)],
    ids=["flat", "off the image", "no class"],
)
def test_what_is_no_box_marks_nothing(retina: np.ndarray, corners: Corners, value: int) -> None:
    one = draft(image=retina)
    assert boxed(one, corners, ToolOptions(mask_class=value)).done
    assert not one.mask.any()


def test_the_box_is_shown_while_it_is_dragged(retina: np.ndarray) -> None:
    one, tool = draft(image=retina), BoxTool()
    tool.press(one, Point(60, 62), SRF)
    tool.move(one, Point(100, 139), SRF)
    (guide,) = tool.guides()
    assert guide.kind == "line"
    assert guide.points.min(axis=0).tolist() == [60, 62]
    assert guide.points.max(axis=0).tolist() == [100, 139]
    tool.cancel()
    assert tool.guides() == ()


def test_what_the_tool_could_not_do_reaches_the_grader_until_the_next_press() -> None:
    runner = ToolRunner(session())
    said: list[str] = []
    runner.noted.connect(said.append)
    runner.take(BoxTool())
    runner.press(Point(2, 2))
    runner.release(Point(3, 50))
    assert said[-1] == "The box is too small to hold a pocket."
    runner.press(Point(2, 2))
    assert said[-1] == ""
