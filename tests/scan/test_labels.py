"""Names, order and colours."""

from __future__ import annotations

import pytest

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
