"""A second annotation over the first: its curves, and the areas between where they differ."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPointF, QRectF
from qtpy.QtGui import QColor, QImage, QPainter
from qtpy.QtWidgets import QGraphicsScene

from mirage_core.scan import FLUID_SCHEME
from mirage_viewer.canvas.comparison_layer import ComparisonLayer, difference_path
from mirage_viewer.two_answers import TwoAnswers

SIZE = (40, 60)


@pytest.fixture
def scene(qtbot: Any) -> QGraphicsScene:
    made = QGraphicsScene()
    made.setSceneRect(0, 0, SIZE[1], SIZE[0])
    return made


def compared(first_too: bool = False) -> TwoAnswers:
    one = np.full((2, SIZE[1]), 10, np.float32)
    other = one.copy()
    other[0, 20:30] = 16
    one[1], other[1] = 30, np.nan
    masks = np.zeros(SIZE, bool)
    masks[34:38, 5:9] = True
    differs = np.abs(one - other) > 2
    mask = np.full(SIZE, 1, np.uint8) if first_too else None
    return TwoAnswers(one, other, differs, np.full(one.shape, first_too), differs, masks, mask)


def painted(scene: QGraphicsScene) -> np.ndarray:
    """Return the scene as RGB ``[z, x, 3]``, one pixel each."""
    image = QImage(SIZE[1], SIZE[0], QImage.Format_RGB32)
    image.fill(QColor(0, 0, 0))
    painter = QPainter(image)
    scene.render(painter, QRectF(image.rect()), scene.sceneRect())
    painter.end()
    values = np.frombuffer(image.constBits(), np.uint8).reshape(*SIZE, 4)
    return values[..., 2::-1].copy()


def test_the_area_between_the_curves_is_shaded_where_they_differ() -> None:
    path = difference_path(compared())
    assert path.contains(QPointF(25, 13))
    assert not path.contains(QPointF(15, 13))
    assert not path.contains(QPointF(25, 18))
    assert path.boundingRect() == QRectF(20, 10.5, 10, 6)


def test_a_single_column_has_the_width_of_a_pixel() -> None:
    differs = np.zeros((1, 9), bool)
    differs[0, 4] = True
    curves = np.zeros((1, 9), np.float32)
    path = difference_path(
        TwoAnswers(curves, curves + 5, differs, differs, differs, np.zeros((9, 9), bool), None)
    )
    assert path.boundingRect().width() == 1


def test_a_comparison_is_seen_and_goes_again(scene: QGraphicsScene) -> None:
    layer = ComparisonLayer(scene)
    before = painted(scene)
    layer.show(compared())
    shown = painted(scene)
    assert shown[13, 25].any()
    assert shown[34:38, 5:9].any()
    assert not shown[13, 40].any()
    assert not shown[10, 40].any()
    assert not shown[30].any()
    layer.show(None)
    np.testing.assert_array_equal(painted(scene), before)


def test_the_first_is_drawn_too_where_neither_is_the_one_shown(scene: QGraphicsScene) -> None:
    layer = ComparisonLayer(scene)
    layer.set_scheme(FLUID_SCHEME)
    layer.show(compared(first_too=True))
    assert painted(scene)[30].any()
    assert layer.mask.isVisible()
    assert painted(scene)[3, 3].any()
    layer.show(compared())
    assert not painted(scene)[30].any()
    assert not layer.mask.isVisible()
