"""Edits: reversible, and the same after a trip through bytes."""

from __future__ import annotations

import struct
import zlib
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirage_core.annotate import (
    Edit,
    EditDecodeError,
    Patch,
    Target,
    decode_edit,
    encode_edit,
)
from tests.annotate.eyes import session, state_of

DTYPES = {
    Target.SURFACES: np.float32,
    Target.CONFIDENCE: np.float32,
    Target.MASKS: np.uint8,
    Target.STATES: np.uint8,
}


@st.composite
def patches(draw: st.DrawFn) -> Patch:
    target = draw(st.sampled_from(Target))
    n_axes = 2 if target is Target.STATES else 3
    shape = tuple(draw(st.integers(1, 5)) for _ in range(n_axes))
    origin = tuple(draw(st.integers(0, 50)) for _ in range(n_axes))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    old, new = (rng.integers(0, 200, shape).astype(DTYPES[target]) for _ in range(2))
    if old.dtype.kind == "f":
        old[rng.random(shape) < 0.3] = np.nan
    return Patch(target, origin, old, new)


edits = st.builds(
    Edit,
    st.lists(patches(), max_size=4).map(tuple),
    tool=st.text(max_size=10),
    label=st.text(max_size=30),
    author=st.text(max_size=10),
    time=st.datetimes(timezones=st.just(UTC)),
    model_sha256=st.sampled_from(["", "ab" * 32]),
)


@given(edits)
def test_an_edit_comes_back_from_its_bytes_bit_by_bit(edit: Edit) -> None:
    back = decode_edit(encode_edit(edit))
    assert (back.tool, back.label, back.author) == (edit.tool, edit.label, edit.author)
    assert (back.time, back.model_sha256) == (edit.time, edit.model_sha256)
    assert len(back.patches) == len(edit.patches)
    for a, b in zip(back.patches, edit.patches, strict=True):
        assert (a.target, a.origin) == (b.target, b.origin)
        assert a.old.dtype == b.old.dtype
        assert a.old.tobytes() == b.old.tobytes()
        assert a.new.tobytes() == b.new.tobytes()


@given(edits, st.data())
@settings(max_examples=200)
def test_damage_never_changes_an_edit_unnoticed(edit: Edit, data: st.DataObject) -> None:
    stored = bytearray(encode_edit(edit))
    at = data.draw(st.integers(0, len(stored) - 1))
    if data.draw(st.booleans()):
        stored[at] ^= data.draw(st.integers(1, 255))
    else:
        del stored[at:]
    try:
        back = decode_edit(bytes(stored))
    except EditDecodeError:
        return
    # Some bits of a stream mean nothing (its padding); they may flip, the edit may not.
    assert encode_edit(back) == encode_edit(edit)


@pytest.mark.parametrize(
    "header",
    [
        b"[]",
        b"{}",
        b"not json",
        b'{"patches": [{"target": "masks", "origin": [0], "shape": [-1], "dtype": "|u1"}]}',
        b'{"patches": [{"target": "masks", "origin": [0], "shape": [9], "dtype": "|O"}]}',
        b'{"patches": [{"target": "retina", "origin": [0], "shape": [0], "dtype": "|u1"}]}',
    ],
)
def test_a_sound_stream_with_a_wrong_header_is_refused(header: bytes) -> None:
    stream = zlib.compress(struct.pack("<I", len(header)) + header)
    with pytest.raises(EditDecodeError):
        decode_edit(b"ME01" + stream)


def test_bytes_of_a_newer_program_are_refused() -> None:
    with pytest.raises(EditDecodeError, match="newer program"):
        decode_edit(b"ME99" + bytes(20))


def test_a_patch_needs_matching_values_and_a_full_origin() -> None:
    a, b = np.zeros((1, 1, 3), np.float32), np.zeros((1, 1, 4), np.float32)
    with pytest.raises(ValueError, match="match"):
        Patch(Target.SURFACES, (0, 0, 0), a, b)
    with pytest.raises(ValueError, match="origin"):
        Patch(Target.SURFACES, (0, 0), a, a)


def test_overlapping_patches_of_one_edit_revert_in_reverse() -> None:
    eye = session()
    before = state_of(eye.annotation)
    where = (1, 20, 10)
    first = Patch(
        Target.MASKS, where, np.full((1, 1, 2), 1, np.uint8), np.full((1, 1, 2), 3, np.uint8)
    )
    second = Patch(
        Target.MASKS, where, np.full((1, 1, 1), 3, np.uint8), np.full((1, 1, 1), 4, np.uint8)
    )
    edit = Edit((first, second), "test", "test", "grader")
    edit.apply(eye.annotation)
    assert eye.annotation.masks.labels[1, 20, 10:12].tolist() == [4, 3]
    edit.revert(eye.annotation)
    assert state_of(eye.annotation) == before


def test_an_edit_names_the_b_scans_it_touches() -> None:
    block = np.zeros((1, 2, 3), np.float32)
    line = np.zeros((1, 1, 3), np.uint8)
    edit = Edit(
        (
            Patch(Target.SURFACES, (0, 4, 0), block, block),
            Patch(Target.MASKS, (1, 0, 0), line, line),
        ),
        "test",
        "test",
        "grader",
        datetime(2024, 5, 1, tzinfo=UTC),
    )
    assert edit.b_scans == (1, 4, 5)
