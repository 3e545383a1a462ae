"""Proposals: taken over without touching what a human did."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirage_core.annotate import (
    MASKS,
    Annotation,
    MemoryJournal,
    Proposal,
    Session,
    State,
    Target,
    decode_edit,
)
from mirage_core.scan import (
    FLUID_SCHEME,
    ArrayPixels,
    LabelScheme,
    MaskClass,
    Masks,
    Scan,
    Surfaces,
    order_violations,
)
from tests.annotate.eyes import HEIGHT, NAMES, WIDTH, ordered_curves, scan, session, state_of


def offer(depths: dict[str, float], b: int = 0, mask: int | None = None) -> Proposal:
    values = np.array([[[z] * WIDTH] for z in depths.values()], np.float32)
    labels = None if mask is None else Masks(np.full((1, HEIGHT, WIDTH), mask, np.uint8))
    return Proposal(
        (b,),
        Surfaces(values, tuple(depths)),
        np.full_like(values, 0.5),
        labels,
        "graph",
        "Graph engine",
        "ab" * 32,
    )


def blank(depths: dict[str, float], state: State) -> Session:
    """Return a session whose B-scan 0 has level surfaces, all in `state`."""
    eye = Session(scan())
    for name, depth in depths.items():
        row = NAMES.index(name)
        eye.annotation.surfaces.values[row, 0] = depth
        eye.annotation.states[row, 0] = state
    return eye


def level(eye: Session, name: str) -> float:
    values = np.unique(eye.annotation.surfaces[name][0])
    assert values.size == 1
    return float(values[0])


def test_a_proposal_fills_an_empty_b_scan_as_one_edit() -> None:
    eye = blank({}, State.UNSEEN)
    edit = eye.adopt(offer({"ILM": 10, "RPE": 50}, mask=2))
    assert edit is not None
    assert edit.label == "Graph engine on B-scan 1"
    assert (edit.tool, edit.model_sha256) == ("graph", "ab" * 32)
    assert (level(eye, "ILM"), level(eye, "RPE")) == (10, 50)
    assert (eye.annotation.masks.labels[0] == 2).all()
    assert (eye.annotation.confidence[NAMES.index("RPE"), 0] == 0.5).all()
    assert eye.annotation.b_scan_state(0) is State.PREDICTED
    assert eye.adopt(offer({"ILM": 10, "RPE": 50}, mask=2)) is None
    before = state_of(blank({}, State.UNSEEN).annotation)
    eye.undo()
    assert state_of(eye.annotation) == before


def test_edited_and_approved_structures_stay_and_the_proposed_ones_give_way() -> None:
    for state in (State.EDITED, State.APPROVED):
        eye = blank({"RPE": 50}, state)
        eye.annotation.states[NAMES.index("ILM"), 0] = State.PREDICTED
        eye.adopt(offer({"EZ": 55, "RPE": 60, "BM": 45}))
        assert (level(eye, "EZ"), level(eye, "RPE"), level(eye, "BM")) == (50, 50, 50)
        assert eye.annotation.states[NAMES.index("RPE"), 0] == state


def test_a_b_scan_whose_surfaces_are_approved_is_left_as_it_is_unless_asked() -> None:
    eye = blank({"ILM": 10, "BM": 60}, State.APPROVED)
    before = state_of(eye.annotation)
    assert eye.adopt(offer({"ILM": 12, "RPE": 50, "BM": 55}, mask=2)) is None
    assert eye.annotation.b_scan_state(0) is State.APPROVED
    assert state_of(eye.annotation) == before
    assert eye.adopt(offer({"RPE": 50}), overwrite=True) is not None
    assert level(eye, "RPE") == 50


def test_saying_that_there_is_no_fluid_does_not_keep_surfaces_out() -> None:
    eye = blank({}, State.UNSEEN)
    eye.set_state([0], State.APPROVED)
    eye.adopt(offer({"RPE": 50}, mask=2))
    assert level(eye, "RPE") == 50
    assert not eye.annotation.masks.labels.any()


def test_mask_classes_are_taken_by_name_not_by_number() -> None:
    one = scan()
    classes = (MaskClass(1, "SRF", "", (0, 0, 0)), MaskClass(7, "IRF", "", (0, 0, 0)))
    older = Annotation.empty(one.shape, scheme=LabelScheme("older", classes))
    eye = Session(one, older)
    eye.adopt(offer({"RPE": 50}, mask=FLUID_SCHEME.by_name("IRF").value))
    assert (eye.annotation.masks.labels[0] == 7).all()
    before = state_of(eye.annotation)
    with pytest.raises(ValueError, match="no mask class DRUSEN"):
        eye.adopt(offer({"RPE": 40}, mask=FLUID_SCHEME.by_name("DRUSEN").value))
    assert state_of(eye.annotation) == before


def test_depths_that_are_not_in_the_image_are_undefined() -> None:
    eye = blank({}, State.UNSEEN)
    offered = offer({"ILM": 10, "RPE": 50})
    offered.surfaces.values[0, 0, :3] = np.inf, -np.inf, -7
    offered.surfaces.values[1, 0, 3] = HEIGHT + 5
    eye.adopt(offered)
    row, below = NAMES.index("ILM"), NAMES.index("RPE")
    found = eye.annotation.surfaces.values[[row, below], 0]
    assert np.isnan(found[0, :3]).all()
    assert np.isnan(found[1, 3])
    assert (found[0, 3:] == 10).all()
    assert (found[1, [0, 1, 2, 4]] == 50).all()
    confidence = eye.annotation.confidence[[row, below], 0]
    assert np.array_equal(np.isnan(confidence), np.isnan(found))


@pytest.mark.parametrize("b_scans", [(0, 1), (-1,), (99,), (1, 1)])
def test_a_proposal_of_another_grid_is_refused(b_scans: tuple[int, ...]) -> None:
    eye = blank({}, State.UNSEEN)
    n = 1 if len(set(b_scans)) == len(b_scans) else len(b_scans)
    values = np.full((1, n, WIDTH), 50, np.float32)
    offered = Proposal(b_scans, Surfaces(values, ("RPE",)), None, None, "graph", "Graph")
    with pytest.raises(ValueError, match="does not fit"):
        eye.adopt(offered)


def test_edited_masks_stay_while_surfaces_are_taken_over() -> None:
    eye = blank({}, State.UNSEEN)
    eye.annotation.states[eye.annotation.structures.index(MASKS), 0] = State.EDITED
    eye.adopt(offer({"RPE": 50}, mask=2))
    assert not eye.annotation.masks.labels.any()
    assert level(eye, "RPE") == 50


def test_overwriting_replaces_what_is_proposed_but_not_the_rest_of_a_human_s_work() -> None:
    eye = blank({"RPE": 50, "BM": 60}, State.EDITED)
    eye.adopt(offer({"EZ": 70, "RPE": 65}), overwrite=True)
    assert level(eye, "BM") == 60
    assert (level(eye, "EZ"), level(eye, "RPE")) == (60, 60)
    assert eye.annotation.states[NAMES.index("RPE"), 0] == State.PREDICTED
    assert eye.annotation.states[NAMES.index("BM"), 0] == State.EDITED


def test_vendor_surfaces_that_are_not_proposed_give_way_and_are_no_longer_the_vendor_s() -> None:
    eye = blank({"ELM": 52, "ILM": 5}, State.VENDOR)
    eye.adopt(offer({"EZ": 50, "RPE": 60}))
    assert (level(eye, "ELM"), level(eye, "EZ"), level(eye, "ILM")) == (50, 50, 5)
    assert eye.annotation.states[NAMES.index("ELM"), 0] == State.PREDICTED
    assert eye.annotation.states[NAMES.index("ILM"), 0] == State.VENDOR


def test_proposed_surfaces_are_ordered_however_they_are_listed() -> None:
    eye = blank({}, State.UNSEEN)
    eye.adopt(offer({"BM": 60, "RPE": 50, "ILM": 10}))
    assert [level(eye, n) for n in ("ILM", "RPE", "BM")] == [10, 50, 60]


def test_names_the_annotation_does_not_know_are_left_out() -> None:
    eye = blank({}, State.UNSEEN)
    eye.adopt(offer({"RPE": 50, "something else": 3}))
    assert level(eye, "RPE") == 50


def test_surfaces_without_a_known_place_neither_move_nor_hold_others() -> None:
    one = scan()
    vendor = Surfaces(np.full((1, *one.shape[::2]), 4, np.float32), ("VIT",))
    eye = Session(Scan(ArrayPixels(np.zeros(one.shape, np.uint8)), vendor_surfaces=vendor))
    eye.adopt(offer({"ILM": 10, "RPE": 50}))
    assert (level(eye, "ILM"), level(eye, "RPE"), level(eye, "VIT")) == (10, 50, 4)


def test_the_edit_names_only_b_scans_that_changed() -> None:
    eye = blank({}, State.UNSEEN)
    eye.annotation.states[:, 1] = State.APPROVED
    values = np.full((1, 3, WIDTH), 50, np.float32)
    offered = Proposal((2, 0, 1), Surfaces(values, ("RPE",)), None, None, "graph", "Graph")
    edit = eye.adopt(offered)
    assert edit is not None
    assert edit.b_scans == (0, 2)
    rpe = eye.annotation.surfaces["RPE"]
    assert (rpe[[0, 2]] == 50).all()
    assert np.isnan(rpe[1]).all()


@given(
    seed=st.integers(0, 500),
    human=st.sets(st.integers(0, len(NAMES) - 1)),
    offered=st.lists(st.sampled_from(NAMES), unique=True, min_size=1),
    overwrite=st.booleans(),
)
@settings(max_examples=100)
def test_no_proposal_breaks_the_order_or_a_human_s_work(
    seed: int, human: set[int], offered: list[str], overwrite: bool
) -> None:
    eye = session(seed=seed)
    annotation: Annotation = eye.annotation
    annotation.states[:-1] = State.VENDOR
    annotation.states[list(human), 0] = State.EDITED
    before = annotation.copy()
    curves = ordered_curves(seed + 7000)
    values = np.stack([curves[NAMES.index(n)] for n in offered])[:, None]
    proposal = Proposal((0,), Surfaces(values, tuple(offered)), None, None, "graph", "Graph")
    eye.adopt(proposal, overwrite=overwrite)
    assert not order_violations(annotation.surfaces.values[:, 0]).any()
    np.testing.assert_array_equal(annotation.surfaces.values[:, 1:], before.surfaces.values[:, 1:])
    for row in human:
        if not (overwrite and NAMES[row] in offered):
            np.testing.assert_array_equal(
                annotation.surfaces.values[row, 0], before.surfaces.values[row, 0]
            )
            assert annotation.states[row, 0] == State.EDITED
    if not human:
        for name in offered:
            got, given = annotation.surfaces[name][0], curves[NAMES.index(name)]
            np.testing.assert_array_equal(got, given)
    while eye.undo():
        pass
    assert state_of(annotation) == state_of(before)


def test_a_prepared_adoption_does_what_adopting_would() -> None:
    direct, ahead = Session(scan()), Session(scan())
    offered = offer({"ILM": 10, "RPE": 50}, mask=2)
    direct.adopt(offered)
    prepared = ahead.prepare(offered)
    assert ahead.history.done == []
    assert ahead.adopt_prepared(prepared)
    for target in Target:
        np.testing.assert_array_equal(
            direct.annotation.array(target), ahead.annotation.array(target)
        )


@pytest.mark.parametrize("meanwhile", ["stroke", "undo"])
def test_a_prepared_adoption_is_refused_once_the_annotation_has_changed(meanwhile: str) -> None:
    eye = Session(scan())
    eye.set_state([1], State.APPROVED)
    prepared = eye.prepare(offer({"RPE": 50}))
    if meanwhile == "undo":
        eye.undo()
    else:
        draft = eye.draft(0)
        draft.curves[NAMES.index("RPE"), 3:6] = 40
        eye.commit(draft, "pen", "Pen on RPE")
    before = list(eye.history.done)
    assert not eye.adopt_prepared(prepared)
    assert eye.history.done == before


def test_the_journal_is_given_the_bytes_that_were_prepared() -> None:
    journal = MemoryJournal()
    eye = Session(scan(), journal=journal)
    prepared = eye.prepare(offer({"RPE": 50}, mask=2))
    eye.adopt_prepared(prepared)
    (event,) = journal.events
    assert event.encoded == prepared.encoded
    again = Annotation.empty(scan().shape)
    decode_edit(event.encoded).apply(again)
    np.testing.assert_array_equal(again.surfaces.values, eye.annotation.surfaces.values)


@pytest.mark.parametrize("held", range(3), ids=["ILM", "RPE", "masks"])
def test_what_a_proposal_does_not_hold_stays_with_its_state(held: int) -> None:
    eye = blank({"ILM": 12, "RPE": 48}, State.VENDOR)
    holds = np.zeros((3, 1), bool)
    holds[held] = True
    eye.adopt(replace(offer({"ILM": 10, "RPE": 50}, mask=2), holds=holds))
    annotation = eye.annotation
    assert (level(eye, "ILM"), level(eye, "RPE")) == ((12, 10)[held == 0], (48, 50)[held == 1])
    assert bool(annotation.masks.labels[0].any()) is (held == 2)
    rows = [NAMES.index("ILM"), NAMES.index("RPE"), -1]
    before = (State.VENDOR, State.VENDOR, State.UNSEEN)
    expected = [State.PREDICTED if i == held else before[i] for i in range(3)]
    assert annotation.states[rows, 0].tolist() == expected


def test_what_a_proposal_holds_must_be_told_for_all_it_has() -> None:
    eye = blank({}, State.UNSEEN)
    with pytest.raises(ValueError, match="does not fit"):
        eye.adopt(replace(offer({"ILM": 10}), holds=np.ones((1, 1), bool)))
