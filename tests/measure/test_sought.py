"""None of a class is a figure where it was looked for, and else a dash that says why."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.annotate import Annotation
from mirage_core.measure.measured import Measured
from mirage_core.measure.sought import NOT_SOUGHT, LookedFor, sought_b_scans
from mirage_core.measure.tables import measure_scan
from mirage_core.scan import FLUID_SCHEME, Scan, State
from tests.measure.mapped import annotated, middle, raster, row_of

N = 49
IRF, SRF = (FLUID_SCHEME.by_name(name).value for name in ("IRF", "SRF"))
EVERYWHERE = {"IRF": np.ones(N, bool)}


@pytest.fixture(scope="module")
def scan() -> Scan:
    return raster(N, 128)


def masks_of(scan: Scan, state: State, marked: slice | None = None) -> Annotation:
    """Return level layers, masks in one state, and some IRF on the B-scans `marked`."""
    drawn = annotated(scan, lambda x, _y: 300 + 0 * x)
    drawn.states[-1] = state
    if marked is not None:
        drawn.masks.labels[marked, 20:30, 60:70] = IRF
    return drawn


def volume(
    scan: Scan,
    annotation: Annotation,
    name: str = "SRF",
    region: str = "whole scan",
    looked_for: LookedFor | None = None,
) -> Measured:
    figures = measure_scan(scan, annotation, middle(scan), looked_for=looked_for)
    return row_of(figures, name, region, "volume").measured


def test_none_of_a_class_that_the_model_may_not_know_is_a_dash_with_the_reason(scan: Scan) -> None:
    drawn = masks_of(scan, State.PREDICTED, slice(20, 25))
    for figure, region in (("volume", "whole scan"), ("volume", "1 mm"), ("volume", "6 mm"),
                           ("area", "whole scan"), ("height", "whole scan")):  # fmt: skip
        figures = measure_scan(scan, drawn, middle(scan))
        measured = row_of(figures, "SRF", region, figure).measured
        assert measured.text == "–"
        assert measured.reason == NOT_SOUGHT
    # It found IRF, and so knows it: what there is of it is a figure, in every circle.
    assert volume(scan, drawn, "IRF").value > 0
    assert volume(scan, drawn, "IRF", "1 mm").reason == ""


def test_a_model_that_is_known_to_look_for_it_has_found_none(scan: Scan) -> None:
    drawn = masks_of(scan, State.PREDICTED)
    assert volume(scan, drawn, "IRF", looked_for=EVERYWHERE).value == 0
    assert volume(scan, drawn, "SRF", looked_for=EVERYWHERE).reason == NOT_SOUGHT


def test_a_human_who_approved_the_masks_has_found_none(scan: Scan) -> None:
    approved = volume(scan, masks_of(scan, State.APPROVED))
    assert (approved.value, approved.approved) == (0, pytest.approx(1))
    # To have edited something is not to have looked for everything.
    assert volume(scan, masks_of(scan, State.EDITED)).reason == NOT_SOUGHT


def test_approval_of_the_middle_is_enough_for_the_circle_it_covers(scan: Scan) -> None:
    drawn = masks_of(scan, State.PREDICTED)
    drawn.states[-1, N // 2 - 6 : N // 2 + 7] = State.APPROVED
    assert volume(scan, drawn, region="1 mm").value == 0
    whole = volume(scan, drawn)
    assert whole.reason == NOT_SOUGHT
    assert whole.coverage == pytest.approx(13 / N)


def test_what_a_grader_marked_on_one_b_scan_a_model_may_have_missed_on_others(scan: Scan) -> None:
    drawn = masks_of(scan, State.PREDICTED)
    drawn.masks.labels[10, 20:30, 60:70] = SRF
    drawn.states[-1, 10] = State.EDITED
    assert volume(scan, drawn).reason == NOT_SOUGHT
    drawn.states[-1] = State.EDITED  # one who marks it knows it, wherever they drew
    assert volume(scan, drawn).value > 0


def test_b_scans_without_a_state_are_known_to_nobody(scan: Scan) -> None:
    drawn = masks_of(scan, State.APPROVED)
    drawn.states[-1, : N // 2] = State.UNSEEN
    measured = volume(scan, drawn, looked_for={"SRF": np.ones(N, bool)})
    assert np.isnan(measured.value)
    assert "Known on" in measured.reason


def test_where_a_class_is_known_by_whom() -> None:
    states = np.array([0, 2, 2, 3, 4], np.uint8)
    assert [State(s) for s in states] == [
        State.UNSEEN, State.PREDICTED, State.PREDICTED, State.EDITED, State.APPROVED
    ]  # fmt: skip
    none, last = np.zeros(5, bool), np.ones(5, bool)

    def known(marked: np.ndarray, looked_for: LookedFor | None = None) -> list[int]:
        return np.flatnonzero(sought_b_scans(states, marked, "IRF", looked_for)).tolist()

    assert known(none) == [4]
    assert known(none, {"SRF": last}) == [4]
    assert known(none, {"IRF": np.array([1, 1, 0, 0, 0], bool)}) == [1, 4]
    assert known(np.array([0, 0, 0, 1, 0], bool)) == [3, 4]
    assert known(np.array([0, 1, 0, 0, 0], bool)) == [1, 2, 3, 4]


def test_a_model_that_is_here_is_not_guessed_to_look_for_what_another_marked() -> None:
    """A (IRF) drew the first half and found some, B (PED) the second: B did not look for IRF."""
    states, half = np.full(6, State.PREDICTED, np.uint8), np.array([1, 1, 1, 0, 0, 0], bool)
    marked = np.array([0, 1, 0, 0, 0, 0], bool)
    both = {"IRF": half, "PED": ~half}
    assert sought_b_scans(states, marked, "IRF", both).tolist() == half.tolist()
    # Of who drew the second half nothing is known, and it marked none of it.
    assert sought_b_scans(states, marked, "IRF", {"IRF": half}).tolist() == half.tolist()
    marked[4] = True
    assert sought_b_scans(states, marked, "IRF", {"IRF": half}).all()
    assert sought_b_scans(states, marked, "IRF", both).tolist() == [True] * 3 + [False, True, False]
