"""Spacing: every number says where it came from, and nothing is guessed."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirage_core.scan import AXES, Length, Provenance, Spacing, SpacingUnknownError

lengths_mm = st.none() | st.floats(1e-4, 1.0)


def test_an_unknown_component_refuses_with_a_way_out() -> None:
    spacing = Spacing.from_mm(None, 0.0039, None)
    with pytest.raises(SpacingUnknownError) as caught:
        spacing.require_mm("b", "z", "x")
    assert caught.value.axes == ("b", "x")
    message = str(caught.value)
    assert message.startswith("The gap between B-scans and the lateral scale of this scan")
    assert message.endswith("Enter the spacing to get figures in mm or µm.")
    assert "--" not in message, "a window has no options"


def test_a_refusal_comes_whole_from_another_process() -> None:
    error = pickle.loads(pickle.dumps(SpacingUnknownError(("z",))))
    assert (error.axes, str(error)) == (("z",), str(SpacingUnknownError(("z",))))


def test_what_is_known_is_given_even_while_other_components_are_not() -> None:
    assert Spacing.from_mm(None, 0.0039, None).require_mm("z") == (0.0039,)


@given(lengths_mm, lengths_mm, lengths_mm)
def test_components_are_refused_exactly_when_unknown(
    db: float | None, dz: float | None, dx: float | None
) -> None:
    spacing = Spacing.from_mm(db, dz, dx, Provenance.USER)
    assert spacing.as_mm() == (db, dz, dx)
    unknown = tuple(a for a, v in zip(AXES, (db, dz, dx), strict=True) if v is None)
    assert spacing.unknown_axes() == unknown
    for axis in AXES:
        known = axis not in unknown
        assert spacing[axis].source is (Provenance.USER if known else Provenance.UNKNOWN)
        if known:
            assert spacing.require_mm(axis) == (spacing[axis].mm,)
        else:
            with pytest.raises(SpacingUnknownError):
                spacing.require_mm(axis)


def test_what_the_user_enters_is_flagged_and_the_rest_keeps_its_source() -> None:
    spacing = Spacing.from_mm(0.24, 0.0039, None, Provenance.FILE).with_user(dx=0.0116)
    assert [spacing[a].source for a in AXES] == [
        Provenance.FILE,
        Provenance.FILE,
        Provenance.USER,
    ]
    assert spacing.require_mm(*AXES) == (0.24, 0.0039, 0.0116)


@pytest.mark.parametrize("mm", [0.0, -1.0, float("nan"), float("inf")])
def test_a_spacing_that_cannot_be_is_refused(mm: float) -> None:
    with pytest.raises(ValueError, match="positive number of mm"):
        Length(mm, Provenance.FILE)


def test_a_value_and_its_provenance_go_together() -> None:
    with pytest.raises(ValueError, match="provenance is known"):
        Length(None, Provenance.FILE)
    with pytest.raises(ValueError, match="provenance is known"):
        Length(0.01, Provenance.UNKNOWN)


def test_an_axis_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(KeyError):
        Spacing()["y"]


def test_a_spacing_cannot_be_changed_and_travels_to_a_worker() -> None:
    spacing = Spacing.from_mm(0.24, 0.0039, None)
    with pytest.raises(AttributeError):
        spacing.x = Length(1.0, Provenance.USER)  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(spacing)) == spacing
