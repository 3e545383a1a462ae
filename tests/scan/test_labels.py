"""Names, order and colours."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from mirage_core.io.native_layout import scheme_from_json, scheme_to_json
from mirage_core.scan import FLUID_SCHEME, SURFACE_KINDS, LabelScheme, MaskClass, surface_kind


def test_the_standard_surfaces_stand_in_the_order_of_the_retina() -> None:
    names = [k.name for k in SURFACE_KINDS]
    assert names[0] == "ILM"
    assert names[-3:] == ["RPE", "BM", "CSI"]
    assert names.index("ELM") < names.index("EZ") < names.index("OS/RPE") < names.index("RPE")
    assert len(set(names)) == len(names)


def test_no_two_surfaces_or_classes_share_a_colour() -> None:
    assert len({k.color for k in SURFACE_KINDS}) == len(SURFACE_KINDS)
    assert len({c.color for c in FLUID_SCHEME}) == len(FLUID_SCHEME)


PINK = (225, 95, 225)
# Linear RGB as it is seen without one of the cones (Machado et al., IEEE TVCG 2009, severity 1).
SIGHTS = {
    "usual": np.eye(3),
    "protan": np.array(
        [[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.0520]]
    ),
    "deutan": np.array(
        [[0.3673, 0.8606, -0.2280], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9689]]
    ),
}


def lab(color: tuple[int, int, int], sight: str) -> npt.NDArray[np.float64]:
    """Return a colour in CIE Lab (D65), as an eye with that `sight` sees it."""
    v = np.array(color) / 255
    linear = np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)
    seen = np.clip(SIGHTS[sight] @ linear, 0, 1)
    to_xyz = np.array(
        [[0.4125, 0.3576, 0.1804], [0.2127, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]]
    )
    t = to_xyz @ seen / to_xyz.sum(axis=1)
    f = np.where(t > 216 / 24389, np.cbrt(t), (24389 / 27 * t + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("sight", SIGHTS)
def test_subretinal_material_is_told_from_each_surface_and_class_by_its_colour(sight: str) -> None:
    material = lab(FLUID_SCHEME.by_name("SHRM").color, sight)
    others = [*SURFACE_KINDS, *(c for c in FLUID_SCHEME if c.name != "SHRM")]
    apart = {o.name: float(np.linalg.norm(material - lab(o.color, sight))) for o in others}
    assert min(apart.values()) > 40, min(apart, key=lambda name: apart[name])


def test_work_of_before_is_shown_in_the_colours_of_today() -> None:
    stored = scheme_to_json(FLUID_SCHEME).replace("[110, 30, 255]", "[225, 95, 225]")
    assert stored != scheme_to_json(FLUID_SCHEME)
    assert scheme_from_json(stored) == FLUID_SCHEME
    own = LabelScheme("own", (MaskClass(4, "SHRM", "", (1, 2, 3)), MaskClass(5, "HRF", "", PINK)))
    assert scheme_from_json(scheme_to_json(own)) == own, "chosen colours stay"


def test_an_unknown_surface_gets_a_kind_that_stays_the_same() -> None:
    kind = surface_kind("PR1")
    assert (kind.name, kind.title) == ("PR1", "PR1")
    assert surface_kind("PR1") == kind
    assert surface_kind("RPE").title == "Retinal pigment epithelium"


def test_fluid_values_1_to_3_are_those_of_retouch() -> None:
    assert [FLUID_SCHEME.by_value(v).name for v in (1, 2, 3)] == ["IRF", "SRF", "PED"]
    assert FLUID_SCHEME.by_name("PED").value == 3
    for missing in (lambda: FLUID_SCHEME.by_value(99), lambda: FLUID_SCHEME.by_name("no")):
        with pytest.raises(KeyError):
            missing()


@pytest.mark.parametrize("values", [(1, 1), (0,), (256,)])
def test_class_values_are_distinct_and_leave_0_to_the_background(values: tuple[int, ...]) -> None:
    classes = tuple(MaskClass(v, f"c{i}", "", (0, 0, 0)) for i, v in enumerate(values))
    with pytest.raises(ValueError, match="distinct and between 1 and 255"):
        LabelScheme("test", classes)
