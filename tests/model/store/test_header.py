"""The header of a safetensors file is read without its tensors, and bad files are refused."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from safetensors.numpy import save, save_file

from mirage_core.model.store.errors import ModelStoreError
from mirage_core.model.store.header import MAX_HEADER_BYTES, is_safetensors, read_header
from tests.model.store.models import weights


def packed(header: Any, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(dtype: str = "F32", shape: tuple[int, ...] = (2,), at: tuple[int, int] = (0, 8)) -> Any:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(at)}


def test_names_types_shapes_and_notes_are_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    tensors = {"a": np.zeros((2, 3), np.float32), "b.c": np.zeros((), np.int64)}
    save_file(tensors, path, metadata={"by": "a test"})
    header = read_header(path)
    assert {n: (t.dtype, t.shape) for n, t in header.tensors.items()} == {
        "a": ("F32", (2, 3)),
        "b.c": ("I64", ()),
    }
    assert header.metadata == {"by": "a test"}
    assert header.n_values == 7


@given(
    st.dictionaries(
        st.text(max_size=8).filter(lambda name: name != "__metadata__"),
        st.sampled_from([np.float16, np.float32, np.float64, np.uint8, np.int32, np.bool_]).flatmap(
            lambda dtype: arrays(
                dtype, array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
            )
        ),
        max_size=5,
    )
)
def test_every_array_lies_where_the_header_says(
    tmp_path_factory: pytest.TempPathFactory, tensors: dict[str, Any]
) -> None:
    content = save(tensors)
    path = tmp_path_factory.mktemp("header") / "w"
    path.write_bytes(content)
    header = read_header(path)
    assert set(header.tensors) == set(tensors)
    for name, array in tensors.items():
        at = header.tensors[name]
        raw = content[header.data_start + at.start : header.data_start + at.stop]
        assert at.shape == array.shape
        assert raw == array.tobytes()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "too short"),
        (b"\x01\x02\x03", "too short"),
        (struct.pack("<Q", 2**63), "cut short"),
        (struct.pack("<Q", MAX_HEADER_BYTES + 1) + b"{}", "cut short"),
        (packed(b"[1, 2]"), "damaged"),
        (packed(b"{" * 100_000), "damaged"),
        (packed(b"\xff\xfe"), "damaged"),
        (packed(b'{"a": 1, "a": 2}'), "damaged"),
        (packed({"a": {"dtype": "F32"}}), "does not describe 'a'"),
        (packed({"a": entry(dtype="F31")}, bytes(8)), "unknown type 'F31'"),
        (packed({"a": entry(shape=(-1, -2))}, bytes(8)), "impossible numbers"),
        (packed({"a": entry(shape=(True, 2))}, bytes(8)), "impossible numbers"),
        (packed({"a": entry(at=(8, 0))}, bytes(8)), "do not agree"),
        (packed({"a": entry(shape=(2**40, 2**40))}, bytes(8)), "do not agree"),
        (packed({"a": entry()}, bytes(7)), "cut short"),
        (packed({"a": entry()}, bytes(9)), "goes on"),
        (packed({"a": entry(), "b": entry()}, bytes(8)), "overlap"),
        (packed({"a": entry(), "b": entry(at=(9, 17))}, bytes(17)), "gap"),
        (packed({"__metadata__": {"a": 1}}), "no text"),
        (b"PK\x03\x04" + bytes(100), "no safetensors file"),
    ],
)
def test_a_file_that_is_none_is_refused_in_a_sentence(
    content: bytes, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelStoreError, match="file of weights") as refused:
        read_header(path)
    assert words in refused.value.what
    assert refused.value.hint
    assert not is_safetensors(path)


@pytest.mark.parametrize("change", [lambda b: b[:-1], lambda b: b + b"!"])
def test_a_real_file_cut_or_prolonged_is_refused(
    change: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    path = tmp_path / "w"
    path.write_bytes(weights())
    assert is_safetensors(path)
    path.write_bytes(change(weights()))
    assert not is_safetensors(path)


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelStoreError, match="No such file"):
        read_header(tmp_path / "gone")
