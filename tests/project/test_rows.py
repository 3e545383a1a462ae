"""Events, B-scans, states and fingerprints as they stand in the project."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mirage_core.annotate import Annotation, EditDecodeError, Event, EventKind, Session, State
from mirage_core.project.event_rows import (
    b_scans_from_text,
    b_scans_to_text,
    event_of,
    placeholder,
    row_of,
)
from mirage_core.project.fingerprint import fingerprint, patient_digest
from mirage_core.project.metadata import b_scan_states, base_annotation
from mirage_core.scan import FLUID_SCHEME, ArrayPixels, LabelScheme, PatientIdentity, Scan
from tests.project.eyes import make_scan, step


@given(st.sets(st.integers(0, 300)))
def test_b_scans_come_back_from_their_ranges(numbers: set[int]) -> None:
    assert b_scans_from_text(b_scans_to_text(sorted(numbers))) == tuple(sorted(numbers))


def test_ranges_are_short() -> None:
    assert b_scans_to_text(range(97)) == "0-96"
    assert b_scans_to_text([0, 1, 2, 7, 9, 10]) == "0-2,7,9-10"


@given(hnp.arrays(np.uint8, (4, 5), elements=st.integers(0, 4)))
def test_the_worklists_states_are_the_annotations(states: np.ndarray) -> None:
    annotation = Annotation.empty((5, 4, 4), ("ILM", "RPE", "BM"))
    annotation.states[...] = states
    assert tuple(State(s) for s in b_scan_states(annotation)) == annotation.b_scan_states()


@given(st.integers(0, 2**32), st.integers(1, 12))
def test_every_event_comes_back_from_its_row(seed: int, steps: int) -> None:
    session = Session(make_scan(), author="grader")
    for number in range(steps):
        step(session, seed, number)
    for edit in session.history.done:
        event = event_of(row_of(Event(EventKind.DO, edit, "grader")), session.annotation)
        assert event.edit is not None
        assert (event.edit.label, event.edit.time) == (edit.label, edit.time)
        for patch, back in zip(edit.patches, event.edit.patches, strict=True):
            assert (patch.target, patch.origin) == (back.target, back.origin)
            assert np.array_equal(patch.old, back.old, equal_nan=patch.old.dtype.kind == "f")
            assert np.array_equal(patch.new, back.new, equal_nan=patch.new.dtype.kind == "f")


@given(st.floats(0, 1, exclude_max=True))
def test_a_flipped_bit_in_an_edit_is_noticed(where: float) -> None:
    session = Session(make_scan())
    step(session, 0, 0)
    row = row_of(Event(EventKind.DO, session.history.done[0]))
    payload = bytearray(row.payload or b"")
    at = int(where * len(payload) * 8)
    payload[at // 8] ^= 1 << at % 8
    with pytest.raises(EditDecodeError):
        event_of(replace(row, payload=bytes(payload)), session.annotation)


def test_an_edit_of_another_scan_does_not_fit() -> None:
    session = Session(make_scan(shape=(6, 48, 64)))
    step(session, 0, 0)
    row = row_of(Event(EventKind.DO, session.history.done[0]))
    with pytest.raises(EditDecodeError, match="does not fit"):
        event_of(row, Annotation.for_scan(make_scan(shape=(6, 8, 8))))


def test_an_unreadable_edit_changes_nothing_but_keeps_its_place() -> None:
    session = Session(make_scan())
    step(session, 0, 0)
    before = session.annotation.copy()
    row = row_of(Event(EventKind.DO, session.history.done[0]))
    edit = placeholder(row).edit
    assert edit is not None
    session.apply(edit)
    assert edit.b_scans == session.history.done[0].b_scans
    session.undo()
    assert np.array_equal(session.annotation.states, before.states)


def test_an_annotation_keeps_the_rows_it_was_begun_with() -> None:
    scan = make_scan()
    names = ("ILM", "EZ", "BM")
    scheme = LabelScheme("own", FLUID_SCHEME.classes[:2])
    base = base_annotation(scan, names, scheme)
    assert base.surfaces.names == names
    assert base.masks.scheme == scheme
    assert scan.vendor_surfaces is not None
    assert np.array_equal(base.surfaces["ILM"], scan.vendor_surfaces["ILM"], equal_nan=True)
    assert (base.states[0] == State.VENDOR).all()


def test_a_fingerprint_depends_on_pixels_alone() -> None:
    scan = make_scan()
    same = Scan(scan.pixels)
    assert fingerprint(same) == fingerprint(scan)
    assert fingerprint(make_scan(1)) != fingerprint(scan)


@pytest.mark.parametrize("b", [0, 3, 6])
def test_a_fingerprint_sees_sampled_b_scans_and_treats_every_nan_alike(b: int) -> None:
    values = np.random.default_rng(0).random((7, 5, 6)).astype(np.float32)
    values[b, 0, 0] = np.nan
    other_nan = values.copy()
    other_nan.view(np.uint32)[b, 0, 0] |= 1
    assert np.isnan(other_nan[b, 0, 0])
    changed = values.copy()
    changed[b, 1, 1] += 1
    marks = [fingerprint(Scan(ArrayPixels(v))) for v in (values, other_nan, changed)]
    assert marks[0] == marks[1] != marks[2]


def test_a_patient_is_known_by_id_and_birth_date_and_only_within_a_project() -> None:
    one = PatientIdentity("Doe", "4711", date(1950, 1, 2))
    assert patient_digest(one, "a") == patient_digest(replace(one, name="Doe^J"), "a")
    assert patient_digest(one, "a") != patient_digest(one, "b")
    assert patient_digest(one, "a") != patient_digest(
        replace(one, birth_date=date(1951, 1, 2)), "a"
    )
    assert patient_digest(PatientIdentity("Doe"), "a") is not None
    assert patient_digest(PatientIdentity(" ", ""), "a") is None
    assert patient_digest(None, "a") is None
