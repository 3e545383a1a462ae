"""Where A-scans lie: the file says which way, whoever typed the spacing how far."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.measure.ground import Ground
from mirage_core.measure.layer_rows import unknown_sides
from mirage_core.measure.plane import plane_of
from tests.measure.mapped import annotated, middle, raster, typed


@pytest.mark.parametrize("superior_first", [True, False])
@pytest.mark.parametrize("rotation", [0.0, 0.35, np.pi / 2])
def test_a_typed_spacing_leaves_the_directions_of_the_file(
    rotation: float, superior_first: bool
) -> None:
    scan = raster(n=9, width=33, rotation=rotation, superior_first=superior_first)
    of_file, of_user = plane_of(scan).lines_mm, plane_of(typed(scan)).lines_mm
    # Another origin, and the same way along B-scans and from one to the next.
    np.testing.assert_allclose(of_user - of_user[0, 0], of_file - of_file[0, 0], atol=1e-6)


def test_without_positions_and_order_no_side_is_told() -> None:
    scan = raster(n=9, width=33, positions=False, superior_first=None)
    ground = Ground.of(scan, annotated(scan, lambda _right, _up: 250.0), middle(scan))
    assert set(unknown_sides(ground)) == {"superior", "inferior", "nasal", "temporal"}
